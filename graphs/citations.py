"""The citations of a planner's sentence: the passage was found, and says what is quoted of it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dxtrace.clinical import Basis, CheckedSentence, QuotedPassage
from dxtrace.retrieval.quoting import as_written

_QUOTED = re.compile(r"“([^“”]{8,})”|\"([^\"]{8,})\"|«([^«»]{8,})»")
_SHOWN = 80


@dataclass(frozen=True)
class Sources:
    """What a sentence may cite and quote.

    Attributes:
        passages: guideline text that was found.
        reports: the texts of the case's reports.
    """

    passages: tuple[QuotedPassage, ...] = ()
    reports: tuple[str, ...] = ()


def with_citations(
    sentence: CheckedSentence, basis: Mapping[str, Basis], sources: Sources
) -> CheckedSentence:
    """Say of a sentence what of its citations cannot be verified; it then is not proved.

    Args:
        sentence: with the mark that the checker gave.
        basis: what its claims are said to rest on.
        sources: what there is to cite.
    """
    cited = [r for c in sentence.claims if c in basis for r in basis[c].passages]
    problems = "; ".join(dict.fromkeys(_problems(sentence.text, cited, sources)))
    if not problems:
        return sentence
    why = "; ".join(filter(None, (sentence.why, f"citation not verified: {problems}")))
    mark = "unchecked" if sentence.mark == "entailed" else sentence.mark
    return sentence.model_copy(update={"mark": mark, "why": why})


def _problems(words: str, cited: list[str], sources: Sources) -> Iterator[str]:
    known = {p.reference: p for p in sources.passages}
    # Who passes on another's passage may use the reference of one that is known.
    known.update({p.reference: p for p in sources.passages if not p.unverified})
    for reference in cited:
        if reference not in known:
            yield f"no passage {reference} was found"
        elif known[reference].unverified:
            yield f"{reference}: {known[reference].unverified}"
    verified = [p for p in known.values() if not p.unverified]
    texts = [p.quote for p in verified if not cited or p.reference in cited]
    plain = [_plain(text) for text in (*texts, *sources.reports)]
    for match in _QUOTED.finditer(words):
        quoted = next(filter(None, match.groups()))
        if not any(_plain(as_written(quoted)) in text for text in plain):
            yield f"the words “{quoted[:_SHOWN]}” stand in nothing that it cites"


def _plain(text: str) -> str:
    """As a planner's words are kept: on one line, with round brackets."""
    return " ".join(text.split()).replace("[", "(").replace("]", ")")
