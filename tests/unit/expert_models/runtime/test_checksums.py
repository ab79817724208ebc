"""Hashes that are remembered, and when they are not believed."""

import hashlib
import os
from pathlib import Path

import pytest

from expert_models import ToolRefusal
from expert_models.runtime import checksums
from expert_models.runtime.checksums import check_weights, file_sha256


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Path]:
    """Which files were read in full."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    files: list[Path] = []
    really = checksums.read_sha256

    def reading(path: Path) -> str:
        files.append(path)
        return really(path)

    monkeypatch.setattr(checksums, "read_sha256", reading)
    return files


def test_a_file_is_read_once_by_all_processes(read: list[Path], tmp_path: Path) -> None:
    file = tmp_path / "model.pt"
    file.write_bytes(b"weights")
    expected = hashlib.sha256(b"weights").hexdigest()
    assert [file_sha256(file) for _ in range(3)] == [expected] * 3
    assert len(read) == 1


def test_a_changed_file_is_read_again(read: list[Path], tmp_path: Path) -> None:
    file = tmp_path / "model.pt"
    file.write_bytes(b"weights")
    check_weights(tmp_path, {"model.pt": hashlib.sha256(b"weights").hexdigest()})
    before = file.stat()
    file.write_bytes(b"swapped")  # as many bytes, and its time is set back
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns - 1))
    with pytest.raises(ToolRefusal, match="not the ones expected"):
        check_weights(tmp_path, {"model.pt": hashlib.sha256(b"weights").hexdigest()})
    assert len(read) == 2


@pytest.mark.parametrize("damage", [b"", b"[]", b"{", b"\xff", b'{"x": 1}', b"[" * 100_000])
def test_a_damaged_memory_costs_a_reading_only(
    read: list[Path], tmp_path: Path, damage: bytes
) -> None:
    file = tmp_path / "model.pt"
    file.write_bytes(b"weights")
    memory = tmp_path / "cache/dxtrace/hashes.json"
    memory.parent.mkdir(parents=True)
    memory.write_bytes(damage)
    check_weights(tmp_path, {"model.pt": hashlib.sha256(b"weights").hexdigest()})
    check_weights(tmp_path, {"model.pt": hashlib.sha256(b"weights").hexdigest()})
    assert len(read) == 1


def test_weights_that_are_not_here_are_named(read: list[Path], tmp_path: Path) -> None:
    with pytest.raises(ToolRefusal, match=r"models/model\.pt in .* are not here"):
        check_weights(tmp_path, {"models/model.pt": "0" * 64})
    assert read == []
