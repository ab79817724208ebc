"""The first words of an answer: yes, no or undetermined, or what is known of what was asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from agents.intent import Intent
from dxtrace.clinical import (
    CheckedClaim,
    Conclusion,
    Context,
    Finding,
    Presence,
    Reason,
    Result,
    VerdictKind,
)
from dxtrace.knowledge import Knowledge

_YES_NO = {
    VerdictKind.ENTAILED: "Yes",
    VerdictKind.CONTRADICTED: "No",
    VerdictKind.CONSISTENT: "Undetermined",
    VerdictKind.UNSUPPORTED: "Undetermined",
}
_BOUNDS: dict[str, Callable[[int, int], bool]] = {
    "at least": lambda value, bound: value >= bound,
    "at most": lambda value, bound: value <= bound,
    "above": lambda value, bound: value > bound,
    "below": lambda value, bound: value < bound,
}


def claims_of_question(claims: Iterable[CheckedClaim], number: int) -> list[CheckedClaim]:
    """The drafts of one thing asked: the whole statement, then the presence alone if apart."""
    own = {f"q{number}{suffix}" for suffix in ("", "r", "b", "br")}
    return [c for c in claims if c.claim.id in own]


def presence_answers(answers: Iterable[CheckedClaim]) -> list[CheckedClaim]:
    """Of each finding asked about, the statement about its presence alone."""
    asked = [a for a in answers if a.claim.kind == "finding"]
    apart = {a.claim.id.rstrip("br") for a in asked if a.claim.id.rstrip("r").endswith("b")}
    return [
        a
        for a in asked
        if a.claim.id.rstrip("r").endswith("b") or a.claim.id.rstrip("br") not in apart
    ]


class DirectAnswers:
    """Answers to what was asked, from verdicts alone.

    Args:
        knowledge: names and wordings.
        say: an output's value in words.
        because: reasons as a sentence.
        listed: several values of an output in words.
    """

    def __init__(
        self, knowledge: Knowledge, *, say: Callable[[str, object], str],
        because: Callable[[Iterable[Reason]], str],
        listed: Callable[[str, Iterable[str]], str],
    ) -> None:  # fmt: skip
        self.knowledge = knowledge
        self._say, self._because, self._listed = say, because, listed

    def of(self, result: Result, intents: Iterable[Intent], known: list[Finding]) -> Iterator[str]:
        """One sentence for each thing asked, in order.

        Args:
            result: claims and conclusions.
            intents: what was asked.
            known: the findings that nothing contradicts.
        """
        for number, intent in enumerate(intents, start=1):
            drafts = claims_of_question(result.claims, number)
            if intent.kind == "value" and drafts:
                yield self._value(intent, drafts[0], result)
            elif intent.kind == "finding" and drafts:
                yield self._finding(intent, drafts, result, known)
            elif intent.kind == "review" and intent.unclear:
                yield (
                    f"Undetermined: the question “{intent.unclear}” was not understood; what "
                    "follows is a review of the whole case."
                )

    # -- findings ----------------------------------------------------------------------------

    def _finding(
        self, intent: Intent, drafts: list[CheckedClaim], result: Result, known: list[Finding]
    ) -> str:
        found = next(
            (c for c in result.answer.conclusions if c.concept == drafts[0].claim.concept), None
        )
        name = found.title if found else self._name(drafts[0].claim.concept)
        bare = self._presence(drafts[-1], name, found, result)
        if intent.openly:
            return self._described(intent, known) or bare
        if intent.unclear:
            rest = bare.partition(": ")[2]
            return f"Undetermined: “{intent.unclear}” was not understood. What is known: {rest}"
        if intent.is_qualified and len(drafts) > 1:
            return self._qualified(intent, drafts[0], name, bare)
        return bare

    def _presence(
        self, checked: CheckedClaim, name: str, found: Conclusion | None, result: Result
    ) -> str:
        claim, verdict = checked.claim, checked.verdict
        revised = claim.id.endswith("r")
        word = "No" if revised and verdict.kind is VerdictKind.ENTAILED else _YES_NO[verdict.kind]
        value = str(found.value) if found else "unknown"
        if word == "Undetermined":
            words = "; ".join(_doubts(claim.concept, result.findings))
            if value == "indeterminate":
                return f"Undetermined: whether there is {name} is left open (“{words}”)."
            return f"Undetermined: nothing in the case says whether there is {name}."
        return f"{word}: {name} is {value}{_quotes(verdict.because)}."

    def _qualified(self, intent: Intent, checked: CheckedClaim, name: str, bare: str) -> str:
        asked = f"{name}{self._as_asked(intent)}"
        kind, because = checked.verdict.kind, _quotes(checked.verdict.because)
        if kind is VerdictKind.ENTAILED:
            return f"Yes: {asked}{because}."
        if kind is VerdictKind.CONTRADICTED:
            return f"No: the findings exclude {asked}{because}."
        word, _, rest = bare.partition(": ")
        if word == "No":
            return bare
        return f"Undetermined: nothing in the case decides on {asked}. What is known: {rest}"

    def _as_asked(self, intent: Intent) -> str:
        concept = self.knowledge.vocabulary.concept(intent.concept or "")
        said = []
        for key, value in intent.attributes.items():
            attribute = concept.attribute(key)
            title = attribute.name.lower() if attribute else key
            choices = {v.key: v.name for v in attribute.values} if attribute else {}
            if isinstance(value, bool):
                said.append(f"{title}: {'yes' if value else 'no'}")
            else:
                said.append(f"{title}: {choices.get(str(value), value)}")
        said += [str(m) for m in intent.measurements]
        said += [intent.location] if intent.location else []
        return f" ({', '.join(said)})"

    def _described(self, intent: Intent, known: list[Finding]) -> str:
        """What is said of a concept, for a question that asks which, where or how many."""
        vocabulary = self.knowledge.vocabulary
        below = {intent.concept, *vocabulary.descendants.get(intent.concept or "", ())}
        lesions: dict[tuple[str, str], list[Finding]] = {}
        for finding in known:
            if (
                finding.concept in below
                and finding.context is Context.CURRENT
                and finding.presence is not Presence.UNKNOWN
            ):
                key = (finding.concept, finding.lesion or finding.id)
                lesions.setdefault(key, []).append(finding)
        parts = [self._of_one(group) for group in lesions.values()]
        return f"What is stated: {'; '.join(dict.fromkeys(parts))}." if parts else ""

    def _of_one(self, group: list[Finding]) -> str:
        first = group[0]
        places = dict.fromkeys(f.location for f in group if f.location)
        sides = dict.fromkeys(f.laterality.value for f in group if f.laterality)
        sizes = dict.fromkeys(str(m) for f in group for m in f.measurements)
        counts = [f"number: {f.attributes['count']}" for f in group if "count" in f.attributes]
        said = [*(places or sides), *sizes, *dict.fromkeys(counts)]
        doubt = "probable " if any(f.is_doubted for f in group) else ""
        state = "" if first.presence is Presence.PRESENT else f" {first.presence.value}"
        where = f": {', '.join(said)}" if said else ""
        words = f" (“{first.text}”)" if first.text else ""
        return f"{doubt}{self._name(first.concept)}{state}{where}{words}"

    def _name(self, concept: str) -> str:
        known = self.knowledge.vocabulary.concepts.get(concept)
        return known.name.lower() if known else concept

    # -- values ------------------------------------------------------------------------------

    def _value(self, intent: Intent, checked: CheckedClaim, result: Result) -> str:
        output = self.knowledge.outputs[intent.output or ""][1]
        title = output.title or output.public_name
        said = self._say(output.name, checked.claim.value)
        if intent.bound != "exactly":
            return self._bounded(intent, title, said, result)
        word = _YES_NO[checked.verdict.kind]
        if word == "Yes":
            return f"Yes: {title}: {said}.{self._because(checked.verdict.because)}"
        if word == "No":
            denied = self._denied(output.name, checked.claim.value)
            return f"No: {title}: {denied}.{self._because(checked.verdict.because)}"
        possible = checked.verdict.possible or ()
        remain = f"; {self._listed(output.name, possible)} remain possible" if possible else ""
        return f"Undetermined: {title} is not decided by what is stated{remain}."

    def _denied(self, output: str, value: object) -> str:
        if isinstance(value, bool):
            return self._say(output, not value)
        return f"not {self._say(output, value)}"

    def _bounded(self, intent: Intent, title: str, said: str, result: Result) -> str:
        """Whether a value is at least, at most, above or below another, in the output's order."""
        pack, output = self.knowledge.outputs[intent.output or ""]
        order = [v.key for v in output.values]
        own = next(
            (c for c in result.answer.conclusions
             if c.concept == output.public_name and c.pack == pack.id), None,
        )  # fmt: skip
        values = [] if own is None else [str(own.value)] if own.value else list(own.possible or ())
        compare = _BOUNDS[intent.bound]
        holds = {
            compare(order.index(v), order.index(str(intent.value)))
            for v in values
            if v in order and intent.value in order
        }
        words = self._listed(output.name, values)
        if len(holds) != 1:
            return f"Undetermined: whether {title} is {intent.bound} {said} is not decided."
        return (
            f"{'Yes' if holds.pop() else 'No'}: {title} is {words}, asked: {intent.bound} {said}."
        )


def _quotes(reasons: Iterable[Reason]) -> str:
    """The quoted words behind a verdict, and whether it rests on what is said of one side only."""
    reasons = list(reasons)
    words = "; ".join(dict.fromkeys(_words(r.text) for r in reasons if _words(r.text)))
    one_sided = any(
        r.kind == "assumption" and r.text.partition(" (“")[0].endswith(" only") for r in reasons
    )
    assumed = ", assumed as only the other side is named" if one_sided else ""
    return f" (“{words}”{assumed})" if words else ""


def _words(text: str) -> str:
    """The quoted words of a reason."""
    start, end = text.find("“"), text.rfind("”")
    return text[start + 1 : end] if 0 <= start < end else ""


def _doubts(concept: str, findings: Iterable[Finding]) -> list[str]:
    said = [f.text for f in findings if f.concept == concept and f.is_doubted and f.text]
    return list(dict.fromkeys(said)) or ["it is named with doubt"]
