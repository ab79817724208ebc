"""``dxtrace review``: one or more cases."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apps.atomic_write import write_atomically
from apps.exit_status import ExitStatus, UsageError
from apps.file_names import FileNames
from apps.progress import show_progress
from apps.reviewing import CaseOutput, Reviewer, failed_output
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
    """

    out: Path | None
    question: str | None
    planner: str
    json: bool
    max_report_chars: int
    data_root: Path | None

    @property
    def limits(self) -> IntakeLimits:
        """What intake accepts."""
        return IntakeLimits(max_report_chars=self.max_report_chars, data_root=self.data_root)


def review_cases(paths: list[Path], options: ReviewOptions) -> ExitStatus:
    """Review cases one after another.

    Returns:
        ``CASE_FAILED`` if any failed.

    Raises:
        UsageError: if the output folder cannot be written.
    """
    reviewer = Reviewer(planner=options.planner)
    reviewer.check()
    _make_folders(options.out)
    names, failed = FileNames(), False
    with show_progress("reviewed", total=len(paths)) as progress:
        for path in paths:
            output = _review(path, reviewer, names, options)
            failed |= output.status == "failed"
            if options.out is not None:
                write_atomically(options.out / output.result["trace"], output.trace)
                write_atomically(options.out / output.result["report"], output.report)
            progress.advance()
            _print(output, options)
    return ExitStatus.CASE_FAILED if failed else ExitStatus.OK


def _make_folders(out: Path | None) -> None:
    try:
        for name in ("traces", "reports"):
            if out is not None:
                (out / name).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot write to --out {out}: {error.strerror}") from None


def _review(path: Path, reviewer: Reviewer, names: FileNames, options: ReviewOptions) -> CaseOutput:
    try:
        reading = read_case(path, limits=options.limits)
    except IntakeError as error:
        name = names.allocate(error.case_id or path.name)
        return failed_output(str(error), case_id=name, file_name=name)
    name = names.allocate(reading.case.id)
    update: dict[str, Any] = {}
    if names.is_repeated(reading.case.id):
        update["id"] = name
    if options.question is not None:
        update["question"] = options.question
    reading = CaseReading(reading.case.model_copy(update=update), reading.notes)
    return reviewer.review(lambda: reading, case_id=reading.case.id, file_name=name)


def _print(output: CaseOutput, options: ReviewOptions) -> None:
    if options.out is None:
        output.result.update(trace=None, report=None)
    for note in output.result.get("intake_notes", ()):
        sys.stderr.write(f"{output.id}: {note}\n")
    if options.json:
        print(json.dumps(output.result, ensure_ascii=False), flush=True)
    else:
        print(_as_text(output.result, options.out), flush=True)


def _as_text(result: dict[str, Any], out: Path | None) -> str:
    parts = [f"{result['id']}: {result['status'].replace('_', ' ')}"]
    parts += [result[key] for key in ("error", "question") if result[key]]
    if result["answer"]["text"]:
        parts.append(result["answer"]["text"])
    if out is not None:
        parts += [f"report: {out / result['report']}", f"trace:  {out / result['trace']}"]
    return "\n  ".join("\n".join(parts).splitlines()) + "\n"
