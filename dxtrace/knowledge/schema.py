"""The files of a knowledge pack, as strict models (see ``docs/knowledge-packs.md``)."""

from typing import Literal, Self

from pydantic import ConfigDict, Field, model_validator

from dxtrace.clinical.base import Frozen


class GuidelineSource(Frozen):
    """The publication behind a pack."""

    text: str
    url: str = ""


class Selection(Frozen):
    """When the planner uses a pack.

    Attributes:
        questions: phrases in the question that ask for the pack.
        edition: phrases that name this edition, where packs are editions of one guideline; in a
            report they bring it in, in a sentence they say by which edition it is meant.
        mentions: further phrases in a report that bring it in.
        concepts: concepts whose presence brings it in, if ``when`` holds.
        when: condition that must be proved for ``concepts`` to count.
        excludes: packs left out when this one is asked for or mentioned by name.
    """

    questions: tuple[str, ...] = ()
    edition: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()
    concepts: tuple[str, ...] = ()
    when: str | None = None
    excludes: tuple[str, ...] = ()


class OutputValue(Frozen):
    """A value of an output, how to say it, and how reports claim it."""

    key: str
    say: str = ""
    claimed_by: tuple[str, ...] = ()


class Combine(Frozen):
    """The highest value over all lesions, in the stated order (last is highest)."""

    model_config = ConfigDict(populate_by_name=True)

    from_: str = Field(alias="from")
    over: str
    pick: Literal["highest"] = "highest"
    order: tuple[str, ...]
    none: str | None = None


class Output(Frozen):
    """Something that a pack concludes."""

    name: str
    reported_as: str | None = None
    title: str = ""
    type: Literal["choice", "boolean"] = "choice"
    report: bool = True
    checked: bool = False
    sided: bool = False
    for_each: str | None = None
    values: tuple[OutputValue, ...] = ()
    claimed_by: tuple[str, ...] = ()
    aliases: dict[str, str] = Field(default_factory=dict)
    combine: Combine | None = None

    @model_validator(mode="after")
    def _validate_values(self) -> Self:
        if (self.type == "choice") != bool(self.values):
            raise ValueError(f"output {self.name}: a choice has values, a boolean has none")
        keys = {v.key for v in self.values}
        if self.combine and not set(self.combine.order) <= keys:
            unknown = sorted(set(self.combine.order) - keys)
            raise ValueError(f"output {self.name}: combine orders unknown values {unknown}")
        return self

    @property
    def public_name(self) -> str:
        """The name in results."""
        return self.reported_as or self.name


class Definition(Frozen):
    """A named expression; wherever the name is used, the expression is meant."""

    name: str
    for_each: str | None = None
    type: Literal["boolean", "real", "integer", "choice"]
    unit: str | None = None
    values: tuple[str, ...] = ()
    expr: str
    passage: str | None = None


class Assumption(Frozen):
    """What holds for this pack when no evidence of any kind speaks of the fact."""

    fact: str
    value: bool | str | int | float
    because: str
    when: str | None = None


class Constraint(Frozen):
    """A fact of the world that holds for every case and that the proofs may use."""

    expr: str
    for_each: str | None = None
    because: str


class Row(Frozen):
    """One row of a decision table."""

    row: str
    when: str
    then: str | bool
    passage: str | None = None


class Table(Frozen):
    """A decision table: within ``applies``, exactly one row holds."""

    table: str
    title: str = ""
    for_each: str | None = None
    output: str
    applies: str = "true"
    units: dict[str, str] = Field(default_factory=dict)
    passage: str | None = None
    rows: tuple[Row, ...] = Field(min_length=1)


class Rule(Frozen):
    """An implication (``when``/``then``) or an exclusion (``never``)."""

    rule: str
    for_each: str | None = None
    when: str | None = None
    then: str | None = None
    never: str | None = None
    say: str = ""
    passage: str | None = None

    @model_validator(mode="after")
    def _validate_form(self) -> Self:
        implication = self.when is not None and self.then is not None and self.never is None
        exclusion = self.when is None and self.then is None and self.never is not None
        if not (implication or exclusion):
            raise ValueError(f"rule {self.rule}: expected either when and then, or never alone")
        return self


class Passage(Frozen):
    """A guideline statement in our own words, with what is asked that it answers."""

    passage: str
    section: str = ""
    asked: tuple[str, ...] = ()
    text: str
    checked: str = ""


class PackHeader(Frozen):
    """``pack.yaml``."""

    id: str
    title: str
    publisher: str
    year: int
    version: str
    source: GuidelineSource
    further_sources: tuple[GuidelineSource, ...] = ()
    licence: str
    reviewed: str
    needs: tuple[str, ...] = ()
    selection: Selection = Selection()
    outputs: tuple[Output, ...] = ()
    definitions: tuple[Definition, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    constraints: tuple[Constraint, ...] = ()


class Pack(Frozen):
    """A whole pack, as read from its folder."""

    header: PackHeader
    tables: tuple[Table, ...] = ()
    rules: tuple[Rule, ...] = ()
    passages: tuple[Passage, ...] = ()
    files: dict[str, str] = Field(default_factory=dict)

    @property
    def id(self) -> str:
        """The pack's id."""
        return self.header.id

    def passage(self, key: str | None) -> Passage | None:
        """The passage with this id, if there is one."""
        return next((p for p in self.passages if p.passage == key), None)
