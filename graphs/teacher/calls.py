"""Whether the right tools were called, within their contracts, each once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dxtrace.clinical import CallRequest
from graphs.teacher.conversation import Exchange
from graphs.teacher.grounds import Grounds
from graphs.teacher.reward import JudgedCall
from graphs.teacher.settings import RewardSettings
from tools import Tool

_ALL_CONCEPTS = "*"


def judge_calls(
    grounds: Grounds, exchanges: Iterable[Exchange], settings: RewardSettings
) -> tuple[JudgedCall, ...]:
    """Every call of the rewarded turns, and every needed one that was not made.

    Needed is what the built-in planner would call for the same questions with the same experts
    installed, less what the evidence already comes from. Who reads what came with the case
    (reports, records) may be called and need not be.
    """
    said = list(exchanges)
    rewarded = [e for e in said if not e.given]
    done = [c for e in said if e.given for c in e.calls]
    called = [c for e in rewarded for c in e.calls]
    needed = _needed(grounds, rewarded, {c.tool for c in called})
    done_before = {c.tool for c in done}
    judged = [
        JudgedCall(tool=words, standing="unreadable", worth=settings.worth("calls", "unreadable"))
        for e in rewarded
        for words in e.unreadable
    ]
    for call in called:
        standing, why = _standing(grounds, call, done, needed)
        worth = None if standing == "read" else settings.worth("calls", standing)
        judged.append(JudgedCall(tool=call.tool, standing=standing, worth=worth, why=why))
        done.append(call)
    left_out = [t for t in needed if t not in {c.tool for c in called} | done_before]
    judged += [
        JudgedCall(tool=t, standing="not_called", worth=settings.worth("calls", "not_called"))
        for t in left_out
    ]
    return tuple(judged)


def calls_part(judged: Iterable[JudgedCall], settings: RewardSettings, *, spoken: bool) -> float:
    """The mean over what counts; a conversation that says nothing earns nothing by calling none."""
    worths = [c.worth for c in judged if c.worth is not None]
    if worths:
        return sum(worths) / len(worths)
    return settings.worth("calls", "none_needed") if spoken else 0.0


def _standing(
    grounds: Grounds, call: CallRequest, done: list[CallRequest], needed: dict[str, Tool]
) -> tuple[str, str]:
    tool = grounds.bench.registry.get(call.tool)
    if tool is None:
        return "unknown", "there is no such tool"
    if call in done:
        return "repeated", "the same call again"
    reason = tool.applicable(grounds.case, call.arguments)
    if reads_everything(tool):
        # Without the report's text here, nobody can say that a reader had nothing to read.
        return "read", ""
    if reason is not None:
        return "refused", reason
    return ("needed", "") if call.tool in needed else ("unneeded", "the pathway has no use for it")


def reads_everything(tool: Tool) -> bool:
    """Whether a tool reads what came with the case, whatever it is about."""
    return _ALL_CONCEPTS in tool.card.produces


def _needed(grounds: Grounds, exchanges: list[Exchange], called: set[str]) -> dict[str, Tool]:
    known = {e.tool for f in grounds.findings for e in f.evidence} - called
    return {name: tool for name, tool in _wanted(grounds, exchanges) if name not in known}


def _wanted(grounds: Grounds, exchanges: list[Exchange]) -> Iterator[tuple[str, Tool]]:
    for exchange in exchanges:
        for call in grounds.question(exchange.question).calls:
            tool = grounds.bench.registry.get(call.tool)
            if tool is None or reads_everything(tool):
                continue
            if tool.applicable(grounds.case, call.arguments) is None:
                yield call.tool, tool
