"""Masks on their way through the runner: checked, measured, kept, named in the evidence."""

import dataclasses
import hashlib
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image as Picture

from dxtrace.clinical import (
    Case,
    Evidence,
    Geometry,
    Image,
    Measurement,
    Outcome,
    Patient,
    Series,
    Study,
)
from dxtrace.clinical.volume import Mask, Volume
from dxtrace.reporting.mask_files import read_nifti_mask
from expert_models import ExpertOutput, ModelCard, WeightsFile
from tests.unit import small_dicom
from tests.unit.tools import experts_that_mark as experts
from tools import ArtifactStore, Tool, ToolRun, run_tool

CASE = Case(
    id="c-1",
    patient=Patient(age=60),
    studies=(
        Study(id="st", series=(Series(id="ct", modality="CT", images=(Image(path="1.dcm"),)),)),
    ),
)


@pytest.fixture(autouse=True)
def _measured_as_eight(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measuring has tests of its own: here every mask measures 8 mm, where a spacing is known."""

    def why_not(mask: Mask, _: Volume) -> str | None:
        return None if mask.geometry.voxel_spacing_mm else f"{mask.name}: no spacing"

    def measure(mask: Mask, _: Volume, concept: Any) -> tuple[Measurement, ...]:
        del concept
        if mask.geometry.voxel_spacing_mm is None:
            return ()
        return (Measurement(kind="mean_diameter", value=8, low=7, high=9, unit="mm"),)

    fake = SimpleNamespace(measure=measure, why_not_measured=why_not)
    monkeypatch.setitem(sys.modules, "tools.measurement", fake)


def tool(function: Callable[[Case], Any] = experts.mark, **card: Any) -> Tool:
    fields = {
        "name": "block_finder", "version": "3", "accepts": ("image",), "modalities": ("CT",),
        "produces": ("pulmonary_nodule",), **card,
    }  # fmt: skip
    return Tool(ModelCard(**fields), function, origin="somebody")


def run(
    function: Callable[[Case], Any] = experts.mark,
    store: ArtifactStore | None = None,
    volume: Volume | None = None,
    **card: Any,
) -> ToolRun:
    loaded = volume or small_dicom.volume()
    return run_tool(tool(function, **card), CASE, store=store, load=lambda _: loaded)


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path, "c-1")


def test_a_mask_is_measured_and_kept_and_the_evidence_names_it(store: ArtifactStore) -> None:
    done = run(store=store)
    assert done.call.outcome is Outcome.OK, done.call.reason
    (finding,) = done.findings
    assert [str(m) for m in finding.measurements] == ["7 to 9 mm"]
    (evidence,) = finding.evidence
    assert (evidence.tool, evidence.version) == ("block_finder", "3")
    assert evidence.artifact == "masks/c-1/block_finder/nodule_1.nii.gz"
    voxels, affine = read_nifti_mask(store.root / evidence.artifact)
    assert np.array_equal(voxels, small_dicom.block() > 0)
    assert affine is not None
    assert np.allclose(affine, small_dicom.AFFINE, atol=1e-5)


def test_every_file_is_listed_with_its_hash(store: ArtifactStore) -> None:
    done = run(store=store)
    listed = {a.path: a.sha256 for a in done.artifacts}
    written = {
        str(p.relative_to(store.root)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in store.root.rglob("*")
        if p.is_file()
    }
    assert listed == written
    assert {a.kind for a in done.artifacts} == {"mask", "picture"}
    assert "the apex of the lung is cut off" in done.call.notes


def test_a_picture_shows_the_finding_in_words(store: ArtifactStore) -> None:
    done = run(store=store)
    pictures = {a.name: a for a in done.artifacts if a.kind == "picture"}
    of_finding = pictures["nodule_1"]
    assert of_finding.masks == ("masks/c-1/block_finder/nodule_1.nii.gz",)
    assert "8.0 mm (7.0 to 9.0)" in of_finding.caption
    picture = Picture.open(BytesIO((store.root / of_finding.path).read_bytes()))
    assert picture.format == "PNG"
    assert "air_around-overview" in pictures


def test_a_dicom_source_gets_a_dicom_seg_for_each_mask(
    store: ArtifactStore, tmp_path: Path
) -> None:
    import highdicom

    sources = small_dicom.write(small_dicom.ct_slices(), tmp_path / "source")
    done = run(store=store, volume=small_dicom.volume(sources))
    segs = [a for a in done.artifacts if a.kind == "segmentation"]
    assert [a.name for a in segs] == ["nodule_1", "air_around"], done.call.notes
    assert segs[0].path == "segmentations/c-1/block_finder/nodule_1.dcm"
    found = highdicom.seg.segread(store.root / segs[0].path).get_volume(combine_segments=True)
    assert int((found.array > 0).sum()) == int((small_dicom.block() > 0).sum())


def test_without_an_output_folder_masks_are_measured_and_not_kept() -> None:
    done = run()
    (finding,) = done.findings
    assert str(finding.measurement) == "7 to 9 mm"
    assert finding.evidence[0].artifact is None
    assert done.artifacts == ()


def test_an_isolated_expert_returns_masks_too(store: ArtifactStore) -> None:
    done = run(store=store, isolated=True, timeout_s=600)
    assert done.call.outcome is Outcome.OK, done.call.reason
    assert len([a for a in done.artifacts if a.kind == "mask"]) == 2
    assert done.findings[0].evidence[0].artifact


def test_what_we_measure_goes_before_what_the_expert_measured() -> None:
    (finding,) = run(experts.measure_oneself).findings
    assert [(m.kind, m.value) for m in finding.measurements] == [
        ("mean_diameter", 8), ("doubling_time", 400),
    ]  # fmt: skip


def test_an_absent_finding_may_have_an_empty_mask(store: ArtifactStore) -> None:
    done = run(experts.deny, store=store)
    assert done.call.outcome is Outcome.OK
    assert done.findings[0].measurements == ()
    assert [a.kind for a in done.artifacts] == ["mask"]


def test_unknown_spacing_is_said_and_nothing_is_measured(store: ArtifactStore) -> None:
    bare = dataclasses.replace(small_dicom.volume(), geometry=Geometry())
    done = run(store=store, volume=bare)
    assert done.findings[0].measurements == ()
    assert "nodule_1: no spacing" in done.call.notes
    assert "spacing is unknown" in next(a.caption for a in done.artifacts if a.kind == "picture")


def test_what_cannot_be_measured_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("no contrast")

    fake = SimpleNamespace(measure=fail, why_not_measured=lambda *_: None)
    monkeypatch.setitem(sys.modules, "tools.measurement", fake)
    done = run()
    assert done.call.outcome is Outcome.OK
    assert done.call.notes[-1] == "nodule_1 was not measured: no contrast"


def test_the_weights_are_named_by_their_hash() -> None:
    one, two = (WeightsFile(url=f"https://example.org/{n}", sha256=n * 64) for n in "ab")
    assert run(weights=(one,)).findings[0].evidence[0].weights_sha256 == "a" * 64
    both = run(weights=(one, two)).findings[0].evidence[0].weights_sha256
    assert both == hashlib.sha256(("a" * 64 + "b" * 64).encode()).hexdigest()
    assert run().findings[0].evidence[0].weights_sha256 is None


def test_an_expert_cannot_claim_files_that_nobody_kept(store: ArtifactStore) -> None:
    lie = (Evidence(tool="block_finder", artifact="../../etc/passwd"),)

    def claim(_: Case) -> ExpertOutput:
        return ExpertOutput(findings=(experts.nodule(evidence=lie),))

    done = run(claim, store=store)
    assert done.findings[0].evidence[0].artifact is None


def test_a_full_disk_costs_the_files_and_not_the_finding(tmp_path: Path) -> None:
    blocked = tmp_path / "masks"
    blocked.write_text("a file where a folder should be")
    done = run(store=ArtifactStore(tmp_path, "c-1"))
    assert done.call.outcome is Outcome.OK
    assert len(done.findings) == 1
    assert done.findings[0].evidence[0].artifact is None
    assert any("mask nodule_1 could not be kept" in n for n in done.call.notes)


BLOCK = small_dicom.block() > 0


def output(*masks: Any) -> Callable[[Case], ExpertOutput]:
    return lambda _: ExpertOutput(findings=(experts.nodule(),), masks=masks)


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (output(experts.block(voxels=BLOCK.astype(np.uint8))), "a boolean array, got uint8"),
        (output(experts.block(voxels=BLOCK.tolist())), "expected a boolean array, got list"),
        (output(experts.block(voxels=BLOCK[1:])), "expected the shape of its image"),
        (output(experts.block(voxels=BLOCK.T)), "expected the shape of its image"),
        (output(experts.block(finding="f9")), "there is no finding 'f9'"),
        (output(experts.block(), experts.block()), "expected unique names of masks"),
        (output(experts.block(name="../../x")), "expected a snake_case name"),
        (output(experts.block(name="")), "expected a snake_case name"),
        (output(experts.block(name="a" * 65)), "expected a snake_case name"),
        (output(experts.block(series="mr")), "expected one of the series ct, got 'mr'"),
        (output(experts.block(voxels=np.zeros_like(BLOCK))), "empty, yet finding f1 is present"),
        (output("mask"), "expected masks, got str"),
        (
            output(experts.block(geometry=Geometry(affine=tuple(
                tuple(float(i == j) for j in range(4)) for i in range(4)
            )))),
            "expected the affine of its image, got another",
        ),
        (lambda _: ExpertOutput(findings=("nodule",)), "expected findings, got str"),  # type: ignore[arg-type]
        (lambda _: ExpertOutput(masks=3), "not iterable"),  # type: ignore[arg-type]
        (lambda _: ExpertOutput(findings=None), "not iterable"),  # type: ignore[arg-type]
    ],
)  # fmt: skip
def test_masks_that_are_none_fail_the_call_and_leave_no_file(
    function: Callable[[Case], Any], said: str, store: ArtifactStore
) -> None:
    done = run(function, store=store)
    assert done.call.outcome is Outcome.FAILED
    assert said in done.call.reason
    assert done.findings == ()
    assert list(store.root.rglob("*")) == []


def test_an_image_that_cannot_be_read_fails_the_call() -> None:
    def load(_: Series) -> Volume:
        raise ValueError("slice 3 is damaged")

    done = run_tool(tool(), CASE, load=load)
    assert done.call.outcome is Outcome.FAILED
    assert "slice 3 is damaged" in done.call.reason


def test_a_finding_without_masks_reads_no_pixels() -> None:
    def load(_: Series) -> Volume:
        raise AssertionError("nobody asked for pixels")

    done = run_tool(tool(lambda _: [experts.nodule()]), CASE, load=load)
    assert done.call.outcome is Outcome.OK
    assert done.findings[0].evidence[0].tool == "block_finder"
