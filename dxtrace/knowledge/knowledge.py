"""Vocabulary and packs together, with every name resolved and every type checked."""

from dataclasses import dataclass, field
from functools import cached_property

from dxtrace.clinical.verdict import Citation
from dxtrace.knowledge.errors import KnowledgeError
from dxtrace.knowledge.expression import Expression, ExpressionError, parse_expression
from dxtrace.knowledge.schema import Combine, Definition, Output, Pack, Table
from dxtrace.knowledge.suggestions import suggest
from dxtrace.knowledge.symbols import Symbol, SymbolTable
from dxtrace.knowledge.type_check import Scope, infer_type, resolve_name
from dxtrace.knowledge.vocabulary import Vocabulary


@dataclass(frozen=True, eq=False)
class Knowledge:
    """Everything that DxTrace knows: loaded, resolved, type-checked.

    Attributes:
        vocabulary: the concepts.
        packs: the packs by id.
        fingerprint: hash of the files that it was loaded from.

    Raises:
        KnowledgeError: naming file and place, on an unknown name or value, a type clash, a unit
            mismatch, a missing passage.
    """

    vocabulary: Vocabulary
    packs: dict[str, Pack] = field(default_factory=dict)
    fingerprint: str = ""

    def __post_init__(self) -> None:
        for pack in self.packs.values():
            for needed in pack.header.needs:
                if needed not in self.packs:
                    raise KnowledgeError(
                        f"packs/{pack.id}/pack.yaml", f"needs unknown pack {needed!r}"
                    )
        _ = self.symbols
        for pack in self.packs.values():
            _PackCheck(self, pack).run()

    @cached_property
    def symbols(self) -> SymbolTable:
        """What every name stands for."""
        table = SymbolTable(self.vocabulary)
        for pack in self.packs.values():
            where = f"packs/{pack.id}/pack.yaml"
            for output in pack.header.outputs:
                table.define(_output_symbol(output), where)
            for definition in pack.header.definitions:
                table.define(_definition_symbol(definition, where), where)
        return table

    @cached_property
    def outputs(self) -> dict[str, tuple[Pack, Output]]:
        """Every output by its (internal) name, with its pack."""
        return {o.name: (p, o) for p in self.packs.values() for o in p.header.outputs}

    @cached_property
    def tables_for(self) -> dict[str, tuple[tuple[Pack, Table], ...]]:
        """The decision tables that fill each output."""
        found: dict[str, list[tuple[Pack, Table]]] = {}
        for pack in self.packs.values():
            for table in pack.tables:
                found.setdefault(table.output, []).append((pack, table))
        return {name: tuple(tables) for name, tables in found.items()}

    def citation(self, pack: Pack, passage_id: str | None) -> Citation:
        """The citation of a passage, or of the pack as a whole."""
        header, passage = pack.header, pack.passage(passage_id)
        return Citation(
            source=f"{header.publisher}, {header.title} ({header.year})",
            section=passage.section if passage else "",
            passage_id=passage.passage if passage else "",
            url=header.source.url,
            text=passage.text if passage else "",
        )


def parsed(text: str, where: str) -> Expression:
    """Parse an expression.

    Raises:
        KnowledgeError: naming the place, if it is not CEL.
    """
    try:
        return parse_expression(text)
    except ExpressionError as error:
        raise KnowledgeError(where, str(error)) from error


def _output_symbol(output: Output) -> Symbol:
    values = tuple(v.key for v in output.values)
    lesion = output.for_each
    return Symbol(output.name, "output", output.type, values=values, lesion=lesion)


def _definition_symbol(definition: Definition, where: str) -> Symbol:
    return Symbol(
        definition.name, "definition", definition.type, values=definition.values,
        unit=definition.unit, lesion=definition.for_each,
        expression=parsed(definition.expr, f"{where} {definition.name}"),
    )  # fmt: skip


