"""A case from a path: text, case.yaml, folder, image; and refusals that name the file."""

from pathlib import Path

import pytest

from dxtrace.intake import IntakeError, IntakeLimits, read_case

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
    (tmp_path / "scan.nii.gz").touch()
    (tmp_path / "series").mkdir()
    (tmp_path / "series" / "1.dcm").touch()
    case = read_case(tmp_path).case
    assert [report.title for report in case.reports] == ["a.txt", "b.txt"]
    (study,) = case.studies
    assert [s.images[0].path.name for s in study.series] == ["scan.nii.gz", "1.dcm"]


def test_an_image_is_a_case_whose_pixels_nobody_reads(tmp_path: Path) -> None:
    (tmp_path / "chest.nii.gz").write_bytes(b"not an image")
    case = read_case(tmp_path / "chest.nii.gz").case
    assert case.id == "chest"
    assert case.studies[0].series[0].images[0].geometry.voxel_spacing_mm is None


def test_dicom_without_a_suffix_is_known_by_its_first_bytes(tmp_path: Path) -> None:
    (tmp_path / "IM0001").write_bytes(bytes(128) + b"DICM")
    (tmp_path / "README").write_text("not an image")
    assert read_case(tmp_path / "IM0001").case.studies[0].series[0].images
    (images,) = read_case(tmp_path).case.studies[0].series
    assert [image.path.name for image in images.images] == ["IM0001"]
    with pytest.raises(IntakeError, match="no suffix"):
        read_case(tmp_path / "README")


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
