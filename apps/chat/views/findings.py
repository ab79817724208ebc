"""The view of the findings: a table that can be corrected."""

from typing import Any

from apps.chat.conversation import Conversation
from apps.chat.views.environment import render
from apps.chat.views.talk import LATEST, result_context
from dxtrace.clinical import Finding, Laterality, Presence

_READ_ONLY = "Patient and examination"


def show_findings(conversation: Conversation | None, notice: str = "") -> str:
    """The findings of the latest result.

    Args:
        conversation: the session's; None before there is one.
        notice: what the visitor must be told.
    """
    result = conversation.result if conversation else None
    if conversation is None or result is None:
        return render("findings_table.html.j2", groups={}, notice=notice)
    context = result_context(conversation, result, LATEST)
    return render(
        "findings_table.html.j2",
        **context,
        by=conversation.record.by,
        presences=list(Presence),
        sides=list(Laterality),
        size_of=size_in_mm,
        read_only=_READ_ONLY,
        busy=conversation.running is not None,
        notice=notice,
        corrected={c.finding for c in result.corrections},
        has_images=bool(conversation.case and conversation.case.studies),
    )


def size_in_mm(finding: Finding) -> dict[str, Any]:
    """The size that a reader would correct: its kind and value, in mm."""
    for measured in finding.measurements:
        if measured.unit == "mm" and not measured.kind.startswith("prior_"):
            exact = measured.value if measured.value is not None else ""
            return {"kind": measured.kind, "value": str(exact)}
    return {"kind": "diameter", "value": ""}
