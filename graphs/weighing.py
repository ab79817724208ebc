"""The step that hears a planner again without the passages that do not bear on the question."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from agents.planner import Planner, Situation, Turn
from dxtrace.clinical import Arguments, Case, Outcome, QuotedPassage, Reliance, Statement, ToolCall
from graphs.records import dump
from graphs.reliance import (
    Without,
    check_reliance,
    left_out,
    passages_of,
    situation_without,
)
from graphs.statements import last_statement
from graphs.workbench import Workbench
from tools import run_tool
from tools.guideline_search import GUIDELINE_SEARCH

_NOT_FOUND = "a search for the question itself does not find them"
_NOT_JUDGED = "nobody could judge whether they bear on the question"


@dataclass(frozen=True)
class Weighed:
    """What came of it.

    Attributes:
        reliance: the comparison.
        turn: what the planner said without the passages, where that stands now.
        record: what the trace keeps.
    """

    reliance: Reliance
    turn: Turn | None
    record: dict[str, Any]


def weigh(bench: Workbench, planner: Planner, situation: Situation) -> Weighed | None:
    """Hear the planner without the passages that do not bear on the question; see RULE.

    Args:
        bench: reads sentences; its search judges passages.
        planner: any planner that speaks.
        situation: what it knew when it spoke last.

    Returns:
        None if it said nothing, or every passage bears on the question.
    """
    said = last_statement(situation.turns)
    if said is None:
        return None
    aside, why, search = _not_bearing(bench, situation.case, situation.called)
    if not aside:
        return None
    turn, without = _without(planner, situation_without(situation, aside))
    instead = turn or Turn(
        statement=left_out(said, aside), seen_calls=len(situation.called),
        seen_replies=len(situation.asked), round=situation.round,
        question=situation.case.question or "",
    )  # fmt: skip
    reliance = check_reliance(
        bench.statement_reader.claims_of(said, situation.case),
        bench.statement_reader.claims_of(instead.statement or Statement(), situation.case),
        aside, without=without, why=why,
    )  # fmt: skip
    stands = instead if reliance.changes else None
    record = {**dump(reliance), "tokens": instead.tokens}
    if search is not None:
        record["search"] = dump(search)
    if stands is not None:
        record["turn"] = stands.model_dump(mode="json")
    return Weighed(reliance, stands, record)


def _without(planner: Planner, situation: Situation) -> tuple[Turn | None, Without]:
    """What a planner says in a situation; None if it does not answer there."""
    turn = planner.plan(situation).turn
    if turn is None or turn.statement is None:
        return None, "left_out"
    return turn, "asked_again"


def _not_bearing(
    bench: Workbench, case: Case, calls: Iterable[ToolCall]
) -> tuple[tuple[QuotedPassage, ...], str, ToolCall | None]:
    """The passages that do not bear on the question, why, and the search that was made for it."""
    calls = tuple(calls)
    passages = passages_of(calls)
    aside = _others(passages, case, passages)
    if not aside or not case.question:
        return aside, _NOT_JUDGED, None
    asked = [c for c in calls if _asks(c, case.question)]
    own = None if asked else _search(bench, case, case.question)
    found = own or (asked[0] if asked else None)
    if own is not None:
        aside = _others(passages, case, own.passages)
    return aside, _NOT_FOUND if _is_judged(found) else _NOT_JUDGED, own


def _is_judged(search: ToolCall | None) -> bool:
    """Whether a search for the question was made, with an embedder that the bound is fitted for."""
    if search is None or search.outcome is not Outcome.OK:
        return False
    return all(p.score is not None for p in search.passages)


def _others(
    passages: Iterable[QuotedPassage], case: Case, found: Iterable[QuotedPassage]
) -> tuple[QuotedPassage, ...]:
    """The passages that are not among those found for the question above the calibrated bound."""
    bearing = {
        p.reference
        for p in found
        if p.score is not None and not p.unverified and case.question in (None, p.question)
    }
    return tuple(p for p in passages if p.unverified or p.reference not in bearing)


def _asks(call: ToolCall, question: str) -> bool:
    asked = call.arguments.phrases
    return call.name == GUIDELINE_SEARCH and (not asked or question in asked)


def _search(bench: Workbench, case: Case, question: str) -> ToolCall | None:
    tool = bench.registry.get(GUIDELINE_SEARCH)
    if tool is None:
        return None
    return run_tool(tool, case, Arguments(phrases=(question,))).call
