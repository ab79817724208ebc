"""Ids that a file gives may name somebody: a model sees numbers, and its answers mean the ids."""

import json

import pytest
from langchain_core.language_models import FakeListChatModel

from agents.pathway_planner import PathwayPlanner
from agents.planner import Situation, Turn
from agents.vlm.models import PlannerEntry
from agents.vlm.neutral_ids import NeutralIds
from agents.vlm.planner import VlmPlanner
from agents.vlm.sight import Sight
from dxtrace.clinical import Case, CheckedSentence, Finding, Presence, Source
from graphs.workbench import default_workbench


def finding(name: str, lesion: str | None = None, source: Source = Source.STRUCTURED) -> Finding:
    return Finding(
        id=name, concept="pulmonary_nodule", presence=Presence.PRESENT, lesion=lesion,
        location="right lung of Mr. Quintwell", source=source,
    )  # fmt: skip


FINDINGS = (
    finding("f1", source=Source.REPORT_FINDINGS),
    finding("quintwell_nodule", "quintwell_left"),
    finding("zacharias", "quintwell_right"),
    finding("t1", "quintwell_left", Source.TOOL),
)
ANSWER = json.dumps(
    {
        "answer": [
            {
                "text": "There is a nodule.",
                "claims": [
                    {"concept": "pulmonary_nodule", "presence": "present", "findings": ["f2", "f1"]}
                ],
            }
        ]
    }
)


def planner(dialect: str = "json", briefing: str = "full") -> VlmPlanner:
    pathway = default_workbench().planner("pathway")
    assert isinstance(pathway, PathwayPlanner)
    entry = PlannerEntry.model_validate(
        {"name": "m", "kind": "hosted", "model": "a:b", "dialect": dialect, "briefing": briefing}
    )
    return VlmPlanner(entry, pathway, open_model=lambda: FakeListChatModel(responses=[ANSWER]))


@pytest.mark.parametrize("dialect", ["tools", "tokens", "json"])
@pytest.mark.parametrize("briefing", ["full", "compact"])
def test_no_id_of_a_file_is_sent(dialect: str, briefing: str) -> None:
    situation = Situation(case=Case(id="c-1", question="A nodule?"), findings=FINDINGS)
    turn = planner().voice.speak(situation)
    told = CheckedSentence(
        text="A nodule.", mark="contradicted", why="quintwell_nodule of Mr. Quintwell denies it"
    )
    remembered = turn.model_copy(update={"checked": (told,)})
    later = situation.model_copy(update={"memory": (remembered, Turn(problems=("none",)))})
    messages = planner(dialect, briefing).voice.messages(later, Sight())
    sent = json.dumps([m.model_dump(mode="json") for m in messages]).lower()
    assert "lesion 1" in sent
    assert "lesion 2" in sent
    assert "quintwell" not in sent
    assert "zacharias" not in sent


def test_what_a_model_rests_on_is_found_again() -> None:
    situation = Situation(case=Case(id="c-1", question="A nodule?"), findings=FINDINGS)
    statement = planner().voice.speak(situation).statement
    assert statement is not None
    (basis,) = statement.basis.values()
    assert basis.findings == ("quintwell_nodule", "f1")


def test_ids_that_readers_and_experts_give_stay() -> None:
    ids = NeutralIds.of(FINDINGS)
    assert [ids.shown(f).id for f in FINDINGS] == ["f1", "f2", "f3", "t1"]
    assert [ids.shown(f).lesion for f in FINDINGS] == [None, "lesion 1", "lesion 2", "lesion 1"]
