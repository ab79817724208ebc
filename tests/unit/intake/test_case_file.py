"""A case from a path: text, case.yaml, folder, image; and refusals that name the file."""

from pathlib import Path

import numpy as np
import pytest

from dxtrace.intake import IntakeError, IntakeLimits, read_case
from tests.unit.intake.imaging.samples import SECRETS, make_dicom, save, write_nifti, write_series

REPORT = "FINDINGS: No effusion.\n"


def test_a_report_file_is_a_case_named_after_it(tmp_path: Path) -> None:
    (tmp_path / "c-7.txt").write_text(REPORT)
    case = read_case(tmp_path / "c-7.txt").case
    assert case.id == "c-7"
    assert case.reports[0].text == REPORT


def test_a_case_yaml_names_files_beside_it(tmp_path: Path) -> None:
    folder = tmp_path / "case-9"
    folder.mkdir()
    (folder / "report.txt").write_text(REPORT)
    (folder / "case.yaml").write_text("patient: {age: 40}\nreports: [{path: report.txt}]\n")
    for path in (folder, folder / "case.yaml"):
        case = read_case(path).case
        assert case.id == "case-9"
        assert case.patient.age == 40
        assert case.reports[0].text == REPORT


def test_a_folder_of_reports_and_images_is_one_case(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("FINDINGS: A.")
    (tmp_path / "b.txt").write_text("FINDINGS: B.")
    write_nifti(tmp_path / "scan.nii.gz", np.zeros((2, 3, 4), np.int16), np.eye(4))
    write_series(tmp_path / "series", [0, 2, 4])
    case = read_case(tmp_path).case
    assert [report.title for report in case.reports] == ["a.txt", "b.txt"]
    (study,) = case.studies
    assert [len(s.images) for s in study.series] == [1, 3]
    assert [s.modality for s in study.series] == [None, "CT"]
    assert (case.patient.age, case.patient.sex) == (63, "F")


def test_images_beside_a_fhir_bundle_are_said_to_be_left_out(tmp_path: Path) -> None:
    bundle = Path(__file__).parents[3] / "examples" / "chest_ct_fhir.json"
    (tmp_path / "case.json").write_bytes(bundle.read_bytes())
    assert not any("images" in note for note in read_case(tmp_path).notes)
    write_nifti(tmp_path / "ct.nii", np.zeros((4, 5, 6), np.int16), np.eye(4))
    assert "the images of the folder were left out" in read_case(tmp_path).notes[-1]


def test_an_image_is_a_case_with_what_its_header_says(tmp_path: Path) -> None:
    write_nifti(tmp_path / "chest.nii.gz", np.zeros((2, 3, 4), np.int16), np.diag([1, 2, 3, 1]))
    case = read_case(tmp_path / "chest.nii.gz").case
    assert case.id == "chest"
    assert case.studies[0].series[0].images[0].geometry.voxel_spacing_mm == (3, 2, 1)


def test_an_image_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "chest.nii.gz").write_bytes(b"not an image")
    with pytest.raises(IntakeError, match=r"chest\.nii\.gz: expected DICOM, NIfTI"):
        read_case(tmp_path / "chest.nii.gz")


def test_a_folder_whose_images_are_broken_is_read_without_them_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(REPORT)
    (tmp_path / "chest.png").write_bytes(b"not an image")
    reading = read_case(tmp_path)
    assert not reading.case.studies
    assert any("the images of the folder were left out" in note for note in reading.notes)
    (tmp_path / "a.txt").unlink()
    with pytest.raises(IntakeError, match="left out: expected DICOM"):
        read_case(tmp_path)


@pytest.mark.parametrize("name", ["IM0001", "CT.1.2.840.99.7"])
def test_dicom_is_known_by_its_first_bytes_whatever_its_name(tmp_path: Path, name: str) -> None:
    save(make_dicom(), tmp_path / name)
    (tmp_path / "README").write_text("not an image")
    assert read_case(tmp_path / name).case.studies[0].series[0].images
    (series,) = read_case(tmp_path).case.studies[0].series
    assert [image.path.name for image in series.images] == [name]
    with pytest.raises(IntakeError, match="no suffix"):
        read_case(tmp_path / "README")


def test_a_file_named_after_the_patient_gives_a_neutral_case(tmp_path: Path) -> None:
    for name in ("smithson_w.dcm", "MRN4711.dcm", "1.2.826.0.1.99.2.7.dcm"):
        reading = read_case(save(make_dicom(), tmp_path / name))
        assert reading.case.id.startswith("case-")
        shown = " ".join((reading.case.id, *reading.notes)).lower()
        assert not any(secret.lower() in shown for secret in SECRETS)


def test_a_case_yaml_states_more_than_a_header(tmp_path: Path) -> None:
    save(make_dicom(), tmp_path / "ct.dcm")
    (tmp_path / "case.yaml").write_text("patient: {age: 40}\nimages: [ct.dcm]\n")
    reading = read_case(tmp_path)
    assert (reading.case.patient.age, reading.case.patient.sex) == (40, "F")
    assert any("single slice" in note for note in reading.notes)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("case.yaml", b"patient: {age: 40", "case.yaml, line 1: expected YAML"),
        ("case.yaml", b"question: a\nquestion: b\n", "the key 'question' is given twice"),
        ("case.yaml", b"- a\n- b\n", "expected an object with the fields of a case"),
        ("case.yaml", b"", "expected an object with the fields of a case, got None"),
        ("case.yaml", b"reports: [{path: gone.txt}]", r"reports\[0\]\.path: expected an existing"),
        ("case.yaml", b"question: !!python/object/apply:os.getcwd []", "expected YAML"),
        ("x.json", b'{"id": "a"}', "expected a FHIR bundle"),
        ("x.json", b"{", "expected JSON"),
        ("x.txt", b"", "expected report text, got nothing"),
        ("x.txt", b"\xff\xfeF", "UTF-16"),
        ("x.docx", b"PK", r"expected a folder, a report \.txt, .* got a file of type '\.docx'"),
        ("x.jsonl", b"{}", "use 'dxtrace batch'"),
    ],
)
def test_refusals_name_the_file(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(IntakeError, match=said) as raised:
        read_case(tmp_path / name)
    assert name in str(raised.value)


def test_missing_path_empty_folder_and_ambiguous_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(IntakeError, match="there is no such file or folder"):
        read_case(tmp_path / "gone")
    with pytest.raises(IntakeError, match="got none"):
        read_case(tmp_path)
    (tmp_path / "a.txt").write_text(REPORT)
    (tmp_path / "b.json").write_text("{}")
    with pytest.raises(IntakeError, match=r"write a case\.yaml"):
        read_case(tmp_path)


def test_ten_megabytes_of_report_are_refused_by_size(tmp_path: Path) -> None:
    (tmp_path / "big.txt").write_text("No effusion. " * 800_000)
    with pytest.raises(IntakeError, match=r"expected at most .* --max-report-chars"):
        read_case(tmp_path / "big.txt")
    limits = IntakeLimits(max_report_chars=20_000_000)
    assert len(read_case(tmp_path / "big.txt", limits=limits).case.reports[0].text) == 10_400_000
