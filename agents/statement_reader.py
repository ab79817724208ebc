"""What a sentence claims, read from its words, whatever its author says that it claims."""

import re
from collections.abc import Iterable, Iterator
from functools import cached_property

from agents.editions import Editions
from agents.question_text import question_words
from agents.strange_signs import Span, strange_signs
from dxtrace.clinical import (
    Case,
    Claim,
    Context,
    Finding,
    Presence,
    Report,
    Source,
    Statement,
)
from dxtrace.clinical.base import Frozen
from dxtrace.knowledge import Knowledge
from tools.report_claims import ReportClaimReader
from tools.report_reader import ReportReader
from tools.report_reader.phrases import fold

_HEADING = "IMPRESSION: "
_WORD = re.compile(r"[^\W_]+")
_LOOKED_AT = 4000
_ROLES = ("name", "place", "size", "feature")
"""Words that only turn what is said (denials, doubts) must be of the frame: a sentence that turns
it twice, or in an unusual way, is not taken as understood."""
_OWN: dict[str, object] = {"source": Source.PLANNER, "document": None, "span": None}
_DENIALS = re.compile(r"\b(?:no|not|without|absent|absence|negative|neither)\b")
_JOINT = re.compile(r"\b(?:and|or|nor)\b|[,;]")
_CLAUSE = re.compile(r"[^.;!?()]+")


class SentenceReading(Frozen):
    """What was read from a sentence.

    Attributes:
        claims: what it claims of this patient now.
        open: why part of it claims nothing that can be checked: a possibility, an earlier time.
        unknown: its words that were not understood.
    """

    claims: tuple[Claim, ...] = ()
    open: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


class StatementReader:
    """Reads sentences with the reader of reports, as if they stood in an impression.

    Args:
        knowledge: vocabulary and packs.
        reader: reads findings.
        claims: reads claims.
    """

    def __init__(
        self, knowledge: Knowledge, reader: ReportReader, claims: ReportClaimReader
    ) -> None:
        self.knowledge, self.reader, self.claims = knowledge, reader, claims
        self.editions = Editions(knowledge)

    def read(self, sentence: str, case: Case) -> SentenceReading:
        """Read one sentence.

        Args:
            sentence: the words.
            case: what it is about: "the nodule" of a thyroid ultrasound is in the thyroid.
        """
        about = "\n".join(r.text[:_LOOKED_AT] for r in case.reports if not r.is_prior)
        text = f"{_HEADING}{sentence}"
        findings = self.reader.read(text, around=about).findings
        stated = Case(id="sentence", reports=(Report(text=text),))
        claims = tuple(
            c.model_copy(update=_OWN | {"text": sentence})
            for c in self.claims.claims_of(stated, findings)
        )
        return SentenceReading(
            claims=self.editions.meant(claims, sentence, case.question or ""),
            open=tuple(dict.fromkeys(_open(findings))),
            unknown=self.unknown_words(sentence, findings),
        )

    def claims_of(self, statement: Statement, case: Case) -> tuple[Claim, ...]:
        """What a statement claims: what it says that it claims, and what its words do.

        Args:
            statement: the sentences.
            case: what they are about.
        """
        read = (c for s in statement.sentences for c in self.read(s.text, case).claims)
        return (*statement.claims, *read)

    @cached_property
    def _frame(self) -> frozenset[str]:
        return frozenset(question_words().statement)

    def unknown_words(self, sentence: str, findings: Iterable[Finding]) -> tuple[str, ...]:
        """The words that neither the vocabulary nor a category nor the frame accounts for.

        Args:
            sentence: the words.
            findings: what was read from them.
        """
        found = list(findings)
        described = {f.concept for f in found if f.attributes}
        items = self.reader.recognised(sentence)
        # Of two sizes at one finding the reader keeps one: then neither is taken as understood.
        measured = {f.measurements for f in found if f.measurements}
        sized = len([i for i in items if i.role == "size"]) <= len(measured)
        spans = [span for _, _, span in self.claims.categories_in(sentence)]
        spans += [
            (item.start, item.end)
            for item in items
            if item.role in _ROLES
            and (item.role != "size" or sized)
            and (item.role != "feature" or not item.concept or item.concept in described)
        ]
        spans += [span for found in self.editions.named_in(sentence).values() for span in found]
        names = [(item.start, item.end) for item in items if item.role == "name"]
        folded = fold(sentence)
        known = {at for start, end in spans for at in range(start, end)}
        unknown = [
            word[0]
            for word in _WORD.finditer(folded)
            if word[0] not in self._frame and not known.issuperset(range(*word.span()))
        ]
        denies = any(f.presence is Presence.ABSENT for f in found)
        loose = [w for at, w in _loose_denials(folded, names, denies) if at not in known]
        twice = ("denied twice",) if _is_denied_twice(folded) else ()
        return (*unknown, *loose, *strange_signs(sentence, spans), *twice)


def _loose_denials(folded: str, names: Iterable[Span], denies: bool) -> Iterator[tuple[int, str]]:
    """Denials that deny nothing that was read, and where they stand: "effusion ... not!"."""
    for clause in _CLAUSE.finditer(folded):
        named = any(clause.start() <= start < clause.end() for start, _ in names)
        for denial in _DENIALS.finditer(folded, *clause.span()):
            if not (named and denies):
                yield denial.start(), denial[0]


def _is_denied_twice(folded: str) -> bool:
    """Whether two denials stand in one part of a sentence."""
    return any(len(_DENIALS.findall(part)) > 1 for part in _JOINT.split(folded))


def _open(findings: Iterable[Finding]) -> Iterator[str]:
    """Why a finding of a sentence is no claim about this patient now."""
    for finding in findings:
        if finding.context is not Context.CURRENT:
            yield f"{finding.text or finding.concept}: not about the present ({finding.context})"
        elif finding.presence not in (Presence.PRESENT, Presence.ABSENT) or finding.is_doubted:
            yield f"{finding.text or finding.concept}: a possibility, which nothing can prove"
        elif finding.is_partial_denial:
            yield f"{finding.text or finding.concept}: denied in part"
