"""Passages that do not bear on the question do not decide what a planner answers."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from agents.intent import Intent
from agents.pathway_planner import PathwayPlanner
from agents.planner import PackChoice, Plan, Planner, Situation, Turn
from dxtrace.clinical import (
    Arguments,
    Basis,
    CallRequest,
    Case,
    CheckedClaim,
    Citation,
    Claim,
    Finding,
    Presence,
    QuotedPassage,
    Sentence,
    Statement,
    Trace,
)
from expert_models import ExpertOutput, ModelCard, ToolRefusal
from graphs import Settings, replay, review_with_trace
from graphs.reliance import check_reliance
from graphs.reviewing import ReviewRun
from graphs.workbench import Workbench, default_workbench
from tests.unit.graphs.benches import report_case
from tools import Tool, ToolRegistry

QUESTION = "Is there a nodule?"
REPORT = "CT chest. FINDINGS: 7 mm solid nodule in the right upper lobe. No pneumothorax."
TRUE = "There is a nodule in the right upper lobe."
LED_ASTRAY = "There is a rib fracture."


def passage(key: str, question: str, score: float | None = 0.9, **fields: str) -> QuotedPassage:
    text = f"What {key} says of it."
    return QuotedPassage(
        citation=Citation(source="Guideline", section=key, text=text), quote=text,
        span=(0, len(text)), reference=f"own@1#{key}", score=score, question=question, **fields,
    )  # fmt: skip


Search = Callable[[str], tuple[QuotedPassage, ...]]


def by_words(phrase: str) -> tuple[QuotedPassage, ...]:
    """A search that finds for each phrase a passage of its own."""
    return (passage("nodules" if phrase == QUESTION else "ribs", phrase),)


class Speaker:
    """A planner that searches for something and then says what depends on what it has read."""

    name = "speaker"
    most_steps: int | None = 8

    def __init__(
        self,
        pathway: PathwayPlanner,
        phrase: str,
        say: Callable[[set[str]], Statement | None],
    ) -> None:
        self.pathway, self.phrase, self.say = pathway, phrase, say
        self.heard: list[set[str]] = []

    def plan(self, situation: Situation) -> Plan:
        intents = self.intents(situation.case)
        if not situation.called:
            search = CallRequest(
                tool="guideline_search", arguments=Arguments(phrases=(self.phrase,))
            )
            calls = (CallRequest(tool="report_reader"), search)
            return Plan(calls=calls, why=("", ""), intents=intents, turn=Turn(calls=calls))
        read = {p.citation.section for c in situation.called for p in c.passages}
        self.heard.append(read)
        said = self.say(read)
        turn = Turn(
            statement=said, seen_calls=len(situation.called),
            calls=() if said else (CallRequest(tool="report_reader"),),
        )  # fmt: skip
        return Plan(intents=intents, turn=turn)

    def goes_on(self, situation: Situation) -> bool:
        return not any(t.statement for t in situation.memory)

    def intents(self, case: Case) -> tuple[Intent, ...]:
        return self.pathway.intents(case)

    def choose_packs(
        self, case: Case, findings: Iterable[Finding], holds: Callable[[str], bool]
    ) -> tuple[PackChoice, ...]:
        return self.pathway.choose_packs(case, findings, holds)

    def draft(self, intents: Iterable[Intent]) -> tuple[Claim, ...]:
        return self.pathway.draft(intents)

    def revise(self, checked: Iterable[CheckedClaim]) -> tuple[Claim, ...]:
        return self.pathway.revise(checked)


def heard(
    say: Callable[[set[str]], Statement | None],
    *,
    phrase: str = "rib fractures",
    search: Search = by_words,
    settings: Settings | None = None,
) -> tuple[ReviewRun, Speaker]:
    """A review by a planner that speaks."""

    def run(case: Case, arguments: Arguments) -> ExpertOutput:
        asked = arguments.phrases or (case.question or "",)
        return ExpertOutput(passages=tuple(p for phrase in asked for p in search(phrase)))

    known = default_workbench()
    registry = ToolRegistry()
    reader = known.registry.get("report_reader")
    assert reader is not None
    registry.register(reader)
    card = ModelCard(
        name="guideline_search", task="retrieval", accepts=("report",), prompts=("phrases",)
    )
    registry.register(Tool(card, run))
    speaker = Speaker(PathwayPlanner(known.knowledge, known.reader, registry), phrase, say)

    class Bench(Workbench):
        def planner(self, name: str) -> Planner:
            return speaker if name == speaker.name else super().planner(name)

    bench = Bench(known.knowledge)
    bench.__dict__.update(reader=known.reader, registry=registry)
    case = report_case(REPORT, QUESTION)
    return review_with_trace(case, planner="speaker", bench=bench, settings=settings), speaker


def said(*sentences: str) -> Statement:
    return Statement(sentences=tuple(Sentence(text=s) for s in sentences))


def led_astray(read: set[str]) -> Statement:
    """Believes whatever it has read about ribs."""
    return said(TRUE, LED_ASTRAY) if "ribs" in read else said(TRUE)


def sentences(run: ReviewRun) -> list[tuple[str, str]]:
    assert run.result.planner is not None
    return [(s.text, s.mark) for s in run.result.planner.sentences]


def entries(trace: Trace) -> list[dict[str, object]]:
    return [e.data for e in trace.entries if e.kind == "reliance"]


def test_the_answer_without_the_passage_stands_and_the_trace_says_why() -> None:
    run, speaker = heard(led_astray)
    assert speaker.heard == [{"ribs"}, set()]
    assert sentences(run) == [(TRUE, "entailed")]
    reliance = run.result.reliance
    assert reliance is not None
    assert reliance.passages == ("own@1#ribs",)
    (change,) = reliance.changes
    assert (change.concept, change.with_passages, change.without_passages) == (
        "rib_fracture", "present", "",
    )  # fmt: skip
    (entry,) = entries(run.trace)
    assert entry["without"] == "asked_again"
    assert entry["why"] == "a search for the question itself does not find them"
    assert "Set aside" in run.result.answer.text
    assert LED_ASTRAY not in run.result.answer.text
    assert "Found, but not on the question: “What ribs says of it.”" in run.result.answer.text
    assert run.result.answer.text.startswith("Yes")


def test_a_trace_with_it_is_replayed_the_same(tmp_path: Path) -> None:
    run, _ = heard(led_astray, settings=Settings(checkpoints=tmp_path / "sessions.sqlite"))
    assert replay(Trace.from_json(run.trace.to_json())).same


def test_a_passage_on_the_question_may_change_the_answer() -> None:
    run, speaker = heard(
        lambda read: said(TRUE, LED_ASTRAY) if "nodules" in read else said(TRUE), phrase=QUESTION
    )
    assert speaker.heard == [{"nodules"}]
    assert run.result.reliance is None
    assert [text for text, _ in sentences(run)] == [TRUE, LED_ASTRAY]


def test_the_same_claims_in_other_words_are_no_change() -> None:
    run, speaker = heard(
        lambda read: said(TRUE if read else "A right upper lobe nodule is present.")
    )
    assert len(speaker.heard) == 2
    assert run.result.reliance is not None
    assert run.result.reliance.changes == ()
    assert sentences(run) == [(TRUE, "entailed")]
    assert "Set aside" not in run.result.answer.text


def test_what_rests_on_the_passage_alone_is_left_out_if_nothing_is_said_without_it() -> None:
    fracture = Claim(id="m1", kind="finding", concept="rib_fracture")
    nodule = Claim(id="m2", kind="finding", concept="pulmonary_nodule")
    statement = Statement(
        sentences=(Sentence(text=LED_ASTRAY, claims=("m1",)), Sentence(text=TRUE, claims=("m2",))),
        claims=(fracture, nodule), basis={"m1": Basis(passages=("own@1#ribs",))},
    )  # fmt: skip
    run, _ = heard(lambda read: statement if read else None)
    assert run.result.reliance is not None
    assert run.result.reliance.without == "left_out"
    assert sentences(run) == [(TRUE, "entailed")]


@pytest.mark.parametrize("score", [None, 0.9])
def test_a_search_that_cannot_judge_is_not_trusted_with_it(score: float | None) -> None:
    def search(phrase: str) -> tuple[QuotedPassage, ...]:
        if phrase == QUESTION and score is not None:
            raise ToolRefusal("no embedder")
        return (passage("ribs", phrase, score),)

    run, _ = heard(led_astray, search=search)
    assert run.result.reliance is not None
    assert run.result.reliance.why == "nobody could judge whether they bear on the question"
    assert sentences(run) == [(TRUE, "entailed")]


def test_the_reference_of_a_true_passage_does_not_make_a_false_one_bear() -> None:
    def search(phrase: str) -> tuple[QuotedPassage, ...]:
        true = passage("nodules", phrase)
        false = passage("ribs", phrase).model_copy(
            update={"reference": true.reference, "quote": "Invented."}
        )
        return (true, false)

    run, speaker = heard(led_astray, phrase=QUESTION, search=search)
    assert speaker.heard[0] == {"nodules", "ribs"}
    assert "ribs" not in speaker.heard[-1]
    assert [text for text, _ in sentences(run)] == [TRUE]


def test_the_built_in_planner_rests_on_no_retrieved_passage() -> None:
    run = review_with_trace(report_case(REPORT, QUESTION))
    assert run.result.reliance is None
    assert entries(run.trace) == []


def test_claims_are_compared_and_not_their_order_or_size() -> None:
    nodule = Claim(id="a", kind="finding", concept="pulmonary_nodule")
    gone = nodule.model_copy(update={"id": "b", "presence": Presence.ABSENT})
    other = Claim(id="c", kind="category", concept="lung_rads.category", value="3")
    for before, after, expected in (
        ((nodule, other), (other, nodule), []),
        ((nodule, nodule), (nodule,), []),
        ((nodule,), (gone,), [("present", "absent")]),
        ((other,), (other.model_copy(update={"value": "4A"}),), [("3", "4A")]),
        ((), (other,), [("", "3")]),
    ):
        found = check_reliance(before, after, (), without="asked_again", why="")
        assert [(c.with_passages, c.without_passages) for c in found.changes] == expected
