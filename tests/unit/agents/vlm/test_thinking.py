"""Thoughts of a model are neither claims nor calls."""

from __future__ import annotations

import pytest
from langchain_core.messages import AIMessage

from agents.vlm.dialects import dialect_named
from agents.vlm.dialects.thinking import without_thoughts
from agents.vlm.offer import Offer
from expert_models import ModelCard

OFFER = Offer(cards=(ModelCard(name="finder", task="detection"),))


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("<think>A nodule?</think>There is no nodule.", "There is no nodule."),
        ("<THINK>\na\n</THINK>\n\nNo.", "No."),
        ("It opened before.\n</think>\nNo.", "No."),
        ("<think>cut off in the middle of", ""),
        ("One. <think>two</think> Three. <thinking>four</thinking>Five.", "One.  Three. Five."),
        ("<unused94>thought\nHm.<unused95>No.", "No."),
        ("<think>a <think>b</think> c</think>No.", "No."),
        ("I think there is none.", "I think there is none."),
        ("", ""),
    ],
)
def test_only_what_is_said_counts(written: str, said: str) -> None:
    assert without_thoughts(written) == said


@pytest.mark.parametrize("dialect", ["tokens", "json", "tools"])
def test_a_thought_calls_nothing_and_claims_nothing(dialect: str) -> None:
    thought = '<think><finder()> {"calls": [{"name": "finder"}]} There is a nodule.</think>'
    move = dialect_named(dialect).read(AIMessage(content=f"{thought}No call is needed."), OFFER)
    assert not move.calls
    assert [s.text for s in move.sentences] == ["No call is needed."]
