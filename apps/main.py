"""The command line. Only names and options live here; the work is imported when it is asked for."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from apps.exit_status import NO_ROOM, ExitStatus, UsageError
from dxtrace import RESEARCH_USE, __version__

app = typer.Typer(
    name="dxtrace",
    help=f"Clinical reasoning in which every statement is checked. {RESEARCH_USE}",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
knowledge_app = typer.Typer(help="Guideline packs: list, show, prove.", no_args_is_help=True)
trace_app = typer.Typer(help="Traces: verify, show, replay.", no_args_is_help=True)
experts_app = typer.Typer(help="Expert tools.", no_args_is_help=True)
app.add_typer(knowledge_app, name="knowledge")
app.add_typer(trace_app, name="trace")
app.add_typer(experts_app, name="experts")


class Engine(StrEnum):
    """Where batch workers run."""

    LOCAL = "local"
    RAY = "ray"


Planner = Annotated[str, typer.Option(help="The planner; 'pathway' needs no model weights.")]
MaxReportChars = Annotated[
    int, typer.Option(min=1, help="Longest report that is accepted, in characters.")
]
DataRoot = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        file_okay=False,
        help="Folder that every path named by a case must lie in (default: that of its file).",
    ),
]
KeepIdentifiers = Annotated[
    bool,
    typer.Option(
        "--keep-identifiers",
        help="Let DICOM files in --out carry the patient's name, number and dates, as an archive "
        "needs them; nothing else ever does.",
    ),
]
Folder = Annotated[
    Path | None,
    typer.Option(exists=True, file_okay=False, help="Another knowledge folder than the built-in."),
]
_MAX_REPORT_CHARS = 200_000


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"dxtrace {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    pass


@app.command()
def review(  # noqa: PLR0913, PLR0917 - the options of a command
    cases: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="CASE...",
            help="A folder, a report .txt, a case.yaml, a FHIR bundle .json or an image.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for traces and HTML reports.", file_okay=False)
    ] = None,
    question: Annotated[str | None, typer.Option(help="What to answer, for every case.")] = None,
    planner: Planner = "pathway",
    json: Annotated[bool, typer.Option("--json", help="Print result objects, one a line.")] = False,
    interactive: Annotated[
        bool,
        typer.Option("--interactive", help="Ask for what would decide an open question."),
    ] = False,
    resume: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Go on with the case that waits for an answer in --out."),
    ] = None,
    answer: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[FACT=]VALUE",
            help="Answer to what is asked, such as patient.age=60; empty if unknown. Repeatable.",
        ),
    ] = None,
    max_report_chars: MaxReportChars = _MAX_REPORT_CHARS,
    data_root: DataRoot = None,
    keep_identifiers: KeepIdentifiers = False,
) -> None:
    """Review cases: answer, check every statement, write a trace and a report for each."""
    from apps.commands.review import ReviewOptions, review_cases

    options = ReviewOptions(
        out=out,
        question=question,
        planner=planner,
        json=json,
        max_report_chars=max_report_chars,
        data_root=data_root,
        interactive=interactive,
        resume=resume,
        answers=tuple(answer or ()),
        keep_identifiers=keep_identifiers,
    )
    raise typer.Exit(review_cases(cases or [], options))


@app.command()
def batch(  # noqa: PLR0913, PLR0917 - the options of a command
    manifest: Annotated[
        str,
        typer.Argument(
            metavar="MANIFEST",
            help="A manifest .jsonl, or 'indiana' for the Indiana chest radiograph reports.",
        ),
    ],
    out: Annotated[
        Path, typer.Option(help="Output folder; the same one resumes.", file_okay=False)
    ],
    workers: Annotated[
        int | None, typer.Option(min=1, help="Worker processes (default: one a core).")
    ] = None,
    engine: Annotated[Engine, typer.Option(help="Where the workers run.")] = Engine.LOCAL,
    planner: Planner = "pathway",
    timeout: Annotated[float, typer.Option(min=1.0, help="Seconds until a case fails.")] = 120.0,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Run failed cases again.")
    ] = False,
    accept_changes: Annotated[
        bool,
        typer.Option("--accept-changes", help="Go on although the manifest has changed."),
    ] = False,
    max_report_chars: MaxReportChars = _MAX_REPORT_CHARS,
    data_root: DataRoot = None,
    keep_identifiers: KeepIdentifiers = False,
) -> None:
    """Review many cases; started again with the same --out it goes on where it stopped."""
    from apps.commands.batch import BatchRequest, review_manifest

    request = BatchRequest(
        manifest=manifest,
        out=out,
        workers=workers,
        engine=engine.value,
        planner=planner,
        timeout_s=timeout,
        retry_failed=retry_failed,
        accept_changes=accept_changes,
        max_report_chars=max_report_chars,
        data_root=data_root,
        keep_identifiers=keep_identifiers,
    )
    raise typer.Exit(review_manifest(request))


@app.command()
def extract(
    reports: Annotated[
        Path, typer.Argument(metavar="REPORTS.jsonl", help="Lines with id and text.")
    ],
    out: Annotated[Path, typer.Option(help="Where the findings go (.jsonl).", dir_okay=False)],
    max_report_chars: MaxReportChars = _MAX_REPORT_CHARS,
) -> None:
    """Read report texts into findings, without checking anything."""
    from apps.commands.extract import extract_findings

    raise typer.Exit(extract_findings(reports, out, max_report_chars=max_report_chars))


@knowledge_app.command("list")
def knowledge_list(folder: Folder = None) -> None:
    """List the guideline packs."""
    from apps.commands.knowledge import list_packs

    list_packs(folder)


@knowledge_app.command("show")
def knowledge_show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A pack or a concept.")],
    folder: Folder = None,
) -> None:
    """Show a pack with its tables, rules and passages, or a concept."""
    from apps.commands.knowledge import show_knowledge

    show_knowledge(name, folder)


@knowledge_app.command("verify")
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


@trace_app.command("verify")
def trace_verify(
    traces: Annotated[list[Path], typer.Argument(metavar="TRACE...", exists=True, dir_okay=False)],
) -> None:
    """Check that a trace was not changed after it was written."""
    from apps.commands.trace import verify_traces

    raise typer.Exit(verify_traces(traces))


@trace_app.command("show")
def trace_show(
    trace: Annotated[Path, typer.Argument(metavar="TRACE", exists=True, dir_okay=False)],
    full: Annotated[bool, typer.Option("--full", help="Show every entry in full.")] = False,
) -> None:
    """Print a trace in readable form."""
    from apps.commands.trace import show_trace

    raise typer.Exit(show_trace(trace, full=full))


@trace_app.command("replay")
def trace_replay(
    trace: Annotated[Path, typer.Argument(metavar="TRACE", exists=True, dir_okay=False)],
) -> None:
    """Run the recorded checks again with the packs of today and compare; no model is needed."""
    from apps.commands.trace import replay_trace

    raise typer.Exit(replay_trace(trace))


@experts_app.command("list")
def experts_list() -> None:
    """List the tools that a planner can call, and whether each can run here."""
    from apps.commands.experts import list_experts

    list_experts()


@experts_app.command("show")
def experts_show(
    name: Annotated[str, typer.Argument(help="The tool's name.")],
    for_prompt: Annotated[
        bool, typer.Option("--prompt", help="As the prompt of a language model lists it.")
    ] = False,
) -> None:
    """Show a tool's card: what it accepts and produces, its weights, licence and limits."""
    from apps.commands.experts import show_expert

    show_expert(name, for_prompt=for_prompt)


