"""Tool calls as the families of models write them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.vlm.models.tool_calls import held_back, read_calls

A, B = '{"name": "segment", "arguments": {"what": "spleen"}}', '{"name": "cxr", "arguments": {}}'
NAMES = ("segment", "cxr")
SPLEEN = ("segment", {"what": "spleen"})
BOTH = [SPLEEN, ("cxr", {})]


def calls(text: str) -> list[tuple[str, object]]:
    return [(call.name, json.loads(call.arguments)) for call in read_calls(text, NAMES).calls]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"<tool_call>\n{A}\n</tool_call>\n<tool_call>\n{B}\n</tool_call>", ""),
        (f"Let me look.\n<tool_call>{A}</tool_call><tool_call>{B}", "Let me look."),
        (f"<tool_call>[{A}, {B}]</tool_call> So.", "So."),
        ("<tool_call>\n<function=segment>\n<parameter=what>\nspleen\n</parameter>\n</function>\n"
         "</tool_call>\n<tool_call>\n<function=cxr>\n</function>\n</tool_call>", ""),
        ("<function=segment><parameter=what>spleen</parameter></function><function=cxr></function>",
         ""),
        (f"[TOOL_CALLS][{A}, {B}]", ""),
        (f"I look. [TOOL_CALLS] [{A}, {B}]", "I look."),
        ('[TOOL_CALLS]segment[ARGS]{"what": "spleen"}[TOOL_CALLS]cxr[ARGS]{}', ""),
        ('[TOOL_CALLS]segment[CALL_ID]123456789[ARGS]{"what": "spleen"}[TOOL_CALLS]cxr[ARGS]{}',
         ""),
        ('<|python_tag|>{"name": "segment", "parameters": {"what": "spleen"}}; '
         '{"name": "cxr", "parameters": {}}', ""),
        ('{"name": "segment", "parameters": {"what": "spleen"}}\n{"name": "cxr"}', ""),
        (f"[{A}, {B}]", ""),
        (f"```json\n[{A}, {B}]\n```", ""),
        (f"First:\n```\n{A}\n{B}\n```\nThen more.", "First:\n\nThen more."),
        ('[{"function": {"name": "segment", "arguments": "{\\"what\\": \\"spleen\\"}"}}, '
         '{"type": "function", "function": {"name": "cxr", "arguments": {}}}]', ""),
    ],
)  # fmt: skip
def test_calls_in_every_form(text: str, words: str) -> None:
    assert calls(text) == BOTH
    assert read_calls(text, NAMES).text == words


@pytest.mark.parametrize(
    "text",
    [
        "There is no effusion.",
        "It is {not a call}.",
        '{"answer": "no effusion"}',
        '{"name": "not_offered", "arguments": {}}',
        "[1, 2] are the slices.",
        "`cxr` is a tool",
        "```python\nprint(1)\n```",
        "<VISTA3D(spleen)>",
        "",
    ],
)
def test_words_stay_words(text: str) -> None:
    said = read_calls(text, NAMES)
    assert (said.text, said.calls) == (text, ())


@pytest.mark.parametrize(
    "text",
    [
        '<tool_call>{"name": "segment", "arguments": {"what": </tool_call>',
        "<tool_call></tool_call>",
        "<tool_call>segment</tool_call>",
        "<tool_call>3</tool_call>",
        "<tool_call>[]]</tool_call>",
        '[TOOL_CALLS]segment[ARGS]{"what"',
        '[TOOL_CALLS][{"name": "segment", ',
    ],
)
def test_what_was_meant_as_a_call_and_is_none_is_no_words_either(text: str) -> None:
    said = read_calls(text, NAMES)
    assert not said.text
    assert said.calls
    for call in said.calls:
        try:
            whole = bool(call.name) and isinstance(json.loads(call.arguments), dict)
        except ValueError:
            whole = False
        assert not whole


@given(st.text(alphabet='<>[]{}`"toolcalTOOL_CALLS/function=parameter:,x \n', max_size=200))
def test_anything_can_be_read(text: str) -> None:
    read_calls(text, NAMES)
    assert 0 <= held_back(text) <= len(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("No effusion", "No effusion"),
        ("No effusion <too", "No effusion "),
        ("No effusion <tool_call>{", "No effusion "),
        ("[TOOL", ""),
        ('  {"name"', "  "),
        ("a < b", "a < b"),
        ("See `", "See "),
    ],
)
def test_what_may_begin_a_call_waits(text: str, shown: str) -> None:
    assert text[: held_back(text)] == shown
