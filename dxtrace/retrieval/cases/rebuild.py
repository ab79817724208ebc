"""Make an index anew of what can still be read of the old one."""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from dxtrace.knowledge.vocabulary import Vocabulary
from dxtrace.retrieval.cases.database import FILE, folder_lock
from dxtrace.retrieval.cases.graph_file import SUFFIX
from dxtrace.retrieval.cases.index import CaseIndex
from dxtrace.retrieval.cases.record import CaseRecord
from dxtrace.retrieval.cases.record_text import read_record, text_key
from dxtrace.retrieval.cases.report_files import remove_report_file, reports_kept
from dxtrace.retrieval.cases.vectors import IMAGE, TEXT
from dxtrace.retrieval.embedding import TextEmbedder
from dxtrace.retrieval.errors import DamagedIndex

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

_PARTS = ("", "-wal", "-shm")
_NEW = "rebuilt"
COPY = "copy"
"""Source of cases that were made again of the files with their reports."""
_TOGETHER = 100
_NORM_ERROR = 0.01


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What came of it.

    Attributes:
        kept: cases that could be read.
        lost: cases that were seen and could not; of a file that is damaged as a whole, none are
            seen.
        damaged: where the old file lies, if it was damaged.
    """

    kept: int
    lost: int
    damaged: Path | None


@dataclass(frozen=True)
class _Salvaged:
    """A case of the old file, and its vectors."""

    record: CaseRecord
    keys: frozenset[str]
    vectors: dict[str, Vectors] = field(default_factory=dict)


def rebuild(
    folder: Path,
    vocabulary: Vocabulary,
    *,
    embedder: TextEmbedder | None = None,
    image_embedder: str = "",
) -> Rebuilt:
    """Make the index of a folder anew. Who adds meanwhile waits. The files with reports stay.

    Whole cases and vectors of the old file are taken over, also from a damaged one; a vector that
    is missing, damaged or of another embedder is made again from the report.

    Args:
        folder: the folder of the index.
        vocabulary: as for the index.
        embedder: as for the index.
        image_embedder: as for the index; if it is another than the old one, vectors of images come
            again when their sources are added again. Empty keeps the old one and its vectors.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with folder_lock(folder, fcntl.LOCK_EX):
        new = folder / _NEW
        _clear(new)
        old = _OldFile(folder / FILE)
        images = image_embedder or old.embedder(IMAGE)
        index = CaseIndex(new, vocabulary, embedder=embedder, image_embedder=images)
        index.take_salt(old.setting("salt"))
        same = embedder is not None and old.embedder(TEXT) == embedder.fingerprint
        kept_spaces = frozenset(
            ({TEXT} if same else set()) | ({IMAGE} if old.embedder(IMAGE) == images else set())
        )
        part: list[_Salvaged] = []
        for salvaged in old.cases():
            part.append(salvaged)
            if len(part) == _TOGETHER:
                _add(index, part, kept_spaces)
                part = []
        _add(index, part, kept_spaces)
        index.tidy()
        kept = len(index)
        index.database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
        index.close()
        damaged = old.set_aside()
        for graph in folder.glob(f"*{SUFFIX}"):
            graph.unlink()
        for file in new.iterdir():
            file.replace(folder / file.name)
        new.rmdir()
    return Rebuilt(kept=kept, lost=old.lost, damaged=damaged)


def lost_copies(index: CaseIndex) -> Iterator[tuple[str, str]]:
    """Reports whose files lie in the folder, and whose cases the index has lost.

    Gives what each case was called before others, and its report. Files of reports that the index
    has under another name are removed.
    """
    database = index.database
    for shown, report in reports_kept(database.folder):
        if database.rows("SELECT 1 FROM cases WHERE shown = ?", shown):
            continue
        if database.rows("SELECT 1 FROM cases WHERE text_key = ?", text_key(report)):
            remove_report_file(database.folder, shown)
        else:
            yield shown, report


