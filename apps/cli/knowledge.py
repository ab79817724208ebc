"""``dxtrace knowledge``: the commands of that name."""

from pathlib import Path
from typing import Annotated

import typer

from apps.cli.options import Folder

app = typer.Typer(help="Guidelines: list, show, prove, search, add your own.", no_args_is_help=True)


@app.command("list")
def knowledge_list(folder: Folder = None) -> None:
    """List the guideline packs."""
    from apps.commands.knowledge import list_packs

    list_packs(folder)


@app.command("show")
def knowledge_show(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="A pack, a concept, a document of yours, or a passage's reference."
        ),
    ],
    folder: Folder = None,
    quote: Annotated[
        str | None, typer.Option(help="Words that the passage must hold, character for character.")
    ] = None,
) -> None:
    """Show a pack with its tables, rules and passages, a concept, a document or a cited passage."""
    if "@" in name and "#" in name:
        from apps.commands.own_documents import show_passage

        raise typer.Exit(show_passage(name, quote))
    from apps.commands.knowledge import show_knowledge

    if quote is not None:
        raise typer.BadParameter(
            "--quote needs the reference of a passage, such as key@1c0f2a3b#p1"
        )
    show_knowledge(name, folder)


@app.command("verify")
def knowledge_verify(
    packs: Annotated[
        list[str] | None, typer.Argument(metavar="[PACK...]", help="Packs to prove (default: all).")
    ] = None,
    folder: Folder = None,
    record: Annotated[
        bool, typer.Option("--record", help="Record that the packs of DxTrace itself are proved.")
    ] = False,
) -> None:
    """Prove that every table is complete and unambiguous and that no rules contradict."""
    from apps.commands.knowledge import verify_packs

    raise typer.Exit(verify_packs(packs or [], folder, record=record))


@app.command("search")
def knowledge_search(
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="In your own words.")],
    pack: Annotated[
        list[str] | None, typer.Option(help="Look in this pack or document only. Repeatable.")
    ] = None,
    modality: Annotated[str, typer.Option(help="DICOM modality, such as CT.")] = "",
    body_part: Annotated[str, typer.Option(help="Body part, such as chest.")] = "",
    specialty: Annotated[str, typer.Option(help="Specialty, such as oncology.")] = "",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Find the guideline passages that bear on a question; 'none' is an answer, too."""
    from apps.commands.guidelines import SearchOptions, search_guidelines

    options = SearchOptions(tuple(pack or ()), modality, body_part, specialty, json)
    raise typer.Exit(search_guidelines(question, options))


@app.command("rebuild")
def knowledge_rebuild() -> None:
    """Make the search index anew: after damage, or for another embedder."""
    from apps.commands.guidelines import rebuild_index

    raise typer.Exit(rebuild_index())


@app.command("add")
def knowledge_add(  # noqa: PLR0913, PLR0917 - the options of a command
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="PDF, DOCX, HTML, Markdown or text."),
    ],
    title: Annotated[str, typer.Option(help="What people call it.")] = "",
    publisher: Annotated[str, typer.Option(help="Who issued it.")] = "",
    year: Annotated[int | None, typer.Option(min=1800, max=2200, help="Of publication.")] = None,
    version: Annotated[str, typer.Option(help="As its publisher counts.")] = "",
    source: Annotated[str, typer.Option(help="The publication (default: the file's name).")] = "",
    url: Annotated[str, typer.Option(help="Its address.")] = "",
    licence: Annotated[str, typer.Option(help="What may be done with its text.")] = "",
    supersedes: Annotated[
        str, typer.Option(metavar="KEY", help="The document of which this is a new version.")
    ] = "",
    modality: Annotated[
        list[str] | None, typer.Option(help="DICOM modality that it is about. Repeatable.")
    ] = None,
    body_part: Annotated[
        list[str] | None, typer.Option(help="Body part that it is about. Repeatable.")
    ] = None,
    specialty: Annotated[
        list[str] | None, typer.Option(help="Specialty that it is for. Repeatable.")
    ] = None,
) -> None:
    """Add guidelines of your own to the search: quoted and cited, never proved from.

    What is not stated is taken from the file and said; adding a file again changes nothing.
    """
    from apps.commands.own_documents import AddRequest, add_documents
    from dxtrace.documents.blocks import Facts

    facts = Facts(
        title=title, publisher=publisher, year=year, version=version, source=source, url=url,
        licence=licence,
    )  # fmt: skip
    request = AddRequest(
        files=tuple(files), facts=facts, supersedes=supersedes, modalities=tuple(modality or ()),
        body_parts=tuple(body_part or ()), specialties=tuple(specialty or ()),
    )  # fmt: skip
    raise typer.Exit(add_documents(request))


@app.command("documents")
def knowledge_documents(
    versions: Annotated[
        bool, typer.Option("--versions", help="Also what was superseded or removed.")
    ] = False,
) -> None:
    """List the documents that you added."""
    from apps.commands.own_documents import list_documents

    list_documents(versions=versions)


@app.command("remove")
def knowledge_remove(
    names: Annotated[list[str], typer.Argument(metavar="KEY...", help="Documents that you added.")],
) -> None:
    """Take documents of yours out of the search; citations of them can still be looked up."""
    from apps.commands.own_documents import remove_documents

    raise typer.Exit(remove_documents(names))
