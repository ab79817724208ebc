"""The views beside the talk: similar cases and guidelines, taking away, settings."""

from apps.chat.conversation import Conversation
from apps.chat.options import ChatOptions
from apps.chat.planners import offered_planners, planner_problems
from apps.chat.record import Choices
from apps.chat.taking import OFFERS
from apps.chat.views.environment import render
from apps.chat.views.talk import result_context
from dxtrace.clinical import Citation, Result
from expert_models.card_text import render_card
from graphs import Settings
from graphs.workbench import default_workbench

_ALWAYS = frozenset({"patient_record", "report_reader"})


def show_evidence(conversation: Conversation | None) -> str:
    """Similar cases, and the guideline passages behind the answer."""
    result = conversation.result if conversation else None
    if conversation is None or result is None:
        return render("evidence.html.j2", result=None)
    context = result_context(conversation, result, "side-")
    has_report = bool(conversation.case and conversation.case.reports)
    return render("evidence.html.j2", **context, passages=_passages(result), has_report=has_report)


def _passages(result: Result) -> list[Citation]:
    """The passages behind what was concluded, each once."""
    cited = [c for conclusion in result.answer.conclusions for c in conclusion.citations]
    return list({(c.source, c.section, c.passage_id): c for c in cited}.values())


def show_taking(conversation: Conversation | None) -> str:
    """Links to what can be taken away."""
    result = conversation.result if conversation else None
    has_masks = bool(result and any(a.kind == "mask" for a in result.artifacts))
    offered = {k: e.title for k, e in OFFERS.items() if has_masks or not e.needs_masks}
    return render(
        "taking.html.j2",
        session=conversation.session.id if conversation else "",
        exports=offered if result else {},
        trace=conversation.trace if conversation and result else None,
    )


def show_settings(
    conversation: Conversation | None,
    options: ChatOptions,
    notice: str = "",
    *,
    is_saved: bool = False,
) -> str:
    """Planner, experts and budgets.

    Args:
        conversation: the session's; None before there is one.
        options: the server's own choices.
        notice: what the visitor must be told.
        is_saved: whether the visitor has just saved them.
    """
    choices = conversation.record.choices if conversation else Choices()
    registry, own = default_workbench().registry, Settings()
    return render(
        "settings.html.j2",
        choices=choices,
        planners=offered_planners(options, choices),
        may_name_planners=options.may_name_planners,
        max_steps=choices.max_steps or own.max_steps,
        time_limit_s=choices.time_limit_s or own.time_limit_s,
        experts=[
            (tool.card, render_card(tool.card), tool.origin)
            for tool in registry
            if tool.card.name not in _ALWAYS
        ],
        problems={**planner_problems(), **registry.problems},
        notice=notice,
        is_saved=is_saved,
    )
