"""``dxtrace knowledge``: the commands of that name."""

from typing import Annotated

import typer

from apps.cli.options import Folder

app = typer.Typer(help="Guidelines: list, show, prove, search.", no_args_is_help=True)


@app.command("list")
def knowledge_list(folder: Folder = None) -> None:
    """List the guideline packs."""
    from apps.commands.knowledge import list_packs

    list_packs(folder)


@app.command("show")
def knowledge_show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A pack or a concept.")],
    folder: Folder = None,
) -> None:
    """Show a pack with its tables, rules and passages, or a concept."""
    from apps.commands.knowledge import show_knowledge

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
