"""The answer in plain clinical English: what is proved, what is open, what contradicts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from agents.analogies import differential_in_words, similar_in_words
from agents.direct_answers import DirectAnswers
from agents.intent import Intent, asks_for_growth, asks_for_stability
from agents.overview import overview
from agents.planner_words import said_by_planner
from agents.question_text import is_yes_no
from dxtrace.clinical import (
    ASIDE,
    GUIDELINE_TEXT,
    OWN_DOCUMENT,
    Case,
    Citation,
    Conclusion,
    MissingFact,
    Outcome,
    Presence,
    QuotedPassage,
    Reason,
    Result,
    Source,
    VerdictKind,
)
from dxtrace.knowledge import Knowledge
from dxtrace.knowledge.fact_names import missing_in_words, plain
from dxtrace.retrieval.visible_text import legible

_SHOWN_VALUES = 6
_FEW_ASSUMPTIONS = 3
_UNCHANGED = ("stable", "unchanged")
_FARES = {
    VerdictKind.ENTAILED: "proved by the findings",
    VerdictKind.CONSISTENT: "neither proved nor contradicted",
    VerdictKind.UNSUPPORTED: "about something the findings do not speak of",
    VerdictKind.CONTRADICTED: "contradicted",
}


class AnswerWriter:
    """Writes answers from checked results; it states nothing of its own.

    Args:
        knowledge: names and wordings.
    """

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge
        self.direct = DirectAnswers(
            knowledge, say=self._say, because=self._because, listed=self._list
        )

    def write(
        self,
        case: Case,
        result: Result,
        intents: Iterable[Intent],
        problems: Iterable[str] = (),
    ) -> str:
        """The whole answer.

        Args:
            case: the case, with its question.
            result: conclusions, claims, contradictions, missing facts, tools.
            intents: what was asked.
            problems: statements that could not be used, and why.
        """
        asked = list(intents)
        paragraphs = [
            *_changed(result),
            *self.direct.of(result, asked, result.undisputed_findings()),
            *self._compared(case, result, asked),
            *self._conclusions(result),
            *self._contradictions(result),
            *self._overview(result, asked),
            *said_by_planner(result),
            *_quotations(result),
            *similar_in_words(result),
            *differential_in_words(result.differential),
            *self._failures(result, problems),
        ]
        return legible("\n\n".join(paragraphs))

    # -- comparison --------------------------------------------------------------------------

    def _compared(self, case: Case, result: Result, intents: list[Intent]) -> Iterator[str]:
        """The answer to a question about change, when it can be answered and when not."""
        asked = [i for i in intents if i.kind == "comparison"]
        if not asked:
            return
        changes = [c for c in result.answer.conclusions if c.concept.endswith(".change")]
        if not changes:
            about = ", ".join(
                self.knowledge.vocabulary.concepts[i.concept].name.lower()
                for i in asked
                if i.concept
            )
            subject = f" for {about}" if about else ""
            yield (
                f"Undetermined: nothing in the case compares with an earlier examination{subject}."
            )
        elif is_yes_no(case.question or ""):
            changed = any(not str(c.value).startswith(_UNCHANGED) for c in changes)
            growth = asks_for_growth(case.question or "")
            grown = any(str(c.value).startswith(("increased", "new")) for c in changes)
            stable = asks_for_stability(case.question or "")
            holds = (not changed) if stable else grown if growth else changed
            yield f"{'Yes' if holds else 'No'}: {_change_in_words(changes)}."

    # -- conclusions -------------------------------------------------------------------------

    def _conclusions(self, result: Result) -> Iterator[str]:
        said: set[str] = set()
        for conclusion in result.answer.conclusions:
            if "." not in conclusion.concept:
                continue
            if conclusion.value is None:
                yield self._open(conclusion)
                continue
            name = self._output_name(conclusion)
            value = self._say(name, conclusion.value) if name else str(conclusion.value)
            because = self._because(conclusion.reasons)
            if because in said:
                because = " For the same reasons." if because else ""
            said.add(because)
            cited = f"{_uncited(conclusion)}{_cited(conclusion.citations)}"
            yield f"{conclusion.title or conclusion.concept}: {value}.{because}{cited}"
        if result.missing:
            yield f"What would settle it: {self._settling(result)}."

    def _settling(self, result: Result) -> str:
        """What to ask first; facts that matter only together with others are counted."""
        first = [m for m in result.missing if m.decides_alone] or list(result.missing)
        possible = {f.concept for f in result.findings if f.presence is Presence.INDETERMINATE}
        named = list(dict.fromkeys(self._asked_for(m, possible) for m in first))
        more = len(result.missing) - len(first)
        rest = f"; {more} further facts may matter after that" if more > 1 else ""
        return f"{', '.join(named)}{rest}"

    def _asked_for(self, missing: MissingFact, possible: set[str]) -> str:
        key, _, part = missing.concept.partition(".")
        concept = self.knowledge.vocabulary.concepts.get(key)
        if concept is not None and part == "present" and key in possible:
            return f"whether each possible {plain(concept.name)} is one"
        return missing_in_words(self.knowledge.vocabulary, missing.concept)

    def _open(self, conclusion: Conclusion) -> str:
        if conclusion.verdict is VerdictKind.UNSUPPORTED:
            return f"{conclusion.title}: undetermined, nothing in the case bears on it."
        remain = self._list(self._output_name(conclusion), conclusion.possible or ())
        return f"{conclusion.title}: undetermined, {remain} remain possible."

    def _because(self, reasons: Iterable[Reason]) -> str:
        reasons = list(reasons)
        stated = quoted(r.text for r in reasons if r.kind == "finding")
        texts = (_assumption(r.text) for r in reasons if r.id.startswith("assumption:"))
        assumed = list(dict.fromkeys(texts))
        because = f" Because: {stated}." if stated else ""
        if not assumed:
            return because
        if len(assumed) <= _FEW_ASSUMPTIONS:
            return f"{because} Assumed, as nobody says otherwise: {'; '.join(assumed)}."
        some = "; ".join(assumed[:_FEW_ASSUMPTIONS])
        rest = len(assumed) - _FEW_ASSUMPTIONS
        return f"{because} Assumed, as nobody says otherwise: {some}; and {rest} more in the proof."

    # -- contradictions, overview, failures --------------------------------------------------

    def _contradictions(self, result: Result) -> Iterator[str]:
        for contradiction in result.contradictions:
            yield f"Contradiction: {contradiction.explanation}."

    def _overview(self, result: Result, intents: list[Intent]) -> Iterator[str]:
        """What is described, and how the impression fares; for a review."""
        if not any(i.kind == "review" for i in intents):
            return
        yield from overview(self.knowledge, result)
        stated = [
            c
            for c in result.claims
            if c.claim.source is not Source.PLANNER and not c.claim.id.startswith("q")
        ]
        counts = Counter(c.verdict.kind for c in stated)
        if stated:
            parts = [f"{counts[k]} {_FARES[k]}" for k in _FARES if counts[k]]
            plural = "s" if len(stated) > 1 else ""
            yield f"Of {len(stated)} statement{plural} of the impression: {', '.join(parts)}."

    def _failures(self, result: Result, problems: Iterable[str]) -> Iterator[str]:
        for call in result.tools:
            if call.outcome not in (Outcome.OK, Outcome.NOT_APPLICABLE):
                said = call.outcome.value.replace("_", " ")
                yield f"Not looked at: {call.name} {said}: {call.reason}."
        for problem in problems:
            yield f"Not used: {problem}."

    # -- words -------------------------------------------------------------------------------

    def _output_name(self, conclusion: Conclusion) -> str:
        for name, (pack, output) in self.knowledge.outputs.items():
            if output.public_name == conclusion.concept and pack.id == conclusion.pack:
                return name
        return ""

    def _say(self, output: str, value: object) -> str:
        if isinstance(value, bool):
            return "yes" if value else "no"
        declared = self.knowledge.outputs[output][1] if output else None
        found = next((v for v in declared.values if v.key == value), None) if declared else None
        if found is None or not found.say or found.say == found.key:
            return str(value)
        return found.say if found.key.lower() in found.say.lower() else f"{found.say} ({found.key})"

    def _list(self, output: str, values: Iterable[str]) -> str:
        said = [self._say(output, v) for v in values]
        if len(said) > _SHOWN_VALUES:
            said = [*said[:_SHOWN_VALUES], f"{len(said) - _SHOWN_VALUES} more"]
        return f"{', '.join(said[:-1])} and {said[-1]}" if len(said) > 1 else "".join(said)


def _changed(result: Result) -> Iterator[str]:
    """What an earlier answer said and does not hold any more, before anything else."""
    for change in result.changes:
        now = f"it is {change.now} now" if change.now is not None else "it is open now"
        corrected = [c.finding for c in result.corrections if c.finding in change.because]
        why = f" ({', '.join(dict.fromkeys(corrected))} was corrected)" if corrected else ""
        yield (
            f"An earlier answer does not hold any more: {change.title} was {change.before}; "
            f"{now}{why}."
        )


def _quotations(result: Result) -> Iterator[str]:
    """Guideline text, marked as what it is: quoted, and no statement about this case."""
    passages = [p for call in result.tools for p in call.passages]
    aside = result.reliance.passages if result.reliance is not None else ()
    doubts = [p.unverified or (ASIDE if p.reference in aside else "") for p in passages]
    if not all(doubts):
        yield GUIDELINE_TEXT
    for passage, doubt in sorted(zip(passages, doubts, strict=True), key=lambda p: bool(p[1])):
        quoted = f"“{passage.quote}”{_place(passage)}"
        if doubt == ASIDE:
            yield f"Found, but {ASIDE}: {quoted}"
        else:
            yield f"Not verified, {doubt}: {quoted}" if doubt else quoted


def _place(passage: QuotedPassage) -> str:
    said = "; ".join(s for s in (passage.relevance, OWN_DOCUMENT if passage.own else "") if s)
    return (f" ({said})" if said else "") + (
        _cited([passage.citation]) or f" [{passage.citation.source}]"
    )


def _uncited(conclusion: Conclusion) -> str:
    """A note, if it rests on rules of a pack that name no passage of their guideline."""
    rules = [r for r in conclusion.reasons if r.kind in ("rule", "row")]
    bare = [r.id for r in rules if r.citation is None or not r.citation.passage_id]
    return f" Not verified: no guideline passage is named for {', '.join(bare)}." if bare else ""


def _assumption(text: str) -> str:
    """The reason that a pack gives for an assumption: what stands in the brackets."""
    start, end = text.find("("), text.rfind(")")
    return text[start + 1 : end] if 0 <= start < end else text


def _change_in_words(changes: Iterable[Conclusion]) -> str:
    return "; ".join(f"{c.title.lower().removeprefix('change of ')} {c.value}" for c in changes)


def quoted(texts: Iterable[str]) -> str:
    """What findings state, grouped by the words that they were read from."""
    groups: dict[str, list[str]] = {}
    for text in texts:
        statement, _, words = text.partition(" (“")
        groups.setdefault(words.removesuffix("”)"), []).append(statement)
    return "; ".join(
        ", ".join(dict.fromkeys(statements)) + (f" (“{words}”)" if words else "")
        for words, statements in groups.items()
    )


def _cited(citations: Iterable[Citation]) -> str:
    """The guideline places behind a conclusion, in square brackets, by source."""
    sections: dict[str, dict[str, None]] = {}
    for citation in citations:
        if citation.section:
            sections.setdefault(citation.source, {})[citation.section] = None
    places = [f"{source}: {', '.join(names)}" for source, names in sections.items()]
    return f" [{'; '.join(places)}]" if places else ""
