"""The answer in parts."""

from hypothesis import given
from hypothesis import strategies as st

from dxtrace.reporting.answer_text import Paragraph, split_answer


def test_what_why_and_sources_are_set_apart() -> None:
    text = "TI-RADS level: TR4. Because: solid, 1.6 cm. [ACR 2017, Figure 1]\n\nNo contradiction."
    assert split_answer(text) == [
        Paragraph("TI-RADS level: TR4.", "Because: solid, 1.6 cm.", "ACR 2017, Figure 1"),
        Paragraph("No contradiction."),
    ]


def test_a_number_with_a_point_does_not_end_the_sentence() -> None:
    (only,) = split_answer("Diameter 1.6 cm, v2.0 of the rule.")
    assert only.lead == "Diameter 1.6 cm, v2.0 of the rule."


def test_the_number_of_an_item_is_no_sentence() -> None:
    (item,) = split_answer("1. Report 12 (likeness 0.46): shares consolidation. Lacks effusion.")
    assert item == Paragraph(
        "1. Report 12 (likeness 0.46): shares consolidation.", "Lacks effusion."
    )


@given(st.text())
def test_nothing_that_was_said_is_lost(text: str) -> None:
    said = "".join(p.lead + p.rest + p.sources for p in split_answer(text))
    kept = "".join(text.split()).replace("[", "").replace("]", "")
    assert "".join(said.split()).replace("[", "").replace("]", "") == kept
