"""What a visitor brings: names made safe, sizes held, archives unpacked, the case found in it."""

import asyncio
import shutil
from collections.abc import AsyncIterable, Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import NamedTemporaryFile

from apps.chat.placing import put_in_place, safe_name
from apps.chat.refusals import UploadError
from dxtrace.clinical import Report
from dxtrace.intake import (
    CaseReading,
    IntakeError,
    IntakeLimits,
    OutsideError,
    check_case,
    read_case,
)
from dxtrace.intake.case_file import CASE_FILES
from dxtrace.knowledge import load_knowledge

_MEGA = 1_000_000
_YAML = (".yaml", ".yml")
_LOOKED_AT = 4096


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What was put beside what was brought before.

    Attributes:
        files: the files.
        notes: what was left out of archives.
    """

    files: tuple[Path, ...]
    notes: tuple[str, ...] = ()

    def take_back(self) -> None:
        """Remove the files: they are no case, and the next try must not stumble over them."""
        for path in self.files:
            path.unlink(missing_ok=True)


def size_of(folder: Path) -> int:
    """Bytes of the files in a folder."""
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())


def refuse_too_large(expected: int, room: int) -> None:
    """Refuse what would not fit.

    Raises:
        UploadError: if more comes than there is room for.
    """
    if expected > room:
        raise UploadError(
            f"This is too large for the page: {expected / _MEGA:,.0f} MB, and this session has "
            f"room for {max(room, 0) / _MEGA:,.0f} MB. Review it with 'dxtrace review', or "
            f"have the limit raised (dxtrace chat --max-upload-mb)."
        )


async def receive(
    stream: AsyncIterable[bytes],
    name: str,
    folder: Path,
    *,
    hold: Callable[[int], None],
    declared: int = 0,
) -> None:
    """Write one file as it comes in; it is there whole or not at all.

    Args:
        stream: its bytes.
        name: what the browser calls it.
        folder: where what arrives lies.
        hold: takes so many bytes of the session's room.
        declared: bytes that the browser says will come.

    Raises:
        UploadError: if the name is none or it becomes too large.
        FileNotFoundError: if the folder is gone.
        OSError: if it cannot be written.
    """
    wanted = safe_name(name)
    hold(declared)
    held, paid = 0, declared
    with NamedTemporaryFile(dir=folder.parent, prefix=".", suffix=".part", delete=False) as part:
        try:
            async for chunk in stream:
                held += len(chunk)
                if held > paid:
                    hold(held - paid)
                    paid = held
                part.write(chunk)
            part.flush()
            # In a thread: to compare it with one of the same name takes a while.
            await asyncio.to_thread(put_in_place, Path(part.name), folder, wanted)
        finally:
            Path(part.name).unlink(missing_ok=True)


def take_in(arriving: Path, brought: Path, limits: IntakeLimits, room: int) -> TakenIn:
    """Put what has arrived beside what was brought before, archives unpacked.

    Args:
        arriving: where it lies; empty afterwards.
        brought: what the case is read from.
        limits: what an archive may hold.
        room: bytes that both may hold.

    Raises:
        IntakeError: if an archive is damaged or would not end.
        UploadError: if it becomes too large, or another case file was brought before.
    """
    new: list[Path] = []
    try:
        notes = list(_unpack_archives(arriving, limits, room - size_of(brought)))
        for path in sorted(p for p in arriving.rglob("*") if p.is_file()):
            name = PurePosixPath(path.relative_to(arriving))
            placed = put_in_place(path, brought, name)
            if placed.is_new:
                new.append(placed.path)
            if placed.is_renamed:
                notes.append(_beside(name, placed.path))
    except (UploadError, OSError):
        TakenIn(tuple(new)).take_back()
        raise
    finally:
        empty(arriving)
    return TakenIn(tuple(new), tuple(notes))


def _beside(name: PurePosixPath, path: Path) -> str:
    """What is said of a file whose name another one has.

    Raises:
        UploadError: if it is a case file: only one can say what the case is.
    """
    if name.name.lower() in CASE_FILES:
        path.unlink()
        raise UploadError(
            f"{name.name}: this case has another file of that name, which says what it is: "
            "open another case for this one"
        )
    return f"{name.name}: another file of that name was brought before; both are kept"


def empty(folder: Path) -> None:
    """Remove all that has arrived and was not taken in."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, exist_ok=True)


