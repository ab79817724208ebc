"""Words that are not ours: what they are, where they came from, and what is odd about them."""

from typing import Literal

from pydantic import Field

from dxtrace.clinical.base import Frozen

QuotedKind = Literal[
    "report", "dicom", "case", "passage", "similar_case", "tool_output", "file_name"
]  # fmt: skip


class QuotedText(Frozen):
    """A text that somebody else wrote: data, whatever it says.

    Attributes:
        kind: what it is from: a *report*, a *dicom* header, other words of the *case*, a guideline
            *passage*, a *similar_case*, a tool's words (*tool_output*), or a *file_name*.
        id: names it, such as ``report-1`` or a passage's reference.
        text: the words as they were written.
    """

    kind: QuotedKind
    id: str = Field(min_length=1)
    text: str


class Suspicion(Frozen):
    """Why a text reads as if it spoke to a program, and not to a reader.

    Attributes:
        sign: name of the sign.
        why: the same in words.
        words: the words that show it, with every unusual character spelled out.
        seen_as: how they were hidden, such as ``base64``; empty if they stand there openly.
    """

    sign: str
    why: str
    words: str
    seen_as: str = ""


class SuspiciousText(Frozen):
    """A text with signs of instructions in it. It was used as data all the same.

    Attributes:
        kind: what it is from, as in :class:`QuotedText`.
        id: names it.
        suspicions: one for each sign.
    """

    kind: QuotedKind
    id: str
    suspicions: tuple[Suspicion, ...]
