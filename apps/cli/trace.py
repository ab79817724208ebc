"""``dxtrace trace``: the commands of that name."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Traces: verify, show, replay.", no_args_is_help=True)


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
