"""``dxtrace experts calibrate``, from labelled images to thresholds that decide."""

import json
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

pytest.importorskip("torch", reason="needs the extra 'experts'")
if find_spec("transformers") is None:
    pytest.skip("needs the extra 'experts'", allow_module_level=True)

from apps.commands import experts_calibrate
from apps.commands.experts_calibrate import CalibrateRequest, calibrate_expert
from apps.exit_status import ExitStatus, UsageError
from dxtrace.clinical import Presence
from expert_models.families import ExpertEntry, build_expert
from expert_models.scores import Calibration
from tests.unit.expert_models.image_embedding.tiny_models import write_clip
from tests.unit.expert_models.radiographs import case_of, tool_of, write_dicom
from tools import Tool, run_tool

PROMPTS = {
    "title": "tall pictures",
    "modalities": ["CR"],
    "templates": ["{}"],
    "concepts": {"pleural_effusion": {"present": ["effusion"], "absent": ["clear"]}},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = write_clip(tmp_path_factory.mktemp("clip"))
    (made / "prompts.yaml").write_text(yaml.safe_dump(PROMPTS))
    return made


def entry(**options: Any) -> ExpertEntry:
    return ExpertEntry(
        name="zero", family="zero_shot", options={"prompts": "prompts.yaml", **options}
    )


def score(tool: Tool, path: Path) -> float:
    found = run_tool(tool, case_of(path)).findings[0].score
    assert found is not None
    return found.value


@pytest.fixture
def request_(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CalibrateRequest:
    """Two kinds of pictures that the model tells apart, labelled by which it scores higher."""
    tool = tool_of(entry(), folder)
    kinds = [write_dicom(tmp_path / f"{rows}.dcm", rows=rows, columns=300 - rows)
             for rows in (100, 200)]  # fmt: skip
    high, low = sorted(kinds, key=lambda path: -score(tool, path))
    lines = [
        {"id": f"{word}-{i}", "images": [path.name], "labels": {"pleural_effusion": word}}
        for path, word in ((high, "present"), (low, "absent"))
        for i in range(12)
    ]
    manifest = tmp_path / "cases.jsonl"
    manifest.write_text("\n".join(map(json.dumps, lines)))
    monkeypatch.setattr(experts_calibrate, "find_tool", lambda _name: tool)
    return CalibrateRequest(
        name="zero", manifest=str(manifest), out=tmp_path / "calibration.json",
        dataset="two kinds of pictures", sensitivity=0.7, specificity=0.7, confidence=0.95,
        data_root=None,
    )  # fmt: skip


def test_calibrated_scores_decide(
    request_: CalibrateRequest, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert calibrate_expert(request_) is ExitStatus.OK
    printed = capsys.readouterr().out
    assert "pleural_effusion (12 with, 12 without, AUC 1.000)" in printed
    assert "specificity 1.000 (0.735 to 1.000)" in printed
    written = Calibration.model_validate_json(request_.out.read_text())
    assert (written.cases, written.dataset) == (24, "two kinds of pictures")
    tool = tool_of(entry(calibration=str(request_.out)), folder)
    presences = {
        run_tool(tool, case_of(tmp_path / f"{rows}.dcm")).findings[0].presence
        for rows in (100, 200)
    }
    assert presences == {Presence.PRESENT, Presence.ABSENT}
    assert "two kinds of pictures (24 cases" in tool.card.operating_points[0].source


def test_a_calibration_for_other_weights_or_prompts_is_refused(
    request_: CalibrateRequest, folder: Path, tmp_path: Path
) -> None:
    calibrate_expert(request_)
    with pytest.raises(ValueError, match="was fitted for version"):
        build_expert(entry(calibration=str(request_.out), slices=2), folder)
    other = write_clip(tmp_path / "other")
    (other / "prompts.yaml").write_text(yaml.safe_dump(PROMPTS))
    with (other / "model.safetensors").open("r+b") as stream:
        stream.seek(-4, 2)
        stream.write(b"\0\0\0\0")
    with pytest.raises(ValueError, match="was fitted for weights_sha256"):
        build_expert(entry(calibration=str(request_.out)), other)


def test_few_cases_leave_thresholds_open(
    request_: CalibrateRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    assert calibrate_expert(replace(request_, sensitivity=0.95)) is ExitStatus.OK
    assert "12 cases that have it show no sensitivity of 0.95" in capsys.readouterr().out
    written = Calibration.model_validate_json(request_.out.read_text())
    assert written.concepts["pleural_effusion"].absent is None


def test_cases_without_a_score_are_named_and_left_out(
    request_: CalibrateRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = Path(request_.manifest)
    bad = [
        {"id": "unlabelled", "images": ["100.dcm"]},
        {"id": "maybe", "images": ["100.dcm"], "labels": {"pleural_effusion": "maybe"}},
        {"id": "gone", "images": ["gone.dcm"], "labels": {"pleural_effusion": "absent"}},
        {"id": "else", "images": ["100.dcm"], "labels": {"pneumonia": "absent"}},
    ]
    manifest.write_text(manifest.read_text() + "\n" + "\n".join(map(json.dumps, bad)))
    assert calibrate_expert(request_) is ExitStatus.CASE_FAILED
    out, err = capsys.readouterr()
    assert "24 cases used, 4 without a score" in out
    assert all(case["id"] in err for case in bad)
    assert "expected present or absent, got 'maybe'" in err


def test_without_any_score_nothing_is_written(request_: CalibrateRequest) -> None:
    Path(request_.manifest).write_text(
        '{"id": "x", "images": ["gone.dcm"], "labels": {"a": "absent"}}'
    )
    with pytest.raises(UsageError, match="no case gave a score"):
        calibrate_expert(request_)
    assert not request_.out.exists()


def test_an_expert_without_weights_has_nothing_to_calibrate(
    request_: CalibrateRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    from expert_models.classical import classical_experts

    plain = classical_experts()[0]
    monkeypatch.setattr(experts_calibrate, "find_tool", lambda _n: Tool(plain.card, plain.run))
    with pytest.raises(UsageError, match="has no weights"):
        calibrate_expert(request_)
