"""Tensors out of pickled modules, with nothing of the module built."""

import io
import pickle
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="needs the extra 'experts'")

import torch

from expert_models import ToolRefusal
from expert_models.runtime.module_pickle import read_module_tensors
from expert_models.runtime.tensors import load_tensors

CLASSES = (
    "torch.nn.modules.container.Sequential",
    "torch.nn.modules.linear.Linear",
    "torch.nn.modules.batchnorm.BatchNorm1d",
)


def network() -> Any:
    torch.manual_seed(0)
    made = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    made[0].weight = torch.nn.Parameter(torch.arange(24.0).reshape(4, 6)[:, ::2])  # not contiguous
    made.register_buffer("passing", torch.zeros(2), persistent=False)
    return made.half()


def written(path: Path, module: Any, *, archive: bool) -> Path:
    torch.save(module, path, _use_new_zipfile_serialization=archive)
    return path


@pytest.mark.parametrize("archive", [True, False], ids=["zip", "old format"])
def test_the_tensors_are_those_of_the_module(tmp_path: Path, archive: bool) -> None:
    module = network()
    found = load_tensors(
        written(tmp_path / "m.pt", module, archive=archive), module_classes=CLASSES
    )
    expected = module.state_dict()
    assert list(found) == list(expected)
    for name, tensor in expected.items():
        assert torch.equal(found[name], tensor)
        assert found[name].dtype == tensor.dtype


def test_weights_that_were_saved_on_a_gpu_are_read(tmp_path: Path) -> None:
    path = written(tmp_path / "m.pt", network(), archive=False)
    content = path.read_bytes()
    assert b"ctorch\nHalfStorage" in content
    path.write_bytes(content.replace(b"ctorch\nHalfStorage", b"ctorch.cuda\nHalfStorage"))
    assert "0.weight" in read_module_tensors(path, CLASSES)


def test_without_a_list_of_classes_a_module_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ToolRefusal, match="can run any program"):
        load_tensors(written(tmp_path / "m.pt", network(), archive=True))


@pytest.mark.parametrize("archive", [True, False], ids=["zip", "old format"])
def test_a_class_that_is_not_on_the_list_is_refused(tmp_path: Path, archive: bool) -> None:
    path = written(tmp_path / "m.pt", torch.nn.Sequential(torch.nn.Tanh()), archive=archive)
    with pytest.raises(ToolRefusal, match=r"it asks for torch\.nn\.modules\.activation\.Tanh"):
        read_module_tensors(path, CLASSES)


def repacked(path: Path, pickled: bytes, storages: dict[str, bytes], **options: Any) -> Path:
    with zipfile.ZipFile(path, "w", **options) as archive:
        archive.writestr("m/data.pkl", pickled)
        for key, content in storages.items():
            archive.writestr(f"m/data/{key}", content)
    return path


def test_a_tensor_that_reaches_beyond_its_storage_is_refused(tmp_path: Path) -> None:
    whole = written(tmp_path / "m.pt", torch.nn.Sequential(torch.nn.Linear(3, 4)), archive=True)
    with zipfile.ZipFile(whole) as archive:
        root = archive.namelist()[0].partition("/")[0]
        pickled = archive.read(f"{root}/data.pkl")
    small = repacked(tmp_path / "small.pt", pickled, {"0": b"\0" * 8, "1": b"\0" * 16})
    with pytest.raises(ToolRefusal, match="larger than its storage"):
        read_module_tensors(small, CLASSES)
    missing = repacked(tmp_path / "missing.pt", pickled, {"0": b"\0" * 48})
    with pytest.raises(ToolRefusal, match="damaged"):
        read_module_tensors(missing, CLASSES)
    packed = repacked(
        tmp_path / "packed.pt", pickled, {"0": b"\0" * 48, "1": b"\0" * 16},
        compression=zipfile.ZIP_DEFLATED,
    )  # fmt: skip
    with pytest.raises(ToolRefusal, match="not compressed"):
        read_module_tensors(packed, CLASSES)


def test_other_objects_are_refused(tmp_path: Path) -> None:
    path = repacked(tmp_path / "m.pt", pickle.dumps({"a": 1}, protocol=2), {})
    with pytest.raises(ToolRefusal, match="expected a pickled module"):
        read_module_tensors(path, CLASSES)


def test_an_old_file_that_claims_more_than_it_holds_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "m.pt", torch.nn.Sequential(torch.nn.Linear(3, 4)), archive=False)
    content = path.read_bytes()
    at = content.rindex(struct.pack("<q", 4))
    path.write_bytes(content[:at] + struct.pack("<q", -1) + content[at + 8 :])
    with pytest.raises(ToolRefusal):
        read_module_tensors(path, CLASSES)


def test_nothing_of_the_pickle_reaches_a_class_of_ours(tmp_path: Path) -> None:
    """Even a class that is listed is only a placeholder: its ``__setstate__`` is never called."""
    called = []

    class Listed(torch.nn.Linear):
        def __setstate__(self, state: dict[str, Any]) -> None:
            called.append(state)

    Listed.__module__, Listed.__qualname__ = "torch.nn.modules.linear", "Linear"
    stream = io.BytesIO()
    torch.save(torch.nn.Sequential(torch.nn.Linear(2, 2)), stream)
    path = tmp_path / "m.pt"
    path.write_bytes(stream.getvalue())
    original = torch.nn.modules.linear.Linear
    torch.nn.modules.linear.Linear = Listed
    try:
        assert set(read_module_tensors(path, CLASSES)) == {"0.weight", "0.bias"}
    finally:
        torch.nn.modules.linear.Linear = original
    assert not called
