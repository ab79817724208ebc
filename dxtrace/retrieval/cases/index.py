"""The case index: add cases, find those that are like one."""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dxtrace.clinical import SimilarCase
from dxtrace.knowledge.vocabulary import Vocabulary
from dxtrace.retrieval.cases.bound import LEAST
from dxtrace.retrieval.cases.compare import compare_findings
from dxtrace.retrieval.cases.database import REMEDY, Database
from dxtrace.retrieval.cases.features import features_of
from dxtrace.retrieval.cases.image_agreement import ImageAgreement
from dxtrace.retrieval.cases.lists import CaseLists, Listed, Wanted
from dxtrace.retrieval.cases.record import Added, CaseFilter, CaseRecord, Neighbour
from dxtrace.retrieval.cases.record_text import read_record, sha256_of, text_key
from dxtrace.retrieval.cases.report_files import report_file
from dxtrace.retrieval.cases.vectors import IMAGE, TEXT, VectorSpace
from dxtrace.retrieval.embedding import TextEmbedder
from dxtrace.retrieval.errors import EmbedderMismatch
from dxtrace.retrieval.words import words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

SHARES = {"findings": 1.0, "words": 0.2, TEXT: 0.05, IMAGE: 0.2}
"""How much each list counts in the whole. The first three were chosen on development reports
(``benchmarks/case_search.py --part development``). That of images is what it would be if they
agreed with findings fully; it is multiplied by how far they do (``image_agreement.py``)."""
_PSEUDONYM, _NUMBER = 16, 10
_ALL = CaseFilter()
_WIDER = 3
"""So many times as many cases are ranked as are wanted: some are of one patient."""