@experts_app.command("pull")
def experts_pull(
    name: Annotated[str, typer.Argument(help="An entry of experts.yaml or of the catalogue.")],
    sha256: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE=HEX", help="The SHA-256 that a file must have."),
    ] = None,
    accept: Annotated[
        bool,
        typer.Option("--accept", help="Take files whose publisher states no SHA-256 as they come."),
    ] = False,
    mirror: Annotated[
        Path | None,
        typer.Option("--from", exists=True, file_okay=False, help="A folder that has the files."),
    ] = None,
) -> None:
    """Fetch the files of an expert, compared with their SHA-256; its licence is shown before."""
    from apps.commands.experts_pull import PullOptions, pull_expert

    raise typer.Exit(pull_expert(name, PullOptions(tuple(sha256 or ()), accept, mirror)))


@experts_app.command("check")
def experts_check(
    name: Annotated[
        str, typer.Argument(metavar="NAME|PATH", help="A tool, a package's or a bundle's folder.")
    ],
    case: Annotated[Path | None, typer.Argument(exists=True, help="A case to call it on.")] = None,
) -> None:
    """Check that an expert keeps its promises: card, contract, and two calls through the runner."""
    from apps.commands.experts_check import check_expert

    raise typer.Exit(check_expert(name, case))


@experts_app.command("new")
def experts_new(
    name: Annotated[str, typer.Argument(help="Its name, in snake_case.")],
    out: Annotated[Path, typer.Option(file_okay=False, help="Where its folder is made.")] = Path(),
) -> None:
    """Write a package with an expert to start from: card, mask, test, entry point."""
    from apps.commands.experts_new import new_expert

    new_expert(name, out)


@app.command()
def doctor() -> None:
    """Say what is installed, what is missing, and what would run."""
    from apps.commands.doctor import examine

    raise typer.Exit(examine())


def _bad_setting(error: ValueError) -> str:
    """What is wrong with a setting of the environment; any other error goes on."""
    from pydantic import ValidationError
    from pydantic_settings import BaseSettings

    settings = {c.__name__: c for c in BaseSettings.__subclasses__()}
    if not isinstance(error, ValidationError) or error.title not in settings:
        raise error
    prefix = settings[error.title].model_config.get("env_prefix", "")
    wrong = (f"{prefix}{'.'.join(map(str, e['loc']))}".upper() for e in error.errors())
    why = (f"{e['msg'][0].lower()}{e['msg'][1:]}, got {e['input']!r}" for e in error.errors())
    return "; ".join(f"{name}: {reason}" for name, reason in zip(wrong, why, strict=True))


def main() -> None:
    """Run the command line; what the user must change ends it with status 2 and one message."""
    try:
        app()
    except UsageError as error:
        sys.stderr.write(f"dxtrace: {error}\n")
        sys.exit(ExitStatus.USAGE)
    except ValueError as error:
        sys.stderr.write(f"dxtrace: {_bad_setting(error)}\n")
        sys.exit(ExitStatus.USAGE)
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        where = f" {error.filename}" if error.filename else ""
        sys.stderr.write(f"dxtrace: cannot write{where}: {error.strerror}\n")
        sys.stdout = None  # what it still holds cannot be written either
        sys.exit(ExitStatus.USAGE)
