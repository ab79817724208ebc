"""Images whose pixels are damaged: the case says so in plain words, and is no normal answer."""

from pathlib import Path

import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000Lossless

from dxtrace.clinical import Case, Outcome, Report
from dxtrace.intake import read_case
from graphs import review_with_trace
from graphs.replaying import replay
from graphs.workbench import Workbench
from tests.unit import small_dicom
from tests.unit.graphs.benches import bench_with, expert, sees
from tools.marks import load_series

CARD = {"accepts": ("image",), "modalities": ("CR",)}


def look(case: Case) -> list[object]:
    load_series(case.studies[0].series[0])
    return []


@pytest.fixture
def bench() -> Workbench:
    return bench_with(expert("looks", look, **CARD))


@pytest.fixture
def case(tmp_path: Path) -> Case:
    """A radiograph whose compressed pixels are no picture."""
    image = small_dicom.radiograph()
    image.file_meta.TransferSyntaxUID = JPEG2000Lossless
    image.PixelData = encapsulate([b"\xff\x4f\xff\x51" + b"no picture" * 100])
    image["PixelData"].VR = "OB"
    image["PixelData"].is_undefined_length = True
    small_dicom.write([image], tmp_path / "cr")
    return read_case(tmp_path / "cr").case


def test_a_case_of_nothing_but_a_damaged_image_fails(case: Case, bench: Workbench) -> None:
    run = review_with_trace(case, bench=bench)
    assert (run.result.status, run.result.answer.text) == ("failed", "")
    assert run.result.error is not None
    assert "nothing in it could be looked at: the images cannot be read: " in run.result.error
    assert "looks" in run.result.error
    assert "Error:" not in run.result.error
    assert "line " not in run.result.error
    assert replay(run.trace, bench=bench).same


def test_with_a_report_it_is_answered_and_says_what_was_not_looked_at(
    case: Case, bench: Workbench
) -> None:
    report = Report(text="FINDINGS: No pleural effusion.")
    result = review_with_trace(case.model_copy(update={"reports": (report,)}), bench=bench).result
    assert result.status == "answered"
    assert "looks failed: the images cannot be read: " in result.answer.text


def test_what_another_expert_found_is_an_answer(case: Case) -> None:
    found = expert("finds", sees("cardiomegaly"), **CARD)
    result = review_with_trace(case, bench=bench_with(expert("looks", look, **CARD), found)).result
    assert result.status == "answered"
    (failed,) = [t for t in result.tools if t.name == "looks"]
    assert failed.outcome is Outcome.FAILED
