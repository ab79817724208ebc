"""What a model is sent: words of others stand in quoted blocks, or spelled out on one line."""

import re
from typing import NoReturn

import pytest

from agents.pathway_planner import PathwayPlanner
from agents.planner import Situation, Turn
from agents.vlm.models import PlannerEntry
from agents.vlm.planner import VlmPlanner
from agents.vlm.sight import Sight
from dxtrace.clinical import (
    CallRequest,
    Case,
    CheckedSentence,
    Citation,
    Evidence,
    Finding,
    Observation,
    Outcome,
    Patient,
    Presence,
    QuotedPassage,
    Report,
    Sentence,
    Series,
    SimilarCase,
    Statement,
    Study,
    ToolCall,
)
from dxtrace.intake import mask_dates, mask_identifiers
from dxtrace.retrieval.visible_text import inline
from graphs.workbench import default_workbench
from tests.attacks import Attack, attack_id, attacks

HARMLESS = "calm words"
DIALECTS = ("tools", "tokens", "json")
_BLOCK = re.compile(r"BEGIN QUOTED TEXTS (\w+) [^\n]*\n.*?\nEND QUOTED TEXTS \1", re.DOTALL)
_SYNTAX = re.compile(r"<\||\|>|<</?SYS|\[/?INST|<start_of|<s>|</?tool_|<VISTA3D|```|!\[|://")
_CALLS = tuple(CallRequest(tool=t) for t in ("guideline_search", "similar_cases", "scribe", "lost"))


def situation(words: str) -> Situation:
    """A review in which the words stand wherever words of others can."""
    seen = Finding(
        id="f1", concept="atelectasis", presence=Presence.PRESENT, text=words, location=words,
        lesion=words, attributes={"severity": words}, evidence=(Evidence(tool="scribe"),),
    )  # fmt: skip
    passage = QuotedPassage(
        citation=Citation(source=words, section=words, text=words), quote=words,
        span=(0, len(words)), reference="own@1#a", unverified=words,
    )  # fmt: skip
    return Situation(
        case=Case(
            id="c-1", question="Is there a nodule?", patient=Patient(risk_factors=(words,)),
            reports=(Report(text=words, title=words), Report(text=words, is_prior=True)),
            observations=(Observation(name=words, value="1", unit=words),),
            studies=(Study(id="s", series=(Series(id="x", modality="CT", description=words),)),),
        ),
        called=(
            ToolCall(name="guideline_search", outcome=Outcome.OK, seconds=0, passages=(passage,)),
            ToolCall(name="similar_cases", outcome=Outcome.OK, seconds=0, notes=(words,)),
            ToolCall(name="scribe", outcome=Outcome.OK, seconds=0, notes=(words,)),
            ToolCall(name="lost", outcome=Outcome.FAILED, seconds=0, reason=words),
        ),
        findings=(seen, seen.model_copy(update={"id": "f2", "evidence": ()})),
        similar=(SimilarCase(id="o", source=words, similarity=0.5),),
        memory=(
            Turn(calls=_CALLS, seen_calls=4),
            Turn(
                statement=Statement(sentences=(Sentence(text="All is well."),)), seen_calls=4,
                checked=(CheckedSentence(text="All is well.", mark="contradicted", why=words),),
            ),
        ),
    )  # fmt: skip


def sent(words: str, dialect: str = "tools") -> list[str]:
    """The texts of the messages that a model is sent."""
    bench = default_workbench()
    pathway = PathwayPlanner(bench.knowledge, bench.reader, bench.registry)
    entry = PlannerEntry.model_validate(
        {"name": "m", "kind": "endpoint", "base_url": "http://127.0.0.1:1/v1", "dialect": dialect}
    )
    planner = VlmPlanner(entry, pathway, _no_model)
    return [str(m.content) for m in planner.voice.messages(situation(words), Sight())]


def _no_model() -> NoReturn:
    raise AssertionError("expected no model to be opened")


def own_words(messages: list[str]) -> list[str]:
    """What is said outside of all quoted blocks."""
    return [_BLOCK.sub("QUOTED", text) for text in messages]


@pytest.fixture(scope="module", params=DIALECTS)
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("attack", attacks(), ids=attack_id)
def test_nothing_stands_outside_the_quotation_but_on_one_line(attack: Attack) -> None:
    plain = own_words(sent(HARMLESS))
    attacked = own_words(sent(attack.text))
    shown, masked = inline(attack.text), inline(mask_dates(mask_identifiers(attack.text)))
    assert [t.replace(shown, HARMLESS).replace(masked, HARMLESS) for t in attacked] == plain
    own = "\n".join(plain)
    assert not set(_SYNTAX.findall("\n".join(attacked))) - set(_SYNTAX.findall(own))


def test_the_same_in_every_dialect(dialect: str) -> None:
    attack = next(a for a in attacks() if a.name == "chatml")
    messages = sent(attack.text, dialect)
    assert sum(text.count("BEGIN QUOTED TEXTS ") for text in messages) >= 4
    plain = own_words(sent(HARMLESS, dialect))
    shown = inline(attack.text)
    assert [t.replace(shown, HARMLESS) for t in own_words(messages)] == plain


def test_a_passage_that_is_not_verified_is_called_so() -> None:
    assert any("own@1#a (not verified: calm words)" in text for text in sent(HARMLESS))
