"""``dxtrace cases``: the index of similar cases."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from apps.case_sources import CaseReader, ReadCase
from apps.commands.case_adding import add_sources, opened_index
from apps.commands.case_printing import (
    print_cases,
    print_differential,
    print_examples,
    print_json,
)
from apps.exit_status import ExitStatus, UsageError
from dxtrace.clinical import Differential
from dxtrace.intake import IntakeError, IntakeLimits
from dxtrace.intake.imaging.body_region import BODY_PARTS
from dxtrace.intake.imaging.dicom_header import MODALITIES
from dxtrace.intake.indiana import CORPUS_NAME
from dxtrace.knowledge import load_knowledge
from dxtrace.retrieval.cases import (
    LEAST,
    LEAST_COUNTED,
    NEIGHBOURS,
    CaseFilter,
    CaseIndex,
    differential,
)
from tools.report_reader import ReportReader
from tools.similar_cases import CaseSearch, CaseSettings, ExemplarTool, Nearest
from tools.similar_cases.images import images_compared

_YEARS = re.compile(r"(\d{1,3}(?:\.\d+)?)?-(\d{1,3}(?:\.\d+)?)?")
_OLDEST = 150
_WIDER = 8


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """What is searched for.

    Attributes:
        case: path of a case, or the id of one of the index.
        top: how many.
        modality: only this DICOM modality.
        body_part: only this body part.
        sex: only M, F or O.
        age: only these years, as ``50-70``.
        json: print JSON objects.
        differential: say what the impressions of similar cases name, too.
        every: show the nearest cases also where they are not similar enough to be called so.
        data_root: folder that every path of the case must lie in.
    """

    case: str
    top: int
    modality: str | None
    body_part: str | None
    sex: str | None
    age: str | None
    json: bool
    data_root: Path | None
    differential: bool = False
    every: bool = False

    def filter(self) -> CaseFilter:
        """Which cases may be found.

        Raises:
            UsageError: on a modality, a body part, a sex or an age that is none.
        """
        sex = _one_of("--sex", self.sex, ("M", "F", "O"), str.upper)
        modality = _one_of("--modality", self.modality, sorted(MODALITIES), str.upper)
        body_part = _one_of("--body-part", self.body_part, sorted(BODY_PARTS), str.lower)
        return CaseFilter.model_validate(
            {"modality": modality, "body_part": body_part, "sex": sex, "age": _years(self.age)}
        )


def _one_of(
    option: str, given: str | None, known: Sequence[str], folded: Callable[[str], str]
) -> str | None:
    if given is None or folded(given) in known:
        return given and folded(given)
    raise UsageError(f"{option}: expected one of {', '.join(known)}, got {given!r}")


def _years(given: str | None) -> tuple[float, float] | None:
    if given is None:
        return None
    told = _YEARS.fullmatch(given.strip())
    if told is None or not (told[1] or told[2]):
        raise UsageError(f"--age: expected years as 50-70, 50- or -70, got {given!r}")
    low, high = float(told[1] or 0), float(told[2] or _OLDEST)
    if low > high:
        raise UsageError(f"--age: expected the younger age first, as 50-70, got {given!r}")
    return low, high


def search_cases(request: SearchRequest) -> ExitStatus:
    """Print the cases that are like one.

    Raises:
        UsageError: if the case cannot be read, or the index cannot be used.
    """
    knowledge = load_knowledge()
    reader = CaseReader(knowledge, IntakeLimits(data_root=request.data_root))
    only = request.filter()
    with opened_index(knowledge) as index:
        case = _case(request.case, index, reader)
        if not len(index):
            sys.stderr.write("no cases yet: the Indiana reports are added, once; some minutes\n")
            add_sources(index, reader, [CORPUS_NAME])
        least = 0.0 if request.every else LEAST
        near = index.neighbours(
            case.record, top=request.top, only=only, image=case.image, least=least
        )
        searched = index.searched(len(near), least)
        note = images_compared(CaseSettings().image_embedder, case.has_images, case.image, index)
        found = tuple(index.as_similar(case.record, each) for each in near)
        candidates = _differential(case, index, only) if request.differential else None
    if note:
        sys.stderr.write(f"{note}\n")
    if request.json:
        sys.stderr.write(f"{searched}\n")
        print_json(found, candidates)
        return ExitStatus.OK
    print_cases(found, searched)
    if candidates is not None:
        print_differential(candidates)
    return ExitStatus.OK


def _differential(case: ReadCase, index: CaseIndex, only: CaseFilter) -> Differential:
    counted = index.neighbours(
        case.record, top=NEIGHBOURS, only=only, image=case.image, least=LEAST_COUNTED
    )
    return differential(case.record.findings, counted, index.vocabulary)


@dataclass(frozen=True, slots=True)
class ExemplarRequest:
    """Which examples are wanted.

    Attributes:
        case: path of a case, or the id of one of the index.
        count: how many at most.
        budget: characters of all together.
        json: print JSON objects.
        data_root: folder that every path of the case must lie in.
    """

    case: str
    count: int
    budget: int
    json: bool
    data_root: Path | None


def print_exemplars(request: ExemplarRequest) -> ExitStatus:
    """Print examples of how findings become an impression, of cases like one.

    Raises:
        UsageError: if the case cannot be read, or the index cannot be used.
    """
    knowledge = load_knowledge()
    reports = ReportReader(knowledge)
    with opened_index(knowledge) as index:
        case = _case(
            request.case, index, CaseReader(knowledge, IntakeLimits(data_root=request.data_root))
        )
        found = index.neighbours(case.record, top=_WIDER * request.count, image=case.image)
        tool = ExemplarTool(CaseSearch(knowledge, reports, index), reports)
        chosen = tool.choose(
            Nearest(case.record, found), count=request.count, budget=request.budget
        )
    if not chosen:
        sys.stderr.write("no similar case has a report with findings and an impression\n")
    print_examples(chosen, as_json=request.json)
    return ExitStatus.OK


def _case(given: str, index: CaseIndex, reader: CaseReader) -> ReadCase:
    if Path(given).exists():
        try:
            return reader.read_one(Path(given))
        except IntakeError as error:
            raise UsageError(str(error)) from None
    known = next(index.records(given), None)
    if known is None:
        raise UsageError(f"{given!r} is neither a case nor the id or number of one of the index")
    return ReadCase(known)


def show_case(name: str) -> None:
    """Print the report of a case, and what only the owner of the index is told: whose it is.

    Args:
        name: its id, or the number that others see.

    Raises:
        UsageError: if there is no such case.
    """
    with opened_index(load_knowledge()) as index:
        found = list(index.records(name))
    if not found:
        raise UsageError(f"the index has no case {name!r}: neither an id nor a number")
    for record in found:
        print(f"{record.title or record.shown}")
        print(f"id: {record.id}\nfrom: {record.link or record.source}\n\n{record.report}")


def list_cases() -> None:
    """Print what the index holds."""
    folder = CaseSettings().folder
    with opened_index(load_knowledge()) as index:
        print(f"{folder}: {len(index)} cases")
        for source, count in index.sources():
            print(f"  {count:>8}  {source}")
        for space in ("text", "image"):
            made_by = index.database.get(f"embedder:{space}")
            count = index.count_vectors(space)
            print(f"{space} vectors: {f'{count} by {made_by}' if made_by else 'none'}")
        agreement = index.image_agreement()
        if agreement.cases:
            print(f"images agree with findings by {agreement.agreement:.2f} of 1, measured on "
                  f"{agreement.cases} cases: their share is multiplied by that")  # fmt: skip
