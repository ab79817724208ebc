"""Similar cases and a differential by them, in words: analogies, and said to be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dxtrace.clinical import (
    Candidate,
    Differential,
    Outcome,
    Result,
    Sign,
    SimilarCase,
    VerdictKind,
)
from dxtrace.clinical.similar_case import ANALOGY
from dxtrace.knowledge.fact_names import plain
from tools.similar_cases import SIMILAR_CASES

_SHOWN = 6
_SHOWN_CANDIDATES, _SHOWN_SIGNS = 5, 3
_STANDINGS = {"shared": "shares", "differs": "differs in", "here": "lacks", "there": "also has"}
_VERDICTS = {
    VerdictKind.CONSISTENT: "possible by this patient's findings, and not proved by them",
    VerdictKind.UNSUPPORTED: "this patient's findings say nothing of it",
    VerdictKind.CONTRADICTED: "contradicted by this patient's findings",
}


def similar_in_words(result: Result) -> Iterator[str]:
    """What similar cases share with this one and where they differ; that there are none, too."""
    call = next((c for c in result.tools if c.name == SIMILAR_CASES), None)
    if call is None or call.outcome is not Outcome.OK:
        return
    notes = "; ".join(call.notes)
    if not result.similar_cases:
        yield f"No similar case: {notes}."
        return
    yield f"Similar cases ({ANALOGY}: nothing of them is taken for this patient): {notes}."
    for number, case in enumerate(result.similar_cases, start=1):
        parts = [
            f"{words} {', '.join(named[:_SHOWN])}{_rest(named, _SHOWN)}"
            for standing, words in _STANDINGS.items()
            if (named := _told(case, standing))
        ]
        parts += [
            f"says both of {plain(comparison.name)} ({comparison.says_both})"
            for comparison in case.comparisons
            if comparison.says_both
        ]
        alike = f"{case.in_words}, likeness {case.similarity:.2f}"
        yield f"{number}. {case.source} ({alike}): {'; '.join(parts) or 'similar words'}."


def _told(case: SimilarCase, standing: str) -> list[str]:
    """Findings with this standing, without what both or one of them merely deny."""
    return [
        plain(c.name)
        for c in case.comparisons
        if c.standing == standing and not {c.here, c.there} <= {"absent", ""}
    ]


def _rest(named: Sequence[object], shown: int) -> str:
    return f" and {len(named) - shown} more" if len(named) > shown else ""


def differential_in_words(given: Differential | None) -> Iterator[str]:
    """Candidates with their support among similar cases, and what would tell them apart."""
    if given is None:
        return
    if not given.of:
        yield f"Differential by analogy ({ANALOGY}): none, as no similar case has an impression."
        return
    cases = f"{given.of} similar case{'s' if given.of != 1 else ''} of other patients"
    yield (
        f"Differential by analogy ({ANALOGY}: what the impressions of {cases} name; "
        f"{given.unremarkable} of {given.of} {'is' if given.unremarkable == 1 else 'are'} "
        f"unremarkable):"
    )
    stated = [c for c in given.candidates if c.verdict is VerdictKind.ENTAILED]
    others = [c for c in given.candidates if c not in stated]
    for number, candidate in enumerate(others[:_SHOWN_CANDIDATES], start=1):
        yield f"{number}. {_candidate(candidate, given.of)}"
    more = max(len(others) - _SHOWN_CANDIDATES, 0) + given.further
    if more:
        yield f"And {more} more, each with less support or named by one case only."
    if stated:
        counts = ", ".join(f"{plain(c.name)} ({c.counted(given.of)})" for c in stated)
        yield f"They also name what this patient's own findings state: {counts}."


def _candidate(candidate: Candidate, of: int) -> str:
    verdict = _VERDICTS[candidate.verdict] if candidate.verdict is not None else "not checked"
    name = plain(candidate.name)
    name = f"{name[:1].upper()}{name[1:]}"
    parts = [f"{name}: {candidate.counted(of)}; {verdict}"]
    for_, against = candidate.standing("for"), candidate.standing("against")
    if for_:
        parts.append(f"in common with them: {_signs(for_)}")
    if against:
        parts.append(f"unlike them: {_signs(against)}")
    unknown = candidate.standing("open")
    if unknown:
        told = ", ".join(_asked(sign) for sign in unknown[:_SHOWN_SIGNS])
        rest = _rest(unknown, _SHOWN_SIGNS)
        parts.append(f"would tell, and is not known here: {told}{rest}")
    return f"{'; '.join(parts)}."


def _signs(signs: Sequence[Sign]) -> str:
    said = ", ".join(f"{plain(s.name)} ({s.here})" for s in signs[:_SHOWN_SIGNS])
    return f"{said}{_rest(signs, _SHOWN_SIGNS)}"


def _asked(sign: Sign) -> str:
    tools = f" (by {', '.join(sign.tools)})" if sign.tools else ""
    return f"{plain(sign.name)}{tools}"
