"""What a case says of its images, where they say nothing or something else themselves."""

from pathlib import Path

import numpy as np
import pytest

from dxtrace.clinical import Series
from dxtrace.intake import IntakeError, read_case
from dxtrace.intake.imaging import load_volume
from tests.unit.intake.imaging.samples import make_dicom, save, write_nifti


def _series(folder: Path, images: str) -> tuple[Series, tuple[str, ...]]:
    (folder / "case.yaml").write_text(f"images: [{images}]\n")
    reading = read_case(folder)
    return reading.case.studies[0].series[0], reading.notes


def test_a_case_may_say_what_a_nifti_cannot(tmp_path: Path) -> None:
    write_nifti(tmp_path / "a.nii", np.ones((4, 5, 6), np.int16), np.eye(4))
    said = "{path: a.nii, modality: MR, body_part: head, contrast: true, sequence: t1c}"
    series, notes = _series(tmp_path, said)
    assert not any("indeterminate" in note for note in (*notes, *load_volume(series).notes))
    assert (series.modality, series.contrast, series.sequence) == ("MR", True, "t1c")
    assert {(i.modality, i.body_part) for i in series.images} == {("MR", "head")}


def test_the_case_goes_before_the_header_and_that_is_noted(tmp_path: Path) -> None:
    save(make_dicom(Modality="CT"), tmp_path / "a.dcm")
    series, notes = _series(tmp_path, "{path: a.dcm, modality: MR}")
    assert series.modality == "MR"
    assert any("modality: the case says MR, the images CT" in note for note in notes)


@pytest.mark.parametrize(
    ("image", "said"),
    [
        ("{path: a.nii, modality: mri}", "modality"),
        ("{path: a.nii, sequence: dwi}", "sequence"),
        ("{path: a.nii, bodypart: head}", "did you mean 'body_part'"),
        ("{modality: MR}", "path"),
        ("7", r"images\[0\]"),
    ],
)
def test_what_is_not_known_is_refused_by_name(tmp_path: Path, image: str, said: str) -> None:
    write_nifti(tmp_path / "a.nii", np.ones((4, 5, 6), np.int16), np.eye(4))
    (tmp_path / "case.yaml").write_text(f"images: [{image}]\n")
    with pytest.raises(IntakeError, match=said):
        read_case(tmp_path)


def test_a_dicom_series_says_its_sequence(tmp_path: Path) -> None:
    save(make_dicom(Modality="MR", SeriesDescription="Ax T2 FLAIR"), tmp_path / "a.dcm")
    assert _series(tmp_path, "a.dcm")[0].sequence == "flair"


def test_words_of_the_case_are_those_of_headers() -> None:
    from typing import get_args

    from dxtrace.intake.case_fields import ImageFields
    from dxtrace.intake.imaging.body_region import _BODY_PARTS, _VIEWS  # the lists themselves
    from dxtrace.intake.imaging.mr_sequence import MR_SEQUENCES

    fields = ImageFields.model_fields
    for name, words in (("body_part", _BODY_PARTS), ("view", _VIEWS), ("sequence", MR_SEQUENCES)):
        assert set(get_args(get_args(fields[name].annotation)[0])) == set(words)
