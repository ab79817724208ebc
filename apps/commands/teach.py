"""``dxtrace trace reward`` and ``export``: what can be learned from recorded reviews."""

import json
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from apps.commands.trace import read_trace_file
from apps.exit_status import ExitStatus, UsageError
from dxtrace.clinical import TraceError

if TYPE_CHECKING:
    from graphs.teacher.export import Format


def reward_traces(paths: list[Path], *, weights: Path | None, as_json: bool) -> ExitStatus:
    """Print the reward of each trace and what it is made of.

    Returns:
        ``CASE_FAILED`` if any trace is broken or holds no answer.

    Raises:
        UsageError: if the file of weights is none.
    """
    from graphs.teacher import Teacher
    from graphs.teacher.settings import SettingsError, read_settings
    from graphs.teacher.traced import UntaughtTraceError, conversation_of, traced_review

    try:
        settings = read_settings(weights) if weights is not None else None
    except SettingsError as error:
        raise UsageError(str(error)) from None
    teacher, failed = Teacher(settings=settings), False
    for path in paths:
        try:
            reward = teacher.score(conversation_of(traced_review(read_trace_file(path))))
        except (TraceError, UntaughtTraceError) as error:
            failed = True
            sys.stderr.write(f"{path}: {error}\n")
            continue
        if as_json:
            print(json.dumps({"trace": str(path), **reward.model_dump(mode="json")}))
        else:
            print(f"{path}: {reward.explained()}")
    return ExitStatus.CASE_FAILED if failed else ExitStatus.OK


def export_traces(
    paths: list[Path], out: Path, *, form: "Format", dialect: str, with_reports: bool
) -> ExitStatus:
    """Write training data made of traces; what was left out, and why, goes to standard error.

    Returns:
        ``CASE_FAILED`` if any trace is broken or gave nothing.

    Raises:
        UsageError: if the file cannot be written.
    """
    from graphs.teacher import export

    exporter = export.Exporter(form=form, dialect=dialect, with_reports=with_reports)
    traces = ((path, partial(read_trace_file, path)) for path in _files(paths))
    try:
        report = export.export_traces(traces, out, exporter)
    except OSError as error:
        raise UsageError(f"{out}: cannot be written: {error.strerror or error}") from None
    for path, reason in report.refused:
        sys.stderr.write(f"{path}: left out: {reason}\n")
    print(f"{out}: {report.rows} rows of {report.taught} traces, {len(report.refused)} left out")
    return ExitStatus.CASE_FAILED if report.refused else ExitStatus.OK


def _files(paths: list[Path]) -> Iterator[Path]:
    """The files, and the traces of the folders, in the order of their names."""
    for path in paths:
        yield from sorted(path.glob("*.json")) if path.is_dir() else [path]
