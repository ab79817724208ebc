"""The answer in plain clinical English: what is proved, what is open, what contradicts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from agents.intent import Intent
from dxtrace.clinical import (
    Case,
    CheckedClaim,
    Conclusion,
    Finding,
    MissingFact,
    Outcome,
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
_SHOWN_VALUES = 6


class AnswerWriter:
    """Writes answers from checked results; it states nothing of its own.

    Args:
        knowledge: names and wordings.
    """

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge

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
        paragraphs = [
            *self._direct_answers(result, list(intents)),
            *self._conclusions(result),
            *self._open(result),
            *self._contradictions(result),
            *self._failures(result, problems),
        ]
        if not paragraphs:
            paragraphs = [self._nothing_special(case, result)]
        return "\n\n".join(paragraphs)

    # -- yes or no ---------------------------------------------------------------------------

    def _direct_answers(self, result: Result, intents: list[Intent]) -> Iterator[str]:
        asked = [i for i in intents if i.kind in ("finding", "value")]
        drafted = [c for c in result.claims if c.claim.id.startswith("q")]
        for intent, checked in zip(asked, drafted, strict=False):
            if intent.kind == "finding":
                yield self._finding_answer(checked, result)
            else:
                yield self._value_answer(intent, checked)

    def _finding_answer(self, checked: CheckedClaim, result: Result) -> str:
        claim, verdict = checked.claim, checked.verdict
        revised = claim.id.endswith("r")
        kind = verdict.kind
        word = _YES_NO[kind]
        if revised and kind is VerdictKind.ENTAILED:
            word = "No"
        conclusion = next(
            (c for c in result.answer.conclusions if c.concept == claim.concept), None
        )
        value = str(conclusion.value) if conclusion else "unknown"
        name = conclusion.title if conclusion else claim.concept
        words = quoted(r.text for r in verdict.because if r.kind == "finding")
        if word == "Undetermined":
            doubt = (
                f"the report leaves open whether there is {name}"
                if value == "indeterminate"
                else f"nothing in the case says whether there is {name}"
            )
            return f"Undetermined: {doubt}."
        statement = f"{name} is {value}"
        return f"{word}: {statement}{f' ({words})' if words else ''}."

    def _value_answer(self, intent: Intent, checked: CheckedClaim) -> str:
        output = self.knowledge.outputs[intent.output or ""][1]
        title = output.title or output.public_name
        word = _YES_NO[checked.verdict.kind]
        if word == "Yes":
            return f"Yes: {title} is {self._say(output.name, checked.claim.value)}."
        if word == "No":
            return f"No: {title} is not {self._say(output.name, checked.claim.value)}."
        possible = checked.verdict.possible or ()
        remain = f"; {self._list(output.name, possible)} remain possible" if possible else ""
        return f"Undetermined: {title} is not decided by what is stated{remain}."

    # -- conclusions -------------------------------------------------------------------------

    def _conclusions(self, result: Result) -> Iterator[str]:
        for conclusion in result.answer.conclusions:
            if "." not in conclusion.concept or conclusion.value is None:
                continue
            name = self._output_name(conclusion)
            value = self._say(name, conclusion.value) if name else str(conclusion.value)
            because = self._because(conclusion.reasons)
            source = "; ".join(
                dict.fromkeys(_place(c.source, c.section) for c in conclusion.citations)
            )
            cited = f" [{source}]" if source else ""
            yield f"{conclusion.title or conclusion.concept}: {value}.{because}{cited}"

    def _because(self, reasons: Iterable[Reason]) -> str:
        reasons = list(reasons)
        stated = quoted(r.text for r in reasons if r.kind == "finding")
        assumed = [r.text.removeprefix("assumed ") for r in reasons if r.kind == "assumption"]
        parts = [f" Because: {stated}." if stated else ""]
        if assumed:
            parts.append(f" Not stated and therefore assumed: {'; '.join(dict.fromkeys(assumed))}.")
        return "".join(parts)

    def _open(self, result: Result) -> Iterator[str]:
        for conclusion in result.answer.conclusions:
            if "." not in conclusion.concept or conclusion.value is not None:
                continue
            name = self._output_name(conclusion)
            if conclusion.verdict is VerdictKind.UNSUPPORTED:
                yield f"{conclusion.title}: nothing in the case bears on it."
            else:
                remain = self._list(name, conclusion.possible or ())
                yield f"{conclusion.title} is open: {remain} remain possible."
        if result.missing:
            yield f"What would settle it: {', '.join(fact_in_words(m) for m in result.missing)}."

    # -- contradictions and failures ---------------------------------------------------------

    def _contradictions(self, result: Result) -> Iterator[str]:
        for contradiction in result.contradictions:
            yield f"Contradiction: {contradiction.explanation}."

    def _failures(self, result: Result, problems: Iterable[str]) -> Iterator[str]:
        for call in result.tools:
            if call.outcome not in (Outcome.OK, Outcome.NOT_APPLICABLE):
                said = call.outcome.value.replace("_", " ")
                yield f"Not looked at: {call.name} {said}: {call.reason}."
        for problem in problems:
            yield f"Not used: {problem}."

    def _nothing_special(self, case: Case, result: Result) -> str:
        entailed = sum(c.verdict.kind is VerdictKind.ENTAILED for c in result.claims)
        if not result.findings:
            return "Nothing was found to check: no finding could be read from this case."
        named = describe_findings(self.knowledge, result.findings)
        checked = (
            f" {entailed} of {len(result.claims)} statements of the impression follow from the "
            "findings; none is contradicted."
            if result.claims
            else ""
        )
        _ = case
        return f"{named}{checked}"

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


def describe_findings(knowledge: Knowledge, findings: Iterable[Finding]) -> str:
    """One sentence that names what is present, by concept."""
    named: dict[str, None] = {}
    for finding in findings:
        concept = knowledge.vocabulary.concepts.get(finding.concept)
        shown = finding.presence.value == "present" and finding.context.value == "current"
        if concept is not None and concept.kind in ("finding", "lesion") and shown:
            side = f"{finding.laterality.value} " if finding.laterality else ""
            named[f"{side}{concept.name.lower()}"] = None
    if not named:
        return "No abnormal finding is described as present."
    return f"Described as present: {', '.join(named)}."


def fact_in_words(fact: MissingFact) -> str:
    """A missing fact's name for people."""
    concept, _, key = fact.concept.partition(".")
    name = concept.replace("_", " ")
    if key == "present":
        return f"whether there is {name}"
    return f"{key.replace('_', ' ')} of the {name}"


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


def _place(source: str, section: str) -> str:
    return f"{source}, {section}" if section else source
