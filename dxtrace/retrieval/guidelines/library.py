"""Record and vectors kept in step, also when several processes use them or one is killed."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from dxtrace.knowledge import Knowledge
from dxtrace.retrieval.chroma_store import ChromaStore
from dxtrace.retrieval.embedding import TextEmbedder
from dxtrace.retrieval.errors import DamagedIndex
from dxtrace.retrieval.guidelines.pack_documents import ConceptReader, pack_documents
from dxtrace.retrieval.guidelines.pack_vectors import shipped_vectors
from dxtrace.retrieval.guidelines.passage import GuidelineDocument, GuidelinePassage
from dxtrace.retrieval.guidelines.record import RECORD, DocumentRecord
from dxtrace.retrieval.vector_cache import CachedEmbedder

_VECTORS = "vectors-"


@dataclass(frozen=True)
class Entry:
    """A passage that is searched.

    Attributes:
        reference: names document, version and passage.
        document: what it is from.
        passage: the passage.
    """

    reference: str
    document: GuidelineDocument
    passage: GuidelinePassage

    @property
    def dense_text(self) -> str:
        """What is embedded."""
        return self.passage.embedded_text

    @property
    def lexical_text(self) -> str:
        """What words are counted in."""
        parts = (self.document.title, self.passage.section, self.passage.text)
        return ". ".join(p for p in parts if p)

    @property
    def expanded_text(self) -> str:
        """The same with further words to find it by."""
        return f"{self.lexical_text} {' '.join(self.passage.terms)}"


class GuidelineLibrary:
    """The documents, and a store of vectors that is built from them.

    Every process brings the vectors up to date before it searches; one does it, the others wait.
    The note that they are is written last, so that what a killed process left is completed.

    Args:
        folder: where record and vectors lie.
        knowledge: its packs are documents.
        embedder: makes the vectors.
        concepts_in: reads which concepts a passage names.
        cache: a file that keeps the vectors of passages; none is kept if None. Questions never are:
            they may say something of a patient.
    """

    def __init__(
        self,
        folder: Path,
        knowledge: Knowledge,
        embedder: TextEmbedder,
        concepts_in: ConceptReader,
        cache: Path | None = None,
    ) -> None:
        self.folder, self.knowledge, self.embedder = folder, knowledge, embedder
        self.concepts_in = concepts_in
        self._keeping: TextEmbedder = embedder
        if cache is not None:
            shipped = shipped_vectors(embedder.fingerprint)
            self._keeping = CachedEmbedder(embedder, cache, shipped)
        self.record = DocumentRecord(folder / RECORD)

    def open(self) -> tuple[tuple[Entry, ...], ChromaStore]:
        """The passages of today and their vectors.

        Raises:
            DamagedIndex: if record or vectors cannot be read.
            EmbedderMismatch: if the vectors were made by another embedder.
        """
        with self.held():
            self._take_packs()
            if not self.record.state("generation"):
                self._new_generation()
            return self._in_step()

    def rebuild(self) -> Path | None:
        """Make the vectors anew; a damaged record is set aside and made anew from the packs.

        Returns:
            Where a damaged record is now; None if it was whole.
        """
        aside = None
        with self.held():
            try:
                self._take_packs()
            except DamagedIndex:
                aside = self.record.set_aside()
                self._take_packs()
            before = self._collection()
            self._new_generation()
            _, store = self._in_step()
            store.forget(before)
            current = self._vectors_folder()
            for old in self.folder.glob(f"{_VECTORS}*"):
                if old != current:
                    shutil.rmtree(old, ignore_errors=True)
        return aside

    def _take_packs(self) -> None:
        """Record the packs of today; those that are gone are no longer searched."""
        if self.record.state("knowledge") == self.knowledge.fingerprint != "":
            return
        documents = pack_documents(self.knowledge, self.concepts_in)
        for document in documents:
            self.record.add(document)
        keys = {d.key for d in documents}
        for old in self.record.current():
            if old.pack and old.key not in keys:
                self.record.retire(old.key)
        self.record.remember(knowledge=self.knowledge.fingerprint)

    def _in_step(self) -> tuple[tuple[Entry, ...], ChromaStore]:
        entries = tuple(
            Entry(document.reference(passage), document, passage)
            for document in self.record.current()
            for passage in document.passages
        )
        name = self._collection()
        store = ChromaStore(name, self._vectors_folder(), self.embedder.fingerprint)
        done = f"{self.record.revision} {name} {self.embedder.fingerprint}"
        if self.record.state("in_step") != done or store.count() != len(entries):
            self._complete(store, entries)
            self.record.remember(in_step=done)
        return entries, store

    def _complete(self, store: ChromaStore, entries: tuple[Entry, ...]) -> None:
        there, wanted = store.ids(), {e.reference for e in entries}
        store.drop(sorted(there - wanted))
        new = [e for e in entries if e.reference not in there]
        vectors = self._keeping.embed([e.dense_text for e in new])
        store.put([e.reference for e in new], vectors, [{"document": e.document.key} for e in new])

    def _new_generation(self) -> None:
        """A new place for vectors: what lies at the old one is neither read nor written."""
        numbers = [p.name.removeprefix(_VECTORS) for p in self.folder.glob(f"{_VECTORS}*")]
        used = [int(n) for n in (*numbers, self.record.state("generation")) if n.isdigit()]
        library = self.record.state("library") or uuid4().hex[:12]
        self.record.remember(generation=str(max(used, default=0) + 1), library=library)

    def _collection(self) -> str:
        return f"dxtrace-{self.record.state('library')}-{self.record.state('generation')}"

    def _vectors_folder(self) -> Path:
        return self.folder / f"{_VECTORS}{self.record.state('generation')}"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nobody else changes the documents or their vectors meanwhile; not to be nested."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.folder / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
