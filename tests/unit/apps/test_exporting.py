"""A finished case for other systems: files, their reasons, and the zip."""

import hashlib
import json
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from apps.exit_status import UsageError
from apps.export_kinds import Export, read_exports
from apps.exporting import FinishedCase, export_case, write_exports, zip_case
from dxtrace.clinical import Artifact, Case, Image, Result, Series, Study, Trace
from tests.unit.reporting import exported

ALL = frozenset(Export)


def kept(path: str, content: bytes, out: Path) -> Artifact:
    target = out / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    return Artifact(
        kind="mask", path=path, sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content), tool="finder",
    )  # fmt: skip


@pytest.fixture
def finished(tmp_path: Path) -> FinishedCase:
    out = tmp_path / "out"
    mask = kept("masks/c-1/finder/nodule_1.nii.gz", b"mask", out)
    return FinishedCase(
        exported.result(artifacts=(mask,)), exported.trace(), "<html>page</html>", "c-1",
        case=exported.case_with_images(tmp_path / "ct"), out=out,
    )  # fmt: skip


def test_the_zip_holds_everything_where_the_result_says_it_lies(finished: FinishedCase) -> None:
    archive = zipfile.ZipFile(BytesIO(zip_case(finished)))
    result = json.loads(archive.read("result.json"))

    named = [result["report"], result["trace"], *(a["path"] for a in result["artifacts"])]
    named += [e["path"] for e in result["exports"]]
    assert sorted(archive.namelist()) == sorted(["result.json", *named])
    assert archive.read("masks/c-1/finder/nodule_1.nii.gz") == b"mask"
    assert Trace.from_json(archive.read(result["trace"]).decode()).head == finished.trace.head
    assert archive.read("exports/c-1/report.dcm")[128:132] == b"DICM"


def test_the_zip_says_what_could_not_be_made(finished: FinishedCase) -> None:
    bare = FinishedCase(exported.result(), finished.trace, "page", "c-1")
    archive = zipfile.ZipFile(BytesIO(zip_case(bare)))
    exports = {e["kind"]: e for e in json.loads(archive.read("result.json"))["exports"]}
    assert exports["sr"]["path"] is None
    assert "no DICOM images" in exports["sr"]["reason"]
    assert exports["fhir"]["path"] in archive.namelist()


def test_a_file_outside_the_output_folder_is_never_packed(
    finished: FinishedCase, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("secret")
    (mask,) = finished.result.artifacts
    stray = exported.result(artifacts=(mask.model_copy(update={"path": "../secret"}),))
    packed = zip_case(FinishedCase(stray, finished.trace, "page", "c-1", out=finished.out))
    assert not any("secret" in name for name in zipfile.ZipFile(BytesIO(packed)).namelist())


def test_what_was_exported_before_is_replaced(finished: FinishedCase) -> None:
    assert finished.out is not None
    folder = finished.out / "exports" / "c-1"
    write_exports(finished, ALL)
    assert {p.name for p in folder.iterdir()} == {
        "report.dcm",
        "report.fhir.json",
        "plain.txt",
        "c-1.zip",
    }
    write_exports(finished, {Export.FHIR})
    assert {p.name for p in folder.iterdir()} == {"report.fhir.json"}
    write_exports(finished, ())
    assert not folder.exists()


def test_images_that_are_gone_cost_the_sr_and_nothing_else(finished: FinishedCase) -> None:
    gone = Study(id="s", series=(Series(id="ct", images=(Image(path=Path("image-0123")),)),))
    lost = FinishedCase(
        finished.result, finished.trace, "page", "c-1", case=Case(id="c-1", studies=(gone,))
    )
    sr, fhir = export_case(lost, {Export.SR, Export.FHIR})
    assert sr.path is None
    assert sr.reason
    assert fhir.path is not None


def test_a_review_that_failed_gives_a_cancelled_report_and_no_sr(finished: FinishedCase) -> None:
    failed = Result(id="c-1", status="failed", error="the file is cut short")
    sr, fhir = export_case(
        FinishedCase(failed, finished.trace, "page", "c-1", case=finished.case),
        {Export.SR, Export.FHIR},
    )
    assert "cut short" in sr.reason
    report = json.loads(fhir.content)["entry"][0]["resource"]
    assert report["status"] == "cancelled"


def test_a_folder_that_cannot_be_written_is_a_reason(finished: FinishedCase) -> None:
    assert finished.out is not None
    (finished.out / "exports").write_text("in the way")
    (file,) = write_exports(finished, {Export.FHIR})
    assert file.path is None
    assert "could not be written" in file.reason


def test_kinds_are_read_between_commas(tmp_path: Path) -> None:
    assert read_exports("fhir, SR", tmp_path) == {Export.FHIR, Export.SR}
    assert read_exports(None, None) == frozenset()
    with pytest.raises(UsageError, match="expected some of sr, fhir, plain, zip"):
        read_exports("sr,pdf", tmp_path)
    with pytest.raises(UsageError, match="needs --out"):
        read_exports("sr", None)
