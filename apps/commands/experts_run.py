"""``dxtrace experts run``: one expert on one case, through the same runner as a review."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from apps.commands.experts import find_tool
from apps.exit_status import ExitStatus, UsageError
from apps.file_names import FileNames
from apps.result_stream import results_on_stdout
from dxtrace.clinical import (
    Arguments,
    Box,
    CallRequest,
    Case,
    Finding,
    Measurement,
    Outcome,
    Point,
    Result,
)
from dxtrace.intake import IntakeError, IntakeLimits, read_case
from dxtrace.knowledge import load_knowledge
from tools import ArtifactStore, ToolRun, run_tool

_OUTSIDE = "out"


@dataclass(frozen=True, slots=True)
class RunRequest:
    """The command's arguments, as ``dxtrace experts run --help`` explains them."""

    name: str
    case: Path
    out: Path | None = None
    classes: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    boxes: tuple[str, ...] = ()
    everything: bool = False
    series: str = ""
    json: bool = False
    data_root: Path | None = None


def run_expert(request: RunRequest) -> ExitStatus:
    """Run an expert and print how the call ended, what was found, and which files it left.

    Returns:
        ``CASE_FAILED`` unless the call ended well.

    Raises:
        UsageError: if there is no such expert or case, or a point or a box is none.
    """
    arguments = _arguments(request)
    tool, given = find_tool(request.name), _case(request)
    # Who types the command asks for the call, as the case's own ``calls`` do.
    asked = CallRequest(tool=tool.card.name, arguments=arguments)
    case = given.model_copy(update={"calls": (*given.calls, asked)})
    with results_on_stdout() as results:
        store = None
        if request.out is not None:
            store = ArtifactStore(request.out, FileNames().allocate(case.id))
        run = run_tool(
            tool, case, arguments, store=store, concepts=load_knowledge().vocabulary.concepts
        )
        text = (
            _as_json(case, run)
            if request.json
            else "\n".join(_lines(run, request.out, marks=bool(tool.card.marks)))
        )
        print(text, file=results)
    return ExitStatus.OK if run.call.outcome is Outcome.OK else ExitStatus.CASE_FAILED


def _case(request: RunRequest) -> Case:
    try:
        reading = read_case(request.case, limits=IntakeLimits(data_root=request.data_root))
    except IntakeError as error:
        raise UsageError(str(error)) from None
    for note in reading.notes:
        sys.stderr.write(f"{reading.case.id}: {note}\n")
    return reading.case


def _arguments(request: RunRequest) -> Arguments:
    try:
        return Arguments(
            classes=request.classes,
            phrases=request.phrases,
            points=tuple(_point(text, request.series) for text in request.points),
            boxes=tuple(_box(text, request.series) for text in request.boxes),
            everything=request.everything,
        )
    except ValidationError as error:
        message = error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
        raise UsageError(message) from None


def _point(text: str, series: str) -> Point:
    numbers, comma, last = text.rpartition(",")
    is_outside = bool(comma) and last.strip() == _OUTSIDE
    at = _index(numbers if is_outside else text, f"--point {text}")
    return Point(at=at, inside=not is_outside, series=series)


def _box(text: str, series: str) -> Box:
    low, _, high = text.partition(":")
    what = f"--box {text}"
    return Box(low=_index(low, what), high=_index(high, what), series=series)


def _index(text: str, what: str) -> tuple[int, ...]:
    numbers = [number.strip() for number in text.split(",")]
    if not all(number.isdecimal() for number in numbers):
        form = "slice,row,column or row,column, counted from 0"
        raise UsageError(
            f"{what}: expected {form}; a point may end with ,{_OUTSIDE}, a box is two of them "
            f"with a colon between"
        )
    return tuple(map(int, numbers))


def _as_json(case: Case, run: ToolRun) -> str:
    """A result object with this one call."""
    is_ok = run.call.outcome is Outcome.OK
    result = Result(
        id=case.id, status="answered" if is_ok else "failed", findings=run.findings,
        tools=(run.call,), artifacts=run.artifacts, error=None if is_ok else run.call.reason,
    )  # fmt: skip
    return json.dumps(result.to_json_object(), ensure_ascii=False)


def _lines(run: ToolRun, out: Path | None, *, marks: bool) -> Iterator[str]:
    call = run.call
    again = ", found before (result cache)" if call.from_cache else ""
    yield f"{call.name}: {call.outcome.value.replace('_', ' ')}, {call.seconds:.1f} s{again}"
    if call.reason:
        yield f"  {call.reason}"
    for finding in run.findings:
        yield f"  {_in_words(finding)}"
    if call.outcome is Outcome.OK and not run.findings:
        yield "  no findings"
    for note in call.notes:
        yield f"  note: {note}"
    if out is None and marks:
        yield "  what it marks is kept with --out DIR only"
    for artifact in run.artifacts:
        yield f"  {artifact.kind}: {(out or Path()) / artifact.path}"


def _in_words(finding: Finding) -> str:
    place = finding.location or (finding.laterality.value if finding.laterality else "")
    parts = [f"{finding.concept} {finding.presence.value}", place, finding.text]
    parts += [_measured(m) for m in finding.measurements]
    if finding.score is not None:
        parts.append(f"score {finding.score.value:g} ({finding.score.scale})")
    return "; ".join(part for part in parts if part)


def _measured(measurement: Measurement) -> str:
    data = measurement.model_dump(mode="json")
    value, low, high = (data[key] for key in ("value", "low", "high"))
    ends = f"{'?' if low is None else low} to {'?' if high is None else high}"
    size = ends if value is None else f"{value}"
    span = f" ({ends})" if value is not None and low != high else ""
    return f"{measurement.kind.replace('_', ' ')} {size} {measurement.unit}{span}"
