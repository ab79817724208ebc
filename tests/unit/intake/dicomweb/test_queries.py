"""Queries for studies, and saved answers to them."""

import json
from pathlib import Path
from typing import Any

import pytest

from dxtrace.intake import IntakeError, IntakeLimits
from dxtrace.intake.dicomweb import FoundStudy, StudyQuery, read_studies_file

UID = "1.2.840.113619.2.55"


def test_attributes_by_keyword_or_tag_together_or_one_by_one() -> None:
    query = StudyQuery.parse(["?ModalitiesInStudy=CT&StudyDate=20240101-", "00100040=F"])
    assert query.filters == {
        "ModalitiesInStudy": "CT", "StudyDate": "20240101-", "00100040": "F",
    }  # fmt: skip
    assert StudyQuery.parse([]).filters == {}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("Modality in study=CT", "no attribute of DICOM"),
        ("ModalityInStudy=CT", "did you mean Modal"),
        ("ModalitiesInStudy", "expected Attribute=value"),
        ("ModalitiesInStudy=", "expected a value"),
        ("limit=5", "--most"),
        ("", "expected Attribute=value"),
    ],
)
def test_what_is_no_query_is_refused(given: str, said: str) -> None:
    with pytest.raises(IntakeError, match=said):
        StudyQuery.parse([given])


def saved(folder: Path, data: Any) -> Path:
    path = folder / "studies.json"
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    return path


def study(uid: object, **further: object) -> dict[str, object]:
    return {"0020000D": {"vr": "UI", "Value": [uid]}, **further}


def test_a_saved_answer_lists_each_study_once(tmp_path: Path) -> None:
    patient = {
        "00100020": {"vr": "LO", "Value": ["P1"]},
        "00080020": {"vr": "DA", "Value": ["20240102"]},
    }
    path = saved(tmp_path, [study(UID, **patient), study(UID, **patient), study("1.2.3")])
    assert read_studies_file(path, IntakeLimits()) == (
        FoundStudy(uid=UID, patient_id="P1", day="20240102"), FoundStudy(uid="1.2.3"),
    )  # fmt: skip


@pytest.mark.parametrize(
    "data",
    [
        {"0020000D": {}}, [{}], [study("../../etc")], [study("1" * 65)], [study(None)], ["x"],
        [{"0020000D": "1.2"}], [{"0020000D": {"Value": "1.2"}}], "{", "\x00", "[1", [[]],
    ],
)  # fmt: skip
def test_what_is_no_answer_is_refused_and_the_file_named(tmp_path: Path, data: Any) -> None:
    with pytest.raises(IntakeError, match=r"studies\.json"):
        read_studies_file(saved(tmp_path, data), IntakeLimits())
