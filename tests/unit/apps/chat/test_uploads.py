"""What is brought: names that cannot escape, sizes that are held, archives, the case in it."""

import asyncio
import shutil
import zipfile
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from apps.chat.placing import safe_name
from apps.chat.refusals import UploadError
from apps.chat.uploads import (
    case_path,
    paste,
    read_brought,
    receive,
    refuse_too_large,
    spoken,
    take_in,
)
from dxtrace.intake import IntakeError, IntakeLimits

ROOM = 1_000_000
REPORT = "EXAM: CT chest. FINDINGS: Solid nodule of 7 mm in the right upper lobe."


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


def finished(work: Coroutine[Any, Any, object]) -> None:
    """Run to the end, in a thread: a browser of other tests keeps a loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work).result()


def holding(room: int) -> Callable[[int], None]:
    held = 0

    def hold(size: int) -> None:
        nonlocal held
        held += size
        refuse_too_large(held, room)

    return hold


def bring(folder: Path, name: str, *parts: bytes, room: int = ROOM) -> None:
    finished(receive(chunks(*parts), name, folder, hold=holding(room)))


@pytest.fixture
def brought(tmp_path: Path) -> Path:
    folder = tmp_path / "session" / "brought"
    folder.mkdir(parents=True)
    return folder


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd", "/etc/passwd", "..\\..\\win.ini", "a/../../b.txt", "....//x.txt",
        "\x00../x.txt", "~/x.txt", ".ssh/authorized_keys", "C:\\x.txt", "a/./b/../c.txt",
    ],
)  # fmt: skip
def test_no_name_leads_out_of_the_folder(brought: Path, name: str) -> None:
    bring(brought, name, b"x")
    files = [p for p in brought.parents[1].rglob("*") if p.is_file()]
    assert len(files) == 1
    assert files[0].resolve().is_relative_to(brought.resolve())
    assert not any(part.startswith(".") for part in files[0].relative_to(brought).parts)


@pytest.mark.parametrize("name", ["", "/", "..", "../..", "...", " "])
def test_a_name_of_nothing_is_refused(name: str) -> None:
    with pytest.raises(UploadError, match="expected a file with a name"):
        safe_name(name)


def test_very_long_names_keep_their_type() -> None:
    kept = safe_name("x" * 5000 + ".nii.gz")
    assert len(kept.name) < 200
    assert kept.suffix == ".gz"


def names_in(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


@pytest.mark.parametrize(
    "names",
    [
        [f"{'a study of many words ' * 10}{number}.dcm" for number in range(5)],
        [f"series {sign}.dcm" for sign in "<>?*|"],
        [f"{'漢' * 200}{number}.txt" for number in range(3)],
        ["x.dcm"] * 3,
    ],
)
def test_names_that_become_alike_lose_no_file(brought: Path, names: list[str]) -> None:
    for number, name in enumerate(names):
        bring(brought, name, f"file {number}".encode())
    kept = [p.read_text() for p in brought.rglob("*") if p.is_file()]
    assert sorted(kept) == [f"file {n}" for n in range(len(names))]
    assert {p.suffix for p in brought.rglob("*") if p.is_file()} == {Path(names[0]).suffix}


def test_the_same_file_twice_is_there_once(brought: Path) -> None:
    for _ in range(2):
        bring(brought, "ct/a.dcm", b"x")
    assert names_in(brought) == ["ct/a.dcm"]


def taken(brought: Path, content: bytes, name: str = "report.txt") -> tuple[str, ...]:
    arriving = brought.with_name("arriving")
    arriving.mkdir(exist_ok=True)
    bring(arriving, name, content)
    return take_in(arriving, brought, IntakeLimits(), ROOM).notes


def test_what_was_brought_before_is_never_replaced(brought: Path) -> None:
    assert taken(brought, b"one") == ()
    assert taken(brought, b"one") == ()
    [note] = taken(brought, b"other")
    assert "both are kept" in note
    assert names_in(brought) == ["report (2).txt", "report.txt"]
    assert (brought / "report.txt").read_bytes() == b"one"


def test_a_second_case_file_is_refused_and_the_first_stays(brought: Path) -> None:
    taken(brought, b"reports: [{text: a}]", "case.yaml")
    with pytest.raises(UploadError, match="open another case"):
        taken(brought, b"reports: [{text: b}]", "case.yaml")
    assert names_in(brought) == ["case.yaml"]
    assert b"text: a" in (brought / "case.yaml").read_bytes()


def test_a_folder_that_was_removed_meanwhile_is_not_made_again(tmp_path: Path) -> None:
    gone = tmp_path / "session" / "arriving"
    gone.parent.mkdir()
    with pytest.raises(FileNotFoundError):
        bring(gone, "a/b.txt", b"x")
    assert not gone.exists()
    assert not list(gone.parent.iterdir())


def test_names_of_files_are_no_titles(brought: Path) -> None:
    bring(brought, "Muller_Hans.txt", REPORT.encode())
    bring(brought, "Muller_Hans_prior.txt", REPORT.encode())
    reading = read_brought(brought, case_id="case-1", limits=IntakeLimits())
    assert [r.title for r in reading.case.reports] == ["report 1", "report 2"]
    assert "Muller" not in reading.case.model_dump_json()


def test_a_report_that_the_case_file_does_not_name_is_said_to_be_left_out(brought: Path) -> None:
    bring(brought, "case.yaml", b"reports: [{path: named.txt}]")
    bring(brought, "named.txt", REPORT.encode())
    bring(brought, "later.txt", REPORT.encode())
    bring(brought, "truth.json", b"{}")
    [note] = read_brought(brought, case_id="c", limits=IntakeLimits()).notes
    assert note.startswith("1 report(s) were left out")


def test_what_is_too_large_is_refused_and_leaves_nothing(brought: Path) -> None:
    with pytest.raises(UploadError, match="too large for the page: 0 MB"):
        bring(brought, "a.txt", b"x" * 600, b"x" * 600, room=1000)
    assert [p.name for p in brought.parent.rglob("*") if p.is_file()] == []


def test_a_size_that_is_announced_is_refused_before_a_byte_is_read(brought: Path) -> None:
    async def never() -> AsyncIterator[bytes]:
        raise AssertionError("nothing should be read")
        yield b""

    with pytest.raises(UploadError, match="500 MB, and this session has room for 1 MB"):
        finished(receive(never(), "ct.zip", brought, hold=holding(ROOM), declared=500_000_000))


def test_a_file_in_the_place_of_a_folder_is_refused(brought: Path) -> None:
    bring(brought, "a", b"x")
    with pytest.raises(UploadError, match="same name"):
        bring(brought, "a/b.txt", b"x")


def read(arriving: Path) -> str:
    folder = arriving.with_name("taken-in")
    folder.mkdir()
    take_in(arriving, folder, IntakeLimits(), ROOM)
    reading = read_brought(folder, case_id="case-1", limits=IntakeLimits())
    assert not list(arriving.iterdir())
    shutil.rmtree(folder)
    assert reading.case.id == "case-1"
    return reading.case.reports[0].text


def test_a_case_is_found_in_a_dropped_folder_a_zip_and_pasted_text(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    bring(folder, "Muller_Hans/report.txt", REPORT.encode())
    assert read(folder) == REPORT
    zipped = tmp_path / "zipped"
    zipped.mkdir()
    with zipfile.ZipFile(zipped / "all.zip", "w") as archive:
        archive.writestr("study/report.txt", REPORT)
        archive.writestr("../../outside.txt", "x")
    assert read(zipped) == REPORT
    assert not list(tmp_path.rglob("outside.txt"))
    pasted = tmp_path / "pasted"
    pasted.mkdir()
    paste(REPORT, pasted, pasted, ROOM)
    assert read(pasted) == REPORT


def test_an_archive_that_grows_without_end_is_refused(brought: Path) -> None:
    with zipfile.ZipFile(brought / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros.dcm", b"\0" * 20_000_000)
    with pytest.raises(IntakeError, match="grow at most"):
        read(brought)


def test_a_case_file_cannot_name_files_outside(brought: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text(REPORT)
    bring(brought, "case.yaml", b"reports: [{path: ../../secret.txt}]")
    with pytest.raises(IntakeError, match="expected a path inside") as refused:
        read(brought)
    words = spoken(refused.value)
    assert "expected a file that is brought with it" in words
    assert str(tmp_path) not in words


def test_a_link_in_an_archive_is_not_followed(brought: Path) -> None:
    with zipfile.ZipFile(brought / "links.zip", "w") as archive:
        info = zipfile.ZipInfo("report.txt")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(IntakeError):
        read(brought)


def test_the_one_case_file_of_another_name_is_the_case(brought: Path) -> None:
    bring(brought, "x/screening.yaml", b"reports: [{text: Normal chest radiograph.}]")
    bring(brought, "x/ct/a.dcm", b"x")
    assert case_path(brought).name == "screening.yaml"
