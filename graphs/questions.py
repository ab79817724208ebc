"""Questions to a person: what the checker says is missing and a person would know."""

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

from dxtrace.clinical import Finding, Measurement, MissingFact, Presence, Source
from dxtrace.intake import IntakeError
from dxtrace.intake.quantity_check import check_within
from dxtrace.knowledge import Knowledge
from dxtrace.knowledge.fact_names import missing_in_words
from dxtrace.knowledge.symbols import Symbol
from dxtrace.knowledge.vocabulary import Vocabulary
from dxtrace.reasoning.fact import FactBase
from dxtrace.reasoning.facts import collect_facts
from graphs.state import PendingQuestion

_UNIT_WORDS = {"a": "years", "mo": "months", "mm3": "mm³"}


class ReplyError(ValueError):
    """A reply that does not answer the question; the message says what was expected."""


def pending_question(
    knowledge: Knowledge,
    missing: Iterable[MissingFact],
    asked: frozenset[str],
    findings: Iterable[Finding] = (),
) -> PendingQuestion | None:
    """The next question, or None: facts about patient and examination come first.

    Args:
        knowledge: vocabulary and packs.
        missing: the facts that would decide something.
        asked: keys of the questions that were asked before.
        findings: the case's findings: of which lesions a fact is not known.
    """
    base = collect_facts(knowledge.vocabulary, findings)

    def rank(fact: MissingFact) -> int:
        concept = knowledge.vocabulary.concepts.get(fact.concept.partition(".")[0])
        return 0 if concept is not None and concept.kind == "context" else 1

    for fact in sorted(missing, key=rank):
        symbol = knowledge.symbols.resolve(fact.concept, "question")
        if symbol.kind not in ("attribute", "presence", "side"):
            continue
        for lesion in _lesions_without(symbol, base):
            question = _question(knowledge.vocabulary, symbol, fact, lesion, base)
            if question.key not in asked:
                return question
    return None


def _lesions_without(symbol: Symbol, base: FactBase) -> list[str | None]:
    """The lesions of which nobody has stated the fact; just None for a fact of the case."""
    lesions = base.lesions.get(symbol.lesion, ()) if symbol.lesion else ()
    places = enumerate(lesions, start=1)
    return [i for n, i in places if (symbol.name, n) not in base.mentioned] or [None]


def _question(
    vocabulary: Vocabulary, symbol: Symbol, fact: MissingFact, lesion: str | None, base: FactBase
) -> PendingQuestion:
    options = tuple(symbol.values) or (("yes", "no") if symbol.type == "boolean" else ())
    concept = fact.concept.partition(".")[0]
    known = base.lesions.get(concept, ())
    which = ""
    if lesion is not None and len(known) > 1:
        number = known.index(lesion) + 1
        places = ", ".join(sorted(base.locations.get((concept, number), ())))
        which = f" {number} of {len(known)}" + (f" ({places})" if places else "")
    name = f"{missing_in_words(vocabulary, fact.concept)}{which}"
    unit = _UNIT_WORDS.get(symbol.unit or "", symbol.unit)
    text = f"{name[:1].upper()}{name[1:]}{f', in {unit}' if unit not in (None, '1') else ''}?"
    return PendingQuestion(
        fact=fact.concept, text=f"{text} ({fact.why})", options=options, unit=symbol.unit,
        lesion=lesion,
    )  # fmt: skip


def reply_finding(
    knowledge: Knowledge, question: PendingQuestion, reply: object, number: int
) -> Finding | None:
    """A person's reply as a finding; None if the person does not know.

    Raises:
        ReplyError: if the reply is none of the options, or not a number.
    """
    text = str(reply).strip()
    if text not in question.options and text.lower() in ("", "unknown", "skip", "none"):
        return None
    concept, _, key = question.fact.partition(".")
    base = {"id": f"reply{number}", "concept": concept, "source": Source.USER, "text": text}
    lesion = {"lesion": question.lesion} if question.lesion else {}
    if question.options and text not in question.options:
        raise ReplyError(f"expected one of {', '.join(question.options)}, got {text!r}")
    kind = knowledge.symbols.resolve(question.fact, "question").kind
    if kind in ("presence", "side"):
        presence = Presence.PRESENT if text == "yes" else Presence.ABSENT
        side = {"laterality": key} if kind == "side" else {}
        return Finding.model_validate({**base, **side, "presence": presence})
    attributes: dict[str, object] = {}
    measurements: tuple[Measurement, ...] = ()
    if question.options:
        attributes[key] = text == "yes" if question.options == ("yes", "no") else text
    else:
        attribute = knowledge.vocabulary.attribute(concept, key)
        measured = attribute.measured_as or key
        unit = question.unit or "1"
        value = _number(text)
        try:
            check_within(attribute, value, key)
        except IntakeError as error:
            raise ReplyError(error.reason) from None
        measurements = (Measurement(kind=measured, value=value, unit=unit),)
    return Finding.model_validate(
        {**base, **lesion, "presence": Presence.PRESENT, "attributes": attributes,
         "measurements": measurements}
    )  # fmt: skip


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text.replace(",", "."))
    except InvalidOperation:
        raise ReplyError(f"expected a number, got {text!r}") from None
    if not number.is_finite():
        raise ReplyError(f"expected a finite number, got {text!r}")
    return number
