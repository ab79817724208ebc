"""The teacher: the checker's word on a conversation, as a reward."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from hashlib import sha256
from multiprocessing import get_context
from types import TracebackType
from typing import Self

from graphs.teacher.answers import AnswerReader, ReadSentence
from graphs.teacher.calls import calls_part, judge_calls
from graphs.teacher.consistency import consistency_of, find_conflicts
from graphs.teacher.conversation import Conversation, Exchange
from graphs.teacher.grounds import Grounds
from graphs.teacher.pathway import Established, completeness_of, expected_of, met_by
from graphs.teacher.reward import Conflict, Expected, Reward
from graphs.teacher.settings import RewardSettings, default_settings
from graphs.teacher.validity import TurnJudge, TurnSaid
from graphs.workbench import Workbench, default_workbench

_KEPT_CASES = 64
_WORD = re.compile(r"[^\W_]+")
_SENTENCE_END = re.compile(r"(?<=[.?!])\s+|\s*\n\s*")


class Teacher:
    """Gives rewards. What it finds out about a case is kept for the next answers to it.

    With ``workers`` it is a context manager: its processes live until it is closed.

    Args:
        settings: what things are worth.
        bench: knowledge, readers and tools; those that come with DxTrace by default.
        workers: number of processes; 1 works in this one. Processes have the tools that come with
            DxTrace and those of installed packages, not ones registered in this process.

    Raises:
        ValueError: if there are fewer workers than one, or several and a workbench of one's own.
    """

    def __init__(
        self, *, settings: RewardSettings | None = None, bench: Workbench | None = None,
        workers: int = 1,
    ) -> None:  # fmt: skip
        if workers < 1:
            raise ValueError(f"workers: expected at least 1, got {workers}")
        if workers > 1 and bench is not None:
            raise ValueError("workers: a workbench of one's own is not sent to other processes")
        self.settings = settings or default_settings()
        self.workers = workers
        self._bench = bench
        self._grounds: OrderedDict[str, Grounds] = OrderedDict()
        self._reader: AnswerReader | None = None
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:  # fmt: skip
        self.close()

    def close(self) -> None:
        """End the worker processes, if there are any."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    # -- one conversation --------------------------------------------------------------------

    def score(self, conversation: Conversation) -> Reward:
        """The reward of a conversation, with what it is made of."""
        settings = self.settings
        grounds = self._grounds_of(conversation)
        judge = TurnJudge(grounds, settings)
        expected: dict[tuple[str, str], Expected] = {}
        turns: list[tuple[Exchange, TurnSaid]] = []
        words: list[str] = []
        for number, exchange in enumerate(conversation.exchanges, start=1):
            if exchange.given and not exchange.answer:
                continue  # calls and their results: nothing was said
            question = grounds.question(exchange.question)
            own = expected_of(grounds, question, settings)
            sentences = self._read(exchange, grounds)
            copied = _copied(conversation, sentences, settings)
            turns.append((exchange, judge.judge(number, exchange, sentences, own, copied)))
            words += [s.text for s in sentences if s.leaves_open or s.text.endswith("?")]
            if not exchange.given:
                expected.update({(e.kind, e.subject): e for e in own})
        conflicts = find_conflicts(
            grounds.bench.knowledge, [s for _, t in turns for s in t.stated], settings
        )
        got = _established(turns, conflicts, conversation, words)
        return self._weighed(
            grounds, conversation, turns, conflicts, (list(expected.values()), got)
        )

    def _weighed(
        self, grounds: Grounds, conversation: Conversation,
        turns: list[tuple[Exchange, TurnSaid]], conflicts: tuple[Conflict, ...],
        pathway: tuple[list[Expected], Established],
    ) -> Reward:  # fmt: skip
        settings = self.settings
        rewarded = [said for exchange, said in turns if not exchange.given]
        met = met_by(grounds.bench.knowledge, *pathway)
        spoken = any(said.proved or said.left_open for said in rewarded)
        judged = judge_calls(grounds, conversation.exchanges, settings)
        parts = {
            "validity": sum(s.turn.validity for s in rewarded) / max(1, len(rewarded)),
            "completeness": completeness_of(met, spoken=spoken),
            "calls": calls_part(judged, settings, spoken=spoken),
            "consistency": consistency_of(conflicts, settings),
        }
        total = sum(settings.weight(name) * value for name, value in parts.items())
        return Reward(
            total=min(1.0, max(-1.0, total)), **parts, turns=tuple(s.turn for s in rewarded),
            conflicts=conflicts, expected=met, judged_calls=judged,
        )  # fmt: skip

    def _read(self, exchange: Exchange, grounds: Grounds) -> tuple[ReadSentence, ...]:
        if self._reader is None:
            self._reader = AnswerReader(grounds.bench, self.settings)
        question = grounds.question(exchange.question)
        return self._reader.read(
            exchange, question.intents, question.drafts, frozenset(question.outputs),
            grounds.around,
        )  # fmt: skip

    def _grounds_of(self, conversation: Conversation) -> Grounds:
        key = case_key(conversation)
        grounds = self._grounds.get(key)
        if grounds is None:
            bench = self._bench or default_workbench()
            case, findings = conversation.case, conversation.findings
            grounds = self._grounds[key] = Grounds(bench, case, findings, conversation.packs)
        self._grounds.move_to_end(key)
        while len(self._grounds) > _KEPT_CASES:
            self._grounds.popitem(last=False)
        return grounds

    # -- many --------------------------------------------------------------------------------

    def score_batch(self, conversations: Iterable[Conversation]) -> list[Reward]:
        """The rewards, in the order of the conversations.

        Conversations about the same case go to the same process, which knows it then.
        """
        wanted = list(conversations)
        if self.workers == 1 or len(wanted) <= 1:
            return [self.score(c) for c in wanted]
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                self.workers, get_context("spawn"), initializer=_start, initargs=(self.settings,)
            )
        chunks = _chunks(wanted, self.workers)
        done = self._pool.map(_score_chunk, [[wanted[i] for i in chunk] for chunk in chunks])
        rewards: dict[int, Reward] = {}
        for chunk, found in zip(chunks, done, strict=True):
            rewards.update(zip(chunk, found, strict=True))
        return [rewards[i] for i in range(len(wanted))]


