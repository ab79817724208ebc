"""A differential diagnosis by analogy: what similar cases were thought to be, never evidence."""

from typing import Literal

from pydantic import Field

from dxtrace.clinical.base import Frozen
from dxtrace.clinical.states import VerdictKind

Standing = Literal["for", "against", "open"]
FEW = 5
"""A share of fewer cases than that is said as a count, not as a percentage."""


class Sign(Frozen):
    """A finding that similar cases with a candidate state more, or less, often than the others.

    Not stated is not absent: the numbers count who states it.

    Attributes:
        concept: key of the concept.
        name: what a reader calls it.
        here: what this case says of it, in words; empty if nothing.
        stated_with: of the cases with the candidate, how many state it.
        stated_without: of the other similar cases, how many do.
        standing: by this analogy, what this case says of it is *for* the candidate or *against* it;
            *open* if this case says nothing of it.
        tools: tools that could look for it in this case, where it is open.
    """

    concept: str
    name: str
    here: str = ""
    stated_with: int
    stated_without: int
    standing: Standing
    tools: tuple[str, ...] = ()


class Candidate(Frozen):
    """What some of the similar cases were thought to be.

    Attributes:
        concept: key of the concept.
        name: what a reader calls it.
        here: what this case itself says of it, in words; empty if nothing.
        cases: of the similar cases, how many name it in their impression.
        possible: how many of these name it as possible only.
        support: their share of the likeness of all similar cases together, those that name it as
            possible counted by half; from 0 to 1, no probability.
        examples: ids of the most similar ones.
        signs: findings that tell cases with it from those without, the most telling first.
        verdict: the checker's word on it, from this patient's findings alone; None where nobody
            has checked.
    """

    concept: str
    name: str
    here: str = ""
    cases: int
    possible: int = 0
    support: float = Field(ge=0, le=1)
    examples: tuple[str, ...] = ()
    signs: tuple[Sign, ...] = ()
    verdict: VerdictKind | None = None

    def standing(self, standing: Standing) -> list[Sign]:
        """The signs with this standing."""
        return [s for s in self.signs if s.standing == standing]

    def counted(self, of: int) -> str:
        """How many name it, in words: "5 of 12 cases, 2 of them as possible; 38 % by likeness".

        Args:
            of: how many similar cases there are; of few there is no percentage.
        """
        possible = f", {self.possible} of them as possible" if self.possible else ""
        share = f"; {self.support:.0%} by likeness" if of >= FEW else ""
        return f"{self.cases} of {of} case{'s' if of != 1 else ''}{possible}{share}"


class Differential(Frozen):
    """Candidates in the order of their support: an analogy, for whoever reads it.

    Attributes:
        of: how many similar cases with an impression there were.
        unremarkable: how many of those name nothing abnormal in it.
        candidates: what the others name, first what most do.
        further: how many names more there are, each by a single case or with less support.
    """

    of: int
    unremarkable: int = 0
    candidates: tuple[Candidate, ...] = ()
    further: int = 0
