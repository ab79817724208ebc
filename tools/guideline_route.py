"""Where to look for guideline passages: read from the question by the vocabulary's own phrases."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from dxtrace.clinical import Case, Series
from dxtrace.knowledge import Knowledge
from dxtrace.knowledge.schema import Pack
from dxtrace.retrieval.guidelines import Route
from dxtrace.retrieval.guidelines.regions import named_regions, without_guidelines
from dxtrace.retrieval.words import words
from tools.report_claims import ReportClaimReader
from tools.report_reader import ReportReader
from tools.report_reader.phrases import compile_phrase, fold

_BARE = re.compile(r"(?=.*[a-z])(?=.*\d)[a-z0-9]{2,6}")
_NOT_TOPICS = frozenset({"exam", "patient"})


@dataclass(frozen=True, slots=True)
class _Category:
    """A category that the question names: of which pack, where, and as what facts."""

    pack: str
    span: tuple[int, int]
    facts: tuple[str, ...]


class RouteReader:
    """Reads routes from questions and cases.

    Args:
        knowledge: vocabulary and packs.
        reader: finds concepts in the question.
    """

    def __init__(self, knowledge: Knowledge, reader: ReportReader) -> None:
        self.knowledge, self.reader = knowledge, reader
        self.claims = ReportClaimReader(knowledge, reader)

    def read(self, question: str, case: Case | None = None) -> Route:
        """The route for a question, about a case if there is one.

        The case restricts: to the packs that it asks for, else to documents about its modality and
        body part, and to what the question itself asks for.
        """
        text = fold(without_guidelines(question))
        asked = {p.id: _longest(p, text) for p in self.knowledge.packs.values()}
        most = max(asked.values(), default=0)
        categories = [*self._by_words(question), *self._by_key(text)]
        above = self.knowledge.vocabulary.ancestors
        return Route(
            asked={key: length / most for key, length in asked.items() if length},
            named=frozenset(key for key in asked if _by_name(key).search(text)),
            categories=frozenset(c.pack for c in categories),
            concepts=tuple(frozenset({c, *above[c]}) for c in self.concepts_in(question)),
            facts=frozenset({*self._facts(question), *(f for c in categories for f in c.facts)}),
            understood=self._understood(question, categories),
            only=(case.packs or ()) if case is not None else (),
            modalities=_modalities(case),
            body_parts=_body_parts(case),
        )

    def _by_words(self, question: str) -> Iterator[_Category]:
        """Categories that are named in words, such as *Lung-RADS 4A*."""
        for output, value, span in self.claims.categories_in(question):
            pack, _ = self.knowledge.outputs[output.name]
            yield _Category(pack.id, span, (f"{output.name}={value}",))

    def _by_key(self, text: str) -> Iterator[_Category]:
        """Categories that are named by their bare key, of each pack that has one of that key."""
        for pack, keys in self._keys:
            outputs = self.knowledge.packs[pack].header.outputs
            for match in keys.finditer(text):
                facts = (
                    f"{output.name}={value.key}"
                    for output in outputs
                    for value in output.values
                    if value.key.lower() == match.group()
                )
                yield _Category(pack, match.span(), tuple(facts))

    def _understood(
        self, question: str, categories: Sequence[_Category]
    ) -> dict[str, frozenset[str]]:
        """Words of the question that were read as concepts or categories, and as which."""
        known = (r for r in self.reader.recognised(question) if self._is_topic(r.concept))
        read = [(question[r.start : r.end], r.concept or "") for r in known]
        read += [(question[slice(*c.span)], c.pack) for c in categories]
        understood: dict[str, set[str]] = {}
        for stretch, key in read:
            for word in words(stretch):
                understood.setdefault(word, set()).add(key)
        return {word: frozenset(keys) for word, keys in understood.items()}

    def concepts_in(self, text: str) -> tuple[str, ...]:
        """Keys of the concepts that a text names."""
        known = (r for r in self.reader.recognised(text) if self._is_topic(r.concept))
        return tuple(dict.fromkeys(r.concept for r in known if r.concept and r.role == "name"))

    @cached_property
    def _keys(self) -> list[tuple[str, re.Pattern[str]]]:
        """Categories that are named by their bare key, such as TR3 or 4B, of each pack."""
        found: dict[str, set[str]] = {}
        for pack, output in self.knowledge.outputs.values():
            keys = (v.key.lower() for v in output.values)
            found.setdefault(pack.id, set()).update(k for k in keys if _BARE.fullmatch(k))
        return [
            (pack, re.compile(rf"(?<![\w.-])(?:{'|'.join(sorted(keys))})(?![\w-])"))
            for pack, keys in found.items()
            if keys
        ]

    def _is_topic(self, concept: str | None) -> bool:
        return concept in self.knowledge.vocabulary.concepts and concept not in _NOT_TOPICS

    def _facts(self, question: str) -> Iterator[str]:
        for finding in self.reader.read(question).findings:
            for key, value in finding.attributes.items():
                for each in value if isinstance(value, tuple) else (value,):
                    yield f"{finding.concept}.{key}={each}"
            if any(m.unit in ("mm", "cm") for m in finding.measurements):
                yield f"{finding.concept}.size"


def _longest(pack: Pack, text: str) -> int:
    """Length of the longest phrase of the pack that the question has: longer is more specific."""
    found = (m for p in pack.header.selection.questions for m in compile_phrase(p).finditer(text))
    return max((m.end() - m.start() for m in found), default=0)


@cache
def _by_name(pack: str) -> re.Pattern[str]:
    return compile_phrase(pack.replace("_", " ?"))


def _series(case: Case | None) -> list[Series]:
    return [series for study in case.studies for series in study.series] if case else []


def _modalities(case: Case | None) -> frozenset[str]:
    return frozenset(s.modality.lower() for s in _series(case) if s.modality)


def _body_parts(case: Case | None) -> frozenset[str]:
    images = (image for series in _series(case) for image in series.images)
    return named_regions(" ".join({image.body_part or "" for image in images}))