def score_batch(
    conversations: Iterable[Conversation], *, workers: int = 1,
    settings: RewardSettings | None = None,
) -> list[Reward]:  # fmt: skip
    """The rewards of conversations, in their order; see :class:`Teacher` to keep the processes."""
    with Teacher(settings=settings, workers=workers) as teacher:
        return teacher.score_batch(conversations)


def case_key(conversation: Conversation) -> str:
    """What conversations about the same evidence share."""
    parts = (
        conversation.case.model_dump_json(exclude={"question"}),
        *(f.model_dump_json() for f in conversation.findings), repr(conversation.packs),
    )  # fmt: skip
    return sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _established(
    turns: list[tuple[Exchange, TurnSaid]], conflicts: tuple[Conflict, ...],
    conversation: Conversation, words: Sequence[str],
) -> Established:  # fmt: skip
    """What holds: proved, and not at odds with something else that was said."""
    disputed = {s for c in conflicts if not c.corrected for s in c.statements}
    proved = [
        claim
        for _, said in turns
        for statement in said.turn.statements
        if statement.text not in disputed
        and statement.standing in ("entailed", "aside", "repeated")
        for claim in statement.claims
    ]
    return Established(
        claims=tuple(proved), left_open=any(said.left_open for _, said in turns),
        asks=frozenset(a for e in conversation.exchanges for a in e.asks),
        asked_in_words=" ".join(words),
    )  # fmt: skip


def _copied(
    conversation: Conversation, sentences: Iterable[ReadSentence], settings: RewardSettings
) -> frozenset[str]:
    """The sentences of an answer that repeats a report; none if it only says some of it."""
    said = {_plain(s.text): s.text for s in sentences}
    copied: set[str] = set()
    for report in conversation.case.reports:
        lines = {_plain(p) for p in _SENTENCE_END.split(report.text)} - {""}
        again = lines & set(said)
        enough = len(lines) >= settings.worth("copying", "sentences")
        if enough and len(again) >= settings.worth("copying", "share") * len(lines):
            copied |= {said[line] for line in again}
    return frozenset(copied)


def _plain(text: str) -> str:
    return " ".join(w.lower() for w in _WORD.findall(text))


def _chunks(conversations: list[Conversation], workers: int) -> list[list[int]]:
    """Indices by case, the largest groups first, spread evenly; a large group is cut."""
    most = max(1, -(-len(conversations) // workers))
    groups: dict[str, list[int]] = {}
    for index, conversation in enumerate(conversations):
        groups.setdefault(case_key(conversation), []).append(index)
    pieces = [g[i : i + most] for g in groups.values() for i in range(0, len(g), most)]
    chunks: list[list[int]] = [[] for _ in range(workers)]
    for piece in sorted(pieces, key=len, reverse=True):
        min(chunks, key=len).extend(piece)
    return [chunk for chunk in chunks if chunk]


_own: list[Teacher] = []


def _start(settings: RewardSettings) -> None:
    """Set up a worker process; the readers are built here, once."""
    _own[:] = [Teacher(settings=settings)]
    assert default_workbench().reader is not None  # noqa: S101  # built before the first answer


def _score_chunk(conversations: list[Conversation]) -> list[Reward]:
    return _own[0].score_batch(conversations)
