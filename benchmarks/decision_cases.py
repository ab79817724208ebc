"""The guideline test cases (``tests/cases/*.yaml``): reading and judging them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from dxtrace.clinical import Case, Result
from dxtrace.intake import IntakeLimits
from dxtrace.intake.case_builder import build_case
from dxtrace.intake.case_fields import validate_case_fields

CASES_FOLDER = Path(__file__).parents[1] / "tests" / "cases"


@dataclass(frozen=True)
class DecisionCase:
    """One case with what the guideline says about it.

    Attributes:
        pack: the guideline.
        id: the case's id.
        case: the case itself.
        structured: whether it has no report text.
        expect: conclusion name to value, or to ``{"possible": [...]}``.
        contradictions: number of statements that should be flagged.
        text: the report, for messages.
    """

    pack: str
    id: str
    case: Case
    structured: bool
    expect: dict[str, Any]
    contradictions: int
    text: str


@dataclass(frozen=True)
class Judgement:
    """How a case came out.

    Attributes:
        case: the case.
        wrong: expectations that were not met, in words.
        decisions: number of expectations.
        flagged: number of contradictions found.
        result: the result itself.
    """

    case: DecisionCase
    wrong: tuple[str, ...]
    decisions: int
    flagged: int
    result: Result

    @property
    def missed(self) -> bool:
        """A planted contradiction that was not flagged."""
        return self.flagged < min(1, self.case.contradictions)

    @property
    def invented(self) -> bool:
        """A contradiction flagged where there is none."""
        return self.flagged > 0 and self.case.contradictions == 0


def read_cases(pack: str | None = None) -> list[DecisionCase]:
    """The cases of one guideline, or of all."""
    paths = sorted(CASES_FOLDER.glob(f"{pack or '*'}.yaml"))
    return [
        _decision_case(path.stem, raw)
        for path in paths
        for raw in yaml.safe_load(path.read_text(encoding="utf-8"))
    ]


def _decision_case(pack: str, raw: dict[str, Any]) -> DecisionCase:
    fields = {k: v for k, v in raw.items() if k not in ("report", "expect", "contradictions")}
    if raw.get("report"):
        fields["reports"] = [{"text": raw["report"]}]
    case = build_case(
        validate_case_fields(fields), case_id=raw["id"], base=CASES_FOLDER, limits=IntakeLimits()
    )
    return DecisionCase(
        pack=pack,
        id=raw["id"],
        case=case,
        structured=not raw.get("report"),
        expect=raw.get("expect") or {},
        contradictions=raw.get("contradictions", 0),
        text=raw.get("report", ""),
    )


def judge_case(case: DecisionCase, result: Result) -> Judgement:
    """Hold a result against what the guideline says."""
    found = {c.concept: c for c in result.answer.conclusions}
    wrong = []
    for name, wanted in case.expect.items():
        conclusion = found.get(name)
        if conclusion is None:
            wrong.append(f"{name}: expected {wanted}, got no conclusion")
        elif isinstance(wanted, dict):
            possible = set(conclusion.possible or ()) or {conclusion.value}
            if possible != {str(v) for v in wanted["possible"]}:
                got = sorted(map(str, possible))
                wrong.append(f"{name}: expected possible {sorted(wanted['possible'])}, got {got}")
        elif conclusion.value != wanted and str(conclusion.value) != str(wanted):
            got = conclusion.value or f"open {list(conclusion.possible or ())}"
            wrong.append(f"{name}: expected {wanted}, got {got} ({conclusion.verdict.value})")
    return Judgement(case, tuple(wrong), len(case.expect), len(result.contradictions), result)
