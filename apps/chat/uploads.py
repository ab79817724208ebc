"""What a visitor brings: names made safe, sizes held, archives unpacked, the case found in it."""

import re
import shutil
import unicodedata
from collections.abc import AsyncIterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import NamedTemporaryFile

from dxtrace.intake import CaseReading, IntakeError, IntakeLimits, check_case, read_case
from dxtrace.intake.case_file import CASE_FILES
from dxtrace.knowledge import load_knowledge

_UNSAFE = re.compile(r"[^\w.() +-]")
_LONGEST_NAME = 120
_DEEPEST = 12
_MEGA = 1_000_000
_YAML = (".yaml", ".yml")


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


class UploadError(ValueError):
    """What is brought is refused; the message is for the visitor."""


def safe_name(given: str) -> PurePosixPath:
    """A relative path that cannot leave the folder it is put in.

    Args:
        given: what the browser calls the file; a folder's files come with their path in it.

    Raises:
        UploadError: if nothing is left of it.
    """
    parts = [_safe_part(p) for p in given.replace("\\", "/").split("/")]
    kept = [p for p in parts if p][-_DEEPEST:]
    if not kept:
        raise UploadError("expected a file with a name")
    return PurePosixPath(*kept)


def _safe_part(part: str) -> str:
    plain = _UNSAFE.sub("_", unicodedata.normalize("NFC", part)).lstrip(".").strip()
    if len(plain) <= _LONGEST_NAME:
        return plain
    stem, dot, suffix = plain.rpartition(".")
    return f"{stem[: _LONGEST_NAME - 20]}{dot}{suffix[-15:]}" if dot else plain[:_LONGEST_NAME]


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
    stream: AsyncIterable[bytes], name: str, folder: Path, *, room: int, declared: int = 0
) -> None:
    """Write one file as it comes in; it is there whole or not at all.

    Args:
        stream: its bytes.
        name: what the browser calls it.
        folder: where what arrives lies.
        room: bytes that may still come.
        declared: bytes that the browser says will come.

    Raises:
        UploadError: if the name is none or it becomes too large.
    """
    place = folder / safe_name(name)
    refuse_too_large(declared, room)
    held = 0
    with NamedTemporaryFile(dir=folder.parent, prefix=".", suffix=".part") as part:
        async for chunk in stream:
            held += len(chunk)
            refuse_too_large(held, room)
            part.write(chunk)
        part.flush()
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(part.name, place)
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            raise UploadError(f"{name}: a file and a folder have the same name") from None


def take_in(arriving: Path, brought: Path, limits: IntakeLimits, room: int) -> TakenIn:
    """Put what has arrived beside what was brought before, archives unpacked.

    Args:
        arriving: where it lies; empty afterwards.
        brought: what the case is read from.
        limits: what an archive may hold.
        room: bytes that both may hold.

    Raises:
        IntakeError: if an archive is damaged or would not end.
        UploadError: if it becomes too large.
    """
    try:
        notes = _unpack_archives(arriving, limits, room - size_of(brought))
        moved = []
        for path in sorted(p for p in arriving.rglob("*") if p.is_file()):
            target = brought / path.relative_to(arriving)
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.move(path, target)
            except (FileExistsError, NotADirectoryError, IsADirectoryError):
                raise UploadError(f"{path.name}: a file and a folder have the same name") from None
            moved.append(target)
    finally:
        _empty(arriving)
    return TakenIn(tuple(moved), notes)


def _empty(folder: Path) -> None:
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
        target = archive.with_name(f"{archive.stem} unpacked")
        held -= archive.stat().st_size
        for entry in listed.paths:
            content = read_source(entry, limits)
            held += len(content)
            refuse_too_large(held, room)
            place = target / safe_name(str(entry.relative_to(archive)))
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
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
    reading = read_case(case_path(folder), limits=confined)
    named = reading.case.model_copy(update={"id": case_id})
    return CaseReading(check_case(named, load_knowledge()), reading.notes)


def spoken(error: IntakeError) -> str:
    """Why something was refused, with the file's own name and no folder of this machine."""
    places = [
        Path(error.file).name if error.file is not None else "",
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
