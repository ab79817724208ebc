"""Who denies that any needs something does not deny that there is any."""

import pytest

from dxtrace.clinical import Presence
from tests.unit.tools.report_reader.reading import found, only
from tools.report_reader import ReportReader

NODULE, EFFUSION = "pulmonary_nodule", "pleural_effusion"


@pytest.mark.parametrize(
    "text",
    [
        "CT chest. No nodule needs follow-up.",
        "CT chest. No nodules currently need further follow-up.",
        "CT chest. No nodule requires biopsy.",
        "CT chest. No nodules requiring follow-up.",
        "CT chest. No nodule that needs follow-up.",
        "CT chest. No nodule warranting biopsy is seen.",
        "CT chest. No nodule meets criteria for follow-up.",
        "CT chest. No nodule has grown.",
        "CT chest. No nodule is suspicious.",
        "CT chest. Nodules: none requiring follow-up.",
        "CT chest. No nodule or mass needs follow-up.",
        "CT chest. Without nodules which meet criteria for biopsy.",
    ],
)
def test_not_denied(reader: ReportReader, text: str) -> None:
    assert only(reader, text, NODULE).presence is Presence.UNKNOWN


@pytest.mark.parametrize(
    "text", ["No effusion needs drainage.", "No pleural effusion requiring drainage."]
)
def test_other_findings_too(reader: ReportReader, text: str) -> None:
    assert only(reader, text, EFFUSION).presence is Presence.UNKNOWN


@pytest.mark.parametrize(
    "text",
    [
        "CT chest. No nodule.",
        "CT chest. No nodule is seen.",
        "CT chest. No nodules are now clearly visible.",
        "CT chest. No nodule was found that day.",
        "CT chest. No nodule is present which is good.",
        "CT chest. No nodule or mass. Needs follow-up of the aorta.",
        "CT chest. No nodule, and the aorta needs follow-up.",
        "CT chest. No nodule is there.",
        "CT chest. No nodule has been identified.",
    ],
)
def test_denied(reader: ReportReader, text: str) -> None:
    assert only(reader, text, NODULE).presence is Presence.ABSENT


@pytest.mark.parametrize(
    "text",
    [
        "CT chest. No nodule is larger than 6 mm.",
        "CT chest. No nodule exceeds 6 mm.",
        "CT chest. No nodule measures more than 5 mm.",
        "CT chest. No nodule is solid.",
    ],
)
def test_denied_as_described(reader: ReportReader, text: str) -> None:
    assert only(reader, text, NODULE).is_partial_denial


@pytest.mark.parametrize(
    "text",
    [
        "CT chest. 0 to 2 nodules.",
        "CT chest. 0-2 pulmonary nodules.",
        "CT chest. Zero to two nodules.",
        "CT chest. 0 or 1 nodules.",
        "CT chest. No or one nodule.",
        "CT chest. Between 0 and 2 nodules.",
        "CT chest. Up to 2 pulmonary nodules.",
        "CT chest. At most two nodules.",
        "CT chest. No more than 2 nodules.",
        "CT chest. Fewer than three solid nodules.",
        "CT chest. <3 nodules.",
    ],
)
def test_perhaps_none(reader: ReportReader, text: str) -> None:
    (nodule,) = found(reader, text, NODULE)
    assert nodule.presence is Presence.UNKNOWN
    assert "count" not in nodule.attributes


@pytest.mark.parametrize(
    ("text", "least", "is_open"),
    [
        ("CT chest. 1-2 nodules.", 1, True),
        ("CT chest. One or two nodules.", 1, True),
        ("CT chest. 3 to 5 pulmonary nodules.", 3, True),
        ("CT chest. Between two and four nodules.", 2, True),
        ("CT chest. At least 3 nodules.", 3, True),
        ("CT chest. More than 3 nodules.", 4, True),
        ("CT chest. 3 nodules.", 3, False),
        ("CT chest. Two nodules.", 2, False),
    ],
)
def test_a_range_gives_the_least_number(
    reader: ReportReader, text: str, least: int, is_open: bool
) -> None:
    (nodule,) = found(reader, text, NODULE)
    assert nodule.presence is Presence.PRESENT
    assert nodule.attributes["count"] == least
    assert nodule.attributes.get("count_open", False) is is_open


@pytest.mark.parametrize(
    "text", ["CT chest. Nodules of up to 2 mm.", "CT chest. Up to 2 cm nodules.",
             "CT chest. 2-3 mm nodules.", "CT chest. Less than 3 mm nodule.",
             "CT chest. Zone 1 or 2 nodules."]
)  # fmt: skip
def test_sizes_are_no_counts(reader: ReportReader, text: str) -> None:
    (nodule,) = found(reader, text, NODULE)
    assert nodule.presence is Presence.PRESENT
    assert nodule.attributes.get("count") in (None, 2)


def test_fewer_than_a_limit_of_a_guideline_are_there(reader: ReportReader) -> None:
    text = "Fundus, right eye: fewer than 20 intraretinal haemorrhages in each of four quadrants."
    assert only(reader, text, "intraretinal_hemorrhages").presence is Presence.PRESENT


def test_no_to_trace_is_open(reader: ReportReader) -> None:
    assert only(reader, "No to trace pleural effusion.", EFFUSION).presence is (
        Presence.INDETERMINATE
    )
