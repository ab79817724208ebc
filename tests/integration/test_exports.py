"""``--export``: what review and batch leave for other systems."""

import json
from pathlib import Path

import pydicom
import pytest

from tests.integration.conftest import EXAMPLES, Run

pytestmark = pytest.mark.slow


def test_a_ct_comes_out_as_dicom_sr_with_its_segments(dxtrace: Run, tmp_path: Path) -> None:
    case = EXAMPLES / "nodule-ct" / "screening.yaml"
    ended = dxtrace("review", case, "--out", "out", "--export", "sr,fhir,zip", "--json")

    assert ended.returncode == 0, ended.stderr
    result = json.loads(ended.stdout)
    paths = {e["kind"]: tmp_path / "out" / e["path"] for e in result["exports"]}
    assert set(paths) == {"sr", "fhir", "zip"}
    document = pydicom.dcmread(paths["sr"])
    segs = [a for a in result["artifacts"] if a["kind"] == "segmentation"]
    uids = {pydicom.dcmread(tmp_path / "out" / a["path"]).SOPInstanceUID for a in segs}
    assert uids
    assert all(uid in str(document) for uid in uids)
    again = dxtrace("review", case, "--out", "out", "--json")
    assert again.returncode == 0
    assert not (tmp_path / "out" / "exports" / "screening").exists()


def test_a_batch_exports_each_case_and_goes_on_where_none_can_be_made(
    dxtrace: Run, tmp_path: Path
) -> None:
    lines = [
        {"id": "a", "reports": [{"text": "FINDINGS: No pleural effusion."}]},
        {"id": "../b", "reports": [{"text": "FINDINGS: Small left pleural effusion."}]},
        {"id": "c", "images": ["gone/"]},
    ]
    manifest = tmp_path / "manifest.jsonl"
    manifest.write_text("".join(json.dumps(line) + "\n" for line in lines))

    ended = dxtrace("batch", manifest, "--out", "out", "--workers", "1", "--export", "sr,fhir")

    assert ended.returncode == 1, ended.stderr
    results = {r["id"]: r for r in map(json.loads, (tmp_path / "out/results.jsonl").open())}
    for case_id in ("a", "../b"):
        exports = {e["kind"]: e for e in results[case_id]["exports"]}
        assert "no DICOM images" in exports["sr"]["reason"]
        bundle = json.loads((tmp_path / "out" / exports["fhir"]["path"]).read_text())
        assert bundle["resourceType"] == "Bundle"
    assert results["c"]["status"] == "failed"
    assert all(p.is_relative_to(tmp_path) for p in tmp_path.rglob("*.json"))


def test_an_unknown_kind_is_refused_before_anything_is_reviewed(
    dxtrace: Run, tmp_path: Path
) -> None:
    ended = dxtrace(
        "review", EXAMPLES / "chest_ct_report.txt", "--out", "out", "--export", "sr,pdf"
    )
    assert ended.returncode == 2
    assert "expected some of sr, fhir, plain, zip" in ended.stderr
    assert not (tmp_path / "out").exists()


def test_plain_words_are_printed_in_the_place_of_the_answer(dxtrace: Run, tmp_path: Path) -> None:
    case = EXAMPLES / "chest_ct_report.txt"
    ended = dxtrace("review", case, "--plain")
    assert ended.returncode == 0, ended.stderr
    assert "a small round spot in the lung (nodule)" in ended.stdout
    assert "Fleischner 2017 recommendation" not in ended.stdout
    as_json = json.loads(dxtrace("review", case, "--plain", "--json").stdout)
    assert as_json["plain"].startswith("This text was written by a research program.")
    assert "Fleischner 2017 recommendation" in as_json["answer"]["text"]
    dxtrace("review", case, "--out", "out", "--export", "plain")
    written = tmp_path / "out" / "exports" / "chest_ct_report" / "plain.txt"
    assert written.read_text(encoding="utf-8") == f"{as_json['plain']}\n"


def test_a_session_that_goes_on_still_finds_the_images(dxtrace: Run, tmp_path: Path) -> None:
    case = EXAMPLES / "nodule-ct" / "case.yaml"
    first = dxtrace("review", case, "--interactive", "--out", "out", "--json")
    (finding, *_) = [
        f for f in json.loads(first.stdout)["findings"] if f["concept"] == "pulmonary_nodule"
    ]
    corrected = dxtrace(
        "review", "--resume", "nodule-ct", "--correct", f"{finding['id']}=rejected", "--out",
        "out", "--export", "sr", "--json",
    )  # fmt: skip
    result = json.loads(corrected.stdout)
    (sr,) = result["exports"]
    assert sr["path"], sr["reason"]
    document = pydicom.dcmread(tmp_path / "out" / sr["path"])
    groups = document.ContentSequence[-2].ContentSequence
    assert len(groups) == 1
    assert b"nobody knows" in (tmp_path / "out" / sr["path"]).read_bytes()
