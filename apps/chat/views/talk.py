"""The view of the talk: what was asked, the steps, the answer with every proof one click away."""

from typing import Any

from agents.plain_language import plain_answer
from apps.chat.conversation import Conversation
from apps.chat.running import Running
from apps.chat.translating import languages, translator
from apps.chat.turns import Turn
from apps.chat.views.environment import part, render
from dxtrace.clinical import Result, ToolCall
from dxtrace.knowledge import load_knowledge
from dxtrace.reporting.case_report import case_context
from dxtrace.reporting.names import Names
from dxtrace.reporting.page_pictures import read_pictures

LATEST = "now-"
"""What ids of the latest answer begin with; the findings table has the same."""


def show_talk(conversation: Conversation | None, notice: str = "") -> str:
    """The turns that have ended, and what the graph asks.

    Args:
        conversation: the session's; None before there is one.
        notice: what the visitor must be told.
    """
    if conversation is None:
        return render("talk.html.j2", turns=[], pending=None, notice=notice)
    turns = conversation.turns
    last = len(turns) - 1
    return render(
        "talk.html.j2",
        turns=[_turn(conversation, t, number, is_last=number == last)
               for number, t in enumerate(turns)],
        pending=None if conversation.running else conversation.pending,
        notice=notice,
        languages=languages(),
        can_translate=translator(conversation.planner) is not None,
        refused=conversation.translating.refused,
    )  # fmt: skip


def show_running(conversation: Conversation | None) -> str:
    """What is being worked on; empty if nothing is."""
    if conversation is None:
        return ""
    running = conversation.running
    if not conversation.is_at_work:
        return ""
    return render(
        "running.html.j2",
        running=running,
        translating=languages().get(conversation.translating.language, ""),
        steps=_running_steps(running) if running else [],
        stopping=running is not None and running.cancellation.is_cancelled,
        before=conversation.before,
    )


def result_context(conversation: Conversation, result: Result, at: str) -> dict[str, Any]:
    """What the parts of a result are rendered from, as on its report.

    Args:
        conversation: the session's.
        result: the result.
        at: what ids begin with.
    """
    # Where the report of a similar case lies is no business of a page.
    similar = tuple(s.model_copy(update={"link": None}) for s in result.similar_cases)
    return case_context(
        result.model_copy(update={"similar_cases": similar}),
        case=conversation.case,
        knowledge=load_knowledge(),
        pictures=read_pictures(conversation.session.output, result),
        at=at,
    )


def _turn(conversation: Conversation, turn: Turn, number: int, *, is_last: bool) -> dict[str, Any]:
    at = LATEST if is_last else f"t{number}-"
    parts: dict[str, Any] | None = None
    if turn.result is not None:
        context = result_context(conversation, turn.result, at)
        if not is_last:  # their findings are not on the page any more
            context["finding_ids"] = set()
        passages = len(context["quotations"])
        # They stand in full beside the talk.
        context["quotations"] = []
        parts = {
            "answer": part("answer", context) if not turn.pending else "",
            "reasoning": part("reasoning", context),
            "documents": part("documents", context) if context["documents"] else "",
            "passages": passages,
            "plain": plain_answer(load_knowledge(), turn.result) if is_last else "",
            "translation": conversation.translating.of_turn(number) if is_last else None,
        }
    return {
        "number": number,
        "is_last": is_last,
        "turn": turn,
        "asked": _asked(turn),
        "steps": step_words(turn.steps),
        "failed": _failed(turn.result),
        "says_nothing": parts is not None and not parts["answer"].strip() and not turn.pending,
        "parts": parts,
        "changes": _changes(turn.result) if turn.result else [],
    }


def _changes(result: Result) -> list[dict[str, str]]:
    """What an earlier answer said and does not hold any more, in words."""
    names = Names(load_knowledge())
    return [
        {
            "title": c.title,
            "before": names.value(c, c.before),
            "now": "open" if c.now is None else names.value(c, c.now),
            "because": ", ".join(c.because),
        }
        for c in result.changes
    ]


def _asked(turn: Turn) -> str:
    if turn.action == "review":
        return turn.words or "Review of the case"
    if turn.action == "reply":
        return turn.words or "Not known"
    if turn.action == "correction":
        return "; ".join(
            f"{c.finding}: {_corrected(c.model_dump(mode='json'))}, by {c.by}"
            for c in turn.corrections
        ) or "Correction"  # fmt: skip
    return turn.words


def _corrected(correction: dict[str, Any]) -> str:
    said = [
        "rejected" if correction["rejected"] else "",
        correction["presence"] or "",
        correction["laterality"] or "",
        *(f"{m['kind'].replace('_', ' ')} {m['value']} {m['unit']}"
          for m in correction["measurements"]),
    ]  # fmt: skip
    return ", ".join(filter(None, said))


def _failed(result: Result | None) -> list[ToolCall]:
    """The calls that gave nothing: failed is never absent, so it is said."""
    if result is None:
        return []
    return [t for t in result.tools if t.outcome not in ("ok", "not_applicable")]


def step_words(steps: tuple[dict[str, Any], ...] | list[dict[str, Any]]) -> list[dict[str, str]]:
    """The graph's steps in words, each with how it went."""
    return [words for step in steps if (words := _step(step))]


def _step(step: dict[str, Any]) -> dict[str, str] | None:
    kind = step.get("step")
    if kind == "tool":
        outcome = str(step["outcome"])
        return {
            "what": str(step["name"]), "how": outcome.replace("_", " "), "state": outcome,
            "seconds": f"{step['seconds']:.1f} s",
        }  # fmt: skip
    said = _said(step)
    return {"what": said, "how": "", "state": "", "seconds": ""} if said else None


def _said(step: dict[str, Any]) -> str:
    """A step that is no call, in words; empty if it is none that a visitor would know."""
    match step.get("step"):
        case "intake":
            return "Case read"
        case "plan":
            return f"Planned: {', '.join(step['calls']) or 'no further call'}"
        case "check":
            claims = _count(step["claims"], "statement")
            return (
                f"Checked {claims} of the report, {_count(step['contradictions'], 'contradiction')}"
            )
        case "revise":
            return f"Revised {_count(step['claims'], 'statement')}"
        case "weigh":
            return "Heard again without passages that do not bear on the question"
        case "answer":
            return "Answer written"
    return ""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _running_steps(running: Running) -> list[dict[str, str]]:
    """The steps so far, and the calls that have not come back."""
    steps = list(running.steps)
    planned = [c for s in steps if s.get("step") == "plan" for c in s["calls"]]
    for step in steps:
        if step.get("step") == "tool" and step["name"] in planned:
            planned.remove(step["name"])
    waiting = [
        {"what": name, "how": "at work", "state": "running", "seconds": ""} for name in planned
    ]
    return [*step_words(steps), *waiting]
