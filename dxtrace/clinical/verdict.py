"""What the checker says, and why."""

from typing import Literal

from dxtrace.clinical.base import Frozen
from dxtrace.clinical.states import VerdictKind

GUIDELINE_TEXT = "Guideline text on the question, quoted and not checked against this case:"
"""What stands above quoted passages in an answer."""
ASIDE = "not on the question"
"""What stands beside a passage that was found and is not relied on."""
OWN_DOCUMENT = "from a document of your own, no rule is proved from it"
"""What stands beside a passage that does not come with a knowledge pack."""
Strength = Literal["strong", "fair", "weak"]
"""How often a passage that is found so decides the question: at least one time in two, in five, or
less."""


class Citation(Frozen):
    """A place in a guideline.

    Attributes:
        source: the guideline, with publisher and year.
        section: the section, table or page.
        passage_id: id of the passage in the knowledge pack.
        url: DOI or address of the source.
        text: the passage in our own words.
    """

    source: str
    section: str = ""
    passage_id: str = ""
    url: str = ""
    text: str = ""


class QuotedPassage(Frozen):
    """Words of a guideline that were found for a question: quoted, not checked against the case.

    Attributes:
        citation: the passage and its place.
        quote: the quoted words.
        span: where they start and end in the passage, in characters.
        reference: names document, version and passage.
        score: how much the passage bears on the question, from 0 to 1; None if nobody knows.
        strength: the same in a word; None if nobody knows.
        question: what it was found for.
        own: whether it is from a document that the user added: no rule is proved from those.
        unverified: why the words could not be verified, or the passage not be found; empty if they
            stand in a document of this machine as quoted.
    """

    citation: Citation
    quote: str
    span: tuple[int, int]
    reference: str
    score: float | None = None
    strength: Strength | None = None
    question: str = ""
    own: bool = False
    unverified: str = ""

    @property
    def relevance(self) -> str:
        """How much it bears on the question, for a reader; empty if nobody knows."""
        return relevance_in_words(self.strength, self.score)


def relevance_in_words(strength: Strength | None, score: float | None) -> str:
    """Such as ``relevance fair, 0.21``; empty if nobody knows."""
    return "" if strength is None or score is None else f"relevance {strength}, {score:.2f}"


class Reason(Frozen):
    """One element of a minimal core.

    Attributes:
        id: the finding's, rule's, row's or assumption's id.
        kind: what it is. An *assumption* stands for what nobody stated.
        text: a sentence for a reader.
        citation: where a rule, row or assumption comes from.
    """

    id: str
    kind: Literal["finding", "patient", "rule", "row", "definition", "assumption", "vocabulary"]
    text: str
    citation: Citation | None = None


class MissingFact(Frozen):
    """A fact that nobody has stated and that would help to decide.

    Attributes:
        concept: the fact, as ``concept.attribute``.
        why: which open question it would decide.
        decides_alone: whether it would decide with nothing else true that nobody has stated; other
            facts matter only together with such facts.
    """

    concept: str
    why: str
    decides_alone: bool = False


class Verdict(Frozen):
    """The checker's word on one claim.

    Attributes:
        kind: entailed, consistent, contradicted or unsupported.
        because: a minimal set of reasons that shows it (empty for consistent and unsupported).
        possible: for a category: the values that remain, if more than one does.
        missing: the facts that would decide it.
    """

    kind: VerdictKind
    because: tuple[Reason, ...] = ()
    possible: tuple[str, ...] | None = None
    missing: tuple[MissingFact, ...] = ()
