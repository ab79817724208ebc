"""Reviews that may ask: a person at a terminal answers, or a script does, now or later."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from apps.exit_status import UsageError
from dxtrace.clinical import Case, Correction

if TYPE_CHECKING:
    from graphs import ReviewRun, Settings
    from graphs.state import PendingQuestion
    from tools import ArtifactStore

SESSIONS = "sessions.sqlite"
Ask = Callable[["PendingQuestion"], str | None]


@dataclass
class Answers:
    """Answers given on the command line, each used once.

    Args:
        given: ``FACT=VALUE`` for the question about that fact, or ``VALUE`` for the next question.
    """

    given: list[str] = field(default_factory=list)

    def take(self, question: "PendingQuestion") -> str | None:
        """The answer to a question, or None if there is none."""
        for number, text in enumerate(self.given):
            fact, sign, value = text.partition("=")
            if sign and fact.strip() in (question.fact, question.key):
                del self.given[number]
                return value
        for number, text in enumerate(self.given):
            if "=" not in text:
                return self.given.pop(number)
        return None


@dataclass(frozen=True)
class Session:
    """Conducts reviews that ask, and keeps them in a file.

    Attributes:
        settings: names the checkpoint file.
        planner: the planner's name.
        answers: those that came with the command.
        ask: asks a person; None if there is nobody to ask.
        waiting: case id to the fact that its review waits for.
    """

    settings: "Settings"
    planner: str
    answers: Answers
    ask: Ask | None
    waiting: dict[str, str] = field(default_factory=dict)

    def start(self, case: Case, store: "ArtifactStore | None" = None) -> "ReviewRun":
        """Review a case from the beginning, as far as answers go.

        Args:
            case: the case.
            store: where its masks and pictures go.
        """
        from graphs import review_with_trace

        run = review_with_trace(case, planner=self.planner, settings=self.settings, store=store)
        return self._go_on(run, case.id, store)

    def resume(self, name: str, store: "ArtifactStore | None" = None) -> "ReviewRun":
        """Go on with a session that waits, or that was killed.

        Args:
            name: the session's name.
            store: where the case's masks and pictures go.

        Raises:
            UsageError: if it is not there or has ended.
        """
        from graphs import SessionError, continue_review

        try:
            run = continue_review(name, planner=self.planner, settings=self.settings, store=store)
        except SessionError as error:
            raise UsageError(f"--resume: {error} (in {self.settings.checkpoints})") from None
        return self._go_on(run, name, store)

    def follow_up(
        self,
        name: str,
        question: str | None,
        corrections: list[Correction],
        store: "ArtifactStore | None" = None,
    ) -> "ReviewRun":
        """Ask a session that has answered a further question, or correct what was found.

        Args:
            name: the session's name.
            question: the question; None answers the last one again.
            corrections: what a person says of findings.
            store: where the case's masks and pictures go.

        Raises:
            UsageError: if the session is not there or has not answered, or a finding is not.
        """
        from graphs import SessionError, follow_up
        from graphs.corrections import CorrectionError

        try:
            run = follow_up(
                name, question=question, corrections=corrections, planner=self.planner,
                settings=self.settings, store=store,
            )  # fmt: skip
        except SessionError as error:
            raise UsageError(f"--resume: {error} (in {self.settings.checkpoints})") from None
        except CorrectionError as error:
            raise UsageError(f"--correct: {error}") from None
        return self._go_on(run, name, store)

    def _go_on(self, run: "ReviewRun", name: str, store: "ArtifactStore | None") -> "ReviewRun":
        while run.pending is not None:
            reply = self.answers.take(run.pending)
            by_command = reply is not None
            if reply is None and self.ask is not None:
                reply = self.ask(run.pending)
            if reply is None:
                self.waiting[name] = run.pending.fact
                return run
            run = self._reply(run, name, reply, store, by_command=by_command)
        return run

    def _reply(
        self,
        run: "ReviewRun",
        name: str,
        reply: str,
        store: "ArtifactStore | None",
        *,
        by_command: bool,
    ) -> "ReviewRun":
        from graphs import resume_review
        from graphs.questions import ReplyError

        try:
            return resume_review(
                name, reply, planner=self.planner, settings=self.settings, store=store
            )
        except ReplyError as error:
            if by_command:
                fact = run.pending.fact if run.pending else ""
                raise UsageError(f"--answer for {fact}: {error}; the session waits on") from None
            sys.stderr.write(f"  {error}\n")
            return run


@contextmanager
def open_session(
    *, planner: str, out: Path | None, answers: list[str], resumes: bool
) -> Iterator[Session]:
    """A session whose checkpoints are in ``--out``, or in ``DXTRACE_CHECKPOINTS``.

    Without either a person at a terminal can still be asked; what is not finished is then lost.

    Raises:
        UsageError: if there is no place for the checkpoints, or no session to resume.
    """
    from graphs import Settings

    with TemporaryDirectory(prefix="dxtrace-") as temporary:
        chosen = Settings().checkpoints or (out / SESSIONS if out is not None else None)
        if chosen is None and (resumes or not can_ask()):
            option = "--resume" if resumes else "--interactive without a terminal"
            raise UsageError(f"{option} needs --out, where the session is kept (or the environment "
                             f"variable DXTRACE_CHECKPOINTS)")  # fmt: skip
        if resumes and chosen is not None and not chosen.is_file():
            raise UsageError(f"--resume: there are no sessions in {chosen}")
        settings = Settings(interactive=True, checkpoints=chosen or Path(temporary) / SESSIONS)
        yield Session(settings, planner, Answers(list(answers)), ask_person if can_ask() else None)


def can_ask() -> bool:
    """Whether a person sits at the other end."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask_person(question: "PendingQuestion") -> str | None:
    """Ask at the terminal; None if the person leaves (end of input).

    An empty line means that nobody knows.
    """
    sys.stderr.write(f"\n{question.text}\n")
    if question.options:
        for number, option in enumerate(question.options, start=1):
            sys.stderr.write(f"  {number}) {option}\n")
        sys.stderr.write("number or word, Enter if unknown: ")
    else:
        unit = "" if question.unit in (None, "1") else f" in {question.unit}"
        sys.stderr.write(f"number{unit}, Enter if unknown: ")
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:
        return None
    reply = line.strip()
    is_number = reply.isdecimal() and question.options and reply not in question.options
    if is_number and 1 <= int(reply) <= len(question.options):
        return question.options[int(reply) - 1]
    return reply
