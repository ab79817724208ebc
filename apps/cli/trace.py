"""``dxtrace trace``: the commands of that name."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Traces: verify, show, replay, reward, export.", no_args_is_help=True)


@app.command("verify")
def trace_verify(
    traces: Annotated[list[Path], typer.Argument(metavar="TRACE...", exists=True, dir_okay=False)],
) -> None:
    """Check that a trace was not changed after it was written."""
    from apps.commands.trace import verify_traces

    raise typer.Exit(verify_traces(traces))


@app.command("show")
def trace_show(
    trace: Annotated[Path, typer.Argument(metavar="TRACE", exists=True, dir_okay=False)],
    full: Annotated[bool, typer.Option("--full", help="Show every entry in full.")] = False,
) -> None:
    """Print a trace in readable form."""
    from apps.commands.trace import show_trace

    raise typer.Exit(show_trace(trace, full=full))


@app.command("replay")
def trace_replay(
    trace: Annotated[Path, typer.Argument(metavar="TRACE", exists=True, dir_okay=False)],
) -> None:
    """Run the recorded checks again with the packs of today and compare; no model is needed."""
    from apps.commands.trace import replay_trace

    raise typer.Exit(replay_trace(trace))


@app.command("reward")
def trace_reward(
    traces: Annotated[list[Path], typer.Argument(metavar="TRACE...", exists=True, dir_okay=False)],
    weights: Annotated[
        Path | None,
        typer.Option("--weights", exists=True, dir_okay=False, help="What things are worth."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Print what the checker, as a teacher, gives for the answer, and why."""
    from apps.commands.teach import reward_traces

    raise typer.Exit(reward_traces(traces, weights=weights, as_json=as_json))


class ExportFormat(StrEnum):
    """Kinds of training data."""

    SFT = "sft"
    DPO = "dpo"
    GRPO = "grpo"


class ExportDialect(StrEnum):
    """How calls and answers are written."""

    TOOLS = "tools"
    TOKENS = "tokens"
    JSON = "json"


@app.command("export")
def trace_export(
    traces: Annotated[list[Path], typer.Argument(metavar="TRACE...", exists=True)],
    form: Annotated[
        ExportFormat, typer.Option("--format", help="Instructions, preferences, prompts.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="FILE.jsonl", dir_okay=False)],
    dialect: Annotated[
        ExportDialect, typer.Option("--dialect", help="How calls and answers are written.")
    ] = ExportDialect.TOOLS,
    with_reports: Annotated[
        bool, typer.Option("--with-reports", help="Words of reports and other free text, too.")
    ] = False,
) -> None:
    """Make training data for TRL of traces; a folder stands for the traces in it."""
    from apps.commands.teach import export_traces

    raise typer.Exit(
        export_traces(
            traces, out, form=form.value, dialect=dialect.value, with_reports=with_reports
        )
    )
