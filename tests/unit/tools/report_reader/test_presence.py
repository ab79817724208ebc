"""Present, absent, possible; now, then, somebody else's, or only asked about."""

import pytest

from dxtrace.clinical import Context, Presence
from tests.unit.tools.report_reader.reading import found, only
from tools.report_reader import ReportReader

EFFUSION = "pleural_effusion"


@pytest.mark.parametrize(
    "text",
    [
        "No pleural effusion.",
        "There is no evidence of pleural effusion.",
        "No focal consolidation, pneumothorax, or pleural effusion is seen.",
        "No consolidation or pleural effusion.",
        "Lungs are clear without pleural effusion.",
        "Negative for pleural effusion.",
        "The chest is free of effusion.",
        "Pleural effusion is not seen.",
        "Pleural effusions are no longer seen.",
        "The pleural effusion has resolved.",
        "No definite pleural effusion.",
        "No obvious effusion.",
        "Pleural effusion: none.",
        "No focal consolidation, suspicious pulmonary opacity, or pleural effusion.",
        "Neither pneumothorax nor pleural effusion is present.",
        "No longer seen is the pleural effusion.",
        "Resolution of the right pleural effusion.",
    ],
)
def test_denied(reader: ReportReader, text: str) -> None:
    assert only(reader, text, EFFUSION).presence is Presence.ABSENT


@pytest.mark.parametrize(
    "text",
    [
        "Small pleural effusion.",
        "No change in the right pleural effusion.",
        "No significant interval change in the small pleural effusion.",
        "Stable pleural effusion.",
        "Not only a pleural effusion but also a pneumothorax.",
        "No pneumothorax but a pleural effusion is present.",
        "No pneumothorax, however there is a pleural effusion.",
        "No abnormality other than a pleural effusion.",
        "No pneumothorax; small pleural effusion.",
        "No pneumothorax, mild pleural effusion.",
        "No pneumothorax and there is a pleural effusion.",
        "Findings are consistent with a pleural effusion.",
        "Almost completely resolved pleural effusion.",
        "Again seen is a pleural effusion.",
        "Pleural effusion has not resolved.",
    ],
)
def test_stated(reader: ReportReader, text: str) -> None:
    assert only(reader, text, EFFUSION).presence is Presence.PRESENT


@pytest.mark.parametrize(
    "text",
    [
        "Possible pneumonia.",
        "This may represent pneumonia.",
        "Opacity suspicious for pneumonia.",
        "Pneumonia cannot be excluded.",
        "Cannot exclude pneumonia.",
        "Pneumonia?",
        "?Pneumonia.",
        "Questionable pneumonia.",
        "Differential diagnosis includes atelectasis, small infiltrate, and pneumonia.",
        "It would be difficult to completely exclude a superimposed pneumonia.",
    ],
)
def test_possible(reader: ReportReader, text: str) -> None:
    assert only(reader, text, "pneumonia").presence is Presence.INDETERMINATE


@pytest.mark.parametrize(
    "text",
    [
        "Pneumonia versus atelectasis.",
        "Atelectasis versus pneumonia.",
        "Atelectasis vs pneumonia.",
        "Opacity which represents atelectasis or pneumonia.",
    ],
)
def test_one_of_two(reader: ReportReader, text: str) -> None:
    finding = only(reader, text, "pneumonia")
    assert finding.presence is Presence.PRESENT
    assert finding.is_doubted


@pytest.mark.parametrize(
    "text",
    [
        "Possible pneumonia versus atelectasis.",
        "This may represent pneumonia versus atelectasis.",
        "Opacity which may represent atelectasis or pneumonia.",
        "This could represent atelectasis versus pneumonia.",
    ],
)
def test_one_of_two_possibilities(reader: ReportReader, text: str) -> None:
    assert only(reader, text, "pneumonia").presence is Presence.INDETERMINATE


@pytest.mark.parametrize(
    ("text", "concept", "context"),
    [
        ("Rule out pneumonia.", "pneumonia", Context.HYPOTHETICAL),
        ("Evaluate for pneumonia.", "pneumonia", Context.HYPOTHETICAL),
        ("Recommend CT to exclude a nodule.", "pulmonary_nodule", Context.HYPOTHETICAL),
        ("If symptoms persist, CT to exclude pneumonia.", "pneumonia", Context.HYPOTHETICAL),
        ("Should symptoms persist, consider pneumonia.", "pneumonia", Context.HYPOTHETICAL),
        ("History of pneumonia.", "pneumonia", Context.HISTORY),
        ("On the prior CT there was a 5 mm nodule.", "pulmonary_nodule", Context.PRIOR),
        ("Family history of pneumonia.", "pneumonia", Context.FAMILY),
    ],
)
def test_not_about_today(reader: ReportReader, text: str, concept: str, context: Context) -> None:
    assert only(reader, text, concept).context is context


def test_a_comparison_does_not_make_a_finding_old(reader: ReportReader) -> None:
    text = "Compared to XXXX, there is stable cardiomegaly."
    assert only(reader, text, "cardiomegaly").context is Context.CURRENT


def test_denial_of_a_gap_phrase(reader: ReportReader) -> None:
    assert (
        only(reader, "The heart is not significantly enlarged.", "cardiomegaly").presence
        is Presence.ABSENT
    )


def test_partial_denials_do_not_deny_what_is_there(reader: ReportReader) -> None:
    text = "Stable 5 mm nodule in the left lower lobe. No new nodules."
    finding = only(reader, text, "pulmonary_nodule")
    assert finding.presence is Presence.PRESENT
    assert finding.attributes["change"] == "stable"


@pytest.mark.parametrize("quality", ["suspicious", "new", "significant", "growing"])
def test_partial_denials_of_lesions_leave_room(reader: ReportReader, quality: str) -> None:
    finding = only(reader, f"No {quality} pulmonary nodules.", "pulmonary_nodule")
    assert finding.presence is Presence.UNKNOWN


def test_partial_denials_of_the_rest_deny_when_nothing_is_there(reader: ReportReader) -> None:
    finding = only(reader, "No focal consolidation.", "consolidation")
    assert finding.presence is Presence.ABSENT


def test_a_summary_and_its_parts(reader: ReportReader) -> None:
    text = "No acute airspace disease."
    assert only(reader, text, "airspace_disease").presence is Presence.ABSENT


@pytest.mark.parametrize("change", ["new", "enlarging", "stable", "unchanged", "smaller"])
def test_change_from_prior(reader: ReportReader, change: str) -> None:
    expected = {"enlarging": "increased", "unchanged": "stable", "smaller": "decreased"}
    finding = only(reader, f"The nodule is {change}.", "pulmonary_nodule")
    assert finding.attributes["change"] == expected.get(change, change)


def test_resolved_lesion_is_absent(reader: ReportReader) -> None:
    finding = only(reader, "The previously seen nodule has resolved.", "pulmonary_nodule")
    assert finding.presence is Presence.ABSENT
    assert finding.attributes["change"] == "resolved"


def test_indication_is_a_question_and_its_facts_are_facts(reader: ReportReader) -> None:
    text = "INDICATION: 65-year-old man, evaluate for pneumonia.\nFINDINGS: Lungs are clear."
    assert only(reader, text, "pneumonia").context is Context.HYPOTHETICAL
    assert all(f.context is Context.CURRENT for f in found(reader, text, "patient"))
