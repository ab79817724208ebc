"""Ids that somebody else gave may name people ("smith_nodule"): a model is told numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from agents.planner import Turn
from dxtrace.clinical import Basis, Finding, Source, Statement


@dataclass(frozen=True)
class NeutralIds:
    """What findings and lesions of a file or a manifest are called before a model.

    Attributes:
        findings: from an id to the one that is shown.
        lesions: likewise.
    """

    findings: Mapping[str, str]
    lesions: Mapping[str, str]

    @classmethod
    def of(cls, findings: Iterable[Finding]) -> NeutralIds:
        """Numbers in the order of the findings; ids that readers and experts give stay."""
        listed = list(findings)
        foreign = [f for f in listed if f.source is Source.STRUCTURED]
        taken = {f.id for f in listed} - {f.id for f in foreign}
        free = (f"f{n}" for n in range(1, len(listed) + len(taken) + 1) if f"f{n}" not in taken)
        lesions = dict.fromkeys(f.lesion for f in foreign if f.lesion)
        return cls(
            findings=dict(zip(dict.fromkeys(f.id for f in foreign), free, strict=False)),
            lesions={known: f"lesion {n}" for n, known in enumerate(lesions, start=1)},
        )

    def shown(self, finding: Finding) -> Finding:
        """A finding under its number."""
        lesion = finding.lesion and self.lesions.get(finding.lesion, finding.lesion)
        number = self.findings.get(finding.id, finding.id)
        return finding.model_copy(update={"id": number, "lesion": lesion})

    def shown_turn(self, turn: Turn) -> Turn:
        """What a model said and was told, with numbers."""
        checked = tuple(s.model_copy(update={"why": self.words(s.why)}) for s in turn.checked)
        statement = turn.statement and _resting_on(turn.statement, self.findings)
        return turn.model_copy(update={"checked": checked, "statement": statement})

    def words(self, text: str) -> str:
        """A text in which no id but the numbers stands."""
        names = {**self.findings, **self.lesions}
        if not names:
            return text
        longest = "|".join(re.escape(n) for n in sorted(names, key=len, reverse=True))
        return re.sub(rf"(?<!\w)(?:{longest})(?!\w)", lambda m: names[m[0]], text)

    def meant(self, statement: Statement) -> Statement:
        """A model's statement with the findings' own ids."""
        return _resting_on(statement, {shown: known for known, shown in self.findings.items()})


def _resting_on(statement: Statement, names: Mapping[str, str]) -> Statement:
    basis = {
        claim: Basis(findings=tuple(names.get(f, f) for f in b.findings), passages=b.passages)
        for claim, b in statement.basis.items()
    }
    return statement.model_copy(update={"basis": basis})
