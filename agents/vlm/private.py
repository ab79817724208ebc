"""What a model may read of a case: the words of others without who, where and on which day."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from itertools import pairwise

from agents.planner import Situation, Turn
from agents.question_text import question_words
from agents.vlm.neutral_ids import NeutralIds
from dxtrace.clinical import Finding, Observation
from dxtrace.intake import mask_dates, mask_identifiers
from dxtrace.knowledge import Knowledge

_WORD = re.compile(r"[^\W\d_]+")
# "Zacharias Quintwell", "QUINTWELL, Zacharias": words with a capital that follow one another.
_CAPITALS = re.compile(r"\b[A-Z][\w'’]*(?:-[A-Z][\w'’]*)*")  # noqa: RUF001 - as names are written
_BETWEEN = re.compile(r",?[ \t]+(?:[A-Z]\.[ \t]*)?")
_SUBJECT = re.compile(r"\s+(?:has|have|had|suffers?|needs?|gets?)\b")
_SHORTEST = 3


def without_identifiers(situation: Situation, knowledge: Knowledge) -> Situation:
    """The situation as a model is told of it.

    Intake masked reports when they came; here, the question, which a person typed, values of
    records, tools' words, ids and places that a file gave, and the days of dates as well.

    Args:
        situation: what is known.
        knowledge: its words are no names.
    """
    case, ids = situation.case, NeutralIds.of(situation.findings)
    risks = case.patient.risk_factors
    shown = case.model_copy(
        update={
            "patient": case.patient.model_copy(
                update={"risk_factors": risks and tuple(map(masked_words, risks))}
            ),
            "question": masked_question(case.question or "", knowledge) or None,
            "reports": tuple(
                r.model_copy(update={"text": masked_words(r.text)}) for r in case.reports
            ),
            "observations": tuple(map(_masked_observation, case.observations)),
        }
    )
    return situation.model_copy(
        update={
            "case": shown,
            "findings": tuple(_masked_finding(ids.shown(f)) for f in situation.findings),
            "called": tuple(
                c.model_copy(
                    update={
                        "reason": masked_words(c.reason),
                        "notes": tuple(map(masked_words, c.notes)),
                    }
                )
                for c in situation.called
            ),
            "memory": tuple(_masked_turn(ids.shown_turn(t), knowledge) for t in situation.memory),
        }
    )


def masked_question(text: str, knowledge: Knowledge) -> str:
    """A question without names, numbers and days.

    Two capitalised words in a row that neither vocabulary nor packs know are taken for a name, and
    so is one that has something.

    Args:
        text: as a person typed it.
        knowledge: whose words are no names ("Lung-RADS", "Fleischner").
    """
    known = _known_words(knowledge)
    strange = [
        m
        for m in _CAPITALS.finditer(text)
        if len(m[0]) >= _SHORTEST and not known.issuperset(w.lower() for w in _WORD.findall(m[0]))
    ]
    names = {m[0] for m in strange if m[0].upper() != m[0] and _SUBJECT.match(text, m.end())}
    for one, other in pairwise(strange):
        if _BETWEEN.fullmatch(text, one.end(), other.start()):
            names |= {one[0], other[0]}
    text = masked_words(text)
    for name in names:
        text = re.sub(rf"\b{re.escape(name)}\b", "X" * len(name), text)
    return text


def _masked_finding(finding: Finding) -> Finding:
    return finding.model_copy(
        update={"location": finding.location and masked_words(finding.location)}
    )


def _masked_turn(turn: Turn, knowledge: Knowledge) -> Turn:
    checked = tuple(s.model_copy(update={"why": masked_words(s.why)}) for s in turn.checked)
    question = masked_question(turn.question, knowledge)
    return turn.model_copy(update={"question": question, "checked": checked})


@lru_cache(maxsize=256)  # a report is read anew in every turn
def masked_words(text: str) -> str:
    """A text without what patterns find of names, numbers, addresses and days."""
    return mask_dates(mask_identifiers(text))


def _masked_observation(observation: Observation) -> Observation:
    return observation.model_copy(update={"name": masked_words(observation.name)})


@cache
def _known_words(knowledge: Knowledge) -> frozenset[str]:
    """The words of vocabulary, packs and questions, in small letters."""
    words = question_words()
    found = {*words.frame, *words.open, *words.statement}
    for concept in knowledge.vocabulary.concepts.values():
        for name in (concept.name, *concept.synonyms):
            found.update(_WORD.findall(name.lower()))
    for pack, output in knowledge.outputs.values():
        for name in (pack.header.title, output.title, output.public_name):
            found.update(_WORD.findall(name.lower()))
    return frozenset(found)
