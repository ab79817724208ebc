"""Files of Segment Anything that are not what they should be, and options that are none."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="needs the extra 'experts'")
pytest.importorskip("transformers", reason="needs the extra 'experts'")

import torch

from dxtrace.clinical import Outcome
from expert_models import Arguments, ExpertOutput, Point
from tests.unit.expert_models.segment_anything import tiny_sam
from tests.unit.expert_models.segment_anything.sam_cases import (
    ct_case,
    run_expert,
    sam_expert,
)


def test_tensors_in_a_pickled_file_do_as_well(tmp_path: Path) -> None:
    folder = tiny_sam.save_folder(tmp_path / "sam", safetensors=False)
    output = sam_expert(folder).run(ct_case(tmp_path), Arguments(points=(Point(at=(3, 12, 30)),)))
    assert isinstance(output, ExpertOutput)


def _reason(folder: Path, tmp_path: Path) -> str:
    run = run_expert(
        sam_expert(folder), ct_case(tmp_path), Arguments(points=(Point(at=(3, 12, 30)),))
    )
    assert run.call.outcome is Outcome.ABSTAINED, run.call
    return run.call.reason


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    folder = tiny_sam.save_folder(tmp_path / "sam")
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-2000])
    assert "cannot be loaded" in _reason(folder, tmp_path)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "sam_vit_b.pth"])
def test_a_pickled_program_is_not_run(tmp_path: Path, name: str) -> None:
    trap = tmp_path / "sprung"

    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str, str]]:
            return (open, (str(trap), "w"))

    folder = tiny_sam.save_folder(tmp_path / "sam")
    (folder / "model.safetensors").unlink()
    torch.save({"x": Trap()}, folder / name)
    assert "more than tensors" in _reason(folder, tmp_path)
    assert not trap.exists()


def test_weights_that_are_missing_are_not_made_up(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = tiny_sam.save_folder(tmp_path / "sam")
    path = folder / "model.safetensors"
    tensors = load_file(path)
    del tensors["mask_decoder.iou_token.weight"]
    save_file(tensors, path, metadata={"format": "pt"})
    assert "mask_decoder.iou_token.weight" in _reason(folder, tmp_path)


def test_another_networks_checkpoint_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    torch.save({"conv.weight": torch.zeros(2)}, folder / "resnet.pth")
    assert "expected a Segment Anything checkpoint" in _reason(folder, tmp_path)


def test_options_are_checked(folder: Path) -> None:
    with pytest.raises(
        ValueError, match=r"sam: options\.windw: there is no such field: did you mean .window"
    ):
        sam_expert(folder, windw="lung")


def test_a_card_needs_no_torch(folder: Path) -> None:
    import subprocess

    code = (
        "import sys; from pathlib import Path;"
        "from expert_models.families import ExpertEntry, build_expert;"
        f"p = Path({str(folder)!r});"
        "e = build_expert(ExpertEntry(name='s', family='segment_anything', folder=p), p);"
        "assert e.card.weights, 'no weights';"
        "print([m for m in ('torch', 'transformers', 'numpy') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_a_folder_without_weights_is_no_expert(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="sam: expected files of weights in"):
        sam_expert(tmp_path)
