"""Record and vectors kept in step, also when several processes use them or one is killed."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable, Iterator, Mapping
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

TEXT, ASKED = "text", "asked"
_VECTORS = "vectors-"
_MARK = "?"
_BATCH = 128
Watch = Callable[[int, int], None]
"""Told how many vectors are made, of how many."""


def reference_of(vector: str, kind: str) -> str:
    """The reference of the passage that a vector belongs to."""
    return vector if kind == TEXT else vector.rpartition(_MARK)[0]


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
    def said(self) -> str:
        """The same with what is asked that it answers."""
        return " ".join((self.lexical_text, *self.passage.asked))

    @property
    def expanded_text(self) -> str:
        """All words to find it by."""
        return " ".join((self.said, *self.passage.terms))

    def embedded(self) -> Iterator[Embedded]:
        """Everything of it that has a vector."""
        key = self.document.key
        yield Embedded(self.reference, key, TEXT, self.dense_text)
        for number, asked in enumerate(self.passage.asked):
            yield Embedded(f"{self.reference}{_MARK}{number}", key, ASKED, asked)


@dataclass(frozen=True, slots=True)
class Embedded:
    """A text that has a vector.

    Attributes:
        id: of the vector.
        document: key of the document.
        kind: whether it is a passage's own text or what is asked that it answers.
        text: the text.
    """

    id: str
    document: str
    kind: str
    text: str


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

    def open(self, watch: Watch | None = None) -> tuple[tuple[Entry, ...], ChromaStore]:
        """The passages of today and their vectors.

        Args:
            watch: told of vectors as they are made; never called if none is missing.

        Raises:
            DamagedIndex: if record or vectors cannot be read.
            EmbedderMismatch: if the vectors were made by another embedder.
        """
        with self.held():
            self._take_packs()
            if not self.record.state("generation"):
                self._new_generation()
            return self._in_step(watch)

    def rebuild(self, watch: Watch | None = None) -> Path | None:
        """Make the vectors anew; a damaged record is set aside and made anew from the packs.

        Args:
            watch: told of vectors as they are made.

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
            _, store = self._in_step(watch)
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

    def _in_step(self, watch: Watch | None) -> tuple[tuple[Entry, ...], ChromaStore]:
        entries = tuple(
            Entry(document.reference(passage), document, passage)
            for document in self.record.current()
            for passage in document.passages
        )
        name = self._collection()
        store = ChromaStore(name, self._vectors_folder(), self.embedder.fingerprint)
        done = f"{self.record.revision} {name} {self.embedder.fingerprint}"
        wanted = {e.id: e for entry in entries for e in entry.embedded()}
        if self.record.state("in_step") != done or store.count() != len(wanted):
            self._complete(store, wanted, watch)
            self.record.remember(in_step=done)
        return entries, store

    def _complete(
        self, store: ChromaStore, wanted: Mapping[str, Embedded], watch: Watch | None
    ) -> None:
        there = store.ids()
        store.drop(sorted(there - wanted.keys()))
        new = [e for e in wanted.values() if e.id not in there]
        for start in range(0, len(new), _BATCH):
            part = new[start : start + _BATCH]
            vectors = self._keeping.embed([e.text for e in part])
            facets = [{"document": e.document, "kind": e.kind} for e in part]
            store.put([e.id for e in part], vectors, facets)
            if watch is not None:
                watch(start + len(part), len(new))

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