class CaseIndex:
    """Cases in a folder.

    Args:
        folder: where the index is, or will be.
        vocabulary: concepts, for likeness and names.
        embedder: turns reports into vectors; None leaves that list out.
        image_embedder: fingerprint of what image vectors come from; empty if there are none.

    Raises:
        DamagedIndex: if the index is damaged.
        EmbedderMismatch: if it was made by another embedder.
    """

    def __init__(
        self,
        folder: Path,
        vocabulary: Vocabulary,
        *,
        embedder: TextEmbedder | None = None,
        image_embedder: str = "",
    ) -> None:
        self.database, self.vocabulary = Database(folder), vocabulary
        self._embedder = embedder
        self._expect(TEXT, embedder.fingerprint if embedder else "")
        self._expect(IMAGE, image_embedder)
        self._salt = (self.database.get("salt") or "").encode()
        self._lists = CaseLists(self.database)

    def _expect(self, space: str, fingerprint: str) -> None:
        known = self.database.get(f"embedder:{space}")
        if known and fingerprint and known != fingerprint:
            raise EmbedderMismatch(
                f"the case index was made with {known}, not with {fingerprint}: {REMEDY}, or set "
                f"DXTRACE_CASES to another folder"
            )
        if fingerprint and not known:
            self.database.set(f"embedder:{space}", fingerprint)

    def __len__(self) -> int:
        return int(self.database.rows("SELECT count(*) FROM cases")[0][0])

    def count_vectors(self, space: str) -> int:
        """How many cases have a vector of a space."""
        rows = self.database.rows("SELECT count(*) FROM vectors WHERE space = ?", space)
        return int(rows[0][0])

    def take_salt(self, salt: str) -> None:
        """Go on with the secret of an earlier index, whose hashes are to be taken over."""
        if salt:
            self.database.set("salt", salt)
            self._salt = salt.encode()

    def close(self) -> None:
        """Close the file."""
        self.database.close()

    # -- adding ------------------------------------------------------------------------------

    def add(
        self,
        records: Sequence[CaseRecord],
        images: Mapping[str, Vectors] | None = None,
        *,
        texts: Mapping[str, Vectors] | None = None,
        keys: Mapping[str, frozenset[str]] | None = None,
    ) -> Added:
        """Add cases, all of them or none; one whose source is known takes the place of the old.

        Args:
            records: the cases.
            images: by source, the vector of a case's images: (dimension,), of unit norm.
            texts: by source, vectors of reports that this embedder has made before.
            keys: by source, identities that this index has hashed before.
        """
        new, same = self._news([self._numbered(record) for record in records])
        unseen = self._without_image([r for r in same if r.source in (images or {})])
        vectors = {
            **self._embed([r for r in new if r.source not in (texts or {})]),
            **(texts or {}),
        }
        counts: Counter[str] = Counter()
        with self.database.writing():
            for record in new:
                counts["changed" if self._remove(record.source) else "new"] += 1
                known = (keys or {}).get(record.source, frozenset())
                seq = self._insert(record, self._keys(record) | known)
                for space, given in ((TEXT, vectors), (IMAGE, images or {})):
                    vector = given.get(record.source)
                    if vector is not None:
                        self._space(space, len(vector)).put(seq, vector)
            for seq, source in unseen:
                vector = (images or {})[source]
                self._space(IMAGE, len(vector)).put(seq, vector)
        return Added(
            new=counts["new"], changed=counts["changed"] + len(unseen),
            same=len(same) - len(unseen),
        )  # fmt: skip

    def _numbered(self, record: CaseRecord) -> CaseRecord:
        """With what it is called before others: the same for the same source, in this index."""
        if record.shown:
            return record
        number = self.pseudonym(record.source)[:_NUMBER]
        return record.model_copy(update={"shown": f"case-{number}"})

    def forget(self, sources: Iterable[str]) -> None:
        """Remove cases."""
        with self.database.writing():
            for source in sources:
                self._remove(source)

    def _without_image(self, records: Sequence[CaseRecord]) -> list[tuple[int, str]]:
        """Cases that were added when there was no image embedder: number and source."""
        query = (
            "SELECT seq, source FROM cases WHERE source = ? "
            "AND seq NOT IN (SELECT seq FROM vectors WHERE space = ?)"
        )
        return [row for r in records for row in self.database.rows(query, r.source, IMAGE)]

    def _news(self, records: Sequence[CaseRecord]) -> tuple[list[CaseRecord], list[CaseRecord]]:
        """Those that are not there as they are, and the rest; of one source the last."""
        last = {record.source: record for record in records}
        known = "SELECT 1 FROM cases WHERE source = ? AND sha256 = ?"
        new, same = list[CaseRecord](), list[CaseRecord]()
        for record in last.values():
            found = self.database.rows(known, record.source, sha256_of(record.model_dump_json()))
            (same if found else new).append(record)
        return new, same

    def _embed(self, records: Sequence[CaseRecord]) -> dict[str, Vectors]:
        with_text = [r for r in records if r.report.strip()]
        if self._embedder is None or not with_text:
            return {}
        rows = self._embedder.embed([r.report for r in with_text])
        return {r.source: row for r, row in zip(with_text, rows, strict=True)}

    def _space(self, space: str, dimension: int) -> VectorSpace:
        return self._lists.space(space, dimension)

    def _insert(self, record: CaseRecord, keys: frozenset[str]) -> int:
        content = record.model_dump_json()
        features = features_of(record.findings, self.vocabulary)
        run = self.database.connection.execute
        seq = run(
            "INSERT INTO cases (source, id, shown, modality, body_part, age, sex, text_key, "
            "features, record, sha256) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                record.source, record.id, record.shown, record.modality, record.body_part,
                None if record.age is None else float(record.age), record.sex,
                self._text_key(record), " ".join(sorted(features)), content, sha256_of(content),
            ),
        ).lastrowid  # fmt: skip
        assert seq is not None  # noqa: S101 - an insert always has one
        for key in keys:
            run("INSERT OR IGNORE INTO identities VALUES (?, ?)", (key, seq))
        self._lists.put(seq, words(record.report), features)
        return seq

    def _remove(self, source: str) -> bool:
        query = "SELECT seq, features, record FROM cases WHERE source = ?"
        found = self.database.rows(query, source)
        if not found:
            return False
        seq, features, content = found[0]
        run = self.database.connection.execute
        for table in ("cases", "identities", "vectors"):
            run(f"DELETE FROM {table} WHERE seq = ?", (seq,))  # noqa: S608 - names of our own
        report = CaseRecord.model_validate_json(content).report
        self._lists.remove(seq, words(report), frozenset(features.split()))
        return True

    def _keys(self, record: CaseRecord) -> frozenset[str]:
        """Whose case and which study it is, so that only this index can tell."""
        return self._hashed(record.identities)

    def _hashed(self, identities: Iterable[str]) -> frozenset[str]:
        return frozenset(
            hmac.new(self._salt, name.encode("utf-8", "surrogatepass"), "sha256").hexdigest()
            for name in identities
        )

    def pseudonym(self, name: str) -> str:
        """A short name that stands for one that identifies, in this index alone."""
        return hmac.new(self._salt, name.encode(), "sha256").hexdigest()[:_PSEUDONYM]

    def knows(self, identities: Iterable[str]) -> bool:
        """Whether a case of the index has one of these identities."""
        keys = self._hashed(identities)
        query = "SELECT 1 FROM identities WHERE key = ? LIMIT 1"
        return any(self.database.rows(query, key) for key in keys)

    def _text_key(self, record: CaseRecord) -> str:
        """The same for reports of the same words; of its own where there is none."""
        given = record.report
        return text_key(given) if given.strip() else sha256_of(record.source)

    def tidy(self, *, threads: int = 1) -> None:
        """Bring the graphs of vectors up to the cases, if enough have come."""
        for space, _ in self._lists.spaces():
            space.tidy(threads=threads)
        self._lists.measure_images()

    def image_agreement(self) -> ImageAgreement:
        """How far likeness of images goes along with likeness of findings here."""
        return self._lists.agreement()

    # -- searching ---------------------------------------------------------------------------

    def search(
        self,
        case: CaseRecord,
        *,
        top: int = 5,
        only: CaseFilter = _ALL,
        image: Vectors | None = None,
        least: float = LEAST,
    ) -> tuple[SimilarCase, ...]:
        """The cases that are most like this one, of other patients and in other words.

        There may be none. Of another part of the body there are none unless ``only`` asks for it.

        Args:
            case: the case that is asked about; it need not be in the index.
            top: how many.
            only: which cases may be found.
            image: vector of its images: (dimension,), of unit norm.
            least: likeness that a case must have (``bound.py``).

        Raises:
            DamagedIndex: if what is read is damaged.
        """
        found = self.neighbours(case, top=top, only=only, image=image, least=least)
        return tuple(self.as_similar(case, each) for each in found)

    def as_similar(self, case: CaseRecord, found: Neighbour) -> SimilarCase:
        """A neighbour as results show it, finding by finding beside the case asked about."""
        record = found.record
        return SimilarCase(
            id=record.shown, source=record.title or record.shown,
            link=report_file(self.database.folder, record), similarity=round(found.likeness, 4),
            ranks=found.ranks, parts={name: round(part, 4) for name, part in found.parts.items()},
            age=record.age, sex=record.sex, modality=record.modality,
            comparisons=compare_findings(case.stated, record.stated, self.vocabulary),
        )  # fmt: skip

    def neighbours(
        self,
        case: CaseRecord,
        *,
        top: int,
        only: CaseFilter = _ALL,
        image: Vectors | None = None,
        least: float = LEAST,
    ) -> tuple[Neighbour, ...]:
        """The same cases whole, no two of one patient; arguments and errors as for :meth:`search`.

        Of several cases of one patient the most similar one is kept.
        """
        chosen: list[Listed] = []
        seen: set[str] = set()
        for listed in self.rank(case, top=_WIDER * top, only=only, image=image):
            if listed.bounded < least:
                continue
            rows = self.database.rows("SELECT key FROM identities WHERE seq = ?", listed.seq)
            keys = {str(key) for (key,) in rows}
            if seen.isdisjoint(keys):
                seen |= keys
                chosen.append(listed)
            if len(chosen) == top:
                break
        return tuple(
            Neighbour(
                record=self._read(each.seq), likeness=each.score, parts=each.parts,
                ranks=each.ranks,
            )
            for each in chosen
        )  # fmt: skip

    def searched(self, found: int, least: float = LEAST) -> str:
        """How many cases a search has looked among, and which likeness counts, in words.

        Args:
            found: how many it has found.
            least: the likeness that they must have.
        """
        size = f"{len(self):,} case{'s' if len(self) != 1 else ''} of the index"
        bound = f"; a likeness of {least:.2f} (of 1) is the least that counts"
        return f"{found or 'none'} of {size}{bound if least else ''}"

    def rank(
        self,
        case: CaseRecord,
        *,
        top: int,
        only: CaseFilter = _ALL,
        image: Vectors | None = None,
        shares: Mapping[str, float] | None = None,
    ) -> list[Listed]:
        """The order of the cases, without their content.

        Args:
            case: as for :meth:`search`.
            top: how many.
            only: which cases may be found.
            image: as for :meth:`search`.
            shares: which lists count, and how much; :data:`SHARES` by default.
        """
        self.database.refresh()
        condition, values = only.beside(case)
        wanted = Wanted(condition, values, tuple(sorted(self._keys(case))), self._text_key(case))
        shares = SHARES if shares is None else shares
        queries: dict[str, Vectors] = {} if image is None else {IMAGE: image}
        if shares.get(TEXT):
            queries.update((TEXT, vector) for vector in self._embed([case]).values())
        return self._lists.rank(
            features=features_of(case.findings, self.vocabulary), words=words(case.report),
            vectors=queries, wanted=wanted, shares=shares, top=top,
        )  # fmt: skip

    def _read(self, seq: int) -> CaseRecord:
        ((content, sha256),) = self.database.rows(
            "SELECT record, sha256 FROM cases WHERE seq = ?", seq
        )
        return read_record(content, sha256)

    def records(self, name: str | None = None) -> Iterator[CaseRecord]:
        """The cases with an id or a number, or all, in the order in which they came.

        Raises:
            DamagedIndex: if one is not as it was written.
        """
        query, values = "SELECT seq FROM cases ORDER BY seq", tuple[str, ...]()
        if name is not None:
            query = "SELECT seq FROM cases WHERE id = ? OR shown = ? ORDER BY seq"
            values = (name, name)
        for (seq,) in self.database.rows(query, *values):
            yield self._read(seq)

    def sources(self) -> Iterable[tuple[str, int]]:
        """Where the cases are from, and how many of each."""
        return Counter(
            str(source).rpartition("#")[0] or str(Path(source).parent)
            for (source,) in self.database.rows("SELECT source FROM cases")
        ).items()
