"""``dxtrace trace``: verify, show and replay."""

import json
import sys
from pathlib import Path

from apps.exit_status import ExitStatus, UsageError
from dxtrace.clinical import Trace, TraceError
from dxtrace.intake import IntakeError, refuse_odd_file

_LINE_LENGTH = 150


def verify_traces(paths: list[Path]) -> ExitStatus:
    """Check hash chains; one line a trace.

    Returns:
        ``CASE_FAILED`` if any was changed or cannot be read.
    """
    broken = False
    for path in paths:
        try:
            trace = read_trace_file(path)
        except TraceError as error:
            broken = True
            print(f"{path}: BROKEN: {error}")
        else:
            print(f"{path}: intact, {len(trace.entries)} entries, hash {trace.head}")
    return ExitStatus.CASE_FAILED if broken else ExitStatus.OK


def show_trace(path: Path, *, full: bool) -> ExitStatus:
    """Print the entries of an intact trace."""
    trace = _read(path)
    if trace is None:
        return ExitStatus.CASE_FAILED
    print(f"case {trace.case_id}, {len(trace.entries)} entries, hash {trace.head}")
    for entry in trace.entries:
        text = json.dumps(entry.data, ensure_ascii=False, indent=2 if full else None)
        if not full and len(text) > _LINE_LENGTH:
            text = text[:_LINE_LENGTH] + " ..."
        print(f"{entry.seq:>4} {entry.time[11:23]} {entry.kind:<9} {text}")
    return ExitStatus.OK


def replay_trace(path: Path) -> ExitStatus:
    """Run the recorded checks again and compare.

    Returns:
        ``CASE_FAILED`` if the trace is broken or a verdict differs.
    """
    trace = _read(path)
    if trace is None:
        return ExitStatus.CASE_FAILED
    from graphs.replaying import ReplayError, replay

    try:
        report = replay(trace)
    except ReplayError as error:
        raise UsageError(f"{path}: {error}") from None
    print(
        f"case {report.case_id}: {report.conclusions} conclusions, {report.claims} claims checked"
        f"{'' if report.answered else '; no answer is recorded'}"
    )
    for name, versions in report.versions.items():
        print(f"  {name}: {versions}")
    for difference in report.differences:
        print(f"  {difference.what}: recorded {difference.recorded}")
        print(f"  {' ' * len(difference.what)}  now {difference.now}")
    print("the same as recorded" if report.same else f"{len(report.differences)} difference(s)")
    return ExitStatus.OK if report.same else ExitStatus.CASE_FAILED


def _read(path: Path) -> Trace | None:
    try:
        return read_trace_file(path)
    except TraceError as error:
        sys.stderr.write(f"{path}: BROKEN: {error}\n")
        return None


def read_trace_file(path: Path) -> Trace:
    """Read and verify a trace file.

    Raises:
        TraceError: if it is none, or was changed.
    """
    try:
        refuse_odd_file(path)
    except IntakeError as error:
        raise TraceError(str(error)) from None
    return Trace.read(path)
