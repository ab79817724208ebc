"""Search over all guideline passages: dense and lexical, fused, routed, cut by a bound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dxtrace.retrieval.chroma_store import ChromaStore
from dxtrace.retrieval.fusion import fuse_rankings
from dxtrace.retrieval.guidelines.library import Entry, GuidelineLibrary
from dxtrace.retrieval.guidelines.passage import GuidelineDocument, GuidelinePassage
from dxtrace.retrieval.guidelines.regions import (
    named_guidelines,
    named_regions,
    names_treatment,
)
from dxtrace.retrieval.guidelines.relevance import (
    Calibration,
    Signals,
    load_calibration,
    probability,
)
from dxtrace.retrieval.guidelines.route import Route
from dxtrace.retrieval.guidelines.shorthand import spelled_out
from dxtrace.retrieval.lexical import LexicalIndex
from dxtrace.retrieval.words import words

MOST_PASSAGES = 5
_NEAREST = 64
_CANDIDATES = 40
_UNCALIBRATED = 3
EVERYWHERE = Route()


@dataclass(frozen=True)
class Hit:
    """A passage that bears on a question.

    Attributes:
        reference: names document, version and passage.
        document: what it is from.
        passage: the passage.
        score: how much it bears on the question, from 0 to 1, fitted to questions with known
            answers; None if that was not done for the embedder.
    """

    reference: str
    document: GuidelineDocument
    passage: GuidelinePassage
    score: float | None = None

    @property
    def quotation(self) -> str:
        """The quoted words: the passage as it stands."""
        return self.passage.text

    @property
    def span(self) -> tuple[int, int]:
        """Where they start and end in the passage, in characters."""
        return 0, len(self.passage.text)


@dataclass(frozen=True)
class Found:
    """What a search gives.

    Attributes:
        hits: best first; empty if nothing bears on the question.
        note: what a reader should know, such as why there is nothing.
    """

    hits: tuple[Hit, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Candidate:
    """A passage that a list has brought up.

    Attributes:
        entry: the passage.
        signals: what speaks for it.
    """

    entry: Entry
    signals: Signals


class GuidelineIndex:
    """Searches the packs' passages and the user's documents.

    Args:
        library: documents and vectors.
        calibration: score and bound; those that come with DxTrace if None.

    Raises:
        DamagedIndex: if record or vectors cannot be read.
        EmbedderMismatch: if the vectors were made by another embedder.
    """

    def __init__(
        self,
        library: GuidelineLibrary,
        calibration: Calibration | None = None,
    ) -> None:
        self.library, self.embedder = library, library.embedder
        self.calibration = calibration or load_calibration()
        self._revision = ""
        self._entries: tuple[Entry, ...] = ()
        self._lexical = self._own = LexicalIndex([])
        self._store: ChromaStore
        self._refresh()

    def search(self, question: str, route: Route = EVERYWHERE) -> Found:
        """The passages that bear on a question, as many as do.

        Args:
            question: in words.
            route: where to look.
        """
        self._refresh()
        unheld = self._unheld(question)
        if unheld and not route.named:
            return Found(note=f"no document holds {', '.join(unheld)}")
        candidates = self.candidates(question, route)
        if self.calibration.embedder != self.embedder.fingerprint:
            hits = [_hit(c.entry) for c in candidates[:_UNCALIBRATED]]
            note = f"not calibrated for {self.embedder.name}: passages may not bear on the question"
            return Found(tuple(hits), note)
        scored = _each_text_once([(self.calibration.score(c.signals), c.entry) for c in candidates])
        count = self.calibration.chosen([score for score, _ in scored], MOST_PASSAGES)
        hits = [_hit(entry, probability(score)) for score, entry in scored[:count]]
        return Found(tuple(hits), "" if hits else "no passage bears on the question")

    def candidates(self, question: str, route: Route = EVERYWHERE) -> list[Candidate]:
        """The passages that either list brings up, by fused rank (reciprocal rank fusion)."""
        dense, lexical = self.dense(question, route), self.lexical(question, route)
        question = spelled_out(question)
        places = {e.reference: e for e in self._entries}
        fused = fuse_rankings([list(dense), list(lexical)])
        lowest = min(dense.values(), default=0.0)
        scores = self._own.scores(question)
        own = {e.reference: float(s) for e, s in zip(self._entries, scores, strict=True)}
        weigh = _Weighing(question, route, self._lexical)
        return [
            Candidate(
                places[reference],
                weigh.signals(
                    places[reference],
                    dense.get(reference, lowest),
                    (own[reference], lexical.get(reference, 0.0)),
                ),
            )
            for reference in list(fused)[:_CANDIDATES]
            if weigh.bears(places[reference])
        ]

    def dense(self, question: str, route: Route = EVERYWHERE) -> dict[str, float]:
        """Reference to cosine of the nearest passages, nearest first."""
        admitted = self._admitted(route)
        count = sum(e.document.key in admitted for e in self._entries)
        if not count:
            return {}
        among = None if count == len(self._entries) else {"document": sorted(admitted)}
        near = self._store.nearest(
            self.embedder.embed([spelled_out(question)])[0], min(_NEAREST, count), among
        )
        known = {e.reference for e in self._entries}
        return {n.id: n.cosine for n in near if n.id in known}

    def lexical(self, question: str, route: Route = EVERYWHERE) -> dict[str, float]:
        """Reference to BM25 score of the passages that share a word, best first."""
        admitted = self._admitted(route)
        scores = self._lexical.scores(spelled_out(question))
        found = {
            e.reference: float(s)
            for e, s in zip(self._entries, scores, strict=True)
            if s > 0 and e.document.key in admitted
        }
        return dict(sorted(found.items(), key=lambda pair: -pair[1])[:_NEAREST])

    def _refresh(self) -> None:
        """Take in what this or another process has changed."""
        if self._revision and self.library.record.revision == self._revision:
            return
        self._entries, self._store = self.library.open()
        self._lexical = LexicalIndex([e.expanded_text for e in self._entries])
        self._own = LexicalIndex([e.lexical_text for e in self._entries])
        self._revision = self.library.record.revision

    def _admitted(self, route: Route) -> set[str]:
        documents = {e.document.key: e.document for e in self._entries}
        return {key for key, document in documents.items() if route.admits(document)}

    def _unheld(self, question: str) -> list[str]:
        named = named_guidelines(question)
        if not named:
            return []
        held = {n for e in self._entries for n in named_guidelines(_title(e))}
        return sorted(named - held)


class _Weighing:
    """What speaks for passages, and what rules them out, given one question."""

    def __init__(self, question: str, route: Route, lexical: LexicalIndex) -> None:
        self.route, self.lexical, self.words = route, lexical, words(question)
        self.regions, self.treatment = named_regions(question), names_treatment(question)

    def bears(self, entry: Entry) -> bool:
        """Not on another part of the body, nor on a treatment of which it does not speak."""
        if self.treatment and not names_treatment(entry.lexical_text):
            return False
        elsewhere = self.regions.isdisjoint(entry.document.body_parts)
        placed = bool(self.regions and entry.document.body_parts)
        return not (placed and elsewhere) or self.route.asks_for(entry.document)

    def signals(self, entry: Entry, cosine: float, bm25: tuple[float, float]) -> Signals:
        document, route = entry.document, self.route
        whole = self._whole(entry)
        return Signals(
            cosine=cosine,
            coverage=bm25[0] / whole,
            expanded=bm25[1] / whole,
            asked=route.asked.get(document.key, 0.0),
            category=float(document.key in route.categories),
            concepts=self._shared(document.concepts),
            passage_concepts=self._shared(entry.passage.concepts),
            facts=self._stated(entry.passage.facts),
        )

    def _whole(self, entry: Entry) -> float:
        """Weight of the question's words; other names of the passage's concepts do not count."""
        about = {entry.document.key, *entry.passage.concepts}
        counted = (
            w
            for w in self.words
            if self.lexical.knows(w) or about.isdisjoint(self.route.understood.get(w, ()))
        )
        return sum(self.lexical.weight(w) for w in counted) or 1.0

    def _stated(self, facts: Sequence[str]) -> float:
        if not self.route.facts:
            return 0.0
        names = {fact.partition("=")[0] for fact in facts if "=" in fact}
        agree = len(self.route.facts.intersection(facts))
        against = sum(f not in facts and f.partition("=")[0] in names for f in self.route.facts)
        return (agree - against) / len(self.route.facts)

    def _shared(self, concepts: Sequence[str]) -> float:
        named = self.route.concepts
        return sum(not c.isdisjoint(concepts) for c in named) / len(named) if named else 0.0


def _each_text_once(scored: list[tuple[float, Entry]]) -> list[tuple[float, Entry]]:
    """Best first; of passages that two documents share, the better, or the newer."""
    ordered = sorted(scored, key=lambda pair: (-pair[0], -(pair[1].document.year or 0)))
    kept: dict[str, tuple[float, Entry]] = {}
    for pair in ordered:
        kept.setdefault(pair[1].passage.text, pair)
    return list(kept.values())


def _title(entry: Entry) -> str:
    """What says which guidelines an entry holds: of a document without a pack, all that it says."""
    return entry.document.title if entry.document.pack else entry.lexical_text


def _hit(entry: Entry, score: float | None = None) -> Hit:
    return Hit(entry.reference, entry.document, entry.passage, score)
