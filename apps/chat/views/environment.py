"""The templates of the chat page, over those of the case's report."""

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader
from markupsafe import Markup

from dxtrace.reporting.pages import page_environment

_TEMPLATES = Path(__file__).parent / "templates"
STATIC = Path(__file__).parents[1] / "static"


@cache
def chat_environment() -> Environment:
    """The Jinja environment: the same escaping, proofs and words as the report's."""
    own = FileSystemLoader(_TEMPLATES)
    reports = page_environment()
    loaders = [own] if reports.loader is None else [own, reports.loader]
    environment = reports.overlay(loader=ChoiceLoader(loaders))
    environment.globals = {**reports.globals, "chat_style": _own("chat.css")}
    return environment


def render(template: str, **context: Any) -> str:
    """Render one template; all that is not markup of ours is escaped."""
    return chat_environment().get_template(template).render(context)


def part(name: str, context: dict[str, Any]) -> str:
    """One part of a case's report, as the report itself has it.

    Args:
        name: the part: ``answer``, ``reasoning`` or ``documents``.
        context: as :func:`dxtrace.reporting.case_report.case_context` gives it.
    """
    return render("part.html.j2", **context, part=f"{name}.html.j2")


@cache
def wiring() -> str:
    """The script that passes clicks on to the server, and nothing else."""
    return (STATIC / "wire.js").read_text(encoding="utf-8")


def _own(name: str) -> Markup:
    return Markup((STATIC / name).read_text(encoding="utf-8"))  # noqa: S704 - our own file
