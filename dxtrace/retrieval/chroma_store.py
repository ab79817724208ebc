"""Vectors in Chroma, embedded or on a server; the only place that imports it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from dxtrace.retrieval.errors import DamagedIndex, EmbedderMismatch, RetrievalError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SERVER = "DXTRACE_CHROMA"
_EMBEDDER = "embedder"
_DATABASE = "chroma.sqlite3"


@dataclass(frozen=True)
class Near:
    """A vector near to what was asked.

    Attributes:
        id: its id.
        cosine: cosine of the angle between them.
    """

    id: str
    cosine: float


class ChromaStore:
    """A collection of vectors that remembers its embedder.

    Args:
        collection: its name, of three letters or more.
        folder: where it lies, unless the environment variable ``DXTRACE_CHROMA`` names a server.
        fingerprint: of the embedder.

    Raises:
        DamagedIndex: if the folder holds anything that Chroma cannot read.
        EmbedderMismatch: if the collection was made by another embedder.
        RetrievalError: if the server does not answer.
    """

    def __init__(self, collection: str, folder: Path, fingerprint: str) -> None:
        self.folder, self.collection = folder, collection
        self.server = os.environ.get(SERVER, "").strip()
        with self._failures():
            self._client = self._connect()
            self._vectors: Any = self._client.get_or_create_collection(
                collection, embedding_function=None, metadata={_EMBEDDER: fingerprint},
                configuration={"hnsw": {"space": "cosine"}},
            )  # fmt: skip
            self._most = self._client.get_max_batch_size()
        made_by = (self._vectors.metadata or {}).get(_EMBEDDER)
        if made_by != fingerprint:
            raise EmbedderMismatch(
                f"the index was made by the embedder {made_by}, this is {fingerprint}; 'dxtrace "
                f"knowledge rebuild' makes it anew, or set DXTRACE_EMBEDDER back"
            )

    def _connect(self) -> Any:
        import chromadb
        from chromadb.config import Settings

        settings = Settings(anonymized_telemetry=False)
        if not self.server:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _check(self.folder / _DATABASE)
            return chromadb.PersistentClient(path=str(self.folder), settings=settings)
        address = urlsplit(self.server)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise RetrievalError(f"{SERVER}: expected http://host:port, got {self.server!r}")
        secure = address.scheme == "https"
        return chromadb.HttpClient(
            host=address.hostname, port=address.port or (443 if secure else 8000), ssl=secure,
            settings=settings,
        )  # fmt: skip

    def count(self) -> int:
        """How many vectors there are."""
        with self._failures():
            return int(self._vectors.count())

    def ids(self) -> set[str]:
        """The ids of all vectors."""
        with self._failures():
            return set(self._vectors.get(include=[])["ids"])

    def put(
        self,
        ids: Sequence[str],
        vectors: NDArray[np.float32],
        metadata: Sequence[Mapping[str, str]],
    ) -> None:
        """Add vectors, or replace those of the same id; as many at once as Chroma takes.

        Args:
            ids: an id each.
            vectors: (number, dimension), of unit norm.
            metadata: what can be filtered by.
        """
        with self._failures():
            for start in range(0, len(ids), self._most):
                part = slice(start, start + self._most)
                self._vectors.upsert(
                    ids=list(ids[part]), embeddings=vectors[part],
                    metadatas=[dict(m) for m in metadata[part]],
                )  # fmt: skip

    def drop(self, ids: Sequence[str]) -> None:
        """Remove vectors; ids that are not there are passed over."""
        with self._failures():
            for start in range(0, len(ids), self._most):
                self._vectors.delete(ids=list(ids[start : start + self._most]))

    def nearest(
        self,
        vector: NDArray[np.float32],
        number: int,
        among: Mapping[str, Sequence[str]] | None = None,
    ) -> list[Near]:
        """The nearest vectors, nearest first.

        Args:
            vector: (dimension,), of unit norm.
            number: how many at most.
            among: accepted values of metadata fields; everything if None.
        """
        fields = [{field: {"$in": list(values)}} for field, values in (among or {}).items()]
        where = {"$and": fields} if len(fields) > 1 else next(iter(fields), None)
        with self._failures():
            found = self._vectors.query(
                query_embeddings=[vector], n_results=number, where=where,
                include=["distances"],
            )  # fmt: skip
        pairs = zip(found["ids"][0], found["distances"][0], strict=True)
        return [Near(str(i), 1.0 - float(d)) for i, d in pairs]

    def forget(self, collection: str) -> None:
        """Drop another collection, if it is there; what lies in a folder goes with the folder."""
        with self._failures():
            if self.server and collection in {c.name for c in self._client.list_collections()}:
                self._client.delete_collection(collection)

    @contextmanager
    def _failures(self) -> Iterator[None]:
        """What Chroma raises, in our words: it has no one class for what goes wrong on a disk."""
        try:
            yield
        except RetrievalError:
            raise
        except Exception as error:  # its errors have no class in common
            said = f"{type(error).__name__}: {error}"[:300]
            if self.server:
                raise RetrievalError(f"the Chroma server {self.server}: {said}") from error
            raise DamagedIndex(
                f"{self.folder} cannot be read ({said}); 'dxtrace knowledge rebuild' makes the "
                f"index anew"
            ) from error


def _check(database: Path) -> None:
    """Look through a database's pages: Chroma itself reads past some that are damaged.

    It is opened for writing, so that what a killed process left half done is taken back first.

    Raises:
        sqlite3.DatabaseError: if it is damaged.
    """
    if not database.is_file():
        return
    with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=rw", uri=True)) as opened:
        said = opened.execute("PRAGMA quick_check(1)").fetchone()
    if said != ("ok",):
        raise sqlite3.DatabaseError(f"{database.name}: {said[0] if said else 'nothing in it'}")
