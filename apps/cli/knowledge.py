"""``dxtrace knowledge``: the commands of that name."""

from typing import Annotated

import typer

from apps.cli.options import Folder

app = typer.Typer(help="Guideline packs: list, show, prove.", no_args_is_help=True)


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
