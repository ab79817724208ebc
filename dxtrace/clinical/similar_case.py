"""A case that looks like this one: an analogy, never evidence, and so no finding of any kind."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from dxtrace.clinical.base import Frozen, Number
from dxtrace.clinical.case import LocalPath

ANALOGY = "an analogy, not evidence"
_IN_WORDS = ((0.8, "very similar"), (0.6, "similar"))
SAYS_BOTH = "says both"
"""How what a case says of a finding begins, where it states and denies it."""


class FindingComparison(Frozen):
    """One finding in this case and in a similar one.

    Attributes:
        concept: key of the concept.
        name: what a reader calls it.
        standing: *shared*; *differs* (in presence, side, site or attributes); *here* or *there*:
            only one of the two states it; *both*: a case states and denies it.
        here: what this case says of it, in words; empty if nothing.
        there: what the similar case says of it, in words.
    """

    concept: str
    name: str
    standing: Literal["shared", "differs", "here", "there", "both"]
    here: str = ""
    there: str = ""

    @property
    def says_both(self) -> str:
        """Who states and denies it, in words; empty if neither does."""
        who = {"this case": self.here, "that case": self.there}
        return " and ".join(w for w, said in who.items() if said.startswith(SAYS_BOTH))


class Exemplar(Frozen):
    """A similar case as an example of how findings are put into an impression.

    Words of another patient's report: whoever shows them to a model quotes them.

    Attributes:
        findings: what its report describes, in the report's words.
        impression: what its report concludes, in the report's words.
    """

    findings: str = Field(min_length=1)
    impression: str = Field(min_length=1)

    @property
    def text(self) -> str:
        """Both, under their headings."""
        return f"FINDINGS: {self.findings}\nIMPRESSION: {self.impression}"


class SimilarCase(Frozen):
    """A case of the index that is like the one that is asked about.

    Attributes:
        id: what it is called before others: a number, or the id of a public collection.
        source: the same, or the place in a public collection in words.
        link: a file with its report; JSON shows a neutral name instead.
        similarity: what cases are ordered by, from 0 to 1; no probability.
        ranks: its place by findings, words, text and image alone, where it has one.
        parts: how much of the similarity comes from each of these.
        age: years, if known.
        sex: M, F or O, if known.
        modality: DICOM modality, if known.
        comparisons: finding by finding, what is shared and what differs.
        exemplar: its report in words, where examples were asked for.
    """

    id: str
    source: str
    link: LocalPath | None = None
    similarity: float
    ranks: dict[str, int] = Field(default_factory=dict)
    parts: dict[str, float] = Field(default_factory=dict)
    age: Number | None = None
    sex: str | None = None
    modality: str | None = None
    comparisons: tuple[FindingComparison, ...] = ()
    exemplar: Exemplar | None = None

    def named(self, standing: str) -> list[str]:
        """Names of the findings with this standing."""
        return [c.name for c in self.comparisons if c.standing == standing]

    @property
    def in_words(self) -> str:
        """How similar it is (``benchmarks/case_bound.py`` says what each step is worth)."""
        return next((w for least, w in _IN_WORDS if self.similarity >= least), "somewhat similar")

    @property
    def href(self) -> str:
        """The link as a URI; empty if there is none."""
        return Path(self.link).resolve().as_uri() if self.link is not None else ""
