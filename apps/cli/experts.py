"""``dxtrace experts``: the commands of that name."""

from pathlib import Path
from typing import Annotated

import typer

from apps.cli.options import DataRoot

app = typer.Typer(help="Expert tools.", no_args_is_help=True)


@app.command("list")
def experts_list() -> None:
    """List the tools that a planner can call, and whether each can run here."""
    from apps.commands.experts import list_experts

    list_experts()


@app.command("show")
def experts_show(
    name: Annotated[str, typer.Argument(help="The tool's name.")],
    for_prompt: Annotated[
        bool, typer.Option("--prompt", help="As the prompt of a language model lists it.")
    ] = False,
) -> None:
    """Show a tool's card: what it accepts and produces, its weights, licence and limits."""
    from apps.commands.experts import show_expert

    show_expert(name, for_prompt=for_prompt)


@app.command("pull")
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


@app.command("check")
def experts_check(
    name: Annotated[
        str, typer.Argument(metavar="NAME|PATH", help="A tool, a package's or a bundle's folder.")
    ],
    case: Annotated[Path | None, typer.Argument(exists=True, help="A case to call it on.")] = None,
) -> None:
    """Check that an expert keeps its promises: card, contract, and two calls through the runner."""
    from apps.commands.experts_check import check_expert

    raise typer.Exit(check_expert(name, case))


@app.command("new")
def experts_new(
    name: Annotated[str, typer.Argument(help="Its name, in snake_case.")],
    out: Annotated[Path, typer.Option(file_okay=False, help="Where its folder is made.")] = Path(),
) -> None:
    """Write a package with an expert to start from: card, mask, test, entry point."""
    from apps.commands.experts_new import new_expert

    new_expert(name, out)


@app.command("calibrate")
def experts_calibrate(  # noqa: PLR0913, PLR0917 - the options of a command
    name: Annotated[str, typer.Argument(help="An expert that gives scores.")],
    manifest: Annotated[
        str, typer.Argument(metavar="MANIFEST", help="Manifest lines with a field 'labels'.")
    ],
    out: Annotated[Path, typer.Option(dir_okay=False, help="Where the calibration goes (.json).")],
    dataset: Annotated[str, typer.Option(help="What the cases are, for the card.")],
    sensitivity: Annotated[
        float, typer.Option(min=0.5, max=0.999, help="What 'absent' must be shown to have.")
    ],
    specificity: Annotated[
        float, typer.Option(min=0.5, max=0.999, help="What 'present' must be shown to have.")
    ],
    confidence: Annotated[
        float, typer.Option(min=0.5, max=0.999, help="Of the intervals of both.")
    ] = 0.95,
    data_root: DataRoot = None,
) -> None:
    """Fit thresholds for an expert's scores on labelled cases."""
    from apps.commands.experts_calibrate import CalibrateRequest, calibrate_expert

    request = CalibrateRequest(
        name, manifest, out, dataset, sensitivity, specificity, confidence, data_root
    )
    raise typer.Exit(calibrate_expert(request))
