"""What a model is told: the rules, the experts, the case, and what came of each of its turns."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from agents.planner import Situation, Turn
from agents.vlm.dialects import Dialect
from agents.vlm.evidence_text import findings_text, result_of, verdicts_text
from agents.vlm.offer import Offer
from agents.vlm.sight import Sight
from agents.vlm.wording import FULL, Wording
from dxtrace.clinical import Case, Finding, Study
from dxtrace.knowledge import Knowledge
from dxtrace.retrieval.quoting import QuotedText, inline, render_quotations

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage


def messages_for(
    situation: Situation,
    *,
    offer: Offer,
    dialect: Dialect,
    knowledge: Knowledge,
    outputs: Iterable[str],
    sight: Sight,
    wording: Wording = FULL,
) -> list[BaseMessage]:
    """The whole conversation so far, as the model is sent it.

    Args:
        situation: what is known.
        offer: the experts and facts that it may ask for.
        dialect: how it writes.
        knowledge: names of conclusions and their values.
        outputs: the conclusions that are asked for.
        sight: what it sees, and what it does not.
        wording: in full, or in few words.
    """
    from langchain_core.messages import HumanMessage, SystemMessage

    messages: list[BaseMessage] = [
        SystemMessage(content=wording.system(offer, dialect, knowledge, outputs)),
        HumanMessage(content=_brief(situation, sight, wording, sized=offer.takes_places)),
    ]
    before = 0
    for number, turn in enumerate(situation.memory):
        if turn.round != before:
            messages.append(HumanMessage(content=wording.question(turn.question)))
            before = turn.round
        messages.append(dialect.spoken(turn, number))
        results = [result_of(call, situation, wording.names) for call in turn.calls]
        messages += dialect.told(turn, number, results, _rest(turn, situation))
    if situation.memory and before != situation.round:
        messages.append(HumanMessage(content=_next_question(situation, wording)))
    elif situation.memory and not situation.memory[-1].problems and (news := _news(situation)):
        messages.append(HumanMessage(content=news))
    return messages


def bare_question(question: str, sight: Sight) -> list[BaseMessage]:
    """A question about the pictures alone, to be answered with yes or no."""
    from langchain_core.messages import HumanMessage

    text = f"{question} Look at the pictures and answer with yes or no."
    return [HumanMessage(content=_with_pictures(text, sight))]


def _brief(
    situation: Situation, sight: Sight, wording: Wording, *, sized: bool
) -> str | list[str | dict[Any, Any]]:
    unseen = [f"Not shown: {note}." for note in sight.notes]
    text = "\n\n".join([*_case_parts(situation, wording), *unseen])
    return _with_pictures(text, sight, sized=sized and wording.points_in_pictures)


def _with_pictures(
    text: str, sight: Sight, *, sized: bool = False
) -> str | list[str | dict[Any, Any]]:
    if not sight.pictures:
        return text
    content: list[str | dict[Any, Any]] = [{"type": "text", "text": text}]
    for number, picture in enumerate(sight.pictures, start=1):
        data = base64.b64encode(picture.png).decode("ascii")
        size = f" ({picture.width} x {picture.height} pixels)" if sized else ""
        content.append({"type": "text", "text": f"Picture {number}{size}: {picture.caption}"})
        content.append({"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}})
    return content


def _case_parts(situation: Situation, wording: Wording) -> Iterator[str]:
    case = situation.case
    yield f"Patient: {_patient(case)}."
    if case.studies:
        yield "\n".join(["Examinations:", *(f"- {_study(s)}" for s in case.studies)])
    if case.observations:
        named = [f"{o.name or o.code}: {o.value} {o.unit}" for o in case.observations]
        yield render_quotations(
            [QuotedText(kind="case", id="observations", text="\n".join(named))]
        ).text
    quoted = list(_quoted(case)) if wording.quotes_reports else []
    if quoted:
        yield render_quotations(quoted).text
    known = _before_any_call(situation)
    if known:
        yield "\n".join(["Findings so far:", *findings_text(known, wording.names)])
    first = situation.memory[0].question if situation.memory else case.question
    yield wording.question(first or "")


def _quoted(case: Case) -> Iterator[QuotedText]:
    """The words of reports and of series."""
    for n, r in enumerate(case.reports, start=1):
        yield QuotedText(
            kind="report", id=f"report-{n}" + (" (earlier)" if r.is_prior else ""), text=r.text
        )
    for n, series in enumerate((s for study in case.studies for s in study.series), start=1):
        if series.description:
            yield QuotedText(kind="dicom", id=f"series-{n}", text=series.description)


def _before_any_call(situation: Situation) -> list[Finding]:
    """The findings that no expert gave whom the model called."""
    called = {c.tool for turn in situation.memory for c in turn.calls}
    return [f for f in situation.findings if not called & {e.tool for e in f.evidence}]


def _patient(case: Case) -> str:
    patient = case.patient
    parts = [
        f"{patient.age:g} years" if patient.age is not None else "age unknown",
        {"M": "male", "F": "female", "O": "sex other"}.get(patient.sex or "", "sex unknown"),
    ]
    if patient.risk_factors is not None:
        parts.append(f"risk factors: {inline(', '.join(patient.risk_factors)) or 'none'}")
    return ", ".join(parts)


def _study(study: Study) -> str:
    kinds = sorted({s.modality or "modality unknown" for s in study.series})
    parts = sorted({i.body_part for s in study.series for i in s.images if i.body_part})
    when = "earlier examination" if study.is_prior else "examination"
    series = f"{len(study.series)} series"
    return f"{when}: {', '.join(kinds)} {', '.join(parts)}, {series}".replace(" ,", ",")


def _rest(turn: Turn, situation: Situation) -> str:
    """What a model is told of a turn beside the results of its calls."""
    asked = {key.partition("@")[0] for key in situation.asked}
    parts = [
        f"{fact}: asked; the reply, if there was one, is among the findings."
        if fact in asked
        else f"{fact}: it is known by now, or nobody can be asked in this review."
        for fact in turn.asks
    ]
    parts += [
        f"Asked several times, your answers disagree about {doubt.concept} ({doubt.why}). Look at "
        f"what was found, and say of it only what that shows."
        for doubt in turn.doubts
    ]
    parts += [f"Not understood: {problem}." for problem in turn.problems]
    if turn.checked:
        parts.append(f"The checker says of your answer:\n{verdicts_text(turn.checked)}")
        if any(s.mark == "contradicted" for s in turn.checked):
            parts.append(
                "Answer again without what is contradicted. It is proved to be wrong; saying it "
                "in other words does not help."
            )
    return "\n".join(parts)


def _next_question(situation: Situation, wording: Wording) -> str:
    """The question of a follow-up, or the same again after a correction."""
    asked, last = situation.case.question or "", situation.memory[-1].question
    again = (
        "A person corrected findings; those above are as corrected. Answer again. "
        if asked == last
        else ""
    )
    return f"{again}{wording.question(asked)}"


def _news(situation: Situation) -> str:
    """What was called for since the model answered, by the pathway or by a person's reply."""
    last = situation.memory[-1]
    if last.statement is None or not new_evidence(situation):
        return ""
    own = {(c.tool, c.arguments) for turn in situation.memory for c in turn.calls}
    added = [c for c in situation.called[last.seen_calls :] if (c.name, c.arguments) not in own]
    names = ", ".join(dict.fromkeys(c.name for c in added))
    also = f" The pathway also needed {names}, which were called for." if names else ""
    return f"There is new evidence since.{also} Answer again, with all the findings above."


def new_evidence(situation: Situation) -> bool:
    """Whether a tool was called or a person replied since the model last spoke."""
    last = situation.memory[-1]
    return last.seen_calls < len(situation.called) or last.seen_replies < len(situation.asked)
