"""``dxtrace experts check``: whether an expert keeps its promises."""

import sys
from importlib import import_module
from pathlib import Path

from apps.exit_status import ExitStatus, UsageError
from dxtrace.clinical import Case
from dxtrace.intake import IntakeError, read_case
from dxtrace.knowledge import KnowledgeError, load_knowledge
from tools import ENTRY_POINT_GROUP, Tool
from tools.conformance import check_tool
from tools.registry import as_tool


def check_expert(name: str, case: Path | None) -> ExitStatus:
    """Check an expert and print a line for each promise.

    Args:
        name: a tool's name, the folder of a package with experts, or of a MONAI bundle.
        case: a case to call it on; None for a phantom that fits its card.

    Returns:
        ``CASE_FAILED`` if a promise is not kept.

    Raises:
        UsageError: if there is no such expert or case.
    """
    try:
        concepts = load_knowledge().vocabulary.concepts
    except KnowledgeError as error:
        raise UsageError(str(error)) from None
    given = None if case is None else _case(case)
    failed = 0
    for tool in _tools(name):
        print(f"{tool.card.name} {tool.card.version} ({tool.origin})")
        for check in check_tool(tool, concepts, given):
            failed += not check.passed
            mark = "pass" if check.passed else "FAIL"
            print(f"  {mark}  {check.what}{f': {check.detail}' if check.detail else ''}")
    print("all passed" if not failed else f"{failed} failed")
    return ExitStatus.CASE_FAILED if failed else ExitStatus.OK


def _case(path: Path) -> Case:
    try:
        return read_case(path).case
    except IntakeError as error:
        raise UsageError(str(error)) from None


def _tools(name: str) -> list[Tool]:
    folder = Path(name)
    if (folder / "pyproject.toml").is_file():
        return _tools_of_package(folder)
    if (folder / "configs" / "metadata.json").is_file():
        from expert_models.monai_bundle import MonaiBundleExpert

        try:
            return [as_tool(MonaiBundleExpert(folder.resolve()), folder.name)]
        except ValueError as error:
            raise UsageError(str(error)) from None
    from apps.commands.experts import find_tool

    return [find_tool(name)]


def _tools_of_package(folder: Path) -> list[Tool]:
    """The experts of a package that is not installed: its modules are imported from its folder."""
    import tomllib

    try:
        project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        points: dict[str, str] = project["entry-points"][ENTRY_POINT_GROUP]
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{folder / 'pyproject.toml'}: {error}") from None
    except KeyError:
        raise UsageError(
            f'{folder / "pyproject.toml"}: expected [project.entry-points."{ENTRY_POINT_GROUP}"]'
        ) from None
    sys.path.insert(0, str((folder / "src" if (folder / "src").is_dir() else folder).resolve()))
    return [_loaded(name, place, str(project["name"])) for name, place in points.items()]


def _loaded(name: str, place: str, origin: str) -> Tool:
    module, _, attribute = place.partition(":")
    try:
        found: object = import_module(module)
        for part in attribute.split("."):
            found = getattr(found, part)
        return as_tool(found, origin)
    except Exception as error:  # somebody's module can raise anything when imported
        raise UsageError(f"{name} = {place!r}: {type(error).__name__}: {error}") from error
