"""Every dialect says the same, and what cannot be read is said precisely."""

from typing import Any

import pytest
from langchain_core.messages import AIMessage, ToolMessage

from agents.planner import Turn
from agents.vlm.dialects import Dialect, dialect_named
from agents.vlm.moves import RawSentence
from agents.vlm.offer import Offer
from dxtrace.clinical import Arguments, CallRequest, Claim, Point, Sentence, Statement
from dxtrace.clinical.statement import Basis
from expert_models import ModelCard
from tests.unit.agents.vlm.conversations import Said

DIALECTS = ("tools", "tokens", "json")
OFFER = Offer(
    cards=(
        ModelCard(name="VISTA3D", arguments=("hepatic tumor", "spleen"), prompts=("everything",)),
        ModelCard(name="BRATS"),
        ModelCard(name="find.by words", prompts=("phrases", "points", "boxes")),
    ),
    facts=("patient.age",),
)


def message(said: Said, dialect: str) -> AIMessage:
    reply = said.in_dialect(dialect)
    calls = [
        {"name": name, "args": args, "id": str(n), "type": "tool_call"}
        for n, (name, args) in enumerate(reply.calls)
    ]
    return AIMessage(content=reply.text, tool_calls=calls)


@pytest.fixture(params=DIALECTS)
def dialect(request: pytest.FixtureRequest) -> Dialect:
    return dialect_named(request.param)


def test_several_calls_in_one_message(dialect: Dialect) -> None:
    said = Said(calls=[("VISTA3D", {"classes": ["spleen", "hepatic tumor"]}), ("BRATS", {})])
    move = dialect.read(message(said, dialect.name), OFFER)
    assert move.calls == [
        CallRequest(tool="VISTA3D", arguments=Arguments(classes=("spleen", "hepatic tumor"))),
        CallRequest(tool="BRATS"),
    ]
    assert not move.problems
    assert not move.sentences


def test_an_answer_with_claims(dialect: Dialect) -> None:
    claim = {
        "concept": "pleural_effusion", "presence": "present", "laterality": "left",
        "findings": ["f1", "f2"],
    }  # fmt: skip
    said = Said(answer=[("There is a left effusion.", [claim]), ("The heart is normal.", [])])
    move = dialect.read(message(said, dialect.name), OFFER)
    assert move.sentences == [
        RawSentence("There is a left effusion.", [claim]), RawSentence("The heart is normal."),
    ]  # fmt: skip


def test_a_question_to_the_user(dialect: Dialect) -> None:
    assert dialect.read(message(Said(ask="patient.age"), dialect.name), OFFER).asks == [
        "patient.age"
    ]
    move = dialect.read(message(Said(ask="patient.name"), dialect.name), OFFER)
    assert not move.asks
    assert "patient.name" in move.problems[0]
    assert "patient.age" in move.problems[0]


def test_an_invented_expert_is_named_with_those_on_offer(dialect: Dialect) -> None:
    move = dialect.read(message(Said(calls=[("ORACLE", {})]), dialect.name), OFFER)
    assert not move.calls
    assert move.problems == ["there is no expert 'ORACLE'; on offer: VISTA3D, BRATS, find_by_words"]


def test_what_is_spoken_reads_back_the_same(dialect: Dialect) -> None:
    calls = (
        CallRequest(tool="VISTA3D", arguments=Arguments(classes=("hepatic tumor",))),
        CallRequest(tool="find.by words", arguments=Arguments(
            phrases=("left lung",),
            points=(Point(at=(3, 40, 50)), Point(at=(3, 1, 2), inside=False)),
        )),
        CallRequest(tool="VISTA3D", arguments=Arguments(everything=True)),
    )  # fmt: skip
    spoken = dialect.spoken(Turn(calls=calls), 0)
    assert isinstance(spoken, AIMessage)
    assert tuple(dialect.read(spoken, OFFER).calls) == calls


def test_an_answer_reads_back_the_same(dialect: Dialect) -> None:
    statement = Statement(
        sentences=(Sentence(text="There is a nodule.", claims=("m1",)),),
        claims=(Claim(id="m1", kind="finding", concept="pulmonary_nodule"),),
        basis={"m1": Basis(findings=("f3",), passages=("p@1#2",))},
    )
    spoken = dialect.spoken(Turn(statement=statement), 0)
    assert isinstance(spoken, AIMessage)
    assert dialect.read(spoken, OFFER).sentences == [
        RawSentence(
            "There is a nodule.",
            [{"concept": "pulmonary_nodule", "presence": "present", "findings": ["f3"],
              "passages": ["p@1#2"]}],
        )
    ]  # fmt: skip


