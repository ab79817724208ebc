"""What a planner that is a model said, as an answer shows it: each sentence with its mark."""

from collections.abc import Iterator

from dxtrace.clinical import CheckedSentence, Mark, Result

MARK_WORDS: dict[Mark, str] = {
    "entailed": "proved",
    "consistent": "not proved",
    "unsupported": "no evidence",
    "contradicted": "contradicted",
    "unchecked": "not checked",
}
_NOTICE = "only what is marked as proved was proved"


def said_by_planner(result: Result) -> Iterator[str]:
    """The planner's own sentences, as quotations with marks, and how its part ended.

    The mark stands before the words and the words are quoted, so that no sentence can pass for
    a statement of the answer itself.
    """
    part = result.planner
    if part is None:
        return
    if part.sentences:
        lines = "\n".join(_line(s) for s in part.sentences)
        yield f"In the words of the planner {part.name} ({_NOTICE}):\n{lines}"
    if part.ended:
        yield f"The planner {part.name} said no more: {part.ended}."


def _line(sentence: CheckedSentence) -> str:
    words = sentence.text.replace("“", "'").replace("”", "'")
    why = f" ({sentence.why})" if sentence.why else ""
    return f"[{MARK_WORDS[sentence.mark]}] “{words}”{why}"
