"""``dxtrace review``: one or more cases, or a session that waits for an answer."""

import json
import shlex
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from apps.corrections import read_correction
from apps.exit_status import ExitStatus, UsageError
from apps.export_kinds import Export
from apps.file_names import FileNames
from apps.output_claims import only_review_of
from apps.progress import show_progress
from apps.result_stream import results_on_stdout
from apps.reviewing import CaseOutput, Reviewer, failed_output
from apps.sessions import Session, open_session
from dxtrace.atomic_write import write_atomically
from dxtrace.intake import CaseReading, IntakeError, IntakeLimits, read_case


@dataclass(frozen=True, slots=True)
class ReviewOptions:
    """What a review is asked to do.

    Attributes:
        out: folder for traces and reports; None writes none.
        question: what to answer; None leaves each case its own.
        planner: the planner's name.
        json: print result objects instead of text.
        max_report_chars: longest report that is accepted.
        data_root: folder that every path of a case must lie in.
        interactive: stop and ask where a person's answer would decide.
        resume: the case whose session goes on; None starts afresh.
        answers: answers to what is asked, as ``FACT=VALUE`` or ``VALUE``.
        corrections: corrections of findings, as ``FINDING=WORDS``; with ``resume``.
        by: who corrects.
        keep_identifiers: write DICOM files that carry who the patient is.
        exports: what to write for other systems, too.
        plain: answer in plain words, for patients.
    """

    out: Path | None
    question: str | None
    planner: str
    json: bool
    max_report_chars: int
    data_root: Path | None
    interactive: bool = False
    resume: str | None = None
    answers: tuple[str, ...] = ()
    corrections: tuple[str, ...] = ()
    by: str = "user"
    keep_identifiers: bool = False
    exports: frozenset[Export] = frozenset()
    plain: bool = False

    @property
    def limits(self) -> IntakeLimits:
        """What intake accepts."""
        return IntakeLimits(max_report_chars=self.max_report_chars, data_root=self.data_root)

    @property
    def asks(self) -> bool:
        """Whether reviews run as sessions."""
        return self.interactive or self.resume is not None or bool(self.answers)


def review_cases(paths: list[Path], options: ReviewOptions) -> ExitStatus:
    """Review cases one after another, or go on with a session.

    Returns:
        ``CASE_FAILED`` if any failed or still waits for an answer.

    Raises:
        UsageError: if the arguments do not fit together, or the output folder cannot be written.
    """
    if bool(paths) == (options.resume is not None):
        raise UsageError(
            "expected CASE, the case to review, or --resume with the id of one that waits"
        )
    if options.corrections and options.resume is None:
        raise UsageError("--correct needs --resume with the id of a case that was reviewed")
    reviewer = Reviewer(
        planner=options.planner,
        out=options.out,
        keep_identifiers=options.keep_identifiers,
        exports=options.exports,
        plain=options.plain,
    )
    reviewer.check()
    _make_folders(options.out)
    unanswered = False
    with results_on_stdout() as results, _sessions(options) as session:
        for output in _outputs(paths, reviewer, session, options):
            unanswered |= output.status != "answered"
            _deliver(output, options, results)
            if session is not None and output.id in session.waiting:
                _say_how_to_go_on(output.id, session.waiting[output.id], options)
        if session is not None and session.answers.given:
            unused = ", ".join(session.answers.given)
            sys.stderr.write(f"not used, as nothing like it was asked: --answer {unused}\n")
    return ExitStatus.CASE_FAILED if unanswered else ExitStatus.OK


@contextmanager
def _sessions(options: ReviewOptions) -> Iterator[Session | None]:
    if not options.asks:
        yield None
        return
    with open_session(
        planner=options.planner, out=options.out, answers=list(options.answers),
        resumes=options.resume is not None,
    ) as session:  # fmt: skip
        yield session


def _outputs(
    paths: list[Path], reviewer: Reviewer, session: Session | None, options: ReviewOptions
) -> Iterator[CaseOutput]:
    if session is not None and options.resume is not None:
        file_name = FileNames().allocate(options.resume)
        with only_review_of(file_name, options.out):
            yield _resumed(options.resume, file_name, reviewer, session, options)
        return
    names = FileNames()
    # A bar on the terminal would run through the questions.
    quiet = session is not None and session.ask is not None
    counted = nullcontext() if quiet else show_progress("reviewed", total=len(paths))
    with counted as progress:
        for path in paths:
            with ExitStack() as held:  # until it has been delivered
                output = _review(path, reviewer, names, session, options, held)
                if progress is not None:
                    progress.advance()
                yield output


