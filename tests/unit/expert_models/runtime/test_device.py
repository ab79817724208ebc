"""Where networks run, and what happens when memory does not suffice there."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra 'experts'")

import torch

from dxtrace.clinical import Outcome
from expert_models import ToolRefusal
from expert_models.lung_segmenter.bundle import WEIGHTS_SHA256
from expert_models.lung_segmenter.network import LungNetwork
from expert_models.runtime import device
from expert_models.runtime.device import (
    describe_devices,
    mixed_precision,
    torch_device,
    within_memory,
)
from tests.unit.expert_models.monai_bundle.test_bundles import MAPPING, _ct
from tests.unit.expert_models.monai_bundle.tiny_bundle import make_bundle
from tools import Tool, run_tool


class Hungry(torch.nn.Module):  # type: ignore[misc]  # torch has no types here
    """A layer that has memory for so many images at once."""

    def __init__(self, fits: int, error: type[RuntimeError] = torch.OutOfMemoryError) -> None:
        super().__init__()
        self.fits, self.error, self.seen = fits, error, list[tuple[str, int]]()

    def forward(self, x: Any) -> Any:
        self.seen.append((x.device.type, len(x)))
        if len(x) > self.fits and x.device.type != "cpu":
            raise self.error("MPS backend out of memory")
        return x * 2


def in_parts(layer: Hungry, x: Any) -> Any:
    def work(where: Any, share: int) -> Any:
        parts = [layer(part.to(where)) for part in x.split(max(1, len(x) // share))]
        return torch.cat(parts)

    return work


# The device "meta" stands for a GPU: it computes no values, but shapes and devices are real.


def test_what_fits_runs_at_once_and_says_nothing() -> None:
    layer = Hungry(4)
    managed = within_memory(in_parts(layer, torch.ones(4, 3)), "meta")
    assert layer.seen == [("meta", 4)]
    assert managed.notes == ()


@pytest.mark.parametrize("error", [torch.OutOfMemoryError, RuntimeError])
def test_what_does_not_fit_runs_in_parts_and_says_so(error: type[RuntimeError]) -> None:
    layer = Hungry(2, error)
    managed = within_memory(in_parts(layer, torch.ones(4, 3)), "meta")
    assert layer.seen == [("meta", 4), ("meta", 2), ("meta", 2)]
    assert managed.found.shape == (4, 3)
    assert managed.notes == ("the memory of meta did not suffice at once: it ran in parts of 1/2",)


def test_what_never_fits_runs_on_the_processor_and_says_so() -> None:
    managed = within_memory(in_parts(Hungry(0), torch.ones(4, 3)), "meta", parts=4)
    assert managed.found.tolist() == [[2.0] * 3] * 4
    assert managed.notes == ("the memory of meta did not suffice: it ran on the processor",)


def test_a_processor_without_memory_is_refused_and_other_errors_are_errors() -> None:
    def full(where: Any, share: int) -> None:
        raise RuntimeError(f"DefaultCPUAllocator: can't allocate memory ({where}, {share})")

    def wrong(where: Any, share: int) -> None:
        raise RuntimeError(f"mat1 and mat2 shapes cannot be multiplied ({where}, {share})")

    with pytest.raises(ToolRefusal, match="memory does not suffice"):
        within_memory(full, "cpu")
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        within_memory(wrong, "meta")


def test_the_lung_network_works_in_smaller_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("monai", reason="needs the extra 'experts'")
    squares = np.random.default_rng(1).random((2, 256, 256), np.float32)
    network = LungNetwork(WEIGHTS_SHA256)
    expected = network.probabilities(squares)
    assert network.take_notes() == ()
    really, tried = torch.nn.Conv2d.forward, []

    def first_full(layer: Any, x: Any) -> Any:
        tried.append(len(x))
        if len(tried) == 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return really(layer, x)

    monkeypatch.setattr(torch.nn.Conv2d, "forward", first_full)
    assert np.allclose(network.probabilities(squares), expected, atol=1e-5)
    assert set(tried[1:]) == {1}
    assert "in parts of 1/2" in network.take_notes()[0]
    assert network.take_notes() == ()


def test_a_bundle_slides_its_window_in_smaller_batches_and_the_result_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("monai", reason="needs the extra 'experts'")
    pytest.importorskip("ignite", reason="needs the extra 'experts'")
    from expert_models.monai_bundle import MonaiBundleExpert

    expert = MonaiBundleExpert(make_bundle(tmp_path / "tiny"), MAPPING)
    tool, case = Tool(expert.card, expert.run), _ct(tmp_path)
    really = torch.nn.Conv3d.forward

    def small(layer: Any, x: Any) -> Any:
        if len(x) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return really(layer, x)

    whole = run_tool(tool, case)
    monkeypatch.setattr(torch.nn.Conv3d, "forward", small)
    parts = run_tool(tool, case, reuse=False)
    assert parts.call.outcome is Outcome.OK
    assert any("in parts of 1/2" in note for note in parts.call.notes)
    assert not any("in parts" in note for note in whole.call.notes)
    assert [f.measurements for f in parts.findings] == [f.measurements for f in whole.findings]


def test_the_user_chooses_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(device.VARIABLE, "cpu")
    assert torch_device().type == "cpu"
    assert "cpu" in describe_devices()
    monkeypatch.setenv(device.VARIABLE, "cuda:99")
    with pytest.raises(ValueError, match="there is no device cuda:99"):
        torch_device()
    assert "there is no device cuda:99" in describe_devices()
    monkeypatch.setenv(device.VARIABLE, "tpu")
    with pytest.raises(ValueError, match="expected auto, cpu, cuda"):
        torch_device()
    assert torch_device("cpu").type == "cpu"  # what a caller names comes first


def test_of_several_gpus_the_one_with_most_free_memory_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    free = {0: 2 * 1024**3, 1: 6 * 1024**3}
    monkeypatch.delenv(device.VARIABLE, raising=False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: len(free))
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda n: (free[n], 8 * 1024**3))
    assert str(torch_device(memory_mb=4000)) == "cuda:1"
    assert str(torch_device(memory_mb=8000)) == "cpu"


def test_half_precision_is_for_gpus() -> None:
    x = torch.ones(2, 2)
    with mixed_precision("cpu"):
        assert (x @ x).dtype == torch.float32
    assert isinstance(mixed_precision("cuda"), torch.autocast)
