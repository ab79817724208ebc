"""The answer for patients: plain, complete, and never surer than the check."""

import re
from typing import Any

import pytest

from agents.plain_language import NOTICE, plain_answer
from dxtrace.clinical import Conclusion, Measurement, Reason, Result
from dxtrace.knowledge import load_knowledge
from graphs import review
from tests.unit.graphs.benches import report_case
from tests.unit.reporting import exported

MOST_WORDS = 30


def said(result: Result) -> str:
    return plain_answer(load_knowledge(), result)


def part(text: str, title: str) -> list[str]:
    """The lines below a title."""
    found = [p for p in text.split("\n\n") if p.startswith(title)]
    return found[0].splitlines()[1:] if found else []


def reviewed(text: str, question: str | None = None) -> str:
    return said(review(report_case(text, question)))


def test_it_begins_with_what_it_is_and_sends_to_the_doctor() -> None:
    for result in (exported.result(), Result(id="c", status="failed", error="cut short")):
        assert said(result).startswith(NOTICE)
    assert "not medical advice" in NOTICE
    assert "talk to your doctor" in NOTICE


def test_a_proved_category_and_its_numbers_are_said_in_plain_words() -> None:
    text = said(exported.result())
    assert (
        "- Lung-RADS, a scale for lung cancer screening scans: 4A: something looks suspicious."
        in (part(text, "What follows, as the check has proved"))
    )
    assert part(text, "What is stated, or was found by a program") == [
        "- a small round spot in the lung (nodule) (right upper lobe), 8 mm in size"
    ]


def test_an_open_conclusion_is_not_clear_yet() -> None:
    lines = part(said(exported.result()), "Not clear yet")
    assert lines == [
        "- The next step by the Fleischner guideline: not clear yet. It may be: a CT scan after 6 "
        "to 12 months; or a CT scan after 3 months, a PET/CT scan, or taking a small sample"
    ]


def test_nothing_contradicted_doubted_or_denied_in_part_is_said_as_such() -> None:
    text = said(exported.contradicted())

    assert part(text, "What is stated, or was found by a program") == []
    assert part(text, "What was not found") == ["- fluid around the lung (pleural effusion)"]
    unclear = "\n".join(part(text, "Not clear yet"))
    assert "fluid in the lung tissue (lung oedema): possible, but not sure" in unclear
    assert "(atelectasis): probable, but not sure" in unclear
    assert "air around the lung (pneumothorax): only some kinds of it were ruled out" in unclear
    assert "do not fit together" in text
    assert "They are about: fluid around the lung (pleural effusion)." in text
    assert "Could not be looked at, as these programs did not work: ct_detector." in text
    assert part(text, "Nobody knows whether there is") == ["- a broken rib"]
    assert "pneumonia" not in text


def test_a_review_that_failed_says_that_nothing_is_known() -> None:
    text = said(Result(id="c-1", status="failed", error="the file is cut short"))
    assert "nothing can be said" in text
    assert "does not mean that all is well" in text
    assert "the file is cut short" in text
    assert "not found" not in text


def test_a_case_of_which_nothing_could_be_read_is_not_normal() -> None:
    text = reviewed("Hello.")
    assert "This does not mean that all is well." in text
    assert "What was not found" not in text


@pytest.mark.parametrize(
    ("report", "answer"),
    [
        ("FINDINGS: Small left pleural effusion.", "It is there."),
        ("FINDINGS: No pleural effusion.", "It is not there."),
        ("FINDINGS: Possible pleural effusion.", "The answer is not clear yet."),
        ("FINDINGS: The heart is normal.", "The answer is not clear yet."),
    ],
)
def test_a_question_is_answered_as_the_check_answers_it(report: str, answer: str) -> None:
    text = reviewed(report, "Is there a pleural effusion?")
    asked = text.split("\n\n")[1]
    assert "(fluid around the lung (pleural effusion))" in asked
    assert answer in asked


