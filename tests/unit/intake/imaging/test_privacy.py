"""What identifies stays in the files: no reading, case, note, error, log or result shows it."""

import json
import logging
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageDraw
from pydicom import Dataset, dcmread
from pydicom.sequence import Sequence

from dxtrace.intake import IntakeError, read_case
from dxtrace.intake.imaging import deidentify_dataset, describe_images, load_volume
from dxtrace.intake.imaging.burned_in_text import has_text
from dxtrace.intake.imaging.deidentification import basic_profile
from tests.unit.intake.imaging.samples import (
    SECRETS,
    make_dicom,
    radiograph,
    save,
    write_nifti,
    write_series,
)


def shown(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret.lower() in text.lower()]


def test_a_case_in_a_trace_names_nobody(tmp_path: Path) -> None:
    folder = tmp_path / "Smithson_Wilhelmina"
    write_series(folder / "MRN4711", [0, 2, 8])
    reading = read_case(folder)
    assert shown(json.dumps(reading.case.model_dump(mode="json"))) == []
    assert shown(" ".join(reading.notes)) == []
    volume = load_volume(reading.case.studies[0].series[0])
    assert shown(" ".join((*volume.notes, volume.series, str(volume.modality)))) == []


def test_names_of_headers_are_masked_in_the_report_beside_the_images(tmp_path: Path) -> None:
    write_series(tmp_path / "images", [0, 2, 8])
    (tmp_path / "report.txt").write_text("Wilhelmina was told. SMITHSON: 7 mm nodule.")
    (report,) = read_case(tmp_path).case.reports
    assert report.text == "XXXXXXXXXX was told. XXXXXXXX: 7 mm nodule."


def test_damaged_values_are_not_quoted_in_errors_warnings_or_logs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    path = save(make_dicom(), tmp_path / "a.dcm")
    raw = path.read_bytes()
    # Numbers, dates and UIDs overwritten with a name of the same length.
    broken = raw.replace(b"0.5\\0.7 ", b"Smithson").replace(b"063Y", b"Holl")
    assert broken != raw
    path.write_bytes(broken)
    caplog.set_level(logging.DEBUG)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        reading = describe_images(path)
        volume = load_volume(reading.series[0])
    told = [str(w.message) for w in caught] + [r.getMessage() for r in caplog.records]
    told += [*capfd.readouterr(), *reading.notes, *volume.notes, repr(reading)]
    assert shown(" ".join(told).replace(str(tmp_path), "")) == []
    assert volume.geometry.voxel_spacing_mm is None


def test_errors_about_files_in_a_folder_name_no_file(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "Smithson.dcm").write_bytes(b"\x08\x00garbage")
    with pytest.raises(IntakeError) as raised:
        describe_images(folder)
    assert shown(str(raised.value)) == []
    assert "file 1 of 1" in str(raised.value)


def test_a_nifti_description_stays_in_the_file(tmp_path: Path) -> None:
    path = write_nifti(tmp_path / "a.nii", np.zeros((3, 4, 5), np.int16), np.eye(4))
    raw = bytearray(path.read_bytes())
    raw[148:156] = b"Smithson"
    path.write_bytes(raw)
    reading = describe_images(path)
    assert shown(repr(reading)) == []


# -- exports -------------------------------------------------------------------------------------


def nested() -> Dataset:
    inner = Dataset()
    inner.PatientName = "Smithson^Wilhelmina"
    inner.StudyInstanceUID = "1.2.826.0.1.99.1"
    inner.CodeMeaning = "Chest"
    dataset = make_dicom()
    dataset.ReferencedStudySequence = Sequence([inner])
    dataset.ProcedureCodeSequence = Sequence([inner])
    dataset.add_new((0x0009, 0x0010), "LO", "VENDOR")
    dataset.add_new((0x0009, 0x1001), "LO", "Smithson")
    dataset.add_new((0x6000, 0x4000), "LT", "Smithson")
    dataset.ImageComments = "Smithson on her left side"
    dataset.OperatorsName = ["Holloway^A", "Holloway^B"]
    dataset.InstitutionName = "Holloway Hospital"
    dataset.StudyDate = "19610203"
    dataset.AcquisitionDateTime = "19610203101112"
    return dataset


def test_the_basic_profile_leaves_nothing_that_identifies(tmp_path: Path) -> None:
    original = nested()
    clean = deidentify_dataset(original)
    assert shown(str(clean)) == []
    path = tmp_path / "clean.dcm"
    clean.save_as(path, enforce_file_format=True)
    assert not [s for s in SECRETS if s.encode() in path.read_bytes()]
    assert original.PatientName == "Smithson^Wilhelmina"
    read = dcmread(path)
    assert read.PatientIdentityRemoved == "YES"
    assert np.array_equal(read.pixel_array, original.pixel_array)
    assert read.PixelSpacing == original.PixelSpacing
    assert read.Modality == "CT"


def test_uids_change_together_and_differently_with_another_salt() -> None:
    first, second = make_dicom(), make_dicom()
    one, two = (deidentify_dataset(d, salt=b"a") for d in (first, second))
    assert one.SeriesInstanceUID == two.SeriesInstanceUID != first.SeriesInstanceUID
    assert one.SOPInstanceUID != two.SOPInstanceUID
    assert one.SOPClassUID == first.SOPClassUID
    other = deidentify_dataset(first, salt=b"b")
    assert other.SeriesInstanceUID != one.SeriesInstanceUID
    assert one.SeriesInstanceUID.is_valid


def test_the_profile_is_the_whole_table_of_the_standard() -> None:
    assert len(basic_profile()) > 600


# -- text in pixels --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ({"BurnedInAnnotation": "YES"}, "the header says so"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}, "secondary capture"),
        ({"Modality": "US"}, "modality US"),
        ({"Modality": "US", "BurnedInAnnotation": "NO"}, None),
        ({}, None),
    ],
)
def test_headers_that_let_one_expect_text_are_said(
    tmp_path: Path, attributes: dict[str, str], words: str | None
) -> None:
    reading = describe_images(save(make_dicom(**attributes), tmp_path / "a.dcm"))
    told = [note for note in reading.notes if "burned" in note]
    assert (words in told[0]) if words else not told


def test_a_name_in_the_pixels_is_noticed_and_a_side_marker_is_not() -> None:
    picture = Pillow.fromarray(radiograph())
    assert not has_text(np.asarray(picture))
    ImageDraw.Draw(picture).text((10, 10), "L", fill=255, font_size=20)
    assert not has_text(np.asarray(picture))
    ImageDraw.Draw(picture).text((20, 290), "SMITHSON W 1961", fill=255, font_size=16)
    assert has_text(np.asarray(picture))


def test_real_ultrasound_has_text_and_real_radiographs_mostly_have_none(shared_data: Path) -> None:
    zoo = shared_data / "dicom_zoo"
    volume = load_volume(describe_images(zoo / "JPGLosslessP14SV1_1s_1f_8b.dcm").series[0])
    assert any("burned into" in note for note in volume.notes)
    files = sorted((shared_data / "cxr_hannover" / "images").iterdir())[::24]
    flagged = 0
    for path in files:
        (series,) = describe_images(path).series
        flagged += any("burned" in note for note in load_volume(series).notes)
    assert flagged <= len(files) // 5
