"""Questions to a person: what the checker says is missing and a person would know."""

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

from dxtrace.clinical import Finding, Measurement, MissingFact, Presence, Source
from dxtrace.knowledge import Knowledge
from graphs.state import PendingQuestion


class ReplyError(ValueError):
    """A reply that does not answer the question; the message says what was expected."""


def pending_question(
    knowledge: Knowledge, missing: Iterable[MissingFact], asked: frozenset[str]
) -> PendingQuestion | None:
    """The next question, or None: facts about patient and examination come first."""
    open_facts = [m for m in missing if m.concept not in asked]

    def rank(fact: MissingFact) -> int:
        concept = knowledge.vocabulary.concepts.get(fact.concept.partition(".")[0])
        return 0 if concept is not None and concept.kind == "context" else 1

    for fact in sorted(open_facts, key=rank):
        symbol = knowledge.symbols.resolve(fact.concept, "question")
        if symbol.kind not in ("attribute", "presence", "side"):
            continue
        options = tuple(symbol.values) or (("yes", "no") if symbol.type == "boolean" else ())
        concept, _, key = fact.concept.partition(".")
        name = f"{concept.replace('_', ' ')}: {key.replace('_', ' ')}"
        unit = f" in {symbol.unit}" if symbol.unit and symbol.unit != "1" else ""
        return PendingQuestion(
            fact=fact.concept, text=f"{name}{unit}? ({fact.why})", options=options, unit=symbol.unit
        )
    return None


def reply_finding(
    knowledge: Knowledge, question: PendingQuestion, reply: object, number: int
) -> Finding | None:
    """A person's reply as a finding; None if the person does not know.

    Raises:
        ReplyError: if the reply is none of the options, or not a number.
    """
    text = str(reply).strip()
    if text.lower() in ("", "unknown", "skip", "none"):
        return None
    concept, _, key = question.fact.partition(".")
    base = {"id": f"reply{number}", "concept": concept, "source": Source.USER, "text": text}
    lesion = {"lesion": "reply"} if knowledge.vocabulary.concept(concept).kind == "lesion" else {}
    if question.options and text not in question.options:
        raise ReplyError(f"expected one of {', '.join(question.options)}, got {text!r}")
    if key == "present":
        presence = Presence.PRESENT if text == "yes" else Presence.ABSENT
        return Finding.model_validate({**base, "presence": presence})
    attributes: dict[str, object] = {}
    measurements: tuple[Measurement, ...] = ()
    if question.options:
        attributes[key] = text == "yes" if question.options == ("yes", "no") else text
    else:
        attribute = knowledge.vocabulary.attribute(concept, key)
        kind = attribute.measured_as or key
        unit = question.unit or "1"
        measurements = (Measurement(kind=kind, value=_number(text), unit=unit),)
    return Finding.model_validate(
        {**base, **lesion, "presence": Presence.PRESENT, "attributes": attributes,
         "measurements": measurements}
    )  # fmt: skip


def _number(text: str) -> Decimal:
    try:
        return Decimal(text.replace(",", "."))
    except InvalidOperation:
        raise ReplyError(f"expected a number, got {text!r}") from None
