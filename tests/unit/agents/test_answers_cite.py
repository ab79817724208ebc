"""What an answer says of its sources: the passage, or that nobody could verify it."""

from dxtrace.clinical import (
    Answer,
    Case,
    Citation,
    Conclusion,
    Outcome,
    QuotedPassage,
    Reason,
    Result,
    ToolCall,
    VerdictKind,
)
from graphs.workbench import Workbench

PLACE = Citation(source="Own guideline (2020)", section="Table 1", passage_id="own-table")


def words(bench: Workbench, citation: Citation | None, *passages: QuotedPassage) -> str:
    row = Reason(id="own.size:large", kind="row", text="Large ones are cut.", citation=citation)
    conclusion = Conclusion(
        concept="own.action", value="cut", verdict=VerdictKind.ENTAILED, title="Action",
        reasons=(row,), citations=(citation,) if citation else (),
    )  # fmt: skip
    call = ToolCall(name="library", outcome=Outcome.OK, seconds=0, passages=passages)
    result = Result(
        id="c", status="answered", answer=Answer(text="", conclusions=(conclusion,)), tools=(call,)
    )
    return bench.writer.write(Case(id="c"), result, ())


def quoted(text: str, unverified: str = "") -> QuotedPassage:
    return QuotedPassage(
        citation=PLACE.model_copy(update={"text": text}), quote=text, span=(0, len(text)),
        reference="own@1#a", unverified=unverified,
    )  # fmt: skip


def test_a_conclusion_by_a_rule_names_its_passage(bench: Workbench) -> None:
    assert words(bench, PLACE) == "Action: cut. [Own guideline (2020): Table 1]"


def test_a_rule_without_a_passage_is_said_to_be_not_verified(bench: Workbench) -> None:
    said = words(bench, Citation(source="Own guideline (2020)"))
    assert said == "Action: cut. Not verified: no guideline passage is named for own.size:large."


def test_verified_quotations_come_before_those_that_are_not(bench: Workbench) -> None:
    said = words(
        bench, PLACE, quoted("Invented.", "the cited passage does not say so"), quoted("True.")
    )
    true, invented = said.index("“True.”"), said.index("“Invented.”")
    assert true < invented
    assert "Not verified, the cited passage does not say so: “Invented.”" in said


def test_nothing_in_an_answer_commands_a_terminal_or_turns_words_around(bench: Workbench) -> None:
    said = words(bench, PLACE, quoted("Stop\x1b[2J\u202edne soft\u00adhyphen\x07"))
    assert "Stop{U+001B}[2J{U+202E}dne soft\u00adhyphen{U+0007}" in said
