"""Quoted guideline text on the page."""

from dxtrace.clinical import (
    Answer,
    Citation,
    Outcome,
    QuotedPassage,
    Reliance,
    Result,
    ToolCall,
)
from dxtrace.reporting.answer_text import split_answer
from dxtrace.reporting.quotations import quotes_one, shown_passages


def passage(quote: str, **said: object) -> QuotedPassage:
    citation = Citation(source="A guide", section="Follow-up, page 2", text=quote)
    fields = {"citation": citation, "quote": quote, "span": (0, len(quote)), "reference": quote}
    return QuotedPassage.model_validate({**fields, **said})


def result(*passages: QuotedPassage, reliance: Reliance | None = None) -> Result:
    call = ToolCall(name="guideline_search", outcome=Outcome.OK, seconds=0, passages=passages)
    return Result(
        id="c", status="answered", answer=Answer(text=""), tools=(call,), reliance=reliance
    )


def test_marks_say_whose_it_is_and_what_is_wrong_with_it() -> None:
    aside = Reliance(passages=("far",), why="no word shared", without="left_out")
    shown = shown_passages(
        result(passage("far"), passage("ours", own=True), passage("bad", unverified="no such text"),
               reliance=aside)
    )  # fmt: skip
    assert [(s.passage.quote, s.mark) for s in shown] == [
        ("ours", "from a document of your own, no rule is proved from it"),
        ("far", "not on the question"),
        ("bad", "not verified, no such text"),
    ]


def test_only_paragraphs_that_quote_are_taken_out_of_the_answer() -> None:
    shown = shown_passages(
        result(passage("Class | Interval\nIIF | 6 months", own=True), passage("nodule"))
    )
    quoting, concluding = split_answer(
        "“Class | Interval\nIIF | 6 months” (from a document) [A guide: Follow-up]\n\n"
        "Category: 4A. Because: solid (“nodule”)."
    )
    assert quotes_one(quoting, shown)
    assert not quotes_one(concluding, shown)
