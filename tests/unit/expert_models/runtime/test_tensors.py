"""Files of weights: tensors come out, programs do not run."""

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="needs the extra 'experts'")

import torch
from safetensors.torch import save_file

from expert_models import ToolRefusal
from expert_models.runtime.tensors import load_tensors

TENSORS = {"layer.weight": torch.ones(2, 3), "layer.bias": torch.zeros(2)}


def same(found: dict[str, object]) -> bool:
    return found.keys() == TENSORS.keys() and all(
        torch.equal(found[name], tensor) for name, tensor in TENSORS.items()
    )


def test_safetensors_and_state_dicts(tmp_path: Path) -> None:
    save_file(TENSORS, tmp_path / "m.safetensors")
    torch.save(TENSORS, tmp_path / "m.pth")
    assert same(load_tensors(tmp_path / "m.safetensors"))
    assert same(load_tensors(tmp_path / "m.pth"))


@pytest.mark.parametrize("key", ["state_dict", "model", "model_state_dict"])
def test_the_usual_wrappers_are_taken_off(tmp_path: Path, key: str) -> None:
    torch.save({key: TENSORS, "epoch": 3}, tmp_path / "m.ckpt")
    assert same(load_tensors(tmp_path / "m.ckpt"))


def test_a_pickled_program_is_refused_and_does_not_run(tmp_path: Path) -> None:
    sprung = tmp_path / "sprung"

    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str, str]]:
            return open, (str(sprung), "w")

    torch.save({"layer.weight": Trap()}, tmp_path / "m.pt")
    with pytest.raises(ToolRefusal, match="can run any program"):
        load_tensors(tmp_path / "m.pt")
    assert not sprung.exists()


def test_a_pickled_module_is_refused(tmp_path: Path) -> None:
    torch.save(torch.nn.Linear(2, 2), tmp_path / "m.pt")
    with pytest.raises(ToolRefusal, match="holds more than tensors"):
        load_tensors(tmp_path / "m.pt")


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
@pytest.mark.parametrize("kept", [0, 10, -20])
def test_half_a_file_is_refused(tmp_path: Path, suffix: str, kept: int) -> None:
    path = tmp_path / f"m{suffix}"
    if suffix == ".pt":
        torch.save(TENSORS, path)
    else:
        save_file(TENSORS, path)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(ToolRefusal, match=path.name):
        load_tensors(path)


@pytest.mark.parametrize("content", [[1, 2], {"a": 1}, {"state_dict": [1]}, torch.ones(2)])
def test_what_is_no_state_dict_is_refused(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "m.pt")
    with pytest.raises(ToolRefusal, match="expected tensors by name"):
        load_tensors(tmp_path / "m.pt")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    for name in ("m.pt", "m.safetensors"):
        with pytest.raises(ToolRefusal, match=name):
            load_tensors(tmp_path / name)
