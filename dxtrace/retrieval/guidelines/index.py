"""Search over all guideline passages: dense and lexical, fused, routed, cut by a bound."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from dxtrace.clinical.verdict import Strength
from dxtrace.retrieval.chroma_store import ChromaStore
from dxtrace.retrieval.fusion import fuse_rankings
from dxtrace.retrieval.guidelines.library import (
    ASKED,
    TEXT,
    Entry,
    GuidelineLibrary,
    reference_of,
)
from dxtrace.retrieval.guidelines.passage import GuidelineDocument, GuidelinePassage
from dxtrace.retrieval.guidelines.regions import (
    named_aspects,
    named_examinations,
    named_guidelines,
    named_regions,
)
from dxtrace.retrieval.guidelines.relevance import (
    Calibration,
    QuestionSignals,
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
        strength: the same in a word.
    """

    reference: str
    document: GuidelineDocument
    passage: GuidelinePassage
    score: float | None = None
    strength: Strength | None = None

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
        unheld = self._unheld(question, route)
        if unheld:
            return Found(note=f"no document holds {', '.join(unheld)}")
        candidates = self.candidates(question, route)
        if self.calibration.embedder != self.embedder.fingerprint:
            hits = [_unscored_hit(c.entry) for c in candidates[:_UNCALIBRATED]]
            note = f"not calibrated for {self.embedder.name}: passages may not bear on the question"
            return Found(tuple(hits), note)
        scored = each_text_once([(self.calibration.score(c.signals), c) for c in candidates])
        scores = [score for score, _ in scored]
        count = 0
        if scored:
            answered = self.calibration.question_score(question_signals(question, *scored[0]))
            count = self.calibration.chosen(scores, answered, MOST_PASSAGES)
        hits = [self._scored_hit(best.entry, score) for score, best in scored[:count]]
        return Found(tuple(hits), "" if hits else "no passage bears on the question")

    def candidates(self, question: str, route: Route = EVERYWHERE) -> list[Candidate]:
        """The passages that any list brings up, by fused rank (reciprocal rank fusion).

        None if the question is about a guideline that no document is.
        """
        if self._unheld(question, route):
            return []
        dense, asked = self.dense(question, route), self.dense(question, route, ASKED)
        lexical = self.lexical(question, route)
        places = {e.reference: e for e in self._entries}
        nearest = {r: max(c, asked.get(r, c)) for r, c in (asked | dense).items()}
        by_meaning = sorted(nearest, key=lambda reference: -nearest[reference])
        fused = fuse_rankings([by_meaning, list(lexical)])
        lowest = min(dense.values(), default=0.0)
        scores = self._own.scores(spelled_out(question))
        own = {e.reference: float(s) for e, s in zip(self._entries, scores, strict=True)}
        weigh = _Weighing(question, route, self._lexical)
        found: list[Candidate] = []
        for reference in list(fused)[:_CANDIDATES]:
            if weigh.bears(places[reference]):
                cosine = dense.get(reference, lowest)
                cosines = (cosine, max(cosine, asked.get(reference, cosine)))
                bm25 = (own[reference], lexical.get(reference, 0.0))
                signals = weigh.signals(places[reference], cosines, bm25)
                found.append(Candidate(places[reference], signals))
        return found

    def dense(self, question: str, route: Route = EVERYWHERE, kind: str = TEXT) -> dict[str, float]:
        """Reference to cosine of the nearest passages, nearest first.

        Args:
            question: in words.
            route: where to look.
            kind: whether the passages' own text is compared or what is asked of them.
        """
        admitted = self._admitted(route)
        known = {e.reference for e in self._entries if e.document.key in admitted}
        if not known:
            return {}
        among = {"kind": [kind]}
        if len(known) < len(self._entries):
            among["document"] = sorted(admitted)
        near = self._store.nearest(self.embedder.embed([spelled_out(question)])[0], _NEAREST, among)
        found: dict[str, float] = {}
        for reference, cosine in ((reference_of(n.id, kind), n.cosine) for n in near):
            if reference in known:
                found.setdefault(reference, cosine)
        return found

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

    def _scored_hit(self, entry: Entry, score: float) -> Hit:
        relevance = probability(score)
        return Hit(
            entry.reference, entry.document, entry.passage, relevance,
            self.calibration.strength(relevance),
        )  # fmt: skip

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

    def _unheld(self, question: str, route: Route) -> list[str]:
        named = frozenset() if route.named else named_guidelines(question)
        if not named:
            return []
        held = {n for e in self._entries for n in named_guidelines(_title(e))}
        return sorted(named - held)


class _Weighing:
    """What speaks for passages, and what rules them out, given one question."""

    def __init__(self, question: str, route: Route, lexical: LexicalIndex) -> None:
        self.route, self.lexical, self.words = route, lexical, words(spelled_out(question))
        self.regions, self.aspects = named_regions(question), named_aspects(question)

    def bears(self, entry: Entry) -> bool:
        """Not on another part of the body."""
        elsewhere = self.regions.isdisjoint(entry.document.body_parts)
        placed = bool(self.regions and entry.document.body_parts)
        return not (placed and elsewhere) or self.route.asks_for(entry.document)

    def signals(
        self, entry: Entry, cosines: tuple[float, float], bm25: tuple[float, float]
    ) -> Signals:
        whole = self._whole(entry)
        return Signals(
            cosine=cosines[0],
            asked_cosine=cosines[1],
            coverage=bm25[0] / whole,
            expanded=bm25[1] / whole,
            passage_concepts=self._shared(entry.passage.concepts),
            facts=self._stated(entry.passage.facts),
            named=float(entry.document.key in self.route.named),
            unsaid=float(len(self.aspects - named_aspects(entry.said))) if self.aspects else 0.0,
            plain=float(not entry.passage.asked),
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


def question_signals(question: str, score: float, best: Candidate) -> QuestionSignals:
    """What speaks for a question's being answered.

    Args:
        question: in words.
        score: of its best passage.
        best: that passage.
    """
    return QuestionSignals(
        best=score,
        unsaid=best.signals.unsaid,
        elsewhere=float(len(_examined_elsewhere(question, best.entry))),
        length=math.log1p(len(words(question))),
    )


def _examined_elsewhere(question: str, entry: Entry) -> frozenset[str]:
    """The examinations of a question that an entry is not about; none if it is about any."""
    about = frozenset(entry.document.modalities)
    named = named_examinations(question) if about else about
    return named - about - named_examinations(entry.said) if named else named


def each_text_once(scored: list[tuple[float, Candidate]]) -> list[tuple[float, Candidate]]:
    """Best first; of passages that two documents share, the better, or the newer."""
    ordered = sorted(scored, key=lambda pair: (-pair[0], -(pair[1].entry.document.year or 0)))
    kept: dict[str, tuple[float, Candidate]] = {}
    for pair in ordered:
        kept.setdefault(pair[1].entry.passage.text, pair)
    return list(kept.values())


def _title(entry: Entry) -> str:
    """What says which guidelines an entry holds: of a document without a pack, all that it says."""
    return entry.document.title if entry.document.pack else entry.lexical_text


def _unscored_hit(entry: Entry) -> Hit:
    return Hit(entry.reference, entry.document, entry.passage)
