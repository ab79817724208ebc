"""Masks through a whole review: result, trace, checkpoints, page."""

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest

from apps.reviewing import Reviewer
from dxtrace.clinical import Case, Finding, Image, Patient, Report, Series, Study
from dxtrace.intake import CaseReading
from expert_models import ExpertOutput
from graphs import ReviewRun, Settings, continue_review, resume_review, review_with_trace
from graphs.replaying import replay
from graphs.workbench import Workbench
from tests.unit import small_dicom
from tests.unit.graphs.benches import bench_with, expert
from tests.unit.tools import experts_that_mark as experts
from tools import ArtifactStore

QUESTION = "What follow-up does the Fleischner Society recommend?"


def solid(case: Case) -> ExpertOutput:
    output = experts.mark(case)
    (found,) = output.findings
    seen = found.model_copy(update={"attributes": {"composition": "solid"}, "lesion": "n1"})
    return ExpertOutput((seen,), output.masks)


@pytest.fixture
def bench() -> Workbench:
    card = {"accepts": ("image",), "modalities": ("CT",), "produces": ("pulmonary_nodule",)}
    return bench_with(expert("one", solid, **card), expert("two", experts.mark, **card))


@pytest.fixture
def case(tmp_path: Path) -> Case:
    paths = small_dicom.write(small_dicom.ct_slices(), tmp_path / "ct")
    images = tuple(Image(path=Path(p), modality="CT") for p in paths)
    return Case(
        id="c-1",
        patient=Patient(age=60),
        studies=(Study(id="current", series=(Series(id="s", images=images),)),),
        question=QUESTION,
    )


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def nodules(run: ReviewRun) -> list[Finding]:
    return [f for f in run.result.findings if f.concept == "pulmonary_nodule"]


