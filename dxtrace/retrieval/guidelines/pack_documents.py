"""Knowledge packs as guideline documents: what their rows say is found by, too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from dxtrace.clinical import Concept
from dxtrace.knowledge import Knowledge
from dxtrace.knowledge.expression import Expression, parse_expression
from dxtrace.knowledge.schema import Output, Pack, Passage
from dxtrace.knowledge.strict_yaml import parse_yaml
from dxtrace.retrieval.guidelines.passage import GuidelineDocument, GuidelinePassage
from dxtrace.retrieval.guidelines.regions import named_regions

_FIELDS = Path(__file__).with_name("domains.yaml")


ConceptReader = Callable[[str], Iterable[str]]
"""Keys of the concepts that a text names."""


def pack_documents(
    knowledge: Knowledge, concepts_in: ConceptReader
) -> tuple[GuidelineDocument, ...]:
    """A document for each pack that has passages.

    Args:
        knowledge: vocabulary and packs.
        concepts_in: reads passages.
    """
    fields = parse_yaml(_FIELDS.read_text(encoding="utf-8"), trusted=True)
    return tuple(
        _PackReader(knowledge, pack, concepts_in).document(fields)
        for pack in knowledge.packs.values()
        if pack.passages
    )


@dataclass(frozen=True)
class _Cited:
    """What cites a passage: names in the condition, words of the conclusion, facts and values."""

    names: frozenset[str]
    terms: tuple[str, ...]
    facts: frozenset[str]


class _PackReader:
    """Reads what each passage of a pack is about from the rows and rules that cite it."""

    def __init__(self, knowledge: Knowledge, pack: Pack, concepts_in: ConceptReader) -> None:
        self.concepts_in = concepts_in
        self.concepts = knowledge.vocabulary.concepts
        self.pack = pack
        self.outputs = {o.name: o for o in pack.header.outputs}
        self.cited: dict[str, list[_Cited]] = {}
        for passage, cited in self._citations():
            self.cited.setdefault(passage, []).append(cited)

    def document(self, fields: dict[str, dict[str, list[str]]]) -> GuidelineDocument:
        """The pack with the fields of medicine that its concepts belong to."""
        header = self.pack.header
        passages = tuple(self._passage(p) for p in self.pack.passages)
        concepts = {*header.selection.concepts, *(c for p in passages for c in p.concepts)}
        concepts |= {n.partition(".")[0] for n in self._named()} & self.concepts.keys()
        chosen = [self.concepts[c] for c in header.selection.concepts if c in self.concepts]
        domains = {d for c in chosen for d in c.domains}
        facets = {
            facet: tuple(sorted({v for d in domains for v in fields.get(d, {}).get(facet, ())}))
            for facet in ("modalities", "body_parts", "specialties")
        }
        facets["body_parts"] = tuple(sorted({*facets["body_parts"], *named_regions(header.title)}))
        return GuidelineDocument(
            key=self.pack.id, version=header.version, title=header.title,
            publisher=header.publisher, year=header.year, source=header.source.text,
            url=header.source.url, licence=header.licence, pack=True,
            concepts=tuple(sorted(concepts)), passages=passages, **facets,
        )  # fmt: skip

    def _passage(self, passage: Passage) -> GuidelinePassage:
        cited = self.cited.get(passage.passage, ())
        names = frozenset().union(*(c.names for c in cited))
        said = [*(t for c in cited for t in c.terms), *self._said(names)]
        facts = frozenset().union(*(c.facts for c in cited), (self._measured(n) for n in names))
        heads = {n.partition(".")[0] for n in names} & self.concepts.keys()
        heads |= set(self.concepts_in(passage.text))
        return GuidelinePassage(
            key=passage.passage, section=passage.section, text=" ".join(passage.text.split()),
            asked=passage.asked, terms=tuple(dict.fromkeys(said)), concepts=tuple(sorted(heads)),
            facts=tuple(sorted(facts - {""})),
        )  # fmt: skip

    def _named(self) -> Iterator[str]:
        for table in self.pack.tables:
            yield from _names((table.applies, *(row.when for row in table.rows)))
        for rule in self.pack.rules:
            yield from _names((rule.when, rule.then, rule.never))
        for definition in self.pack.header.definitions:
            yield from _names((definition.expr,))

    def _measured(self, name: str) -> str:
        head, _, part = name.partition(".")
        concept = self.concepts.get(head)
        attribute = concept.attribute(part) if concept else None
        return f"{head}.size" if attribute is not None and attribute.unit == "mm" else ""

    def _citations(self) -> Iterator[tuple[str, _Cited]]:
        """Each passage with what cites it."""
        for table in self.pack.tables:
            output = self.outputs.get(table.output)
            for row in table.rows:
                terms = (table.title, *_value_words(output, row.then))
                conclusion = frozenset({f"{table.output}={row.then}"})
                facts = _facts((table.applies, row.when)) | conclusion
                cited = _Cited(_names((table.applies, row.when)), terms, facts)
                for passage in {table.passage, row.passage} - {None}:
                    yield str(passage), cited
        for rule in self.pack.rules:
            if rule.passage:
                conditions = (rule.when, rule.then, rule.never)
                yield rule.passage, _Cited(_names(conditions), (rule.say,), _facts(conditions))
        for definition in self.pack.header.definitions:
            if definition.passage:
                said = definition.name.replace("_", " ").replace(".", " ")
                names, facts = _names((definition.expr,)), _facts((definition.expr,))
                yield definition.passage, _Cited(names, (said,), facts)

    def _said(self, names: Iterable[str]) -> Iterator[str]:
        for name in sorted(names):
            head, _, part = name.partition(".")
            concept: Concept | None = self.concepts.get(head)
            if concept is None:
                yield name.replace("_", " ").replace(".", " ")
                continue
            yield from (concept.name, *concept.synonyms)
            attribute = concept.attribute(part)
            if attribute is not None:
                yield attribute.name


def _names(expressions: Iterable[str | None]) -> frozenset[str]:
    return frozenset().union(*(parse_expression(e).names() for e in expressions if e))


def _facts(expressions: Iterable[str | None]) -> frozenset[str]:
    return frozenset().union(*(_equalities(parse_expression(e)) for e in expressions if e))


def _equalities(node: Expression) -> frozenset[str]:
    """``name=value`` of every comparison of a name with a text."""
    inner = [a for a in node.args if isinstance(a, Expression)]
    below: frozenset[str] = frozenset().union(*(_equalities(a) for a in inner))
    if node.op in ("==", "in") and inner and inner[0].op == "name":
        values = inner[1].args if inner[1].op == "list" else (inner[1],)
        texts = (v.args[0] for v in values if isinstance(v, Expression) and v.op == "text")
        return below | {f"{inner[0].args[0]}={text}" for text in texts}
    return below


def _value_words(output: Output | None, value: str | bool) -> Iterator[str]:
    if output is None:
        return
    yield output.title
    chosen = [v for v in output.values if v.key == value]
    yield from (words for v in chosen for words in (v.key.replace("_", " "), v.say) if words)
