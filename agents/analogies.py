"""Similar cases and a differential by them, in words: analogies, and said to be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from dxtrace.clinical import Candidate, Differential, Sign, SimilarCase, VerdictKind
from dxtrace.clinical.similar_case import ANALOGY
from dxtrace.knowledge.fact_names import plain

_SHOWN = 6
_SHOWN_CANDIDATES, _SHOWN_SIGNS = 5, 3
_STANDINGS = {"shared": "shares", "differs": "differs in", "here": "lacks", "there": "also has"}
_VERDICTS = {
    VerdictKind.CONSISTENT: "this patient's findings neither prove nor exclude it",
    VerdictKind.UNSUPPORTED: "nothing found in this patient bears on it",
    VerdictKind.CONTRADICTED: "contradicted by this patient's findings",
}


def similar_in_words(cases: Iterable[SimilarCase]) -> Iterator[str]:
    """What similar cases share with this one and where they differ."""
    for number, case in enumerate(cases, start=1):
        if number == 1:
            yield f"Similar cases ({ANALOGY}: nothing of them is taken for this patient):"
        parts = [
            f"{words} {', '.join(named[:_SHOWN])}{_rest(named)}"
            for standing, words in _STANDINGS.items()
            if (named := _told(case, standing))
        ]
        yield f"{number}. {case.source}: {'; '.join(parts) or 'similar words'}."


def _told(case: SimilarCase, standing: str) -> list[str]:
    """Findings with this standing, without what both or one of them merely deny."""
    return [
        plain(c.name)
        for c in case.comparisons
        if c.standing == standing and not {c.here, c.there} <= {"absent", ""}
    ]


def _rest(named: Sequence[str]) -> str:
    return f" and {len(named) - _SHOWN} more" if len(named) > _SHOWN else ""


def differential_in_words(given: Differential | None) -> Iterator[str]:
    """Candidates with their support among similar cases, and what would tell them apart."""
    if given is None:
        return
    yield (
        f"Differential by analogy ({ANALOGY}: what the impressions of {given.of} similar cases of "
        f"other patients name; {given.unremarkable} of them name nothing abnormal):"
    )
    stated = [c for c in given.candidates if c.verdict is VerdictKind.ENTAILED]
    others = [c for c in given.candidates if c not in stated]
    for number, candidate in enumerate(others[:_SHOWN_CANDIDATES], start=1):
        yield f"{number}. {_candidate(candidate, given.of)}"
    if stated:
        counts = ", ".join(f"{plain(c.name)} ({c.cases} of {given.of})" for c in stated)
        yield f"They also name what this patient's own findings state: {counts}."
    if not given.candidates:
        yield "No two of them name the same."


def _candidate(candidate: Candidate, of: int) -> str:
    verdict = _VERDICTS[candidate.verdict] if candidate.verdict is not None else "not checked"
    name = plain(candidate.name)
    name = f"{name[:1].upper()}{name[1:]}"
    parts = [
        f"{name}: {candidate.cases} of {of} (weighted by likeness "
        f"{candidate.support:.0%}); {verdict}"
    ]
    for_, against = candidate.standing("for"), candidate.standing("against")
    if for_:
        parts.append(f"in common with them: {_signs(for_)}")
    if against:
        parts.append(f"unlike them: {_signs(against)}")
    unknown = candidate.standing("open")[:_SHOWN_SIGNS]
    if unknown:
        told = ", ".join(_asked(sign) for sign in unknown)
        parts.append(f"not known here, and would tell: {told}")
    return f"{'; '.join(parts)}."


def _signs(signs: Sequence[Sign]) -> str:
    return ", ".join(f"{plain(s.name)} ({s.here})" for s in signs[:_SHOWN_SIGNS])


def _asked(sign: Sign) -> str:
    tools = f" (by {', '.join(sign.tools)})" if sign.tools else ""
    return f"{plain(sign.name)}{tools}"
