"""What was found, in words for a model: states, sizes, scores with their operating points.

Scores are given as names, scores and operating points (as in VITask: Bai et al., 2024), never as
probabilities, and what failed is said to have failed. Words of reports, guidelines and tools are
quotations and stand in a quoted block (:mod:`dxtrace.retrieval.quoting`).
"""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from agents.analogies import differential_in_words
from agents.planner import Situation
from dxtrace.clinical import (
    CallRequest,
    CheckedSentence,
    Context,
    Finding,
    Measurement,
    Outcome,
    SimilarCase,
    ToolCall,
)
from dxtrace.clinical.similar_case import ANALOGY
from dxtrace.retrieval.quoting import QuotedText, inline, render_quotations
from expert_models import ModelCard
from tools.similar_cases import DIFFERENTIAL, EXEMPLARS, SIMILAR_CASES

_MOST_FINDINGS = 60
_KEYS: Mapping[str, str] = MappingProxyType({})
_MARKS = {
    "entailed": "proved",
    "consistent": "neither proved nor contradicted",
    "unsupported": "nothing found speaks of it",
    "contradicted": "CONTRADICTED",
    "unchecked": "could not be checked",
}


def result_of(request: CallRequest, situation: Situation, names: Mapping[str, str] = _KEYS) -> str:
    """How a call ended and what it found, in words and quotations.

    Args:
        request: the call.
        situation: what came of it.
        names: what concepts are called; by default, their keys.
    """
    call = next(
        (
            c
            for c in situation.called
            if c.name == request.tool and c.arguments == request.arguments
        ),
        None,
    )
    if call is None:
        return f"{request.tool}: not called: the budget of this review was used"
    found = [f for f in situation.findings if any(e.tool == call.name for e in f.evidence)]
    parts = [_ending(call), *findings_text(found, names)]
    quoted = [*_passages(call), *_words_of(call)]
    if call.name == SIMILAR_CASES:
        parts.append(f"Cases of other patients are {ANALOGY}: nothing of them is this patient's.")
        quoted += _cases(situation.similar)
    if call.name == EXEMPLARS:
        parts.append(f"Reports of other patients, as examples; {ANALOGY}:")
        quoted += _exemplars(situation.similar)
    if call.name == DIFFERENTIAL:
        parts += differential_in_words(situation.differential)
    block = render_quotations(quoted).text
    return "\n".join([*parts, *([block] if block else [])])


def findings_text(findings: Iterable[Finding], names: Mapping[str, str] = _KEYS) -> list[str]:
    """One line for each finding, with the id that a claim can rest on."""
    listed = list(findings)
    lines = [finding_text(f, names) for f in listed[:_MOST_FINDINGS]]
    if len(listed) > _MOST_FINDINGS:
        lines.append(f"... and {len(listed) - _MOST_FINDINGS} findings more")
    return lines


def finding_text(finding: Finding, names: Mapping[str, str] = _KEYS) -> str:
    """``f3 pleural_effusion: present, left; diameter 7 mm (6.5 to 7.8)``."""
    state = finding.presence.value
    if finding.certainty != "stated":
        state = f"{state} ({finding.certainty})"
    side = finding.laterality.value if finding.laterality else ""
    where = ", ".join(x for x in (state, side, inline(finding.location or "")) if x)
    details = [
        *(f"{key} {_value(value)}" for key, value in finding.attributes.items()),
        *map(_measured, finding.measurements),
        *_score(finding),
    ]
    when = "" if finding.context is Context.CURRENT else f" [{finding.context.value}]"
    lesion = f" ({inline(finding.lesion)})" if finding.lesion else ""
    rest = f"; {'; '.join(details)}" if details else ""
    name = names.get(finding.concept, finding.concept)
    return f"{inline(finding.id)} {name}{lesion}{when}: {where}{rest}"


def verdicts_text(sentences: Iterable[CheckedSentence]) -> str:
    """The check's marks on what the model said, with the reasons."""
    lines = [
        f"{n}. {_MARKS[s.mark]}: {s.text}" + (f" Because: {inline(s.why)}." if s.why else "")
        for n, s in enumerate(sentences, start=1)
    ]
    return "\n".join(lines)


def _ending(call: ToolCall) -> str:
    if call.outcome is Outcome.OK:
        return f"{call.name}: ok"
    said = call.outcome.value.replace("_", " ")
    return f"{call.name}: {said}: {inline(call.reason)}. This says nothing about the patient."


def _passages(call: ToolCall) -> Iterator[QuotedText]:
    for passage in call.passages:
        doubt = f" (not verified: {passage.unverified})" if passage.unverified else ""
        yield QuotedText(kind="passage", id=f"{passage.reference}{doubt}", text=passage.quote)


def _words_of(call: ToolCall) -> Iterator[QuotedText]:
    if call.outcome is Outcome.OK and call.notes:
        yield QuotedText(kind="tool_output", id=call.name, text="\n".join(call.notes))


def _cases(similar: Iterable[SimilarCase]) -> Iterator[QuotedText]:
    # Ids that somebody else gave may name people: a model is told a number.
    for number, case in enumerate((c for c in similar if c.exemplar is None), start=1):
        shared = ", ".join(c.name for c in case.comparisons if c.standing == "shared")
        differs = ", ".join(c.name for c in case.comparisons if c.standing != "shared")
        yield QuotedText(
            kind="similar_case", id=f"similar-case-{number}",
            text=f"shared: {shared or 'nothing'}; different: {differs or 'nothing'}",
        )  # fmt: skip


def _exemplars(similar: Iterable[SimilarCase]) -> Iterator[QuotedText]:
    for number, case in enumerate((c for c in similar if c.exemplar is not None), start=1):
        text = case.exemplar.text if case.exemplar is not None else ""
        yield QuotedText(kind="similar_case", id=f"exemplar-{number}", text=text)


def _value(value: object) -> str:
    return inline(" or ".join(map(str, value)) if isinstance(value, tuple) else str(value))


def _measured(measurement: Measurement) -> str:
    low, high, value = measurement.low, measurement.high, measurement.value
    name = measurement.kind.replace("_", " ")
    if low == high:
        return f"{name} {value if value is not None else low} {measurement.unit}"
    ends = f"{low if low is not None else '?'} to {high if high is not None else '?'}"
    best = f"{value} " if value is not None else ""
    return f"{name} {best}({ends}) {measurement.unit}"


def _score(finding: Finding) -> Iterator[str]:
    score = finding.score
    if score is None:
        return
    point = score.operating_point
    threshold = f", operating point {point:g}" if point is not None else ", no operating point"
    yield f"score {score.value:.4g} ({score.scale}{threshold})"


def card_line(card: ModelCard) -> str:
    """An expert's score names and operating points, as far as its card has them."""
    points = "; ".join(f"{p.concept} at {p.threshold:g} ({p.scale})" for p in card.operating_points)
    return f"{card.name}: operating points {points}" if points else ""
