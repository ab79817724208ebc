"""The answer in plain words, for patients: the same checked result, and nothing besides.

Words are data (``dxtrace/knowledge/lay_words.yaml``). What the check has not proved is never said
as proved; what nobody could look at is never said to be absent. It is written in English: sentences
in other languages could not be checked (a model's translation stands beside it, compared as far as
that goes: ``agents/vlm/translating.py``).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator

from dxtrace.clinical import (
    Conclusion,
    Context,
    Finding,
    Outcome,
    Presence,
    Result,
    VerdictKind,
)
from dxtrace.knowledge import Knowledge
from dxtrace.knowledge.fact_names import missing_in_words, plain
from dxtrace.knowledge.lay_words import lay_words
from dxtrace.knowledge.units import UnitError, ends_in_unit
from dxtrace.reporting.export_content import (
    ExportContent,
    Standing,
    StatedConclusion,
    StatedFinding,
    export_content,
)
from dxtrace.retrieval.visible_text import legible

NOTICE = (
    "This text was written by a research program. It is not medical advice, and no doctor has "
    "checked it. Please talk to your doctor about it."
)
_SIZES = ("mean_diameter", "diameter", "long_axis", "largest_dimension")
_MOST_LINES = 30
_FAILED = (
    "The check did not work, so nothing can be said. This does not mean that all is well, or that "
    "something is wrong."
)
_ASSUMED = (
    "This holds if nothing else is known that matters, for example about earlier illnesses. Tell "
    "your doctor what the program may not know."
)
_SUMMARY = (
    "What the summary of the report says, too (the check could neither prove it nor rule it out):"
)
_UNSEEN = "What they would have looked for is not known. It may be there or not."


def plain_answer(knowledge: Knowledge, result: Result) -> str:
    """The answer for patients.

    Args:
        knowledge: names and wordings.
        result: what came out, of any status.
    """
    return legible("\n\n".join([NOTICE, *_Writer(knowledge, result).paragraphs()]))


class _Writer:
    def __init__(self, knowledge: Knowledge, result: Result) -> None:
        self.knowledge, self.result, self.words = knowledge, result, lay_words()

    def paragraphs(self) -> Iterator[str]:
        """Paragraphs, what was asked first."""
        if self.result.status == "failed":
            yield _FAILED
            yield f"The reason that the program gives: {self.result.error}"
            return
        content = export_content(self.result, self.knowledge)
        if self.result.question:
            yield f"The check is not finished. It waits for an answer to: {self.result.question}"
        yield from self._asked()
        yield from _listed("What is stated, or was found by a program:", self._present(content))
        yield from self._proved(content)
        yield from _listed("What looks normal:", self._normal(content))
        yield from _listed("What was not found:", self._absent(content))
        yield from _listed(_SUMMARY, self._unproved(content))
        yield from _listed("Not clear yet:", self._unclear(content))
        yield from _listed("What would help to make it clear:", self._missing())
        yield from self._at_odds()
        yield from self._unseen()
        if not content.findings:
            yield "Nothing could be read from this case. This does not mean that all is well."

    # -- what was asked, and what follows ------------------------------------------------------

    def _asked(self) -> Iterator[str]:
        """Answers to questions about findings; the question's own words stand in quotes."""
        for conclusion in self.result.answer.conclusions:
            if "." in conclusion.concept:
                continue
            about = f"You asked about “{conclusion.title}” ({self._concept(conclusion.concept)})."
            proved = conclusion.verdict is VerdictKind.ENTAILED
            said = {"present": "It is there.", "absent": "It is not there."}
            answer = said.get(str(conclusion.value)) if proved else None
            if answer is None:
                yield f"{about} The answer is not clear yet."
            else:
                yield f"{about} {answer} The check proved this from what was stated and found."

    def _proved(self, content: ExportContent) -> Iterator[str]:
        decided = [c for c in content.conclusions if c.is_decided]
        lines = [f"{self._title(c)}: {self._value(c)}." for c in decided]
        yield from _listed("What follows, as the check has proved:", lines)
        if any(_assumes(c.conclusion) for c in decided):
            yield _ASSUMED

    def _title(self, stated: StatedConclusion) -> str:
        known = self.words.outputs.get(stated.conclusion.concept)
        if known is not None:
            return known.title
        concept, _, part = stated.conclusion.concept.partition(".")
        return f"Change of {self._concept(concept)}" if part == "change" else stated.title

    def _value(self, stated: StatedConclusion) -> str:
        value = stated.conclusion.value
        lay = self.words.value(stated.conclusion.concept, value) if value is not None else None
        if lay is not None:
            return lay
        key = str(value)
        return stated.value if key in stated.value else f"{key}, {stated.value}"

    # -- findings ------------------------------------------------------------------------------

    def _about_the_body(self, content: ExportContent) -> Iterator[StatedFinding]:
        for stated in content.findings:
            concept = self.knowledge.vocabulary.concepts.get(stated.finding.concept)
            if concept is None or concept.kind != "context":
                yield stated

    def _is_state(self, finding: Finding) -> bool:
        concept = self.knowledge.vocabulary.concepts.get(finding.concept)
        return concept is not None and concept.kind == "state"

    def _certain(self, content: ExportContent, standing: Standing) -> Iterator[Finding]:
        for stated in self._about_the_body(content):
            if stated.standing is standing:
                yield stated.finding

    def _present(self, content: ExportContent) -> list[str]:
        found = self._certain(content, Standing.PRESENT)
        return [self._in_words(f) for f in found if not self._is_state(f)]

    def _normal(self, content: ExportContent) -> list[str]:
        found = self._certain(content, Standing.PRESENT)
        return [self._concept(f.concept) for f in found if self._is_state(f)]

    def _absent(self, content: ExportContent) -> list[str]:
        return [_at(self._concept(f.concept), f) for f in self._certain(content, Standing.ABSENT)]

    def _unclear(self, content: ExportContent) -> list[str]:
        lines = [
            f"{self._title(c)}: not clear yet{self._remaining(c)}"
            for c in content.conclusions
            if not c.is_decided
        ]
        for stated in self._about_the_body(content):
            words = _at(self._concept(stated.finding.concept), stated.finding)
            if stated.standing is Standing.LIMITED_DENIAL:
                lines.append(f"{words}: only some kinds of it were ruled out")
            elif stated.standing in (Standing.POSSIBLE, Standing.PROBABLE):
                lines.append(f"{words}: {stated.standing.value}, but not sure")
        return lines

    def _unproved(self, content: ExportContent) -> list[str]:
        """What only the impression of a report says."""
        said = self._certain(content, Standing.UNPROVED)
        denied = self._certain(content, Standing.UNPROVED_DENIAL)
        return [*(self._in_words(f) for f in said), *(self._denied(f) for f in denied)]

    def _denied(self, finding: Finding) -> str:
        return f"that this is not there: {_at(self._concept(finding.concept), finding)}"

    def _remaining(self, stated: StatedConclusion) -> str:
        """The values that an open conclusion may have; "yes or no" says nothing more."""
        conclusion = stated.conclusion
        if set(conclusion.possible or ()) <= {"true", "false"}:
            return ""
        values = [self.words.value(conclusion.concept, v) or v for v in conclusion.possible or ()]
        return f". It may be: {'; or '.join(values)}" if values else ""

    def _missing(self) -> list[str]:
        vocabulary = self.knowledge.vocabulary
        return [missing_in_words(vocabulary, m.concept) for m in self.result.missing]

    # -- what does not fit, and what nobody saw --------------------------------------------------

    def _at_odds(self) -> Iterator[str]:
        if not self.result.contradictions:
            return
        claimed = [
            k.claim.concept
            for k in self.result.claims
            if k.verdict.kind is VerdictKind.CONTRADICTED and k.claim.kind == "finding"
            and k.claim.document is not None
        ]  # fmt: skip
        disputed = {i for c in self.result.contradictions for i in c.disputed}
        claimed += [f.concept for f in self.result.findings if f.id in disputed]
        about = list(dict.fromkeys(map(self._concept, claimed)))
        named = f" They are about: {'; '.join(about)}." if about else ""
        yield (
            f"Some statements do not fit together, and those that do not fit are not used here."
            f"{named} Please ask your doctor about this."
        )

    def _unseen(self) -> Iterator[str]:
        failed = [
            c.name
            for c in self.result.tools
            if c.outcome not in (Outcome.OK, Outcome.NOT_APPLICABLE)
        ]
        if failed:
            names = ", ".join(dict.fromkeys(failed))
            yield f"Could not be looked at, as these programs did not work: {names}. {_UNSEEN}"
        unknown = [
            self._concept(f.concept)
            for f in self.result.undisputed_findings()
            if f.presence is Presence.UNKNOWN and f.context is Context.CURRENT
        ]
        yield from _listed("Nobody knows whether there is:", unknown)

    # -- words ---------------------------------------------------------------------------------

    def _concept(self, key: str) -> str:
        lay = self.words.concepts.get(key)
        if lay is not None:
            return lay.say
        concept = self.knowledge.vocabulary.concepts.get(key)
        return f"{plain(concept.name) if concept else key.replace('_', ' ')} (medical term)"

    def _in_words(self, finding: Finding) -> str:
        size = _size(finding)
        return f"{_at(self._concept(finding.concept), finding)}{f', {size}' if size else ''}"


