"""Identifiers in questions, reports, records and words of tools do not reach a model."""

import json

import pytest

from agents.pathway_planner import PathwayPlanner
from agents.planner import Situation, Turn
from agents.vlm.models import PlannerEntry
from agents.vlm.planner import VlmPlanner
from agents.vlm.private import masked_question
from agents.vlm.sight import Sight
from dxtrace.clinical import Case, Observation, Outcome, Report, ToolCall
from graphs.workbench import default_workbench

KNOWLEDGE = default_workbench().knowledge


@pytest.mark.parametrize(
    ("question", "shown"),
    [
        (
            "Does Zacharias Quintwell have an effusion?",
            "Does XXXXXXXXX XXXXXXXXX have an effusion?",
        ),
        ("Does Zacharias have an effusion?", "Does XXXXXXXXX have an effusion?"),
        ("QUINTWELL, Zacharias: any effusion?", "XXXXXXXXX, XXXXXXXXX: any effusion?"),
        ("Has Mr. Quintwell (MRN 12345) a nodule?", "Has Mr. XXXXXXXXX (MRN XXXXX) a nodule?"),
        ("Born 14.03.1951, seen 2024-02-29: a mass?", "Born XX.XX.XXXX, seen 2024-XX-XX: a mass?"),
        ("Call 617-555-0199 if there is a mass.", "Call XXX-XXX-XXXX if there is a mass."),
    ],
)
def test_who_is_asked_about_is_not_told(question: str, shown: str) -> None:
    assert masked_question(question, KNOWLEDGE) == shown


@pytest.mark.parametrize(
    "question",
    [
        "",
        "Which Lung-RADS category?",
        "What follow-up does the Fleischner Society recommend?",
        "Is there a Pleural Effusion or Pulmonary Edema?",
        "Are there Kerley B lines on this CT or MRI?",
        "Is the 7 mm nodule in the RUL solid? T1 or FLAIR?",
    ],
)
def test_clinical_words_stay(question: str) -> None:
    assert masked_question(question, KNOWLEDGE) == question


NAMES = ("Quintwell", "Zacharias", "12345", "1951", "0199", "02-29", "example.org", "113619")


@pytest.mark.parametrize("dialect", ["tools", "tokens", "json"])
@pytest.mark.parametrize("briefing", ["full", "compact"])
def test_nothing_that_is_sent_names_anybody(dialect: str, briefing: str) -> None:
    words = "Mr. Quintwell, MRN 12345, born 14.03.1951, tel. 617-555-0199, on 2024-02-29"
    situation = Situation(
        case=Case(
            id="Quintwell Zacharias", reports=(Report(text=f"HISTORY: {words}."),),
            question=f"Does Zacharias Quintwell have a nodule? {words}",
            observations=(Observation(name=words, value="1", unit="mg/L"),),
        ),
        called=(
            ToolCall(
                name="guideline_search", outcome=Outcome.FAILED, seconds=0,
                reason=f"{words}: see https://example.org/12345",
            ),
            ToolCall(
                name="scribe", outcome=Outcome.OK, seconds=0,
                notes=(f"{words}, UID 1.2.840.113619.2.55",),
            ),
        ),
        memory=(Turn(question=f"Does Zacharias Quintwell cough? {words}", problems=("none",)),),
        round=1,
    )  # fmt: skip
    pathway = default_workbench().planner("pathway")
    assert isinstance(pathway, PathwayPlanner)
    entry = PlannerEntry.model_validate(
        {"name": "m", "kind": "hosted", "model": "a:b", "dialect": dialect, "briefing": briefing}
    )
    planner = VlmPlanner(entry, pathway, open_model=lambda: pytest.fail("nothing is opened"))
    sent = json.dumps([m.content for m in planner.voice.messages(situation, Sight())])
    assert "nodule" in sent
    assert not [name for name in NAMES if name in sent]
