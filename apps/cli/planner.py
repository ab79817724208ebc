"""``dxtrace planner``: the commands of that name."""

from pathlib import Path
from typing import Annotated

import typer

from apps.cli.options import DataRoot

app = typer.Typer(help="Planners that are vision-language models.", no_args_is_help=True)


@app.command("look")
def planner_look(  # noqa: PLR0913, PLR0917 - the options of a command
    case: Annotated[Path, typer.Argument(help="A case, as 'dxtrace review' takes it.")],
    out: Annotated[Path, typer.Option(file_okay=False, help="Folder for pictures and captions.")],
    question: Annotated[
        str | None, typer.Option(help="What is asked (default: what the case asks).")
    ] = None,
    review: Annotated[
        bool,
        typer.Option("--review", help="Review the case first, and show what experts have marked."),
    ] = False,
    planner: Annotated[
        str | None, typer.Option(help="A model, for its budget; what is given beside goes first.")
    ] = None,
    max_pictures: Annotated[
        int | None, typer.Option(min=1, help="Number of pictures (default: 12).")
    ] = None,
    max_edge: Annotated[
        int | None,
        typer.Option(min=28, max=8192, help="Longest side of a picture, in pixels (default: 896)."),
    ] = None,
    patch: Annotated[
        int | None,
        typer.Option(min=1, help="Side, in pixels, of what becomes one token (default: 28)."),
    ] = None,
    fixed_tokens: Annotated[
        int | None, typer.Option(min=1, help="Tokens of a picture, where size does not matter.")
    ] = None,
    square: Annotated[
        bool | None,
        typer.Option("--square", help="Black margins for a model that squeezes into squares."),
    ] = None,
    tokens: Annotated[
        int | None, typer.Option(min=1, help="Tokens of all pictures together (default: 12,400).")
    ] = None,
    allow_burned_in_text: Annotated[
        bool | None,
        typer.Option(
            "--allow-burned-in-text",
            help="Show images, too, whose pixels may carry text, and so a name.",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print a JSON object.")] = False,
    data_root: DataRoot = None,
) -> None:
    """Write the pictures that a model would be shown of a case, with their captions and tokens."""
    from apps.commands.planner_look import LookRequest, look_at_case

    budget = {
        "max_pictures": max_pictures, "max_edge_px": max_edge, "patch_px": patch,
        "fixed_tokens": fixed_tokens, "is_square": square, "total_tokens": tokens,
    }  # fmt: skip
    given = {name: value for name, value in budget.items() if value is not None}
    request = LookRequest(
        case, out, given, question, review, planner, allow_burned_in_text, json, data_root
    )
    raise typer.Exit(look_at_case(request))
