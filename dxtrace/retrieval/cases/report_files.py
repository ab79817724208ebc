"""The reports of the index as files that a result can link to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from dxtrace.atomic_write import write_atomically
from dxtrace.retrieval.cases.record import CaseRecord

FOLDER = "reports"
_SUFFIX = ".txt"
_PRIVATE, _PRIVATE_FOLDER = 0o600, 0o700


def report_file(folder: Path, record: CaseRecord) -> Path | None:
    """A file with the report of a case, under the name that others may see.

    The file or folder that a case is from may be called after the patient: nothing links to it.

    Args:
        folder: of the index.
        record: the case, with its number.

    Returns:
        None if the case has no report.
    """
    if not record.report.strip():
        return None
    data = f"{record.title or record.shown}\n\n{record.report}\n".encode("utf-8", "replace")
    path = folder / FOLDER / f"{record.shown}{_SUFFIX}"
    if not path.exists() or path.read_bytes() != data:
        path.parent.mkdir(mode=_PRIVATE_FOLDER, exist_ok=True)
        write_atomically(path, data, mode=_PRIVATE)
    return path


def reports_kept(folder: Path) -> Iterator[tuple[str, str]]:
    """The files of a folder of that kind: what each case is called before others, and its report.

    Args:
        folder: of the index.
    """
    for path in sorted((folder / FOLDER).glob(f"*{_SUFFIX}")):
        _, _, report = path.read_text(encoding="utf-8").partition("\n\n")
        yield path.name.removesuffix(_SUFFIX), report.removesuffix("\n")


def remove_report_file(folder: Path, shown: str) -> None:
    """Remove the file of a case.

    Args:
        folder: of the index.
        shown: what the case is called before others.
    """
    (folder / FOLDER / f"{shown}{_SUFFIX}").unlink(missing_ok=True)
