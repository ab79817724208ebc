"""What every planner offers; the graph knows no more about it."""

from collections.abc import Callable, Iterable
from typing import Protocol

from agents.intent import Intent
from dxtrace.clinical import (
    CallRequest,
    Case,
    CheckedClaim,
    Claim,
    Finding,
    MissingFact,
    ToolCall,
)
from dxtrace.clinical.base import Frozen


class Plan(Frozen):
    """What to call next, and why.

    Attributes:
        calls: tools and what they are asked for; they may run in parallel. What the case itself
            asks for comes first.
        why: one reason for each call.
        intents: what is asked.
    """

    calls: tuple[CallRequest, ...] = ()
    why: tuple[str, ...] = ()
    intents: tuple[Intent, ...] = ()


def requested(case: Case, called: Iterable[ToolCall]) -> tuple[CallRequest, ...]:
    """What a case asks of tools and was not called yet; every plan begins with it."""
    done = {CallRequest(tool=call.name, arguments=call.arguments) for call in called}
    return tuple(call for call in dict.fromkeys(case.calls) if call not in done)


class PackChoice(Frozen):
    """A pack that applies, and why."""

    pack: str
    why: str


class Planner(Protocol):
    """Decides what to look at and what to claim. It never judges its own claims."""

    name: str

    def plan(self, case: Case, called: Iterable[ToolCall], missing: Iterable[MissingFact]) -> Plan:
        """Choose the tools to call next, :func:`requested` first; none if nothing is left."""
        ...

    def choose_packs(
        self, case: Case, findings: Iterable[Finding], holds: Callable[[str], bool]
    ) -> tuple[PackChoice, ...]:
        """Choose the packs that apply; ``holds`` proves a pack's condition."""
        ...

    def draft(self, intents: Iterable[Intent]) -> tuple[Claim, ...]:
        """The claims that would answer what is asked."""
        ...

    def revise(self, checked: Iterable[CheckedClaim]) -> tuple[Claim, ...]:
        """Other claims in the place of contradicted ones."""
        ...
