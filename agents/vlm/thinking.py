"""What a model writes while it thinks: no answer, no claim, and no call.

Families mark their thoughts in their own ways. Servers that know a family keep them apart (a
reasoning parser); where none does, they come in the text.
"""

import re

_TAG = re.compile(
    r"<(?P<end>/)?(?:seed:)?(?:think|thinking|thoughts?|reasoning|reflection|scratchpad)\b[^<>]{0,80}>"
    r"|\[(?P<end2>/)?THINK\]"  # Magistral
    r"|◁(?P<end3>/)?think▷"  # Kimi
    r"|<\|(?:begin|(?P<end4>end))_of_thought\|>"
    r"|<unused9(?:4|(?P<end5>5))>",  # MedGemma 27B
    re.IGNORECASE,
)


def thought_spans(text: str) -> tuple[tuple[int, int], ...]:
    """Where a text is thought: from a mark that begins a thought to the one that ends it.

    What comes before an ending mark is thought also where nothing began it: some templates write
    the beginning themselves. A thought that never ends reaches beyond the end of the text.
    """
    spans: list[tuple[int, int]] = []
    begun: int | None = None
    free = 0
    for tag in _TAG.finditer(text):
        if not any(tag.groups()):
            begun = tag.start() if begun is None else begun
            continue
        spans.append((free if begun is None else begun, tag.end()))
        begun, free = None, tag.end()
    if begun is not None:
        spans.append((begun, len(text) + 1))
    return tuple(spans)


def is_thought(place: int, spans: tuple[tuple[int, int], ...]) -> bool:
    """Whether what stands at a place of a text is part of a thought."""
    return any(start <= place < end for start, end in spans)


def without_thinking(text: str) -> str:
    """A text without its thoughts; as it is if it has none."""
    parts, last = [], 0
    for start, end in thought_spans(text):
        parts.append(text[last:start])
        last = end
    return "".join([*parts, text[last:]])
