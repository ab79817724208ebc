"""Lesions listed in running text are read one by one."""

import pytest

from tools.report_reader.tables import load_speller

LISTS = [
    (
        "Target lesions: liver segment 8 baseline 52 mm, current 44 mm; adrenal baseline 28 mm, "
        "current 24 mm. No new lesions.",
        ["Target lesion 1: liver segment 8 baseline 52 mm, current", "Target lesion 2: adrenal"],
    ),
    (
        "RECIST. Target lesions: lung mass 40 mm (baseline 60 mm), adrenal 20 mm (baseline 30 mm) "
        "and liver 22 mm (baseline 30 mm).",
        ["Target lesion 1: lung mass", "Target lesion 2: adrenal 20 mm", "Target lesion 3: liver"],
    ),
    (
        "RECIST. Baseline: hilar node 22 mm, subcarinal node 18 mm (sum 40 mm). "
        "Current: hilar node 9 mm, subcarinal node 7 mm (sum 16 mm).",
        ["Target lesion 1: hilar node baseline 22 mm", "baseline sum 40 mm", "current sum 16 mm",
         "Target lesion 2: subcarinal node current 7 mm"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("report", "said"), LISTS)
def test_every_lesion_of_a_list_becomes_a_sentence(report: str, said: list[str]) -> None:
    text = load_speller().spell(report).text
    assert [words for words in said if words not in text] == []


@pytest.mark.parametrize(
    "report",
    [
        "RECIST. Target lesions: sum 45 mm, baseline 60 mm, nadir 40 mm.",
        "RECIST. Target lesions: 45 mm, baseline 60 mm.",
        # What is said of the last alone may be meant for all.
        "RECIST. Target lesions: lung mass 40 mm and liver 20 mm at baseline, total 60 mm.",
        "RECIST. Baseline: hilar node 22 mm, liver 18 mm. Current: adrenal 9 mm, spleen 7 mm.",
        "RECIST. Target lesions: stable, liver 30 mm, as before.",
    ],
)
def test_what_is_no_whole_list_stays_as_it_is(report: str) -> None:
    assert load_speller().spell(report).text == report


def test_spans_of_a_listed_lesion_lead_back_to_the_report() -> None:
    report = LISTS[0][0]
    spelled = load_speller().spell(report)
    start = spelled.text.index("24 mm")
    first, last = spelled.span(start, start + 5)
    assert report[first:last] == "24 mm"
