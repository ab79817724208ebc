"""A conversation about one case: brings it to the graph, keeps the turns, stops when told to."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from apps.chat.pointing import place_words, prompt_request
from apps.chat.record import NOTHING_RUNS, Choices, SessionRecord
from apps.chat.refusals import NotNowError, UploadError, disk_words
from apps.chat.running import Running, failure_words
from apps.chat.translating import Translating
from apps.chat.turns import Turn, lost_turn, read_kept_case, read_turns, write_case, write_turn
from apps.chat.uploads import TakenIn, read_brought, spoken, take_in
from apps.chat.watching import Bell
from dxtrace.atomic_write import write_atomically
from dxtrace.clinical import Case, Correction, Result, Trace
from dxtrace.intake import CaseReading, IntakeError, IntakeLimits
from graphs import ReviewRun, SessionError, Settings
from graphs import reviewing as graph
from graphs.corrections import CorrectionError, check_corrections
from graphs.questions import ReplyError, reply_finding
from graphs.state import PendingQuestion
from tools import ArtifactStore

if TYPE_CHECKING:
    from apps.chat.desk import Desk
    from apps.chat.sessions import Session

log = logging.getLogger(__name__)
THREAD = "review"
TRACE = "trace.json"
_LONGEST_QUESTION = 4000


class Conversation:
    """One session's conversation.

    Args:
        session: its folder.
        desk: workbenches and threads.
    """

    def __init__(self, session: Session, desk: Desk) -> None:
        self.session, self._desk = session, desk
        self.bell = Bell()
        self.translating = Translating(session, self.bell)
        self.refused, self.is_reading = "", False
        self._lock = threading.RLock()
        self._running: Running | None = None
        self._closing = False
        self._record = session.read_record()
        self._turns = read_turns(session.folder, self._record.turns)
        kept = read_kept_case(session.folder)
        self.case: Case | None = kept[0] if kept else None
        self.notes: tuple[str, ...] = kept[1] if kept else ()

    # -- what there is to see ----------------------------------------------------------------

    @property
    def turns(self) -> list[Turn]:
        """The turns that have ended."""
        with self._lock:
            return list(self._turns)

    @property
    def running(self) -> Running | None:
        """What is being worked on."""
        return self._running

    @property
    def before(self) -> int:
        """How many wait for their turn before this one."""
        place = self._running.place if self._running else None
        return self._desk.line.before(place) if place else 0

    @property
    def record(self) -> SessionRecord:
        """Choices, and who corrects."""
        return self._record

    @property
    def is_in_use(self) -> bool:
        """Whether something runs or a page looks on."""
        return self.is_at_work or self.bell.is_heard

    @property
    def is_at_work(self) -> bool:
        """Whether something runs."""
        return self._running is not None or self.is_reading or bool(self.translating.language)

    @property
    def planner(self) -> str:
        """Who plans for the session."""
        return self._record.choices.planner or self._desk.options.planner

    @property
    def result(self) -> Result | None:
        """The latest result."""
        return next((t.result for t in reversed(self.turns) if t.result is not None), None)

    @property
    def pending(self) -> PendingQuestion | None:
        """What the graph waits for."""
        last = next((t for t in reversed(self.turns) if t.result is not None), None)
        return last.pending if last is not None else None

    @property
    def trace(self) -> Trace | None:
        """The trace of the session so far."""
        path = self.session.folder / TRACE
        return Trace.read(path) if path.is_file() else None

    # -- what a visitor does -----------------------------------------------------------------

    def bring(self, question: str = "") -> None:
        """Read what was brought, and review it.

        Args:
            question: what to answer; empty leaves what the case itself asks.

        Raises:
            NotNowError: if something runs.
        """
        with self._lock:
            self._refuse_if_running()
            self.is_reading, self.refused = True, ""
        self.bell.ring()
        try:
            reading = self._read()
        except (IntakeError, UploadError) as error:
            brought = self.session.brought
            words = spoken(error) if isinstance(error, IntakeError) else str(error)
            self.refused = words.replace(f"{brought}/", "")
            return
        except OSError as error:
            raise NotNowError(disk_words(error)) from None
        finally:
            self.is_reading = False
            self.bell.ring()
        case = reading.case
        if question.strip():
            case = case.model_copy(update={"question": _limited(question)})
        write_case(self.session.folder, case, reading.notes)
        self.case, self.notes = case, reading.notes
        self._start(Running("review", words=case.question or ""))

    def _read(self) -> CaseReading:
        """The case in all that was brought; what makes it unreadable is not kept."""
        limits, session = IntakeLimits(), self.session
        rooms = self._desk.rooms
        taken = TakenIn(())
        try:
            taken = take_in(session.arriving, session.brought, limits, rooms.limit)
            reading = read_brought(session.brought, case_id=f"case-{session.id[:8]}", limits=limits)
        except IntakeError as error:
            taken.take_back()
            raise error.because(taken.notes) from None
        finally:
            rooms.recount(session)
        return CaseReading(reading.case, (*taken.notes, *reading.notes))

    def ask(self, question: str) -> None:
        """Ask about the case.

        Raises:
            NotNowError: if there is no case, nothing is asked, or something runs.
        """
        words = _limited(question)
        if not words:
            raise NotNowError("Write a question first.")
        self._answered_case()
        self._start(Running("question", words=words))

    def correct(self, corrections: tuple[Correction, ...], by: str) -> None:
        """Correct findings; the check runs again at once.

        Args:
            corrections: what is corrected.
            by: who does it, for the trace.

        Raises:
            NotNowError: if there is no such finding, or something runs.
        """
        knowledge = self._desk.bench(frozenset()).knowledge
        try:
            check_corrections(self._answered_case().findings, corrections, knowledge)
        except CorrectionError as error:
            raise NotNowError(str(error)) from None
        self._update(by=by)
        self._start(Running("correction", corrections=corrections))

    def prompt(self, series: str, kind: str, corners: list[list[int]]) -> None:
        """Ask an expert to outline what is at a place that was pointed at in the images.

        Args:
            series: id of the series.
            kind: ``point`` or ``box``.
            corners: array indices: one for a point, two opposite ones for a box.

        Raises:
            NotNowError: if it is no place in the images, or no expert can be asked.
        """
        self._answered_case()
        if self.case is None:
            raise NotNowError("Bring a case first.")
        bench = self._desk.bench(self._record.choices.without)
        request = prompt_request(bench.registry, self.case, series, kind, corners)
        self._start(Running("prompt", words=place_words(series, kind, corners), calls=(request,)))

    def reply(self, words: str) -> None:
        """Answer what the graph asks; empty if nobody knows.

        Raises:
            NotNowError: if nothing is asked, or this is no answer to it.
        """
        pending = self.pending
        if pending is None:
            raise NotNowError("Nothing is asked just now.")
        try:
            reply_finding(self._desk.bench(frozenset()).knowledge, pending, words, 1)
        except ReplyError as error:
            raise NotNowError(f"{error}.") from None
        self._start(Running("reply", words=words, reply_to=pending.text))

    def choose(self, choices: Choices) -> None:
        """Keep how further reviews are to run."""
        self._update(choices=choices)
        self.bell.ring()

    def stop(self) -> None:
        """Stop what runs: experts at work are ended, and the answer says what is open."""
        running = self._running
        self.translating.stop()
        if running is not None:
            running.cancellation.cancel()
            if running.place is not None:
                self._desk.line.hurry(running.place)
        self.bell.ring()

    def interrupt(self) -> None:
        """End what runs because the server ends; it goes on when the server is back."""
        self._closing = True
        self.stop()

    def go_on(self) -> None:
        """Go on with what a killed server has left unfinished, if there is anything."""
        with self._lock:
            action = self._record.running
            if action is None or self._running is not None or self._closing:
                return
            if self.case is None:
                self._update(running=None)
                return
            self._start(Running.left(action, self._record))

    # -- the work ----------------------------------------------------------------------------

    def _answered_case(self) -> Result:
        if self.case is None:
            raise NotNowError("Bring a case first.")
        self._refuse_if_running()
        result = self.result
        if result is None:
            raise NotNowError("This case has not been reviewed: bring it again.")
        return result

    def _refuse_if_running(self) -> None:
        if self._running is not None or self.is_reading:
            raise NotNowError("A review is under way: wait for it, or stop it.")

    def _start(self, running: Running) -> None:
        with self._lock:
            self._refuse_if_running()
            self._update(
                running=running.action, words=running.words, corrections=running.corrections,
                calls=running.calls, reply_to=running.reply_to,
            )  # fmt: skip
            self._running = running
            running.place = self._desk.line.join(partial(self._work, running), self.bell.ring)
        self.bell.ring()

    def _update(self, **fields: Any) -> None:
        with self._lock:
            self._record = self._record.model_copy(update=fields)
            self.session.write_record(self._record)

    def _work(self, running: Running) -> None:
        started = time.monotonic()
        running.begun = True
        self.bell.ring()
        run, error = self._guarded(running)
        if self._closing:
            return
        turn = Turn(
            running.action, running.words, running.corrections, tuple(running.steps),
            result=run.result if run else None, pending=run.pending if run else None,
            error=error, stopped=running.cancellation.is_cancelled,
            seconds=time.monotonic() - started, reply_to=running.reply_to,
        )  # fmt: skip
        self._end(turn, run)

    def _end(self, turn: Turn, run: ReviewRun | None) -> None:
        with self._lock:
            try:
                if run is not None:
                    write_atomically(self.session.folder / TRACE, run.trace.to_json(), mode=0o600)
                write_turn(self.session.folder, len(self._turns), turn)
                self._turns.append(turn)
                self._update(turns=len(self._turns), **NOTHING_RUNS)
            except Exception as error:  # noqa: BLE001 - the session may be gone, the disk full
                log.warning("a turn could not be kept: %s", type(error).__name__)
                self._lose(turn, error)
            finally:
                self._running = None
        self.bell.ring()

    def _lose(self, turn: Turn, error: Exception) -> None:
        """A turn could not be written: it is shown as failed, as nothing of it outlives this."""
        self._turns = [*self._turns[: self._record.turns], lost_turn(turn, error)]
        self._record = self._record.model_copy(update=NOTHING_RUNS)

    def _guarded(self, running: Running) -> tuple[ReviewRun | None, str]:
        """Run the graph; whatever goes wrong becomes a sentence."""
        try:
            return self._conduct(running), ""
        except Exception as error:  # noqa: BLE001 - one case must never end the server
            words = failure_words(error, self.planner)
        try:
            graph.roll_back(THREAD, **self._manner(running))
        except Exception as error:  # noqa: BLE001 - such as a full disk
            log.warning("a session could not be rolled back: %s", type(error).__name__)
        return None, words

    def _conduct(self, running: Running) -> ReviewRun:
        if running.again:
            return self._go_on(running)
        return self._begin(running)

    def _go_on(self, running: Running) -> ReviewRun:
        """Go on from the last checkpoint; from the beginning if there is none of this turn."""
        try:
            run = graph.continue_review(THREAD, **self._manner(running))
        except SessionError:
            return self._begin(running)
        has_not_begun = run.pending is not None and run.pending == self.pending
        return self._begin(running) if has_not_begun else run

    def _begin(self, running: Running) -> ReviewRun:
        manner = self._manner(running)
        if running.action == "reply":
            return graph.resume_review(THREAD, running.words, **manner)
        if running.action == "review":
            if self.case is None:
                raise SessionError("there is no case")
            return graph.review_with_trace(self.case, thread=THREAD, **manner)
        self._leave_questions_open(manner)
        question = running.words if running.action == "question" else None
        return graph.follow_up(
            THREAD, question=question, corrections=running.corrections, calls=running.calls,
            **manner,
        )  # fmt: skip

    def _leave_questions_open(self, manner: dict[str, Any]) -> None:
        """Who asks or corrects while the graph waits does not answer it: nobody knows, then."""
        quiet = {**manner, "settings": manner["settings"].model_copy(update={"interactive": False})}
        if self.pending is not None:
            with suppress(SessionError):  # a server that was killed may have done so
                graph.resume_review(THREAD, "", **quiet)

    def _manner(self, running: Running) -> dict[str, Any]:
        choices = self._record.choices
        wanted = {"max_steps": choices.max_steps, "time_limit_s": choices.time_limit_s}
        given: dict[str, Any] = {k: v for k, v in wanted.items() if v is not None}
        return {
            "planner": self.planner,
            "settings": Settings(
                interactive=choices.asks, checkpoints=self.session.checkpoints, **given
            ),
            "listener": self._listener(running),
            "bench": self._desk.bench(choices.without),
            "store": ArtifactStore(self.session.output, THREAD),
            "cancellation": running.cancellation,
        }

    def _listener(self, running: Running) -> Callable[[dict[str, Any]], None]:
        def listen(step: dict[str, Any]) -> None:
            running.steps.append(step)
            self.bell.ring()

        return listen


def _limited(words: str) -> str:
    return words.strip()[:_LONGEST_QUESTION]