def _listed(title: str, lines: Iterable[str]) -> Iterator[str]:
    """A list, equal lines counted; none if it is empty."""
    counted = Counter(lines)
    if not counted:
        return
    said = [f"- {line}{f' ({n} times)' if n > 1 else ''}" for line, n in counted.items()]
    rest = len(said) - _MOST_LINES
    more = [f"- and {rest} more; the full report has them all"] if rest > 0 else []
    yield "\n".join([title, *said[:_MOST_LINES], *more])


def _at(words: str, finding: Finding) -> str:
    """With the side, and the place in the report's words."""
    if finding.location:
        return f"{words} ({finding.location})"
    sides = {"left": "on the left", "right": "on the right", "bilateral": "on both sides",
             "midline": "in the middle"}  # fmt: skip
    return f"{words} {sides[finding.laterality]}" if finding.laterality else words


def _size(finding: Finding) -> str:
    """The chief length in millimetres; empty if there is none."""
    measurement = next((m for kind in _SIZES if (m := finding.measured(kind))), None)
    if measurement is None:
        return ""
    try:
        low, high = ends_in_unit(measurement, "mm")
    except UnitError:
        return ""
    if low is None or high is None:
        end = low if low is not None else high
        words = "at least" if low is not None else "at most"
        return f"{words} {float(end or 0):.4g} mm in size"
    if low == high:
        return f"{float(low):.4g} mm in size"
    return f"between {_tenths(math.floor(low * 10))} and {_tenths(math.ceil(high * 10))} mm in size"


def _tenths(count: int) -> str:
    """Tenths of a millimetre; whoever counts rounds outwards, so that the truth stays between."""
    return f"{count / 10:g}"


def _assumes(conclusion: Conclusion) -> bool:
    return any(r.kind == "assumption" for r in conclusion.reasons)
