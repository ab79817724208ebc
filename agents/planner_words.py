"""What a planner that is a model said, as an answer shows it: each sentence with its mark."""

from collections.abc import Iterator

from dxtrace.clinical import CheckedSentence, Mark, Reliance, Result

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
    if result.reliance is not None and result.reliance.changes:
        yield _set_aside(result.reliance)
    if part.ended:
        yield f"The planner {part.name} said no more: {part.ended}."


def _line(sentence: CheckedSentence) -> str:
    words = sentence.text.replace("“", "'").replace("”", "'")
    why = f" ({sentence.why})" if sentence.why else ""
    return f"[{MARK_WORDS[sentence.mark]}] “{words}”{why}"


def _set_aside(reliance: Reliance) -> str:
    """That the planner's answer depended on passages that do not bear on the question."""
    changes = "; ".join(
        f"{c.concept.replace('_', ' ')}: {c.with_passages or 'nothing claimed'} with them, "
        f"{c.without_passages or 'nothing claimed'} without"
        for c in reliance.changes
    )
    return (
        f"Set aside were guideline passages that do not bear on the question "
        f"({reliance.why}): {', '.join(reliance.passages)}. The planner's answer changes with them "
        f"({changes}); what is given here is the answer without them."
    )
