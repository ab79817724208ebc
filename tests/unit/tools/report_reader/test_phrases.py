"""The phrase language and its index."""

import pytest

from tools.report_reader.phrases import PhraseIndex, compile_phrase, fold
from tools.report_reader.prefixes import first_letters


@pytest.mark.parametrize(
    ("phrase", "text", "matches"),
    [
        ("lung nodule", "lung-nodule", True),
        ("lung nodule", "lung\nnodule", True),
        ("lung nodule", "lungnodule", False),
        ("x ?ray", "x-ray", True),
        ("x ?ray", "xray", True),
        ("heart .. enlarged", "heart size is mildly enlarged", True),
        ("heart .. enlarged", "heart is normal, aorta enlarged", False),
        ("heart .. enlarged", "heart a b c d e f g enlarged", False),
        ("nodule", "nodules", False),
        ("CT", "ct", True),
    ],
)
def test_phrases(phrase: str, text: str, *, matches: bool) -> None:
    assert bool(compile_phrase(phrase).search(fold(text))) is matches


def test_a_bad_phrase_is_named() -> None:
    with pytest.raises(ValueError, match="nodule"):
        compile_phrase("(nodule")


@pytest.mark.parametrize(
    ("phrase", "letters"),
    [
        ("nodules?", {"nodu"}),
        ("(?:lung|pulmonary) mass", {"lung", "pulm"}),
        ("(?:small )?effusion", {"smal", "effu"}),
        ("ct", {"ct"}),
        ("{number} mm", None),
        ("[ab]c", {"ac", "bc"}),
    ],
)
def test_first_letters(phrase: str, letters: set[str] | None) -> None:
    assert first_letters(phrase) == letters


def test_index_finds_every_meaning_of_a_phrase() -> None:
    index: PhraseIndex[str] = PhraseIndex()
    index.add("solid", "composition")
    index.add("solid", "texture")
    index.add("{number} ?%", "percentage")
    text = "solid part of 40%"
    words = [0, 6, 11, 14]
    found = {(h.entry, text[h.start : h.end]) for h in index.scan(text, words, len(text))}
    assert found == {("composition", "solid"), ("texture", "solid"), ("percentage", "40%")}