def files(out: Path) -> dict[str, str]:
    return {
        str(p.relative_to(out)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in out.rglob("*")
        if p.is_file() and p.suffix != ".sqlite"
    }


def test_every_finding_names_its_own_mask_and_the_result_every_file(
    case: Case, bench: Workbench, out: Path
) -> None:
    run = review_with_trace(case, bench=bench, store=ArtifactStore(out, "c-1"))
    named = {f.id: f.evidence[0].artifact for f in nodules(run)}
    assert named == {
        "f1": "masks/c-1/one/nodule_1.nii.gz", "f1.2": "masks/c-1/two/nodule_1.nii.gz",
    }  # fmt: skip
    assert {a.path: a.sha256 for a in run.result.artifacts} == files(out)
    assert {a.kind for a in run.result.artifacts} == {"mask", "segmentation", "picture"}
    assert nodules(run)[0].measured("mean_diameter") is not None


def test_the_trace_lists_the_files_with_their_hashes_and_replays(
    case: Case, bench: Workbench, out: Path
) -> None:
    run = review_with_trace(case, bench=bench, store=ArtifactStore(out, "c-1"))
    listed = {
        a["path"]: a["sha256"]
        for entry in run.trace.entries
        if entry.kind == "result"
        for a in entry.data["artifacts"]
    }
    assert listed == files(out)
    assert replay(run.trace, bench=bench).same


def test_without_a_store_nothing_is_written(case: Case, bench: Workbench, out: Path) -> None:
    run = review_with_trace(case, bench=bench)
    assert run.result.artifacts == ()
    assert not out.exists()
    assert nodules(run)[0].measured("mean_diameter") is not None


def answered(run: ReviewRun, settings: Settings, bench: Workbench, store: ArtifactStore) -> Any:
    for _ in range(9):
        if run.pending is None:
            return run.result
        run = resume_review(run.result.id, "unknown", settings=settings, bench=bench, store=store)
    raise AssertionError("it asks on and on")


def test_a_session_keeps_its_files_over_checkpoints(
    case: Case, bench: Workbench, out: Path, tmp_path: Path
) -> None:
    settings = Settings(interactive=True, checkpoints=tmp_path / "sessions.sqlite")
    store = ArtifactStore(out, "c-1")
    waiting = review_with_trace(case, bench=bench, settings=settings, store=store)
    assert waiting.pending is not None
    before = files(out)
    assert {a.path: a.sha256 for a in waiting.result.artifacts} == before
    again = continue_review("c-1", settings=settings, bench=bench, store=store)
    result = answered(again, settings, bench, store)
    assert {a.path: a.sha256 for a in result.artifacts} == before == files(out)


def test_a_new_review_leaves_nothing_of_the_old_one(
    case: Case, bench: Workbench, out: Path
) -> None:
    store = ArtifactStore(out, "c-1")
    store.write("mask", "of_yesterday.nii.gz", b"old", tool="gone")
    other = ArtifactStore(out, "c-2").write("mask", "m.nii.gz", b"other", tool="t")
    run = review_with_trace(case, bench=bench, store=store)
    assert set(files(out)) == {a.path for a in run.result.artifacts} | {other.path}


def page(case: Case, bench: Workbench, out: Path) -> str:
    def conduct(given: Case) -> ReviewRun:
        return review_with_trace(given, bench=bench, store=ArtifactStore(out, "c-1"))

    reviewer = Reviewer(out=out)
    output = reviewer.review(
        lambda: CaseReading(case), case_id="c-1", file_name="c-1", conduct=conduct
    )
    assert output.status == "answered", output.result["error"]
    return output.report


def test_the_page_shows_pictures_beside_their_findings(
    case: Case, bench: Workbench, out: Path
) -> None:
    html = page(case, bench, out)
    first = html.index('<tr id="f1"')
    assert first < html.index('<tr class="pictures"') < html.index('<tr id="f1.2"')
    assert html.count('src="data:image/png;base64,') == 4  # two findings, two overviews
    assert "Marked structures" in html
    for path in re.findall(r'href="\.\./((?:masks|segmentations)[^"]+)"', html):
        assert (out / path).is_file()
    alternatives = re.findall(r'<img [^>]*alt="([^"]+)"', html)
    assert all("Outlined: A, solid" in a for a in alternatives)
    for value in small_dicom.IDENTITY.values():
        assert value not in html


def test_a_picture_that_was_changed_since_is_not_shown(
    case: Case, bench: Workbench, out: Path
) -> None:
    from dxtrace.reporting import read_pictures

    run = review_with_trace(case, bench=bench, store=ArtifactStore(out, "c-1"))
    pictures = [a for a in run.result.artifacts if a.kind == "picture"]
    (out / pictures[0].path).write_bytes(b"\x89PNG of something else")
    (out / pictures[1].path).unlink()
    shown = {p.path for p in read_pictures(out, run.result)}
    assert shown == {a.path for a in pictures[2:]}


def test_a_page_holds_only_so_many_bytes_of_pictures(
    case: Case, bench: Workbench, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dxtrace.reporting.page_pictures.MAX_PAGE_PICTURE_BYTES", 1)
    html = page(case, bench, out)
    assert "data:image/png" not in html
    assert "The picture is in the file." in html


def test_a_case_that_no_expert_accepts_says_why(bench: Workbench, tmp_path: Path) -> None:
    (path,) = small_dicom.write([small_dicom.radiograph()], tmp_path / "cr")
    series = Series(id="s", images=(Image(path=Path(path), modality="CR"),))
    case = Case(
        id="c-1", studies=(Study(id="current", series=(series,)),), question=QUESTION,
        reports=(Report(text="FINDINGS: Clear."),),
    )  # fmt: skip
    run = review_with_trace(case, bench=bench)
    reasons = {t.name: (str(t.outcome), t.reason) for t in run.result.tools}
    assert reasons["one"] == ("not_applicable", "expected CT, got CR")
    assert reasons["image_experts"][0] == "unavailable"
    assert "one: expected CT, got CR" in reasons["image_experts"][1]
    assert replay(run.trace, bench=bench).same
