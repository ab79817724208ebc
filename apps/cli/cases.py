"""``dxtrace cases``: the commands of that name."""

from pathlib import Path
from typing import Annotated

import typer

from apps.cli.options import MAX_REPORT_CHARS, DataRoot, MaxReportChars

app = typer.Typer(
    help="Similar cases: add, search, list, rebuild. An analogy, not evidence.",
    no_args_is_help=True,
)


@app.command("add")
def cases_add(
    given: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FOLDER|MANIFEST|BATCH_RESULTS...",
            help="A folder of cases, a case, a manifest .jsonl, the --out folder of a batch, or "
            "'indiana' for the Indiana chest radiograph reports (about 4,000; some minutes).",
        ),
    ] = None,
    pacs: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Root of a DICOMweb service, whose studies are added; no other host is asked. "
            "DXTRACE_PACS_USER and DXTRACE_PACS_PASSWORD, or DXTRACE_PACS_TOKEN, say who asks.",
        ),
    ] = None,
    query: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ATTRIBUTE=VALUE",
            help="Which studies of --pacs (QIDO-RS), as ModalitiesInStudy=CT; may be repeated.",
        ),
    ] = None,
    studies: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="A saved answer to such a query (DICOM JSON), instead of --query.",
        ),
    ] = None,
    most: Annotated[int, typer.Option(min=1, help="How many new studies of --pacs.")] = 100,
    max_report_chars: MaxReportChars = MAX_REPORT_CHARS,
    data_root: DataRoot = None,
) -> None:
    """Add cases to the index; adding them again changes nothing, or replaces what has changed."""
    from apps.commands.case_adding import add_cases
    from apps.exit_status import UsageError
    from apps.pacs_source import PacsRequest

    if pacs is None and (query or studies):
        raise UsageError("--query and --studies need --pacs")
    wanted = PacsRequest(pacs, tuple(query or ()), studies, most) if pacs is not None else None
    raise typer.Exit(
        add_cases(given or [], max_report_chars=max_report_chars, data_root=data_root, pacs=wanted)
    )


@app.command("search")
def cases_search(  # noqa: PLR0913, PLR0917 - the options of a command
    case: Annotated[
        str, typer.Argument(metavar="CASE", help="A case as for 'review', or one of the index.")
    ],
    top: Annotated[int, typer.Option(min=1, max=100, help="How many.")] = 5,
    modality: Annotated[str | None, typer.Option(help="DICOM modality, such as DX or CT.")] = None,
    body_part: Annotated[str | None, typer.Option(help="Body part, such as chest.")] = None,
    sex: Annotated[str | None, typer.Option(help="M, F or O.")] = None,
    age: Annotated[str | None, typer.Option(metavar="FROM-TO", help="Years, as 50-70.")] = None,
    differential: Annotated[
        bool,
        typer.Option(
            "--differential",
            help="Say, too, what the impressions of similar cases name, and what would tell.",
        ),
    ] = False,
    every: Annotated[
        bool,
        typer.Option("--all", help="The nearest cases, also those that are not similar enough."),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object a case.")] = False,
    data_root: DataRoot = None,
) -> None:
    """Find cases like this one, of other patients: what they share with it and where they differ.

    With no index yet, that of the Indiana reports is made first; this takes some minutes, once.
    """
    from apps.commands.cases import SearchRequest, search_cases

    request = SearchRequest(
        case=case, top=top, modality=modality, body_part=body_part, sex=sex, age=age, json=json,
        data_root=data_root, differential=differential, every=every,
    )  # fmt: skip
    raise typer.Exit(search_cases(request))


@app.command("exemplars")
def cases_exemplars(
    case: Annotated[
        str, typer.Argument(metavar="CASE", help="A case as for 'review', or one of the index.")
    ],
    count: Annotated[int, typer.Option(min=1, max=100, help="How many at most.")] = 4,
    budget: Annotated[int, typer.Option(min=1, help="Characters of all together.")] = 4000,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object a case.")] = False,
    data_root: DataRoot = None,
) -> None:
    """Print similar cases that differ from each other, as examples for a model's prompt."""
    from apps.commands.cases import ExemplarRequest, print_exemplars

    request = ExemplarRequest(case=case, count=count, budget=budget, json=json, data_root=data_root)
    raise typer.Exit(print_exemplars(request))


@app.command("show")
def cases_show(
    name: Annotated[
        str,
        typer.Argument(metavar="CASE", help="The number of a case, as others see it, or its id."),
    ],
) -> None:
    """Print the report of a case of the index, its id and where it is from, for its owner."""
    from apps.commands.cases import show_case

    show_case(name)


@app.command("list")
def cases_list() -> None:
    """Say where the index is, what is in it, and what its vectors come from."""
    from apps.commands.cases import list_cases

    list_cases()


@app.command("rebuild")
def cases_rebuild() -> None:
    """Make the index anew of what can be read of it, and of the sources that were added."""
    from apps.commands.case_rebuilding import rebuild_cases

    raise typer.Exit(rebuild_cases())