def drop_copies(index: CaseIndex) -> None:
    """Forget the cases that were made of such files, where their source was added again."""
    query = (
        "SELECT source FROM cases AS copy WHERE source LIKE ? AND EXISTS "
        "(SELECT 1 FROM cases WHERE text_key = copy.text_key AND source NOT LIKE ?)"
    )
    copies = f"{COPY}#%"
    index.forget([str(source) for (source,) in index.database.rows(query, copies, copies)])


def _add(index: CaseIndex, part: list[_Salvaged], kept_spaces: frozenset[str]) -> None:
    texts, images = (
        {
            s.record.source: s.vectors[space]
            for s in part
            if space in kept_spaces and space in s.vectors
        }
        for space in (TEXT, IMAGE)
    )
    keys = {s.record.source: s.keys for s in part}
    index.add([s.record for s in part], images, texts=texts, keys=keys)


def _clear(folder: Path) -> None:
    """Remove what a rebuild that was killed has left."""
    if folder.exists():
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()


class _OldFile:
    """A database that may be damaged anywhere."""

    def __init__(self, path: Path) -> None:
        self.path, self.lost, self._sound = path, 0, True
        self._connection = sqlite3.connect(path) if path.exists() else None
        if self._connection is not None:
            self._sound &= self._rows("PRAGMA quick_check(1)") == [("ok",)]

    def _rows(self, query: str, *values: object) -> list[tuple[object, ...]]:
        """Rows, or none if they cannot be read."""
        if self._connection is None:
            return []
        try:
            return self._connection.execute(query, values).fetchall()
        except (sqlite3.DatabaseError, UnicodeDecodeError, OverflowError):
            self._sound = False
            return []

    def setting(self, name: str) -> str:
        """A setting; empty if it cannot be read."""
        found = self._rows("SELECT value FROM settings WHERE name = ?", name)
        return str(found[0][0]) if found else ""

    def embedder(self, space: str) -> str:
        """Fingerprint of the embedder of a space."""
        return self.setting(f"embedder:{space}")

    def cases(self) -> Iterator[_Salvaged]:
        """Every case that is whole."""
        last = self._rows("SELECT seq FROM sqlite_sequence WHERE name = 'cases'")
        last = last or self._rows("SELECT max(seq) FROM cases")
        for seq in range(1, int(str(last[0][0] or 0)) + 1 if last else 1):
            salvaged = self._case(seq)
            if salvaged is not None:
                yield salvaged

    def _case(self, seq: int) -> _Salvaged | None:
        before, self._sound = self._sound, True
        rows = self._rows("SELECT record, sha256 FROM cases WHERE seq = ?", seq)
        if not rows:
            self.lost += not self._sound
            self._sound &= before
            return None
        self._sound &= before
        try:
            record = read_record(str(rows[0][0]), str(rows[0][1]))
        except (DamagedIndex, ValueError):
            self.lost, self._sound = self.lost + 1, False
            return None
        if not record.shown:  # of the first version, whose title may be a name
            record = record.model_copy(update={"title": ""})
        keys = self._rows("SELECT key FROM identities WHERE seq = ?", seq)
        vectors = self._rows("SELECT space, vector FROM vectors WHERE seq = ?", seq)
        return _Salvaged(
            record, frozenset(str(k) for (k,) in keys),
            {str(space): v for space, blob in vectors if (v := _decode(blob)) is not None},
        )  # fmt: skip

    def set_aside(self) -> Path | None:
        """Remove the file, or rename it if it was damaged."""
        if self._connection is not None:
            self._connection.close()
        if not self._sound:
            stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
            aside = self.path.with_name(f"{self.path.name}.damaged-{stamp}")
            self.path.replace(aside)
        else:
            aside = None
            self.path.unlink(missing_ok=True)
        for part in _PARTS[1:]:
            self.path.with_name(self.path.name + part).unlink(missing_ok=True)
        return aside


def _decode(blob: object) -> Vectors | None:
    import numpy as np

    if not isinstance(blob, bytes) or len(blob) % 2 or not blob:
        return None
    vector = np.frombuffer(blob, np.float16).astype(np.float32)
    length = float(np.linalg.norm(vector))
    return vector / length if abs(length - 1) < _NORM_ERROR else None
