"""The lists that a search makes, by findings, words, text and image, and the one made of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dxtrace.retrieval.cases.bound import as_bounded
from dxtrace.retrieval.cases.database import Database
from dxtrace.retrieval.cases.features import FeatureWeights, likeness, likenesses
from dxtrace.retrieval.cases.image_agreement import (
    UNMEASURED,
    ImageAgreement,
    measure_agreement,
    sample_of,
)
from dxtrace.retrieval.cases.vectors import IMAGE, VectorSpace
from dxtrace.retrieval.cases.word_likeness import WordLikeness

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

_AGREEMENT = f"agreement:{IMAGE}"
_LENGTH = "# words"
"""Among the counts: the words of all cases together."""
_GROWN = 1.5
_POOL = 200
_MOST_WORDS, _MOST_FEATURES = 48, 24
_TOGETHER = 500
_LOOKED_AT = 200_000


@dataclass(frozen=True, slots=True)
class Listed:
    """A case in the order.

    Attributes:
        seq: its number.
        score: what it is ordered by, from 0 to 1; of the same two cases always the same, whatever
            is filtered.
        ranks: its place in each list by which it is like the query at all, from 1.
        parts: what each list that it was compared by adds to the score.
        bounded: the score that a bound is held against.
    """

    seq: int
    score: float
    ranks: dict[str, int]
    parts: dict[str, float]
    bounded: float


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which cases may be found.

    Attributes:
        condition: on the table ``cases``.
        values: those of the condition.
        identities: cases that share one of these are of the same patient or study.
        text_key: cases with this one have the same words.
    """

    condition: str
    values: tuple[object, ...]
    identities: tuple[str, ...]
    text_key: str

    def clause(self) -> tuple[str, tuple[object, ...]]:
        """Everything as one condition, with its values."""
        same = f"SELECT seq FROM identities WHERE key IN ({_marks(self.identities)})"  # noqa: S608 - question marks only
        clause = f"{self.condition} AND cases.text_key <> ? AND cases.seq NOT IN ({same})"
        return clause, (*self.values, self.text_key, *self.identities)


