"""What a planner quotes and cites: verified character for character, or marked."""

import pytest

from dxtrace.clinical import Basis, CheckedSentence, Citation, Mark, QuotedPassage
from dxtrace.retrieval.visible_text import visible
from graphs.citations import Sources, with_citations

TEXT = "Nodules of 6 to 8 mm [solid]: CT at 6 to 12 months. See https://doi.example."


def found(reference: str = "own@1#a", text: str = TEXT, unverified: str = "") -> QuotedPassage:
    return QuotedPassage(
        citation=Citation(source="Own", text=text), quote=text, span=(0, len(text)),
        reference=reference, unverified=unverified,
    )  # fmt: skip


SOURCES = Sources((found(),), ("FINDINGS: 7 mm solid nodule in the right upper lobe.",))


def checked(
    words: str, *cited: str, sources: Sources = SOURCES, mark: Mark = "entailed"
) -> CheckedSentence:
    sentence = CheckedSentence(text=words, mark=mark, claims=("m1",))
    return with_citations(sentence, {"m1": Basis(passages=cited)}, sources)


@pytest.mark.parametrize(
    "words",
    [
        "The guideline says “CT at 6 to 12 months”.",
        'It says "Nodules of 6 to 8 mm (solid): CT at 6 to 12 months".',
        f"It says “{visible(TEXT).replace('[', '(').replace(']', ')')}”",
        "The report has “7 mm solid nodule”.",
        "Nothing is quoted.",
    ],
)
def test_what_stands_there_is_verified(words: str) -> None:
    assert checked(words, "own@1#a").mark == "entailed"


@pytest.mark.parametrize(
    "words",
    [
        "The guideline says “no CT is ever needed”.",
        "It says “CT at 6 to 12 Months”.",
        "It says “Nodules of 6 to 8 mm: CT at 6 to 12 months”.",
        'The report has "no solid nodule at all".',
    ],
)
def test_words_that_stand_nowhere_are_marked(words: str) -> None:
    sentence = checked(words, "own@1#a")
    assert sentence.mark == "unchecked"
    assert "citation not verified: the words “" in sentence.why


def test_a_passage_that_nobody_found_is_named() -> None:
    sentence = checked("CT is needed.", "own@1#invented")
    assert sentence.mark == "unchecked"
    assert "no passage own@1#invented was found" in sentence.why


def test_the_words_of_another_passage_are_not_those_that_are_cited() -> None:
    sources = Sources((found(), found("own@1#b", "Another passage about ribs.")))
    assert checked("“Another passage about ribs.”", "own@1#a", sources=sources).mark == "unchecked"
    assert checked("“Another passage about ribs.”", "own@1#b", sources=sources).mark == "entailed"


def test_a_passage_that_is_not_verified_verifies_nothing() -> None:
    doubtful = found("own@1#b", "Invented words.", unverified="the cited passage does not say so")
    sentence = checked("“Invented words.”", "own@1#b", sources=Sources((doubtful,)))
    assert sentence.mark == "unchecked"
    assert "the cited passage does not say so" in sentence.why


def test_what_is_contradicted_stays_contradicted() -> None:
    assert checked("“Invented words.”", mark="contradicted").mark == "contradicted"
