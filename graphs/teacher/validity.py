"""Validity: what each statement of a turn is worth."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dxtrace.clinical import Claim, Reason, VerdictKind
from graphs.checking import claim_in_words
from graphs.teacher.answers import ReadSentence, Said
from graphs.teacher.consistency import Stated
from graphs.teacher.conversation import Exchange
from graphs.teacher.grounds import Grounds
from graphs.teacher.pathway import names_fact
from graphs.teacher.reward import Expected, JudgedStatement, JudgedTurn, Standing
from graphs.teacher.settings import RewardSettings
from tools.report_reader.phrases import fold

_WORST_FIRST: tuple[Standing, ...] = ("contradicted", "invalid", "unsupported", "consistent")
_OPPOSITE = {
    VerdictKind.ENTAILED: VerdictKind.CONTRADICTED,
    VerdictKind.CONTRADICTED: VerdictKind.ENTAILED,
}
_HALF = 0.5
PROVED: frozenset[Standing] = frozenset({"entailed", "aside", "repeated"})


@dataclass(frozen=True, slots=True)
class TurnSaid:
    """A judged turn, and what of it goes on to consistency and completeness.

    Attributes:
        turn: the turn.
        stated: what was stated as a fact.
        proved: what was stated and holds.
        left_open: whether it rightly left something open.
    """

    turn: JudgedTurn
    stated: tuple[Stated, ...]
    proved: tuple[Claim, ...]
    left_open: bool


class TurnJudge:
    """Judges the turns of one conversation, in order.

    Args:
        grounds: the evidence.
        settings: what things are worth.
    """

    def __init__(self, grounds: Grounds, settings: RewardSettings) -> None:
        self.grounds, self.settings = grounds, settings
        self._said: list[Claim] = []

    def judge(
        self, number: int, exchange: Exchange, sentences: Iterable[ReadSentence],
        expected: Iterable[Expected], copied: frozenset[str],
    ) -> TurnSaid:  # fmt: skip
        """Judge a turn.

        Args:
            number: the turn, from 1.
            exchange: its question and answer.
            sentences: the answer, read.
            expected: what its question expects.
            copied: sentences that stand in a report of which this is a copy.
        """
        items = list(expected)
        outputs = self.grounds.question(exchange.question).outputs
        self._relevant = self._related(items, frozenset(outputs))
        self._open = any(e.value is None and e.kind != "gap" for e in items)
        self._now: list[Claim] = []
        judged: list[tuple[JudgedStatement, ReadSentence]] = []
        unread: list[str] = []
        left_open = False
        for sentence in sentences:
            if sentence.leaves_open and not left_open:
                judged.append((self._opening(sentence, items), sentence))
                left_open = True
            before = len(self._now)
            new = [s for s in sentence.said if sentence.text or not _is_said(s, judged)]
            found = [self._judged(s, sentence, copied, before) for s in new]
            judged += [(s, sentence) for s in found if s is not None]
            known = sentence.said or sentence.leaves_open or sentence.assumes
            if not known and not self._asks_for_gap(sentence, items):
                unread.append(sentence.text)
        self._said += self._now
        statements = tuple(s for s, _ in judged)
        turn = JudgedTurn(
            question=exchange.question, statements=statements, unread=tuple(unread),
            validity=self._validity(statements, unread),
        )  # fmt: skip
        return TurnSaid(
            turn=turn, stated=tuple(_stated(number, exchange, judged)),
            proved=tuple(c for s in statements if s.standing in PROVED for c in s.claims),
            left_open=any(s.standing == "left_open" for s in statements),
        )  # fmt: skip

    def _asks_for_gap(self, sentence: ReadSentence, expected: Iterable[Expected]) -> bool:
        vocabulary = self.grounds.bench.knowledge.vocabulary
        gaps = [e.subject for e in expected if e.kind == "gap"]
        return sentence.text.endswith("?") and any(
            names_fact(vocabulary, fact, sentence.text) for fact in gaps
        )

    def _validity(self, statements: tuple[JudgedStatement, ...], unread: list[str]) -> float:
        turns = self.settings.turns
        if not statements:
            return turns["unread_only"].worth if unread else turns["silent"].worth
        mean = sum(s.worth for s in statements) / len(statements)
        lost = max(turns["unread_most"].worth, len(unread) * turns["unread_each"].worth)
        return max(-1.0, mean + lost)

    def _related(self, expected: list[Expected], outputs: frozenset[str]) -> frozenset[str]:
        """Concepts and outputs that bear on the question."""
        vocabulary = self.grounds.bench.knowledge.vocabulary
        subjects = {e.subject.partition(".")[0] if e.kind == "gap" else e.subject for e in expected}
        concepts = [s for s in subjects if s in vocabulary.concepts]
        wider = (vocabulary.ancestors[c] | vocabulary.descendants[c] for c in concepts)
        refuted = {c.concept for c in self.grounds.refuted}  # it is always right to point that out
        return frozenset(subjects | refuted | outputs).union(*wider)

    # -- one statement -----------------------------------------------------------------------

    def _opening(self, sentence: ReadSentence, expected: list[Expected]) -> JudgedStatement:
        """Right of what is open; said of nothing in particular, it counts by the share of that."""
        asked = [e for e in expected if e.kind != "gap"]
        opens = [e for e in asked if e.value is None]
        said = fold(sentence.text)
        if any(fold(e.words.rpartition(": ")[0]) in said for e in opens):
            return self._statement(sentence.text, "left_open")
        whole = sum(e.share for e in asked if e.kind != "rests_on")
        share = sum(e.share for e in opens) / whole if whole else 0.0
        found = self._statement(sentence.text, "left_open" if share > _HALF else "wrongly_open")
        worths = self.settings.statements
        worth = share * worths["left_open"].worth + (1 - share) * worths["wrongly_open"].worth
        return found.model_copy(update={"worth": worth})

    def _judged(
        self, said: Said, sentence: ReadSentence, copied: frozenset[str], before: int
    ) -> JudgedStatement | None:
        """A judged statement; None for one that neither adds to nor takes from its sentence."""
        words = said.text or claim_in_words_of(self.grounds, said.claims[0])
        standing, because, problem = self._standing(said)
        if _goes_without_saying(standing, sentence):
            return None
        if standing == "entailed":
            if all(any(_adds_nothing(c, b) for b in self._now[before:]) for c in said.claims):
                return None
            if sentence.text in copied:
                standing = "copied"
            elif self._is_repeated(said):
                standing = "repeated"
            elif not any(c.concept in self._relevant for c in said.claims):
                standing = "aside"
            self._now += said.claims
        found = self._statement(words, standing, said.claims, because, problem)
        if found.worth <= 0:
            return found
        share = max(self.settings.turns["least_understood"].worth, sentence.understood)
        return found.model_copy(update={"worth": found.worth * share})

    def _statement(
        self, words: str, standing: Standing, claims: tuple[Claim, ...] = (),
        because: tuple[Reason, ...] = (), problem: str = "",
    ) -> JudgedStatement:  # fmt: skip
        return JudgedStatement(
            text=words, standing=standing, worth=self.settings.statements[standing].worth,
            claims=claims, because=because, problem=problem,
        )  # fmt: skip

    def _standing(self, said: Said) -> tuple[Standing, tuple[Reason, ...], str]:
        """The worst of what the words were read as."""
        found: list[tuple[Standing, tuple[Reason, ...], str]] = []
        for claim in said.claims:
            judged = self.grounds.judge(claim)
            if judged.verdict is None:
                found.append(("invalid", (), judged.problem))
                continue
            kind = judged.verdict.kind
            kind = _OPPOSITE.get(kind, kind) if said.denied else kind
            standing = self._hedged(kind, claim) if said.hedged else _flat(kind)
            found.append((standing, judged.verdict.because, ""))
        return min(found, key=lambda f: self.settings.statements[f[0]].worth)

    def _hedged(self, kind: VerdictKind, claim: Claim) -> Standing:
        if kind is VerdictKind.ENTAILED:
            return "hedged_proved"
        if kind is VerdictKind.CONTRADICTED:
            return "hedged_contradicted"
        asked = self._open and claim.concept in self._relevant
        return "hedged_open" if asked else "hedged_aside"

    def _is_repeated(self, said: Said) -> bool:
        """Whether it adds nothing to this turn, or to earlier ones that the question leaves be."""
        about = any(c.concept in self._relevant for c in said.claims)
        before = self._now if about else [*self._said, *self._now]
        return all(any(_adds_nothing(c, b) for b in before) for c in said.claims)


def _is_said(said: Said, judged: Iterable[tuple[JudgedStatement, ReadSentence]]) -> bool:
    """Whether a claim beside the words is what the words say."""
    words = [c for statement, _ in judged for c in statement.claims]
    return all(any(_adds_nothing(c, w) for w in words) for c in said.claims)


def _goes_without_saying(standing: Standing, sentence: ReadSentence) -> bool:
    """Possibilities in a sentence that leaves something open, and what nobody says, assumed."""
    if sentence.leaves_open:
        return standing in ("hedged_open", "hedged_aside")
    return sentence.assumes and standing in ("consistent", "unsupported")


def claim_in_words_of(grounds: Grounds, claim: Claim) -> str:
    """A claim in words, or by its name if there is no such concept."""
    knowledge = grounds.bench.knowledge
    known = claim.concept in (
        knowledge.outputs if claim.kind == "category" else knowledge.vocabulary.concepts
    )
    return claim_in_words(knowledge, claim) if known else claim.concept


def _flat(kind: VerdictKind) -> Standing:
    return "entailed" if kind is VerdictKind.ENTAILED else _by_name(kind)


def _by_name(kind: VerdictKind) -> Standing:
    return next(s for s in _WORST_FIRST if s == kind.value)


def _adds_nothing(claim: Claim, before: Claim) -> bool:
    same = (claim.kind, claim.concept, claim.presence, claim.value)
    if same != (before.kind, before.concept, before.presence, before.value):
        return False
    places = all(
        mine is None or mine == theirs
        for mine, theirs in (
            (claim.laterality, before.laterality), (claim.location, before.location)
        )
    )  # fmt: skip
    features = claim.attributes.items() <= before.attributes.items()
    return places and features and set(claim.measurements) <= set(before.measurements)


def _stated(
    number: int, exchange: Exchange, judged: list[tuple[JudgedStatement, ReadSentence]]
) -> Iterable[Stated]:
    for statement, sentence in judged:
        flat = statement.standing in PROVED | {"copied", *_WORST_FIRST} - {"invalid"}
        for claim in statement.claims if flat else ():
            yield Stated(
                turn=number, text=statement.text, claim=claim,
                proved=statement.standing in PROVED | {"copied"},
                corrects=sentence.corrects, given=exchange.given,
            )  # fmt: skip
