"""Experts with a second parameter; importable, so that processes can be spawned."""

from typing import NoReturn

from dxtrace.clinical import Case, Finding, Presence
from expert_models import Arguments


def repeat(case: Case, arguments: Arguments) -> list[Finding]:
    """A finding that says what was asked for."""
    words = ", ".join((*arguments.classes, *arguments.phrases))
    return [Finding(id=f"f-{case.id}", concept="gas", presence=Presence.PRESENT, text=words)]


def never(case: Case, arguments: Arguments) -> NoReturn:
    """Must not be called."""
    raise AssertionError(f"called with {case.id} and {arguments}")
