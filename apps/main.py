"""The command line. Only names and options live here; the work is imported when it is asked for."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from apps.cli import cases, experts, knowledge, planner, trace
from apps.cli.options import (
    MAX_REPORT_CHARS,
    DataRoot,
    Engine,
    Exports,
    KeepIdentifiers,
    MaxReportChars,
    Planner,
)
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
app.add_typer(knowledge.app, name="knowledge")
app.add_typer(trace.app, name="trace")
app.add_typer(experts.app, name="experts")
app.add_typer(cases.app, name="cases")
app.add_typer(planner.app, name="planner")


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
        typer.Option(
            metavar="ID",
            help="Go on with a case in --out: answer what it waits for, or ask it further.",
        ),
    ] = None,
    answer: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[FACT=]VALUE",
            help="Answer to what is asked, such as patient.age=60; empty if unknown. Repeatable.",
        ),
    ] = None,
    correct: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FINDING=WORDS",
            help="With --resume: correct a finding, such as f2=absent, f2='4 mm', f2=rejected. "
            "Repeatable.",
        ),
    ] = None,
    by: Annotated[str, typer.Option(help="Who corrects, for the trace.")] = "user",
    max_report_chars: MaxReportChars = MAX_REPORT_CHARS,
    data_root: DataRoot = None,
    keep_identifiers: KeepIdentifiers = False,
    export: Exports = None,
    plain: Annotated[
        bool, typer.Option("--plain", help="Answer in plain words, as for patients.")
    ] = False,
) -> None:
    """Review cases: answer, check every statement, write a trace and a report for each."""
    from apps.commands.review import ReviewOptions, review_cases
    from apps.export_kinds import read_exports

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
        corrections=tuple(correct or ()),
        by=by,
        keep_identifiers=keep_identifiers,
        exports=read_exports(export, out),
        plain=plain,
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
    max_report_chars: MaxReportChars = MAX_REPORT_CHARS,
    data_root: DataRoot = None,
    keep_identifiers: KeepIdentifiers = False,
    export: Exports = None,
) -> None:
    """Review many cases; started again with the same --out it goes on where it stopped."""
    from apps.commands.batch import BatchRequest, review_manifest
    from apps.export_kinds import read_exports

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
        exports=read_exports(export, out),
    )
    raise typer.Exit(review_manifest(request))


@app.command()
def extract(
    reports: Annotated[
        Path, typer.Argument(metavar="REPORTS.jsonl", help="Lines with id and text.")
    ],
    out: Annotated[Path, typer.Option(help="Where the findings go (.jsonl).", dir_okay=False)],
    max_report_chars: MaxReportChars = MAX_REPORT_CHARS,
) -> None:
    """Read report texts into findings, without checking anything."""
    from apps.commands.extract import extract_findings

    raise typer.Exit(extract_findings(reports, out, max_report_chars=max_report_chars))


@app.command()
def doctor(
    planner: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Only try this model as planner: reach or load it, and see what it can do.",
        ),
    ] = None,
) -> None:
    """Say what is installed, what is missing, and what would run."""
    from apps.commands.doctor import examine
    from apps.commands.doctor_planners import try_planner

    raise typer.Exit(examine() if planner is None else try_planner(planner))


@app.command()
def chat(  # noqa: PLR0913, PLR0917 - the options of a command
    host: Annotated[
        str, typer.Option(help="Address to listen on; any but this machine's needs a password.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 7860,
    planner: Planner = "pathway",
    state: Annotated[
        Path | None, typer.Option(help="Folder of the sessions.", file_okay=False)
    ] = None,
    keep_hours: Annotated[
        float, typer.Option(min=0.01, help="Hours without use until a session is removed.")
    ] = 24.0,
    max_upload_mb: Annotated[
        int, typer.Option(min=1, help="What one session may hold, in MB.")
    ] = 400,
    password_file: Annotated[
        Path | None, typer.Option(help="File whose first line is the password.", dir_okay=False)
    ] = None,
    behind_proxy_login: Annotated[
        bool,
        typer.Option("--behind-proxy-login", help="A proxy in front asks visitors who they are."),
    ] = False,
) -> None:
    """Open a page to bring a case, ask, look at the evidence, correct it and take it away."""
    from apps.chat.options import ChatOptions, default_state
    from apps.commands.chat import ChatRequest
    from apps.commands.chat import chat as serve_chat

    options = ChatOptions(
        host=host,
        port=port,
        planner=planner,
        state=state or default_state(),
        keep_hours=keep_hours,
        max_upload_mb=max_upload_mb,
        behind_proxy_login=behind_proxy_login,
    )
    raise typer.Exit(serve_chat(ChatRequest(options, password_file)))


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
