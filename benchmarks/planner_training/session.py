"""A session in the making: what is asked, what a planner does, what comes of it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from agents.planner import Situation, Turn
from agents.vlm.dialects.tokens import aimed_call
from agents.vlm.evidence_text import finding_text
from agents.vlm.offer import Offer
from agents.vlm.wording import NOTHING_KNOWN
from benchmarks.planner_training.cards import Asked, askable, random_cards
from benchmarks.planner_training.invented import invented_word
from benchmarks.planner_training.subjects import Subject, question_on, sentence_on
from benchmarks.planner_training.surroundings import (
    details_of,
    random_case,
    standing_experts,
    stated_of,
)
from dxtrace.clinical import (
    Arguments,
    CallRequest,
    CheckedSentence,
    Evidence,
    Finding,
    Laterality,
    Mark,
    Outcome,
    Presence,
    Sentence,
    Source,
    Statement,
    ToolCall,
)
from expert_models import ModelCard

Kind = Literal["call", "none", "answer", "look"]
_FAILURES = ("the image could not be read", "out of memory", "no series fits", "it took too long")
_SIDES = (None, None, Laterality.LEFT, Laterality.RIGHT)
_KNOWN, _NO_EXPERT = 0.22, 0.16  # of the questions
_FAILED, _WRONG_FIRST = 0.12, 0.15  # of the calls, of the answers by findings
_ENDS_WITH_CALL = 0.7
_BESIDE = 0.4  # of the sessions have findings that nobody asks about
_MOST_BESIDE = 3
_TWO_KNOWN = 0.3  # of the questions that the findings tell
_ONE_KNOWN = 0.3  # of the questions for two findings
_NEWS = 0.2  # of the questions in vain: the pathway calls for something all the same
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
        self._cards = self._among(standing_experts(self.rng))
        self._called: list[ToolCall] = []
        self._findings: list[Finding] = []
        self._met: set[str] = {s.concept for a in self._open if (s := a.subject)}
        self._question, self._round = "", 0
        self._case = random_case(self.rng, self.modality)
        for stated in stated_of(self.rng, self._case):
            self._add_finding(stated)
        if self.rng.random() < _BESIDE:
            for _ in range(self.rng.randint(1, _MOST_BESIDE)):
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

    def _among(self, standing: tuple[ModelCard, ...]) -> tuple[ModelCard, ...]:
        """All experts, those that only look things up before or behind the others."""
        both = (standing, self._cards) if self.rng.random() < 1 / 2 else (self._cards, standing)
        return (*both[0], *both[1])

    # -- the kinds of questions ------------------------------------------------------------------

    def _ask_known(self) -> None:
        """The findings tell it already."""
        number = 2 if self.rng.random() < _TWO_KNOWN else 1
        subjects = [
            self._stranger() if self.rng.random() < 1 / 2 else self._listed() for _ in range(number)
        ]
        found = [self._known(subject) for subject in subjects]
        self._find_question(*subjects)
        self.thought = tuple(map(self._shown, found))
        self._answer(found, "none")

    def _ask_in_vain(self) -> None:
        """No expert can be asked for it."""
        if self.rng.random() < 1 / 3:
            word = invented_word(self.rng, held_out=self.held_out)
            self._question = question_on(self.rng, "mark", held_out=self.held_out, w=word)
            self.thought = (NOTHING_KNOWN,)
            self._say(NOBODY, "none", "unchecked")
            return
        subject = self._stranger()
        self._find_question(subject)
        self.thought = (f"{subject.name}: nothing",)
        self._say(_not_known(subject), "none", "unchecked")
        if self.rng.random() < _NEWS:
            self._answer_by_news(subject)

    def _answer_by_news(self, subject: Subject) -> None:
        """The pathway calls an expert that the planner did not ask, and that one finds it."""
        tool = self.rng.choice(self._cards).name
        self._called.append(ToolCall(name=tool, seconds=1.0, outcome=Outcome.OK))
        found = self._found(subject, tool)
        self.thought = (self._shown(found),)
        self._answer([found], "answer")

    def _ask_expert(self, *, ends_with_call: bool) -> None:
        asked = self._what_to_ask()
        known = [self._known(a) for a in asked if isinstance(a, Subject)]
        self._question = self._asking(asked)
        wanted = [a for a in asked if isinstance(a, Asked)]
        calls = tuple(
            CallRequest(tool=a.card.name, arguments=Arguments(classes=a.classes)) for a in wanted
        )
        self.thought = tuple(
            _looked_up(a, "new") if isinstance(a, Asked) else self._shown(known[0]) for a in asked
        )
        self._add(Turn(calls=calls), "call")
        if ends_with_call:
            return
        used = {a.card.name for a in wanted}
        self._open = [a for a in self._open if a.card.name not in used]
        self._answer_by_results(asked, calls, known)

    def _what_to_ask(self) -> list[Asked | Subject]:
        """One thing that an expert knows; or two, of which the findings may tell one."""
        first = self.rng.choice(self._open)
        asked: list[Asked | Subject] = [first]
        if first.subject and self.rng.random() < self.two:
            others = [a for a in self._open if a.subject and a.card != first.card]
            if self.rng.random() < _ONE_KNOWN:
                asked.append(self._stranger())
            elif others:
                asked.append(self.rng.choice(others))
            self.rng.shuffle(asked)
        return asked

    def _answer_by_results(
        self, asked: Sequence[Asked | Subject], calls: Sequence[CallRequest], known: list[Finding]
    ) -> None:
        """Say what came of the calls, and what was known."""
        calling = iter(calls)
        found, thoughts, said = [], [], []
        for one in asked:
            if isinstance(one, Subject):
                finding: Finding | None = known[0]
                said.append(self._sentence(known[0]))
                thoughts.append(self._shown(known[0]))
            else:
                finding = self._call(one, next(calling))
                ending = self._called[-1].outcome.value
                said.append(self._told(one, finding, ending))
                thoughts.append(self._shown(finding) if finding else _looked_up(one, ending))
            found.append(finding)
        self.thought = tuple(thoughts)
        if all(found):
            self._answer([f for f in found if f], "answer")
        else:
            self._say(" ".join(said), "answer", "unchecked")

    def _asking(self, asked: Sequence[Asked | Subject]) -> str:
        subjects = [a if isinstance(a, Subject) else a.subject for a in asked]
        known = [s for s in subjects if s]
        if known:
            return self._finding_question(known)
        word = next(a.word for a in asked if isinstance(a, Asked))
        return question_on(self.rng, "mark", held_out=self.held_out, w=word)

    def _find_question(self, *subjects: Subject) -> None:
        self._question = self._finding_question(subjects)

    def _finding_question(self, subjects: Sequence[Subject]) -> str:
        words = dict(zip("xy", (s.name for s in subjects), strict=False))
        kind = "both" if len(subjects) > 1 else "find"
        return question_on(self.rng, kind, held_out=self.held_out, **words)

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
        """A finding as its line in the prompt begins: name, state, side; without its id."""
        told = finding_text(finding, {finding.concept: self._name(finding)}).partition(" ")[2]
        name, side = told.partition(": ")[0], finding.laterality
        state = finding.presence.value
        return f"{name}: {state}, {side.value}" if side else f"{name}: {state}"

    def _name(self, finding: Finding) -> str:
        return next(s.name for s in self.subjects if s.concept == finding.concept)

    def _known(self, subject: Subject) -> Finding:
        return self._found(subject, "report_reader", Source.REPORT_FINDINGS)

    def _found(self, subject: Subject, tool: str, source: Source = Source.TOOL) -> Finding:
        presence = self.rng.choice((Presence.PRESENT, Presence.PRESENT, Presence.ABSENT))
        side = self.rng.choice(_SIDES) if presence is Presence.PRESENT else None
        details = details_of(self.rng, len(self._findings) + 1, presence, side)
        return self._add_finding(
            Finding(
                id="", concept=subject.concept, presence=presence, laterality=side, source=source,
                evidence=(Evidence(tool=tool),), **details,
            )
        )  # fmt: skip

    def _add_finding(self, finding: Finding) -> Finding:
        numbered = finding.model_copy(update={"id": f"f{len(self._findings) + 1}"})
        self._findings.append(numbered)
        return numbered

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
