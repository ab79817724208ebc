"""What a model thinks, told from what it says."""

import pytest

from agents.vlm.models.in_process import _Answer
from agents.vlm.thinking import thought_spans, without_thinking

CALL = '<tool_call>{"name": "segment", "arguments": {"what": "spleen"}}</tool_call>'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("No effusion.", "No effusion."),
        ("<think>air</think>No effusion.", "No effusion."),
        ("No <think>air</think>effusion<think>x</think>.", "No effusion."),
        ("<think>air", ""),
        ("air</think>No effusion.", "No effusion."),
        ("<think>a <think>b</think> c</think>No effusion.", "No effusion."),
        ("<think effort='high'>air</think>No effusion.", "No effusion."),
        ("<|begin_of_thought|>air<|end_of_thought|>No effusion.", "No effusion."),
        ("<seed:think>air</seed:think>No effusion.", "No effusion."),
        ("I think < 5 mm > 4 mm", "I think < 5 mm > 4 mm"),
        ("<thinker>x</thinker>", "<thinker>x</thinker>"),
        ("", ""),
    ],
)
def test_what_is_said_is_left(text: str, said: str) -> None:
    assert without_thinking(text) == said


def test_a_flood_of_marks_is_read_in_one_go() -> None:
    assert len(thought_spans("<think>" * 100_000)) == 1
    assert without_thinking("</think>" * 100_000) == ""


@pytest.mark.parametrize(
    ("pieces", "said", "calls"),
    [
        (["<think>I could ", CALL, " no</think>", "No effusion."], "No effusion.", 0),
        (["I could ", CALL, " no</think>", "No effusion."], "No effusion.", 0),
        (["<think>I could ", CALL], "", 0),
        (["<think>hm</think>", "I look. ", CALL], "I look. ", 1),
        ([CALL, "<think>and</think>", CALL], "", 2),
    ],
)
def test_a_model_in_this_process_calls_nothing_while_it_thinks(
    pieces: list[str], said: str, calls: int
) -> None:
    answer = _Answer(["segment"], frozenset())
    shown = "".join(answer.add(piece) for piece in pieces)
    rest = answer.rest()
    assert without_thinking(shown + rest.text) == said
    assert len(rest.calls) == calls
