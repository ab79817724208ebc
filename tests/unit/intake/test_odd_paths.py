"""Pipes, sockets, devices and loops of links are refused; nothing waits for them."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from dxtrace.intake import IntakeError, read_case


def pipe(path: Path) -> None:
    os.mkfifo(path)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def listening(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind(str(path))


def loop(path: Path) -> None:
    other = path.with_name(f"other-{path.name}")
    path.symlink_to(other)
    other.symlink_to(path)


def dangling(path: Path) -> None:
    path.symlink_to(path.with_name("nothing"))


KINDS = [
    (pipe, "a named pipe"),
    (device, "a device"),
    (listening, "a socket"),
    (loop, "symbolic links"),
    (dangling, "no such file"),
]


@pytest.mark.parametrize("name", ["case.txt", "case.yaml", "case.json", "case.png", "case"])
@pytest.mark.parametrize(("make", "said"), KINDS)
def test_a_case_that_is_no_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, make: Callable[[Path], None],
    said: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)  # the path of a socket must be short
    make(Path(name))
    with pytest.raises(IntakeError, match=said) as raised:
        read_case(Path(name))
    assert name in str(raised.value)


@pytest.mark.parametrize("make", [make for make, _ in KINDS[:4]])
def test_a_path_in_a_case_is_refused_by_its_field(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], None]
) -> None:
    monkeypatch.chdir(tmp_path)
    make(Path("odd"))
    Path("case.yaml").write_text("images: [odd]\nreports: [{text: Clear.}]\n", encoding="utf-8")
    with pytest.raises(IntakeError, match=r"images\[0\]"):
        read_case(Path("case.yaml"))
    Path("case.yaml").write_text("reports: [{path: odd}]\n", encoding="utf-8")
    with pytest.raises(IntakeError, match=r"reports\[0\]"):
        read_case(Path("case.yaml"))


def test_a_folder_with_odd_files_is_read_without_them(tmp_path: Path) -> None:
    folder = tmp_path / "f"
    folder.mkdir()
    (folder / "a.txt").write_text("FINDINGS: Clear.", encoding="utf-8")
    os.mkfifo(folder / "b.txt")
    os.mkfifo(folder / "c.png")
    (folder / "up").symlink_to(folder)
    case = read_case(folder).case
    assert [r.title for r in case.reports] == ["a.txt"]
    assert not any(s.images for study in case.studies for s in study.series)
