"""The reports of the index as files that a result can link to."""

from __future__ import annotations

import shutil
from hashlib import sha256
from pathlib import Path

from dxtrace.atomic_write import write_atomically
from dxtrace.retrieval.cases.record import CaseRecord

FOLDER = "reports"
_PRIVATE, _PRIVATE_FOLDER = 0o600, 0o700


def report_file(folder: Path, record: CaseRecord) -> Path | None:
    """A file with the report of a case: the one it is from, or else one that the index writes.

    A folder, a line of a manifest, a report of an archive or of a PACS is no file to be read.

    Args:
        folder: of the index.
        record: the case.

    Returns:
        None if the case has no report and is from no file.
    """
    given = Path(record.link) if record.link else None
    if not record.report.strip() or (given is not None and not given.is_dir()):
        return given
    content = f"{record.title or record.source}\n\n{record.report}\n"
    data = content.encode("utf-8", "replace")
    path = folder / FOLDER / f"{sha256(data).hexdigest()[:32]}.txt"
    if not path.exists():
        path.parent.mkdir(mode=_PRIVATE_FOLDER, exist_ok=True)
        write_atomically(path, data, mode=_PRIVATE)
    return path


def clear_report_files(folder: Path) -> None:
    """Remove the files that the index wrote; they come again when they are linked to."""
    shutil.rmtree(folder / FOLDER, ignore_errors=True)