@pytest.mark.parametrize(
    ("size", "words"),
    [
        ({"value": 7}, "7 mm in size"),
        ({"value": "9.81", "low": "9.08", "high": "10.55"}, "between 9 and 10.6 mm in size"),
        ({"high": 6}, "at most 6 mm in size"),
        ({"low": 6}, "at least 6 mm in size"),
        ({"value": "1.6", "unit": "cm"}, "16 mm in size"),
    ],
)
def test_sizes_are_kept_in_millimetres_and_rounded_outwards(
    size: dict[str, Any], words: str
) -> None:
    measured = Measurement(**{"kind": "diameter", "unit": "mm", **size})
    text = said(exported.result(exported.nodule(measurements=(measured,))))
    assert words in text


def test_what_rests_on_assumptions_says_so() -> None:
    assumed = Reason(id="assumption:x", kind="assumption", text="assumed false: known cancer")
    decided = Conclusion(
        concept="fleischner.first_step", title="First step", value="CT_6_12M", verdict="entailed",
        pack="fleischner", reasons=(assumed,),
    )  # fmt: skip
    answer = exported.result().answer.model_copy(update={"conclusions": (decided,)})
    assert "This holds if nothing else is known" in said(exported.result(answer=answer))
    assert "This holds if nothing else is known" not in said(exported.result())


def test_what_only_the_summary_says_is_neither_found_nor_unclear() -> None:
    result = exported.result(
        exported.finding("f1", "pneumonia", source="report_impression"),
        exported.finding("f2", "pneumothorax", "absent", source="report_impression"),
    )
    text = said(result)
    assert part(text, "What the summary of the report says, too") == [
        "- an infection of the lung (pneumonia)",
        "- that this is not there: air around the lung (pneumothorax)",
    ]
    assert part(text, "What is stated") == []
    assert part(text, "What was not found") == []


def test_a_report_of_nothing_but_a_summary_is_said_whole() -> None:
    text = reviewed("IMPRESSION: Slight cardiomegaly. No pleural effusion.")
    assert part(text, "What is stated") == ["- an enlarged heart"]
    assert "- fluid around the lung (pleural effusion)" in part(text, "What was not found")


def test_what_findings_and_summary_both_say_is_said_once() -> None:
    text = reviewed("FINDINGS: Cardiomegaly. IMPRESSION: Cardiomegaly.")
    assert part(text, "What is stated") == ["- an enlarged heart"]


def test_sixty_lesions_are_cut_with_a_word_on_the_rest_and_equal_ones_are_counted() -> None:
    places = [exported.nodule(id_=f"f{n}", location=f"place {n}") for n in range(60)]
    lines = part(said(exported.result(*places)), "What is stated")
    assert len(lines) == 31
    assert lines[-1] == "- and 30 more; the full report has them all"
    equal = [exported.nodule(id_=f"f{n}") for n in range(3)]
    (line,) = part(said(exported.result(*equal)), "What is stated")
    assert line.endswith("(3 times)")


def test_places_that_are_markup_stay_text_and_show_nothing_hidden() -> None:
    text = said(exported.result(exported.nodule(location=exported.MARKUP)))
    assert "<script>" in text
    assert "\u202e" not in text


def test_an_open_question_of_yes_or_no_lists_no_values() -> None:
    still_open = Conclusion(
        concept="cxr.congestion_pattern", title="Pattern", verdict="consistent",
        possible=("true", "false"),
    )  # fmt: skip
    answer = exported.result().answer.model_copy(update={"conclusions": (still_open,)})
    lines = part(said(exported.result(answer=answer)), "Not clear yet")
    assert lines == ["- Signs of fluid build-up in the lungs: not clear yet"]


@pytest.mark.parametrize("result", [exported.result(), exported.contradicted()])
def test_sentences_are_short(result: Result) -> None:
    text = said(result)
    sentences = re.split(r"(?<=[.:;])\s+|\n", text)
    assert max(len(sentence.split()) for sentence in sentences) <= MOST_WORDS
