"""A session in the making: what is asked, what a planner does, what comes of it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from agents.planner import Situation, Turn
from agents.vlm.dialects.tokens import aimed_call
from agents.vlm.evidence_text import finding_text
from agents.vlm.offer import Offer
from agents.vlm.wording import NOTHING_KNOWN
from benchmarks.planner_training.cards import Asked, askable, random_cards
from benchmarks.planner_training.invented import invented_word
from benchmarks.planner_training.subjects import Subject, question_on, sentence_on
from dxtrace.clinical import (
    Arguments,
    CallRequest,
    Case,
    CheckedSentence,
    Evidence,
    Finding,
    Image,
    Laterality,
    Mark,
    Outcome,
    Patient,
    Presence,
    Sentence,
    Series,
    Source,
    Statement,
    Study,
    ToolCall,
)

Kind = Literal["call", "none", "answer", "look"]
_FAILURES = ("the image could not be read", "out of memory", "no series fits", "it took too long")
_SIDES = (None, None, Laterality.LEFT, Laterality.RIGHT)
_KNOWN, _NO_EXPERT = 0.22, 0.16  # of the questions
_FAILED, _WRONG_FIRST = 0.12, 0.15  # of the calls, of the answers by findings
_ENDS_WITH_CALL = 0.7
_BESIDE = 0.4  # of the sessions have a finding that nobody asks about
_OLDEST = 95
NOBODY = "No expert here is known to look for that."


@dataclass
class Session:
    """The state of a review as turns are added.

    Attributes:
        rng: decides everything.
        subjects: the findings that there are to ask about.
        modality: of the case.
        held_out: whether names and wordings are those kept for the examination.
        two: share of the questions to experts that ask for two findings at once.
        turns: what the planner did.
        thought: what it should look up for its last turn, for each thing that is asked for.
        kind: what its last turn is.
    """

    rng: random.Random
    subjects: Sequence[Subject]
    modality: str
    held_out: bool
    two: float
    turns: list[Turn] = field(default_factory=list)
    thought: tuple[str, ...] = (NOTHING_KNOWN,)
    kind: Kind = "none"

    def __post_init__(self) -> None:
        self._cards = random_cards(self.rng, self.subjects, self.modality, held_out=self.held_out)
        self._open = askable(self._cards, self.subjects)
        self._called: list[ToolCall] = []
        self._findings: list[Finding] = []
        self._met: set[str] = {s.concept for a in self._open if (s := a.subject)}
        self._question, self._round = "", 0
        sex = self.rng.choice(("F", "M"))
        series = Series(
            id="s", modality=self.modality,
            images=(Image(path=Path("image.png"), modality=self.modality),),
        )  # fmt: skip
        self._case = Case(
            id="made-up", patient=Patient(age=self.rng.randint(1, _OLDEST), sex=sex),
            studies=(Study(id="e", series=(series,)),),
        )  # fmt: skip
        if self.rng.random() < _BESIDE:
            self._known(self._stranger())

    @property
    def offer(self) -> Offer:
        """The experts."""
        return Offer(cards=self._cards)

    def situation(self) -> Situation:
        """What is known before the last turn."""
        return Situation(
            case=self._case.model_copy(update={"question": self._question}),
            called=tuple(self._called), findings=tuple(self._findings),
            memory=tuple(self.turns[:-1]), round=self._round,
        )  # fmt: skip

    def ask(self, number: int, *, is_last: bool) -> None:
        """Add a question and what the planner does about it.

        Args:
            number: of the question, from 0.
            is_last: whether the session ends with it; it may then end with a call.
        """
        self._round = number
        drawn = self.rng.random()
        if drawn < _KNOWN:
            self._ask_known()
        elif drawn < _KNOWN + _NO_EXPERT or not self._open:
            self._ask_in_vain()
        else:
            self._ask_expert(ends_with_call=is_last and self.rng.random() < _ENDS_WITH_CALL)

    # -- the kinds of questions ------------------------------------------------------------------

    def _ask_known(self) -> None:
        """The findings tell it already."""
        subject = self._stranger() if self.rng.random() < 1 / 2 else self._listed()
        found = self._known(subject)
        self._find_question(subject)
        self.thought = (self._shown(found),)
        self._answer([found], "none")

    def _ask_in_vain(self) -> None:
        """No expert can be asked for it."""
        if self.rng.random() < 1 / 3:
            word = invented_word(self.rng, held_out=self.held_out)
            self._question = question_on(self.rng, "mark", held_out=self.held_out, w=word)
            self.thought = (NOTHING_KNOWN,)
            self._say(NOBODY, "none", "unchecked")
        else:
            subject = self._stranger()
            self._find_question(subject)
            self.thought = (f"{subject.name}: nothing",)
            self._say(_not_known(subject), "none", "unchecked")

    def _ask_expert(self, *, ends_with_call: bool) -> None:
        asked = [self.rng.choice(self._open)]
        others = [a for a in self._open if a.subject and a.card != asked[0].card]
        if asked[0].subject and others and self.rng.random() < self.two:
            asked.append(self.rng.choice(others))
        self._question = self._asking(asked)
        calls = tuple(
            CallRequest(tool=a.card.name, arguments=Arguments(classes=a.classes)) for a in asked
        )
        self.thought = tuple(_looked_up(a, "new") for a in asked)
        self._add(Turn(calls=calls), "call")
        if ends_with_call:
            return
        used = {a.card.name for a in asked}
        self._open = [a for a in self._open if a.card.name not in used]
        results = [self._call(a, c) for a, c in zip(asked, calls, strict=True)]
        endings = [c.outcome.value for c in self._called[-len(calls) :]]
        self.thought = tuple(
            _looked_up(a, ending) if f is None else self._shown(f)
            for a, f, ending in zip(asked, results, endings, strict=True)
        )
        said = " ".join(
            self._told(a, f, ending)
            for a, f, ending in zip(asked, results, endings, strict=True)
        )  # fmt: skip
        found = [f for f in results if f is not None]
        if len(found) == len(asked) and all(a.subject for a in asked):
            self._answer(found, "answer")
        else:
            self._say(said, "answer", "unchecked")

    def _asking(self, asked: Sequence[Asked]) -> str:
        names = [a.subject.name for a in asked if a.subject]
        if len(names) > 1:
            words = dict(zip("xy", names, strict=True))
            return question_on(self.rng, "both", held_out=self.held_out, **words)
        if names:
            return question_on(self.rng, "find", held_out=self.held_out, x=names[0])
        return question_on(self.rng, "mark", held_out=self.held_out, w=asked[0].word)

    def _find_question(self, subject: Subject) -> None:
        self._question = question_on(self.rng, "find", held_out=self.held_out, x=subject.name)

    # -- what comes of it ------------------------------------------------------------------------

    def _call(self, asked: Asked, call: CallRequest) -> Finding | None:
        """The outcome of a call: a finding, if one was asked for and it went well."""
        failed = self.rng.random() < _FAILED
        self._called.append(
            ToolCall(
                name=call.tool, arguments=call.arguments, seconds=1.0,
                outcome=Outcome.FAILED if failed else Outcome.OK,
                reason=self.rng.choice(_FAILURES) if failed else "",
            )
        )  # fmt: skip
        return self._found(asked.subject, call.tool) if asked.subject and not failed else None

    def _told(self, asked: Asked, found: Finding | None, ending: str) -> str:
        if asked.subject is None:
            is_marked = ending == Outcome.OK.value
            return f"The {asked.word} {'was' if is_marked else 'could not be'} marked."
        return _not_known(asked.subject) if found is None else self._sentence(found)

    def _shown(self, finding: Finding) -> str:
        """A finding as its line in the prompt shows it, without its id."""
        return finding_text(finding, {finding.concept: self._name(finding)}).partition(" ")[2]

    def _name(self, finding: Finding) -> str:
        return next(s.name for s in self.subjects if s.concept == finding.concept)

    def _known(self, subject: Subject) -> Finding:
        return self._found(subject, "report_reader", Source.REPORT_FINDINGS)

    def _found(self, subject: Subject, tool: str, source: Source = Source.TOOL) -> Finding:
        presence = self.rng.choice((Presence.PRESENT, Presence.PRESENT, Presence.ABSENT))
        finding = Finding(
            id=f"f{len(self._findings) + 1}", concept=subject.concept, presence=presence,
            laterality=self.rng.choice(_SIDES) if presence is Presence.PRESENT else None,
            source=source, evidence=(Evidence(tool=tool),),
        )  # fmt: skip
        self._findings.append(finding)
        return finding

    def _answer(self, found: Sequence[Finding], kind: Kind) -> None:
        """Say what was found; sometimes the opposite first, which the checker refuses."""
        if self.rng.random() < _WRONG_FIRST:
            wrong = " ".join(self._sentence(f, opposite=True) for f in found)
            why = "; ".join(f"{f.concept.replace('_', ' ')} {f.presence.value}" for f in found)
            self._say(wrong, kind, "contradicted", why)
            kind = "answer"
        self._say(" ".join(map(self._sentence, found)), kind, "entailed")

    def _sentence(self, finding: Finding, *, opposite: bool = False) -> str:
        presence = finding.presence
        if opposite:
            presence = Presence.ABSENT if presence is Presence.PRESENT else Presence.PRESENT
        side = finding.laterality.value if finding.laterality else ""
        return sentence_on(self._name(finding), presence, side)

    def _say(self, text: str, kind: Kind, mark: Mark, why: str = "") -> None:
        sentences = [f"{part}." for part in text.rstrip(".").split(". ")]
        turn = Turn(
            statement=Statement(sentences=tuple(Sentence(text=s) for s in sentences)),
            checked=tuple(CheckedSentence(text=s, mark=mark, why=why) for s in sentences),
        )
        self._add(turn, kind)

    def _add(self, turn: Turn, kind: Kind) -> None:
        placed = {"seen_calls": len(self._called), "round": self._round, "question": self._question}
        self.turns.append(turn.model_copy(update=placed))
        self.kind = kind

    # -- what is asked about ---------------------------------------------------------------------

    def _stranger(self) -> Subject:
        """A finding that no expert reports and nobody has asked about."""
        left = [s for s in self.subjects if s.concept not in self._met]
        chosen = self.rng.choice(left)
        self._met.add(chosen.concept)
        return chosen

    def _listed(self) -> Subject:
        """A finding that an expert would report, too; it need not be asked any more."""
        listed = [a for a in self._open if a.subject]
        if not listed:
            return self._stranger()
        chosen = self.rng.choice(listed)
        self._open.remove(chosen)
        assert chosen.subject is not None  # noqa: S101  # they were chosen for having one
        return chosen.subject


def _looked_up(asked: Asked, ending: str) -> str:
    """The line that shows an expert's call, and how that call has ended."""
    name = asked.subject.name if asked.subject else asked.word
    call = aimed_call(asked.card.name, ", ".join(asked.classes))
    return f"{name}: {call}\n{asked.card.name}: {ending}"


def _not_known(subject: Subject) -> str:
    return f"It is not known whether there is {subject.name}."
