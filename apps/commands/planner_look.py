"""``dxtrace planner look``: what a model would be shown of a case, for people to check."""

import json
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from agents.vlm.budget import sight_budget
from agents.vlm.models import resolve_planner
from agents.vlm.sight import KeptFiles, Picture, Sight, SightBudget, pictures_for
from apps.exit_status import ExitStatus, UsageError
from apps.file_names import FileNames
from apps.result_stream import results_on_stdout
from dxtrace.atomic_write import write_atomically
from dxtrace.clinical import Case
from dxtrace.intake import IntakeError, IntakeLimits, check_case, read_case
from dxtrace.knowledge import Knowledge, load_knowledge
from tools import ArtifactStore

FOLDER = "look"
CAPTIONS = "captions.txt"


@dataclass(frozen=True, slots=True)
class LookRequest:
    """The command's arguments, as ``dxtrace planner look --help`` explains them."""

    case: Path
    out: Path
    budget: Mapping[str, Any] = field(default_factory=dict)
    question: str | None = None
    review: bool = False
    planner: str | None = None
    allow_burned_in_text: bool | None = None
    json: bool = False
    data_root: Path | None = None


def look_at_case(request: LookRequest) -> ExitStatus:
    """Write the pictures and their captions, and print the captions and what they cost.

    Returns:
        ``CASE_FAILED`` if no picture came out.

    Raises:
        UsageError: if there is no such case or planner, the planner takes no images, or the folder
            cannot be written.
    """
    knowledge, manner = load_knowledge(), _manner(request)
    case = _case(request, knowledge)
    name = FileNames().allocate(case.id)
    with results_on_stdout() as results:
        sight = _look(request, case, name, knowledge, manner)
        paths = _write(request.out / FOLDER / name, sight)
        print(_as_json(sight, paths) if request.json else _as_text(sight, paths), file=results)
    return ExitStatus.OK if sight.pictures else ExitStatus.CASE_FAILED


def _case(request: LookRequest, knowledge: Knowledge) -> Case:
    try:
        reading = read_case(request.case, limits=IntakeLimits(data_root=request.data_root))
        case = check_case(reading.case, knowledge)
    except IntakeError as error:
        raise UsageError(str(error)) from None
    for note in reading.notes:
        sys.stderr.write(f"{case.id}: {note}\n")
    return case.model_copy(update={"question": request.question or case.question})


@dataclass(frozen=True, slots=True)
class _Manner:
    """How the case is looked at."""

    budget: SightBudget
    allow_burned_in_text: bool


def _manner(request: LookRequest) -> _Manner:
    """The planner's budget, or the usual one; what is given beside goes first."""
    budget, allows = SightBudget(), False
    if request.planner is not None:
        try:
            entry = resolve_planner(request.planner)
        except ValueError as error:
            raise UsageError(str(error)) from None
        if not entry.images:
            raise UsageError(f"--planner {request.planner}: it takes no images")
        budget, allows = sight_budget(entry), entry.images_with_text
    if request.allow_burned_in_text is not None:
        allows = request.allow_burned_in_text
    return _Manner(replace(budget, **dict(request.budget)), allows)


def _look(
    request: LookRequest, case: Case, name: str, knowledge: Knowledge, manner: _Manner
) -> Sight:
    findings, kept = case.findings, None
    if request.review:
        from graphs import review_with_trace

        result = review_with_trace(case, store=ArtifactStore(request.out, name)).result
        findings, kept = result.findings, KeptFiles(request.out, result.artifacts)
    return pictures_for(
        case, findings=findings, kept=kept, concepts=knowledge.vocabulary.concepts,
        budget=manner.budget, allow_burned_in_text=manner.allow_burned_in_text,
    )  # fmt: skip


def _write(folder: Path, sight: Sight) -> list[Path]:
    """The pictures and a file with their captions; what an earlier look left there is removed."""
    paths = [folder / f"picture-{n:02}.png" for n in range(1, len(sight.pictures) + 1)]
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        for path, picture in zip(paths, sight.pictures, strict=True):
            write_atomically(path, picture.png)
        write_atomically(folder / CAPTIONS, _as_text(sight, paths) + "\n")
    except OSError as error:
        raise UsageError(f"cannot write to --out {folder}: {error.strerror}") from None
    return paths


def _as_text(sight: Sight, paths: list[Path]) -> str:
    lines = [
        f"{path.name} ({p.width} x {p.height}, about {p.tokens} tokens): {p.caption}"
        for path, p in zip(paths, sight.pictures, strict=True)
    ]
    lines += [f"note: {note}" for note in sight.notes]
    return "\n".join([*lines, f"{len(paths)} picture(s), about {sight.tokens} tokens"])


def _as_json(sight: Sight, paths: list[Path]) -> str:
    pictures = [_entry(path, p) for path, p in zip(paths, sight.pictures, strict=True)]
    data = {"pictures": pictures, "notes": list(sight.notes), "tokens": sight.tokens}
    return json.dumps(data, ensure_ascii=False)


def _entry(path: Path, picture: Picture) -> dict[str, object]:
    return {
        "path": str(path), "width": picture.width, "height": picture.height,
        "tokens": picture.tokens, "caption": picture.caption,
        "shows": [{"series": s.series, "slice": s.slice} for s in picture.shows],
    }  # fmt: skip
