"""What earlier answers of a session said and does not hold any more: it is said, never dropped."""

from collections.abc import Iterable

from dxtrace.clinical import (
    Change,
    CheckedClaim,
    Conclusion,
    Correction,
    Finding,
    Presence,
)
from dxtrace.clinical.base import Frozen
from dxtrace.knowledge import Knowledge
from dxtrace.reasoning import Checker
from graphs.checking import CaseCheck, finding_conclusion


class Earlier(Frozen):
    """What the answers before this one said.

    Attributes:
        conclusions: decided conclusions on outputs, the last word on each.
        answers: the questions about findings, with their verdicts then.
        findings: ids of the findings that they rested on.
        corrections: how many corrections there were.
    """

    conclusions: tuple[Conclusion, ...] = ()
    answers: tuple[CheckedClaim, ...] = ()
    findings: tuple[str, ...] = ()
    corrections: int = 0

    def with_answer(
        self,
        conclusions: Iterable[Conclusion],
        answers: Iterable[CheckedClaim],
        findings: Iterable[Finding],
        corrections: int,
    ) -> "Earlier":
        """With one answer more, which rested on these findings and so many corrections."""
        said = {_key(c): c for c in (*self.conclusions, *conclusions)}
        asked = {_asked(a): a for a in (*self.answers, *answers)}
        return Earlier(
            conclusions=tuple(said.values()), answers=tuple(asked.values()),
            findings=tuple(f.id for f in findings), corrections=corrections,
        )  # fmt: skip


def changes_since(
    knowledge: Knowledge,
    earlier: Earlier,
    check: CaseCheck,
    full: Checker,
    corrections: tuple[Correction, ...],
) -> tuple[Change, ...]:
    """Conclude again what earlier answers concluded, and say what is different.

    Args:
        knowledge: names of outputs.
        earlier: what was said.
        check: the check of the present findings.
        full: its checker with impressions.
        corrections: all corrections so far.
    """
    between = [c.finding for c in corrections[earlier.corrections :]]
    known = set(earlier.findings)
    because = tuple(dict.fromkeys([*between, *(f.id for f in check.findings if f.id not in known)]))
    pairs = [
        (before, check.conclude(full, output))
        for before in earlier.conclusions
        if before.value is not None and (output := _output(knowledge, before)) is not None
    ]
    for item in earlier.answers:
        again = CheckedClaim(claim=item.claim, verdict=full.check(item.claim))
        pairs.append(
            (
                finding_conclusion(knowledge, item, check.findings),
                finding_conclusion(knowledge, again, check.findings),
            )
        )
    return tuple(
        Change(
            concept=before.concept, title=before.title or before.concept, before=str(before.value),
            now=None if now.value is None else str(now.value), lesion=before.lesion,
            because=because,
        )
        for before, now in pairs
        if before.value not in (None, "unknown") and before.value != now.value
    )  # fmt: skip


def _output(knowledge: Knowledge, conclusion: Conclusion) -> str | None:
    for name, (pack, output) in knowledge.outputs.items():
        if output.public_name == conclusion.concept and pack.id == conclusion.pack:
            return name
    return None


def _key(conclusion: Conclusion) -> tuple[str, str, str]:
    return conclusion.concept, conclusion.pack, conclusion.lesion or ""


def _asked(item: CheckedClaim) -> str:
    """What was asked, whether it was stated as present or, revised, as absent."""
    same = {"id": "", "text": "", "presence": Presence.PRESENT}
    return item.claim.model_copy(update=same).model_dump_json()