def _resumed(
    name: str, file_name: str, reviewer: Reviewer, session: Session, options: ReviewOptions
) -> CaseOutput:
    store = reviewer.store_of(file_name)
    corrections = [read_correction(text, options.by) for text in options.corrections]
    if options.question is not None or corrections:
        run = session.follow_up(name, options.question, corrections, store)
    else:
        run = session.resume(name, store)
    return reviewer.output_of(run, file_name=file_name, case=run.case)


def _make_folders(out: Path | None) -> None:
    try:
        for name in ("traces", "reports"):
            if out is not None:
                (out / name).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot write to --out {out}: {error.strerror}") from None


def _review(
    path: Path,
    reviewer: Reviewer,
    names: FileNames,
    session: Session | None,
    options: ReviewOptions,
    held: ExitStack,
) -> CaseOutput:
    try:
        reading = read_case(path, limits=options.limits)
    except IntakeError as error:
        name = names.allocate(error.case_id or path.name)
        held.enter_context(only_review_of(name, options.out))
        return failed_output(str(error), case_id=name, file_name=name)
    name = names.allocate(reading.case.id)
    held.enter_context(only_review_of(name, options.out))
    update: dict[str, Any] = {}
    if names.is_repeated(reading.case.id):
        update["id"] = name
    if options.question is not None:
        update["question"] = options.question
    reading = CaseReading(reading.case.model_copy(update=update), reading.notes)
    return reviewer.review(
        lambda: reading, case_id=reading.case.id, file_name=name,
        conduct=(
            partial(session.start, store=reviewer.store_of(name)) if session is not None else None
        ),
    )  # fmt: skip


def _deliver(output: CaseOutput, options: ReviewOptions, results: TextIO) -> None:
    """Write the files and print the result; the result is printed even if the files do not fit."""
    lacking: dict[str, OSError] = {}
    for key, content in (("trace", output.trace), ("report", output.report)):
        try:
            if options.out is not None:
                write_atomically(options.out / output.result[key], content)
        except OSError as error:
            lacking[key] = error
        if options.out is None or key in lacking:
            output.result[key] = None
    _print(output, options, results)
    if lacking:
        words = " and ".join(lacking)
        reason = next(iter(lacking.values())).strerror
        raise UsageError(
            f"cannot write to --out {options.out}: {reason}; the result of {output.id} is printed, "
            f"without its {words}"
        )


def _print(output: CaseOutput, options: ReviewOptions, results: TextIO) -> None:
    for note in output.result.get("intake_notes", ()):
        sys.stderr.write(f"{output.id}: {note}\n")
    if options.json:
        print(json.dumps(output.result, ensure_ascii=False), file=results, flush=True)
    else:
        print(_as_text(output.result, options.out), file=results, flush=True)


def _say_how_to_go_on(case_id: str, fact: str, options: ReviewOptions) -> None:
    command = ["dxtrace", "review", "--resume", case_id, "--answer", f"{fact}=VALUE"]
    command += ["--out", str(options.out)] if options.out is not None else []
    sys.stderr.write(f"{case_id} waits for {fact}; go on with: {shlex.join(command)}\n")


def _as_text(result: dict[str, Any], out: Path | None) -> str:
    parts = [f"{result['id']}: {result['status'].replace('_', ' ')}"]
    parts += [result[key] for key in ("error", "question") if result[key]]
    answer = result.get("plain") or result["answer"]["text"]
    if answer:
        parts.append(answer)
    if out is not None and result["report"] is not None:
        parts += [f"report: {out / result['report']}", f"trace:  {out / result['trace']}"]
        parts += [_export_line(export, out) for export in result.get("exports", ())]
    return "\n  ".join("\n".join(parts).splitlines()) + "\n"


def _export_line(export: dict[str, Any], out: Path) -> str:
    if export["path"] is None:
        return f"{export['kind']}: not written: {export['reason']}"
    return f"{export['kind']}: {out / export['path']}"
