"""Similar cases and a differential by them, as ``dxtrace cases search`` prints them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from dxtrace.clinical import Candidate, Differential, Sign, SimilarCase
from dxtrace.clinical.similar_case import ANALOGY

_WORDS = {
    "shared": "shared", "differs": "differs", "both": "both", "here": "only here",
    "there": "only there",
}  # fmt: skip
_STANDINGS = {"for": "in common", "against": "unlike them", "open": "would tell"}
LISTS = ("findings", "words", "text", "image")


def print_json(found: Iterable[SimilarCase], differential: Differential | None) -> None:
    """One JSON object a case, and one for the differential."""
    for similar in found:
        print(json.dumps({**similar.model_dump(mode="json"), "link": similar.href}))
    if differential is not None:
        print(json.dumps({"differential": differential.model_dump(mode="json")}))


def print_cases(found: tuple[SimilarCase, ...], searched: str) -> None:
    """The cases, finding by finding, with a file that has each report.

    Args:
        found: the cases.
        searched: how many were looked among, in words.
    """
    if not found:
        print(f"no similar case: {searched}")
        return
    print(f"Similar cases: {ANALOGY}; {searched}.")
    for number, similar in enumerate(found, start=1):
        about = [
            f"{similar.age} years" if similar.age is not None else "", similar.sex or "",
            similar.modality or "",
            f"{similar.in_words}, likeness {similar.similarity:.3f} = {_parts(similar)}",
        ]  # fmt: skip
        also = f" ({similar.id})" if similar.id != similar.source else ""
        print(f"\n{number}. {similar.source}{also}")
        print(f"   {' · '.join(a for a in about if a)}")
        for c in similar.comparisons:
            said = c.here if c.standing == "shared" else f"{c.here or '-'} | {c.there or '-'}"
            print(f"   {_WORDS[c.standing]:<10} {c.name}: {said}")
        if similar.href:
            print(f"   {similar.href}")


def _parts(similar: SimilarCase) -> str:
    """What each list adds, with the case's place in it; a dash where it was not compared."""
    return " + ".join(
        f"{name} {similar.parts[name]:.3f}{_place(similar, name)}"
        if name in similar.parts
        else f"{name} -"
        for name in LISTS
    )


def _place(similar: SimilarCase, name: str) -> str:
    return f" (#{similar.ranks[name]})" if name in similar.ranks else ""


def print_differential(given: Differential) -> None:
    """The candidates, and what would tell them apart."""
    cases = "similar case" if given.of == 1 else "similar cases"
    print(f"\nDifferential by analogy with the impressions of {given.of} {cases}: {ANALOGY}.")
    print(f"unremarkable: {given.unremarkable} of {given.of}")
    for number, candidate in enumerate(given.candidates, start=1):
        here = candidate.here or "not stated"
        print(f"\n{number}. {candidate.name}: {candidate.counted(given.of)}; this case: {here}")
        for line in _lines(candidate, given.of):
            print(f"   {line}")
    if given.further:
        print(f"\nand {given.further} more, each named by one case or with less support")


def _lines(candidate: Candidate, of: int) -> Iterator[str]:
    for standing, words in _STANDINGS.items():
        for sign in candidate.signs:
            if sign.standing == standing:
                yield f"{words:<11} {_sign(sign, candidate.cases, of)}"
    yield f"such as     {', '.join(candidate.examples)}"


def _sign(sign: Sign, cases: int, of: int) -> str:
    here = f" (this case: {sign.here})" if sign.here else ""
    return (
        f"{sign.name}{here}: stated by {sign.stated_with} of {cases} with it, by "
        f"{sign.stated_without} of {of - cases} without"
    )


def print_examples(chosen: Iterable[SimilarCase], *, as_json: bool) -> None:
    """Examples in words, or one JSON object each."""
    for case in chosen:
        if case.exemplar is None:
            continue
        if as_json:
            print(json.dumps({"id": case.id, **case.exemplar.model_dump(), "analogy": ANALOGY}))
        else:
            print(f"[{case.id}, another patient: {ANALOGY}]\n{case.exemplar.text}\n")
