"""The answer's text in the parts that a page sets apart."""

import re
from dataclasses import dataclass

_SOURCES = re.compile(r"\s*\[([^\[\]]+)\]\s*$")
_FIRST_SENTENCE = re.compile(r"^((?:\d{1,3}\.\s+)?.+?[.!?])(?:\s+(?=[A-Z\u201c])|$)", re.DOTALL)
_LONGEST_LEAD = 300


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of the answer.

    Attributes:
        lead: its first sentence, which says what it is about.
        rest: why.
        sources: what it cites.
    """

    lead: str
    rest: str = ""
    sources: str = ""


def split_answer(text: str) -> list[Paragraph]:
    """Cut an answer into paragraphs; joined, they say everything that it says."""
    return [_split(part.strip()) for part in re.split(r"\n\s*\n", text) if part.strip()]


def _split(text: str) -> Paragraph:
    cited = _SOURCES.search(text)
    body = text[: cited.start()] if cited else text
    first = _FIRST_SENTENCE.match(body)
    lead = first[1] if first and len(first[1]) <= _LONGEST_LEAD else body
    return Paragraph(lead, body[len(lead) :].strip(), cited[1] if cited else "")
