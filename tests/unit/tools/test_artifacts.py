"""The folder of a case: whole files, safe names, nothing left over."""

import os
from pathlib import Path
from typing import Any

import pytest

from tools.artifacts import ArtifactStore, remove_parts, safe_name


def test_a_file_lies_where_its_artifact_says(tmp_path: Path) -> None:
    artifact = ArtifactStore(tmp_path, "c-1").write(
        "mask", "lung.nii.gz", b"bytes", tool="lungs", name="lung"
    )
    assert artifact.path == "masks/c-1/lungs/lung.nii.gz"
    assert (tmp_path / artifact.path).read_bytes() == b"bytes"
    assert artifact.size_bytes == 5


@pytest.mark.parametrize("name", ["../up", "a/b", "..", "", "tool name", ".hidden", "ä", "a\0b"])
def test_no_name_of_a_tool_leaves_its_folder(tmp_path: Path, name: str) -> None:
    artifact = ArtifactStore(tmp_path, "c-1").write("mask", "m.nii.gz", b"x", tool=name)
    written = (tmp_path / artifact.path).resolve()
    assert written.is_relative_to(tmp_path / "masks" / "c-1")
    assert written.parent != tmp_path / "masks" / "c-1"


def test_names_that_look_alike_stay_apart() -> None:
    assert len({safe_name(n) for n in ("a b", "a/b", "a_b", "a.b")}) == 4


def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="No space"):
        ArtifactStore(tmp_path, "c-1").write("mask", "m.nii.gz", b"x", tool="t")
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def test_a_review_from_the_beginning_clears_only_its_own_case(tmp_path: Path) -> None:
    for case in ("c-1", "c-2"):
        ArtifactStore(tmp_path, case).write("mask", "m.nii.gz", b"x", tool="t")
        ArtifactStore(tmp_path, case).write("picture", "m.png", b"x", tool="t")
    ArtifactStore(tmp_path, "c-1").clear()
    left = sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file())
    assert left == ["masks/c-2/t/m.nii.gz", "pictures/c-2/t/m.png"]


def test_half_written_files_go_and_whole_ones_stay(tmp_path: Path) -> None:
    artifact = ArtifactStore(tmp_path, "c-1").write("mask", "m.nii.gz", b"x", tool="t")
    whole = tmp_path / artifact.path
    half = whole.parent / f".{os.getpid()}.part"
    half.write_bytes(b"half")
    remove_parts(tmp_path)
    assert whole.exists()
    assert not half.exists()
