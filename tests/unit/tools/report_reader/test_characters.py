# ruff: noqa: RUF001 - letters that look like others are what is tested
"""Letters of another width, ligatures and characters without width change nothing but offsets."""

import pytest

from dxtrace.clinical import Presence
from graphs.workbench import default_workbench
from tests.unit.graphs.benches import report_case
from tools.report_reader.characters import plain_characters
from tools.report_reader.phrases import fold

PLAIN = "FINDINGS: No pleural effusion. There is a 7 mm nodule with fibrosis."
WIDE = str.maketrans({chr(c): chr(c + 0xFEE0) for c in range(0x21, 0x7F)})


def said(text: str) -> list[tuple[str, Presence, list[str]]]:
    """Findings, each with the words of the report that it was read from."""
    return [
        (f.concept, f.presence, [text[slice(*e.span)] for e in f.evidence if e.span])
        for f in default_workbench().reader.read(text).findings
    ]


@pytest.mark.parametrize(
    "text",
    [
        PLAIN.replace("pleural effusion. There", "pleural effusion. There".translate(WIDE)),
        PLAIN.translate(WIDE),
        PLAIN.replace("No", "Ｎｏ"),
        PLAIN.replace("No", "𝐍𝐨").replace("nodule", "𝘯𝘰𝘥𝘶𝘭𝘦"),
        PLAIN.replace("effusion", "ef\u00adfu\u00adsion"),
        PLAIN.replace("effusion", "effu\u00ad\nsion"),
        PLAIN.replace("No", "N\u200bo").replace("nodule", "nod\u200cule"),
        PLAIN.replace("effusion", "eﬀusion").replace("fibrosis", "ﬁbrosis"),
        PLAIN.replace("mm", "㎜"),
        "\ufeff" + PLAIN.replace(" ", " \u2060"),
    ],
)
def test_what_prints_the_same_reads_the_same(text: str) -> None:
    there = said(text)
    assert [(c, p) for c, p, _ in there] == [(c, p) for c, p, _ in said(PLAIN)]
    for (_, _, words), (_, _, plain) in zip(there, said(PLAIN), strict=True):
        unseen = [" ".join(fold(plain_characters(w).text).split()) for w in words]
        assert unseen == [fold(w) for w in plain]


def test_powers_and_fractions_are_not_run_into_their_number() -> None:
    assert plain_characters("10⁹/L, ½ cm, 5 cm²").text == "10⁹/L, ½ cm, 5 cm²"


def test_an_impression_with_soft_hyphens_is_held_against_the_findings() -> None:
    from graphs import review

    text = "FINDINGS: No pleural effusion. IMPRESSION: Pleural ef\u00adfusion."
    (contradiction,) = review(report_case(text)).contradictions
    assert "Pleural" in contradiction.claim


def test_folding_keeps_every_character_in_its_place() -> None:
    text = "ＡＢ\u00ad ﬁ ７ İ"
    assert len(fold(text)) == len(text)
    assert fold(text)[:2] == "ab"