def _unpack_archives(folder: Path, limits: IntakeLimits, room: int) -> tuple[str, ...]:
    """Unpack zip archives in place, so that a report beside the images in one is read as well.

    Args:
        folder: where what is brought lies.
        limits: what an archive may hold.
        room: bytes that the folder may hold in all.

    Returns:
        What was left out.

    Raises:
        IntakeError: if an archive is damaged or would not end.
        UploadError: if what comes out is too large.
    """
    from dxtrace.intake.imaging.sources import list_sources, read_source

    notes: list[str] = []
    held = size_of(folder)
    for archive in sorted(p for p in folder.rglob("*") if p.suffix.lower() == ".zip"):
        listed = list_sources(archive, limits)
        notes += listed.notes
        into = PurePosixPath(archive.relative_to(folder)).with_name(f"{archive.stem} unpacked")
        held -= archive.stat().st_size
        for entry in listed.paths:
            content = read_source(entry, limits)
            held += len(content)
            refuse_too_large(held, room)
            with NamedTemporaryFile(dir=folder.parent, prefix=".", delete=False) as part:
                part.write(content)
            put_in_place(Path(part.name), folder, into / safe_name(str(entry.relative_to(archive))))
        archive.unlink()
    return tuple(notes)


def case_path(folder: Path) -> Path:
    """The file or folder that is the case: what a single folder in a folder holds is meant."""
    while True:
        children = [p for p in folder.iterdir() if not p.name.startswith(".")]
        if len(children) != 1:
            break
        if children[0].is_file():
            return children[0]
        folder = children[0]
    files = [p for p in children if p.is_file()]
    described = [p for p in files if p.suffix.lower() in _YAML]
    if not any(p.name in CASE_FILES for p in files) and len(described) == 1:
        return described[0]
    return folder


def read_brought(folder: Path, *, case_id: str, limits: IntakeLimits) -> CaseReading:
    """The case in what was brought.

    Args:
        folder: where it lies.
        case_id: what the case is called: names of files say who the patient is too often.
        limits: what intake accepts; nothing outside the folder is read.

    Raises:
        IntakeError: if there is no case in it.
    """
    confined = limits.model_copy(update={"data_root": folder})
    path = case_path(folder)
    reading = read_case(path, limits=confined)
    named = reading.case.model_copy(
        update={"id": case_id, "reports": _without_file_names(reading.case.reports, folder)}
    )
    notes = (*reading.notes, *_not_of_the_case(path, folder))
    return CaseReading(check_case(named, load_knowledge()), notes)


def _without_file_names(reports: tuple[Report, ...], folder: Path) -> tuple[Report, ...]:
    """Titles stand in all that is taken away, and names of files say who the patient is."""
    names = {p.name for p in folder.rglob("*")}
    return tuple(
        report.model_copy(update={"title": f"report {number}" if len(reports) > 1 else ""})
        if report.title in names
        else report
        for number, report in enumerate(reports, start=1)
    )


def _not_of_the_case(path: Path, folder: Path) -> tuple[str, ...]:
    """What is said of the reports that a case file does not name."""
    if path.is_dir():
        path = next((path / n for n in CASE_FILES if (path / n).is_file()), path)
    if path.suffix.lower() not in _YAML:
        return ()
    words = path.read_text(encoding="utf-8", errors="replace")
    left = sum(1 for p in folder.rglob("*") if p.name not in words and _may_be_report(p))
    if not left:
        return ()
    return (
        f"{left} report(s) were left out: the case is what {path.name} names; open another case "
        "for them",
    )


def _may_be_report(path: Path) -> bool:
    if path.suffix.lower() == ".json" and path.is_file():
        with path.open("rb") as stream:
            return b'"resourceType"' in stream.read(_LOOKED_AT)
    return path.suffix.lower() == ".txt"


def spoken(error: IntakeError) -> str:
    """Why something was refused, with the file's own name and no folder of this machine."""
    if isinstance(error, OutsideError):
        return f"{error.field}: expected a file that is brought with it, got one outside"
    places = [
        "" if error.file is None or Path(error.file).is_dir() else Path(error.file).name,
        f"line {error.line}" if error.line is not None else "",
        f"field {error.field}" if error.field else "",
    ]
    where = ", ".join(p for p in places if p)
    return f"{where}: {error.reason}" if where else error.reason


def paste(text: str, folder: Path, brought: Path, room: int) -> None:
    """Keep a pasted report as a file.

    Args:
        text: the report.
        folder: where what arrives lies.
        brought: what was brought before: nothing of it is replaced.
        room: bytes that may still come.

    Raises:
        UploadError: if there is no room.
    """
    content = text.encode("utf-8", "replace")
    refuse_too_large(len(content), room)
    taken = {p.name for p in (*folder.iterdir(), *brought.iterdir())}
    number = next(n for n in range(1, len(taken) + 2) if f"pasted-{n}.txt" not in taken)
    (folder / f"pasted-{number}.txt").write_bytes(content)