class CaseLists:
    """What is searched, in one database.

    Args:
        database: of the case index.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self._spaces: dict[str, VectorSpace] = {}

    # -- adding, within the caller's transaction ---------------------------------------------

    def put(self, seq: int, said: Sequence[str], features: frozenset[str]) -> None:
        """List a case under its words and features."""
        merged = _merged(features)
        run = self.database.connection.execute
        run("INSERT INTO words (rowid, content) VALUES (?, ?)", (seq, " ".join(said)))
        run("INSERT INTO findings (rowid, content) VALUES (?, ?)", (seq, " ".join(sorted(merged))))
        self._count({**dict.fromkeys(_tokens(merged, said), 1), _LENGTH: len(said)})

    def remove(self, seq: int, said: Sequence[str], features: frozenset[str]) -> None:
        """Take a case from the lists."""
        for table in ("words", "findings"):
            self.database.connection.execute(f"DELETE FROM {table} WHERE rowid = ?", (seq,))  # noqa: S608 - names of our own
        tokens = _tokens(_merged(features), said)
        self._count({**dict.fromkeys(tokens, -1), _LENGTH: -len(said)})

    def _count(self, steps: Mapping[str, int]) -> None:
        self.database.connection.executemany(
            "INSERT INTO counts VALUES (?, ?) "
            "ON CONFLICT (token) DO UPDATE SET cases = cases + excluded.cases",
            list(steps.items()),
        )

    def space(self, name: str, dimension: int) -> VectorSpace:
        """The vectors of a name."""
        if name not in self._spaces:
            self._spaces[name] = VectorSpace(self.database, name, dimension)
        return self._spaces[name]

    def spaces(self) -> Iterator[tuple[VectorSpace, int]]:
        """Every space that has vectors, with its dimension."""
        query = "SELECT space, length(vector) / 2, min(seq) FROM vectors GROUP BY space"
        for name, dimension, _ in self.database.rows(query):
            yield self.space(name, dimension), dimension

    # -- searching ---------------------------------------------------------------------------

    def rank(
        self,
        *,
        features: frozenset[str],
        words: Sequence[str],
        vectors: Mapping[str, Vectors],
        wanted: Wanted,
        shares: Mapping[str, float],
        top: int,
    ) -> list[Listed]:
        """The cases that the lists know, in the order of their weighted scores.

        Each list gives its first cases; all of those are then compared by every list.
        """
        pool = max(_POOL, 4 * top)
        vectors = {
            name: vector
            for name, vector in vectors.items()
            if shares.get(name) and self._dimension(name) == len(vector)
        }
        said = words if shares.get("words") else ()
        stated = features if shares.get("findings") else frozenset[str]()
        known = {
            *self._nearest_by_words(said, wanted, pool),
            *self._nearest_by_findings(stated, wanted, pool),
            *(seq for n, v in vectors.items() for seq in self._nearest(n, v, wanted, pool)),
        }
        lists: dict[str, dict[int, float]] = {}
        if said:
            lists["words"] = self._by_words(said, known)
        if stated:
            lists["findings"] = self._by_findings(stated, known)
        for name, vector in vectors.items():
            lists[name] = self.space(name, len(vector)).cosines(vector, sorted(known))
        if IMAGE in lists:
            agreement = self.agreement()
            lists[IMAGE] = {s: agreement.likeness(cosine) for s, cosine in lists[IMAGE].items()}
            shares = {**shares, IMAGE: shares[IMAGE] * agreement.weight}
        return _fused(lists, shares)[:top]

    def agreement(self) -> ImageAgreement:
        """How far images go along with findings here, as last measured."""
        kept = self.database.get(_AGREEMENT)
        return UNMEASURED if kept is None else ImageAgreement.model_validate_json(kept)

    def measure_images(self) -> None:
        """Measure that again, once there are half as many cases with images more than then."""
        rows = self.database.rows("SELECT seq FROM vectors WHERE space = ?", IMAGE)
        if not rows or len(rows) < _GROWN * self.agreement().cases:
            return
        seqs = sample_of([seq for (seq,) in rows])
        size = self._dimension(IMAGE)
        features = self._features_of(seqs)
        counts = self._counts(_merged(frozenset[str]().union(*features.values())))
        weights = FeatureWeights(counts, self._size())
        measured = measure_agreement(
            self.space(IMAGE, size).vectors_of(seqs),
            likenesses([weights.of(features[seq]) for seq in seqs]),
            self._related(seqs), len(rows),
        )  # fmt: skip
        with self.database.writing():
            self.database.set(_AGREEMENT, measured.model_dump_json())

    def _dimension(self, name: str) -> int:
        """Of the vectors of a space; 0 if there are none."""
        query = "SELECT length(vector) / 2 FROM vectors WHERE space = ? LIMIT 1"
        return next((int(length) for (length,) in self.database.rows(query, name)), 0)

    def _size(self) -> int:
        return int(self.database.rows("SELECT count(*) FROM cases")[0][0])

    def _related(self, seqs: Sequence[int]) -> NDArray[np.bool_]:
        """(case, case): whether they share an identity."""
        import numpy as np

        related = np.zeros((len(seqs), len(seqs)), dtype=bool)
        place = {seq: n for n, seq in enumerate(seqs)}
        groups: dict[str, list[int]] = {}
        for part in _parts(seqs):
            query = f"SELECT key, seq FROM identities WHERE seq IN ({_marks(part)})"  # noqa: S608 - question marks only
            for key, seq in self.database.rows(query, *part):
                groups.setdefault(key, []).append(place[seq])
        for group in groups.values():
            related[np.ix_(group, group)] = True
        return related

    def _nearest_by_words(self, said: Sequence[str], wanted: Wanted, pool: int) -> list[int]:
        """By the words that the fewest cases have."""
        counts = self._word_counts(said)
        known = sorted((w for w in counts if counts[w]), key=lambda w: (counts[w], w))
        asked = _affordable(known[:_MOST_WORDS], [counts[w] for w in known])
        return self._match("words", asked, wanted, pool)

    def _word_counts(self, said: Sequence[str]) -> dict[str, int]:
        counts = self._counts([f"w {word}" for word in dict.fromkeys(said)])
        return {token.removeprefix("w "): count for token, count in counts.items()}

    def _by_words(self, said: Sequence[str], known: set[int]) -> dict[int, float]:
        size, total = self._size(), self._counts([_LENGTH]).get(_LENGTH, 0)
        own = WordLikeness(said, self._word_counts(said), size, total / max(size, 1))
        theirs = self._rows_of("SELECT rowid, content FROM words WHERE rowid", known)
        return {seq: own.of(content.split()) for seq, content in theirs if content}

    def _nearest(self, name: str, vector: Vectors, wanted: Wanted, pool: int) -> list[int]:
        def keep(seqs: list[int]) -> set[int]:
            clause, values = wanted.clause()
            query = f"SELECT seq FROM cases WHERE seq IN ({_marks(seqs)}) AND {clause}"  # noqa: S608 - question marks only
            return {row[0] for row in self.database.rows(query, *seqs, *values)}

        return [near.seq for near in self.space(name, len(vector)).nearest(vector, pool, keep)]

    def _nearest_by_findings(
        self, features: frozenset[str], wanted: Wanted, pool: int
    ) -> list[int]:
        counts = self._counts(_merged(features))
        rare = FeatureWeights(counts, self._size()).rarest(features, _MOST_FEATURES)
        tokens = list(dict.fromkeys(f.replace("may:", "is:", 1) for f in rare))
        asked = _affordable(tokens, [counts[token] for token in tokens])
        return self._match("findings", asked, wanted, pool)

    def _by_findings(self, features: frozenset[str], known: set[int]) -> dict[int, float]:
        theirs = self._features_of(sorted(known))
        every = _merged(features.union(*theirs.values()))
        weights = FeatureWeights(self._counts(every), self._size())
        own = weights.of(features)
        return {seq: likeness(own, weights.of(each)) for seq, each in theirs.items()}

    def _match(self, table: str, tokens: Sequence[str], wanted: Wanted, pool: int) -> list[int]:
        """The first cases that have any of these, by BM25."""
        if not tokens:
            return []
        clause, values = wanted.clause()
        asked = " OR ".join(f'"{token}"' for token in tokens)
        rows = self.database.rows(
            f"SELECT cases.seq FROM {table} "  # noqa: S608 - names of our own
            f"JOIN cases ON cases.seq = {table}.rowid "
            f"WHERE {table} MATCH ? AND {clause} ORDER BY bm25({table}), 1 LIMIT ?",
            asked, *values, pool,
        )  # fmt: skip
        return [row[0] for row in rows]

    def _features_of(self, seqs: Sequence[int]) -> dict[int, frozenset[str]]:
        rows = self._rows_of("SELECT seq, features FROM cases WHERE seq", seqs)
        return {seq: frozenset(text.split()) for seq, text in rows}

    def _rows_of(self, query: str, seqs: Iterable[int]) -> Iterator[tuple[int, str]]:
        """The rows of a query that ends with the name of their number."""
        for part in _parts(list(seqs)):
            yield from self.database.rows(f"{query} IN ({_marks(part)})", *part)

    def _counts(self, tokens: Iterable[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        for part in _parts(list(tokens)):
            query = f"SELECT token, cases FROM counts WHERE token IN ({_marks(part)})"  # noqa: S608 - question marks only
            found |= dict(self.database.rows(query, *part))
        return found


def _fused(lists: Mapping[str, Mapping[int, float]], shares: Mapping[str, float]) -> list[Listed]:
    """The weighted mean of the scores over the lists that the query can be compared by.

    A case that one of them lacks has nothing of it.
    """
    whole = sum(shares[name] for name in lists) or 1.0
    ranks: dict[int, dict[str, int]] = {}
    parts: dict[int, dict[str, float]] = {}
    for name, found in lists.items():
        ordered = sorted(found, key=lambda seq: (-found[seq], seq))
        for rank, seq in enumerate(ordered, start=1):
            if found[seq] > 0:
                ranks.setdefault(seq, {})[name] = rank
            parts.setdefault(seq, {})[name] = shares[name] * found[seq] / whole
    scores = {seq: sum(each.values()) for seq, each in parts.items()}
    order = sorted(scores, key=lambda seq: (-scores[seq], seq))
    return [
        Listed(
            seq, scores[seq], ranks.get(seq, {}), parts[seq],
            as_bounded({name: found[seq] for name, found in lists.items() if seq in found},
                       scores[seq]),
        )
        for seq in order
    ]  # fmt: skip


def _tokens(merged: Iterable[str], said: Iterable[str]) -> set[str]:
    """What a case is counted under."""
    return {*merged, *(f"w {word}" for word in said)}


def _affordable(tokens: Sequence[str], cases: Sequence[int]) -> list[str]:
    """The first tokens, as long as they together find no more cases than can be looked at."""
    chosen: list[str] = []
    total = 0
    for token, count in zip(tokens, cases, strict=False):
        total += count
        if chosen and total > _LOOKED_AT:
            break
        chosen.append(token)
    return chosen


def _merged(features: Iterable[str]) -> set[str]:
    """Features as they are looked up: what is doubted with what is there."""
    return {feature.replace("may:", "is:", 1) for feature in features}


def _marks(values: Iterable[object]) -> str:
    return ",".join("?" for _ in values)


def _parts(values: Sequence[object]) -> Iterator[Sequence[object]]:
    for begin in range(0, len(values), _TOGETHER):
        yield values[begin : begin + _TOGETHER]