class _PackCheck:
    """The static checks of one pack."""

    def __init__(self, knowledge: Knowledge, pack: Pack) -> None:
        self.symbols, self.pack = knowledge.symbols, pack
        self.outputs = {o.name: o for p in knowledge.packs.values() for o in p.header.outputs}
        self.where = f"packs/{pack.id}/pack.yaml"

    def run(self) -> None:
        """Check everything; the first problem is raised."""
        header = self.pack.header
        for definition in header.definitions:
            self._check_definition(definition)
        for constraint in header.constraints:
            self._expect_boolean(constraint.expr, f"{self.where} constraints", constraint.for_each)
        for output in header.outputs:
            self._check_output(output)
        self._check_assumptions()
        self._check_selection()
        for table in self.pack.tables:
            self._check_table(table)
        self._check_rules()

    def _expect_boolean(self, text: str, where: str, lesion: str | None) -> None:
        found = infer_type(self.symbols, parsed(text, where), Scope(where, lesion))
        if found.name != "boolean":
            raise KnowledgeError(where, f"expected a condition, got a {found.name}: {text}")

    def _check_definition(self, definition: Definition) -> None:
        where = f"{self.where} {definition.name}"
        found = infer_type(
            self.symbols, parsed(definition.expr, where), Scope(where, definition.for_each)
        )
        expected = {"real": "number", "integer": "number"}.get(definition.type, definition.type)
        if found.name != expected and (found.name, expected) != ("text", "choice"):
            raise KnowledgeError(where, f"expected a {expected}, got a {found.name}")
        if found.unit and found.unit != definition.unit:
            raise KnowledgeError(
                where, f"unit mismatch: {definition.unit} given, {found.unit} found"
            )
        unknown = set(found.values) - set(definition.values)
        if expected == "choice" and unknown:
            raise KnowledgeError(where, f"values not declared: {sorted(unknown)}")
        self._check_passage(definition.passage, where)

    def _check_output(self, output: Output) -> None:
        if output.for_each and output.for_each not in self.symbols.vocabulary.concepts:
            raise KnowledgeError(self.where, f"{output.name}: unknown concept {output.for_each!r}")
        if output.combine:
            self._check_combine(output, output.combine)

    def _check_combine(self, output: Output, combine: Combine) -> None:
        part = self.outputs.get(combine.from_)
        if part is None:
            raise KnowledgeError(
                self.where, f"{output.name}: combines unknown output {combine.from_!r}"
            )
        if part.for_each != combine.over:
            raise KnowledgeError(
                self.where,
                f"{output.name}: combines over {combine.over!r}, but {part.name} is for each "
                f"{part.for_each}",
            )
        known = {v.key for v in output.values}
        unordered = ({v.key for v in part.values} | known) - set(combine.order)
        if unordered:
            raise KnowledgeError(
                self.where, f"{output.name}: combine does not order {sorted(unordered)}"
            )
        if combine.none is not None and combine.none not in known:
            raise KnowledgeError(
                self.where, f"{output.name}: combine gives {combine.none!r}, which is no value"
            )

    def _check_assumptions(self) -> None:
        for assumption in self.pack.header.assumptions:
            where = f"{self.where} assumption {assumption.fact}"
            symbol = self.symbols.resolve(assumption.fact, where)
            if symbol.kind not in ("presence", "side", "attribute"):
                raise KnowledgeError(where, f"expected a fact, got a {symbol.kind}")
            self._check_assumed_value(symbol, assumption.value, where)
            if assumption.when:
                self._expect_boolean(assumption.when, where, symbol.lesion)

    def _check_assumed_value(self, symbol: Symbol, value: object, where: str) -> None:
        if symbol.type == "choice" and value not in symbol.values:
            known = ", ".join(symbol.values)
            raise KnowledgeError(where, f"expected one of {known}, got {value!r}")
        if symbol.type == "boolean" and not isinstance(value, bool):
            raise KnowledgeError(where, f"expected true or false, got {value!r}")

    def _check_selection(self) -> None:
        selection = self.pack.header.selection
        for key in selection.concepts:
            self.symbols.vocabulary.concept(key)
        if selection.when:
            self._expect_boolean(selection.when, f"{self.where} selection", None)

    def _check_table(self, table: Table) -> None:
        where = f"{self.pack.files[f'table:{table.table}']} {table.table}"
        output = self.outputs.get(table.output)
        if output is None:
            raise KnowledgeError(
                where, f"unknown output {table.output!r}{suggest(table.output, self.outputs)}"
            )
        if output.for_each != table.for_each:
            raise KnowledgeError(
                where, f"for_each differs from that of {output.name}: {output.for_each}"
            )
        self._expect_boolean(table.applies, where, table.for_each)
        self._check_passage(table.passage, where)
        names = [row.row for row in table.rows]
        for row in table.rows:
            self._expect_boolean(row.when, f"{where} row {row.row}", table.for_each)
            self._check_passage(row.passage, f"{where} row {row.row}")
            if names.count(row.row) > 1:
                raise KnowledgeError(where, f"the row {row.row!r} is given twice")
            self._check_row_value(output, row.then, f"{where} row {row.row}")
        self._check_units(table, where)

    def _check_row_value(self, output: Output, value: str | bool, where: str) -> None:
        known: list[object] = [v.key for v in output.values] or [True, False]
        if value not in known:
            raise KnowledgeError(where, f"expected one of {known}, got {value!r}")

    def _check_units(self, table: Table, where: str) -> None:
        texts = [table.applies, *(row.when for row in table.rows)]
        scope = Scope(where, table.for_each, {c: c for c in self.symbols.vocabulary.concepts})
        for name in table.units:
            resolve_name(self.symbols, name, scope)
        for name in sorted(set().union(*(parsed(t, where).names() for t in texts))):
            symbol = resolve_name(self.symbols, name, scope)
            given = table.units.get(name)
            if symbol.kind == "attribute" and symbol.type == "real" and given != symbol.unit:
                raise KnowledgeError(
                    where,
                    f"unit mismatch for {name}: units says {given}, the vocabulary {symbol.unit}",
                )

    def _check_rules(self) -> None:
        for rule in self.pack.rules:
            where = f"{self.pack.files[f'rule:{rule.rule}']} {rule.rule}"
            for text in (rule.when, rule.then, rule.never):
                if text is not None:
                    self._expect_boolean(text, where, rule.for_each)
            self._check_passage(rule.passage, where)

    def _check_passage(self, key: str | None, where: str) -> None:
        if key is not None and self.pack.passage(key) is None:
            known = [p.passage for p in self.pack.passages]
            raise KnowledgeError(where, f"unknown passage {key!r}{suggest(key, known)}")