def test_each_native_call_gets_its_own_result() -> None:
    dialect = dialect_named("tools")
    turn = Turn(calls=(CallRequest(tool="BRATS"), CallRequest(tool="VISTA3D")))
    spoken = dialect.spoken(turn, 4)
    told = dialect.told(turn, 4, ["first", "second"], "and more")
    assert isinstance(spoken, AIMessage)
    ids = [call["id"] for call in spoken.tool_calls]
    assert [m.tool_call_id for m in told if isinstance(m, ToolMessage)] == ids
    assert [m.content for m in told] == ["first", "second", "and more"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"calls": "BRATS"}', "expected objects with 'expert'"),
        ('{"calls": [{"expert": "BRATS", "voltage": 3}]}', "unknown argument 'voltage'"),
        ('{"calls": [{"expert": "find_by_words", "points": [{"at": [1]}]}]}', "points.0.at"),
        ('{"call": []}', "expected one JSON object with calls"),
        ("{" * 5000, "expected one JSON object"),
        ('{"answer": [{"words": "x"}]}', "expected sentences with 'text'"),
    ],
)
def test_json_that_says_something_else(text: str, problem: str) -> None:
    move = dialect_named("json").read(AIMessage(content=text), OFFER)
    assert not move.calls
    assert problem in "; ".join(move.problems)


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("<VISTA3D(hepatic tumor)>", [("VISTA3D", {"classes": ("hepatic tumor",)})]),
        ("I will call <vista3d(everything)>.", [("VISTA3D", {"everything": True})]),
        ("<BRATS()> <VISTA3D(args)>", [("BRATS", {}), ("VISTA3D", {})]),
        ("<find.by words(box: 1 2 3 4 5 6)>",
         [("find.by words", {"boxes": ({"low": (1, 2, 3), "high": (4, 5, 6)},)})]),
    ],
)  # fmt: skip
def test_tokens_as_checkpoints_write_them(text: str, calls: list[Any]) -> None:
    move = dialect_named("tokens").read(AIMessage(content=text), OFFER)
    expected = [
        CallRequest(tool=tool, arguments=Arguments.model_validate(args)) for tool, args in calls
    ]
    assert move.calls == expected


@pytest.mark.parametrize("written", ["tokens", "json"])
def test_who_was_told_of_functions_and_writes_otherwise_is_understood(written: str) -> None:
    said = Said(calls=[("VISTA3D", {"classes": ["spleen"]})])
    move = dialect_named("tools").read(message(said, written), OFFER)
    assert [call.tool for call in move.calls] == ["VISTA3D"]


def test_broken_arguments_of_a_native_call_are_quoted_back() -> None:
    broken = AIMessage(
        content="",
        invalid_tool_calls=[
            {"name": "BRATS", "args": '{"a": ', "id": "1", "error": None,
             "type": "invalid_tool_call"}
        ],
    )  # fmt: skip
    move = dialect_named("tools").read(broken, OFFER)
    assert "BRATS: its arguments are no JSON object" in move.problems[0]


def test_prose_is_an_answer_without_bullets(dialect: Dialect) -> None:
    text = "Findings:\n- No effusion.\n2. The heart is normal. A nodule of 7.5 mm is seen."
    move = dialect.read(AIMessage(content=text), OFFER)
    assert [s.text for s in move.sentences] == [
        "Findings:", "No effusion.", "The heart is normal.", "A nodule of 7.5 mm is seen.",
    ]  # fmt: skip


def test_an_unknown_dialect_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="expected one of tools, tokens, json, got 'latin'"):
        dialect_named("latin")


@pytest.mark.parametrize("name", ["3d_seg", "2.5d-net", "7T"])
def test_an_expert_whose_name_begins_with_a_digit_is_called(name: str) -> None:
    offer = Offer(cards=(ModelCard(name=name),))
    move = dialect_named("tokens").read(AIMessage(content=f"I ask <{name}()>."), offer)
    assert [c.tool for c in move.calls] == [name]
    prose = AIMessage(content="A nodule <5 mm (solid)> is seen; 3 <4 (yes)>.")
    said = dialect_named("tokens").read(prose, offer)
    assert not said.calls
    assert not said.problems
