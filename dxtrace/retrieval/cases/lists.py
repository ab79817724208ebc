"""The lists that a search makes, by findings, words, text and image, and the one made of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dxtrace.retrieval.cases.database import Database
from dxtrace.retrieval.cases.features import FeatureWeights, likeness, likenesses
from dxtrace.retrieval.cases.image_agreement import (
    UNMEASURED,
    ImageAgreement,
    measure_agreement,
    sample_of,
)
from dxtrace.retrieval.cases.vectors import VectorSpace

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

TEXT, IMAGE = "text", "image"
"""Names of the spaces of vectors."""
_AGREEMENT = f"agreement:{IMAGE}"
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
        score: what it is ordered by.
        ranks: its place in each list that has it, from 1.
        parts: what each of these lists adds to the score.
    """

    seq: int
    score: float
    ranks: dict[str, int]
    parts: dict[str, float]


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
        self._count(merged | {f"w {word}" for word in said}, 1)

    def remove(self, seq: int, said: Sequence[str], features: frozenset[str]) -> None:
        """Take a case from the lists."""
        for table in ("words", "findings"):
            self.database.connection.execute(f"DELETE FROM {table} WHERE rowid = ?", (seq,))  # noqa: S608 - names of our own
        self._count(_merged(features) | {f"w {word}" for word in said}, -1)

    def _count(self, tokens: Iterable[str], step: int) -> None:
        self.database.connection.executemany(
            "INSERT INTO counts VALUES (?, ?) "
            "ON CONFLICT (token) DO UPDATE SET cases = cases + excluded.cases",
            [(token, step) for token in tokens],
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

        Each list gives its first cases; findings are then compared with all of those.
        """
        pool = max(_POOL, 4 * top)
        lists: dict[str, dict[int, float]] = {}
        if shares.get("words"):
            lists["words"] = self._by_words(words, wanted, pool)
        for name, vector in vectors.items():
            if shares.get(name):
                lists[name] = self._by_vector(name, vector, wanted, pool)
        if shares.get("findings"):
            known = {seq for scores in lists.values() for seq in scores}
            lists["findings"] = self._by_findings(features, wanted, pool, known)
        if IMAGE in lists:
            agreement = self.agreement()
            known = {seq for scores in lists.values() for seq in scores}
            lists[IMAGE] = self._by_image(vectors[IMAGE], known, agreement)
            shares = {**shares, IMAGE: shares[IMAGE] * agreement.weight}
        return _fused(lists, shares)[:top]

    def _by_image(
        self, vector: Vectors, known: set[int], agreement: ImageAgreement
    ) -> dict[int, float]:
        """All candidates that have images, above chance: none gains by being in this list."""
        found = self.space(IMAGE, len(vector)).cosines(vector, sorted(known))
        return {seq: agreement.likeness(cosine) for seq, cosine in found.items()}

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
        total = int(self.database.rows("SELECT count(*) FROM cases")[0][0])
        weights = FeatureWeights(counts, total)
        measured = measure_agreement(
            self.space(IMAGE, size).vectors_of(seqs),
            likenesses([weights.of(features[seq]) for seq in seqs]),
            self._related(seqs), len(rows),
        )  # fmt: skip
        with self.database.writing():
            self.database.set(_AGREEMENT, measured.model_dump_json())

    def _dimension(self, name: str) -> int:
        query = "SELECT length(vector) / 2 FROM vectors WHERE space = ? LIMIT 1"
        return int(self.database.rows(query, name)[0][0])

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

    def _by_words(self, said: Sequence[str], wanted: Wanted, pool: int) -> dict[int, float]:
        """BM25, the best being 1; of a long text, the words that the fewest cases have."""
        distinct = list(dict.fromkeys(said))
        counts = self._counts([f"w {word}" for word in distinct])
        known = sorted(
            (w for w in distinct if counts.get(f"w {w}")), key=lambda w: counts[f"w {w}"]
        )
        asked = _affordable(known[:_MOST_WORDS], [counts[f"w {w}"] for w in known])
        scores = self._match("words", asked, wanted, pool)
        best = max(scores.values(), default=0.0)
        return {seq: score / best for seq, score in scores.items()} if best > 0 else {}

    def _by_vector(self, name: str, vector: Vectors, wanted: Wanted, pool: int) -> dict[int, float]:
        def keep(seqs: list[int]) -> set[int]:
            clause, values = wanted.clause()
            query = f"SELECT seq FROM cases WHERE seq IN ({_marks(seqs)}) AND {clause}"  # noqa: S608 - question marks only
            return {row[0] for row in self.database.rows(query, *seqs, *values)}

        space = self.space(name, len(vector))
        return {near.seq: near.cosine for near in space.nearest(vector, pool, keep)}

    def _by_findings(
        self, features: frozenset[str], wanted: Wanted, pool: int, known: set[int]
    ) -> dict[int, float]:
        size = int(self.database.rows("SELECT count(*) FROM cases")[0][0])
        counts = self._counts(_merged(features))
        rare = FeatureWeights(counts, size).rarest(features, _MOST_FEATURES)
        tokens = list(dict.fromkeys(f.replace("may:", "is:", 1) for f in rare))
        asked = _affordable(tokens, [counts[token] for token in tokens])
        found = self._match("findings", asked, wanted, pool)
        theirs = self._features_of(sorted(known | found.keys()))
        every = _merged(features.union(*theirs.values()))
        weights = FeatureWeights(self._counts(every), size)
        own = weights.of(features)
        return {seq: likeness(own, weights.of(each)) for seq, each in theirs.items()}

    def _match(
        self, table: str, tokens: Sequence[str], wanted: Wanted, pool: int
    ) -> dict[int, float]:
        if not tokens:
            return {}
        clause, values = wanted.clause()
        asked = " OR ".join(f'"{token}"' for token in tokens)
        rows = self.database.rows(
            f"SELECT cases.seq, -bm25({table}) FROM {table} "  # noqa: S608 - names of our own
            f"JOIN cases ON cases.seq = {table}.rowid "
            f"WHERE {table} MATCH ? AND {clause} ORDER BY 2 DESC, 1 LIMIT ?",
            asked, *values, pool,
        )  # fmt: skip
        return dict(rows)

    def _features_of(self, seqs: Sequence[int]) -> dict[int, frozenset[str]]:
        found: dict[int, frozenset[str]] = {}
        for part in _parts(seqs):
            query = f"SELECT seq, features FROM cases WHERE seq IN ({_marks(part)})"  # noqa: S608 - question marks only
            rows = self.database.rows(query, *part)
            found |= {seq: frozenset(text.split()) for seq, text in rows}
        return found

    def _counts(self, tokens: Iterable[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        for part in _parts(list(tokens)):
            query = f"SELECT token, cases FROM counts WHERE token IN ({_marks(part)})"  # noqa: S608 - question marks only
            found |= dict(self.database.rows(query, *part))
        return found


def _fused(lists: Mapping[str, Mapping[int, float]], shares: Mapping[str, float]) -> list[Listed]:
    """The weighted sum of the scores; nothing from a list that lacks the case."""
    ranks: dict[int, dict[str, int]] = {}
    parts: dict[int, dict[str, float]] = {}
    for name, found in lists.items():
        ordered = sorted(found, key=lambda seq: (-found[seq], seq))
        for rank, seq in enumerate(ordered, start=1):
            ranks.setdefault(seq, {})[name] = rank
            parts.setdefault(seq, {})[name] = shares[name] * found[seq]
    scores = {seq: sum(each.values()) for seq, each in parts.items()}
    order = sorted(scores, key=lambda seq: (-scores[seq], seq))
    return [Listed(seq, scores[seq], ranks[seq], parts[seq]) for seq in order]


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
