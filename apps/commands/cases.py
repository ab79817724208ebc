"""``dxtrace cases``: the index of similar cases."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from apps.case_sources import CaseReader, Outcome, ReadCase
from apps.commands.batch import count_cores
from apps.commands.case_printing import (
    print_cases,
    print_differential,
    print_examples,
    print_json,
)
from apps.exit_status import ExitStatus, UsageError
from apps.pacs_source import PacsRequest, PacsSource
from apps.progress import show_progress
from dxtrace.atomic_write import write_atomically
from dxtrace.intake import IntakeError, IntakeLimits
from dxtrace.intake.indiana import CORPUS_NAME
from dxtrace.knowledge import Knowledge, load_knowledge
from dxtrace.retrieval.cases import (
    NEIGHBOURS,
    Added,
    CaseFilter,
    CaseIndex,
    differential,
    rebuild,
)
from dxtrace.retrieval.errors import RetrievalError
from tools.report_reader import ReportReader
from tools.similar_cases import CaseSearch, CaseSettings, ExemplarTool, Nearest, open_index
from tools.similar_cases.collection import available_embedder
from tools.similar_cases.images import image_fingerprint, images_compared

_SOURCES = "sources.json"
_TOGETHER = 64
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

    def filter(self) -> CaseFilter:
        """Which cases may be found.

        Raises:
            UsageError: on an age or a sex that is none.
        """
        sex = self.sex.upper() if self.sex else None
        if sex not in {None, "M", "F", "O"}:
            raise UsageError(f"--sex: expected M, F or O, got {self.sex!r}")
        years = None
        if self.age is not None:
            low, _, high = self.age.partition("-")
            try:
                years = (float(low or 0), float(high or 200))
            except ValueError:
                raise UsageError(f"--age: expected years as 50-70, got {self.age!r}") from None
        return CaseFilter.model_validate(
            {"modality": self.modality, "body_part": self.body_part, "sex": sex, "age": years}
        )


def add_cases(
    given: list[str],
    *,
    max_report_chars: int,
    data_root: Path | None = None,
    pacs: PacsRequest | None = None,
) -> ExitStatus:
    """Add what the user names; a kill loses nothing that was added, and repeating goes on.

    Returns:
        ``CASE_FAILED`` if any case could not be read.

    Raises:
        UsageError: if nothing is there, or the index cannot be used.
    """
    if not given and pacs is None:
        raise UsageError("expected a folder, a manifest, batch results, 'indiana', or --pacs URL")
    limits = IntakeLimits(max_report_chars=max_report_chars, data_root=data_root)
    knowledge = load_knowledge()
    with _index(knowledge) as index:
        if available_embedder() is None:
            sys.stderr.write(
                "no text embedder here: cases are indexed by findings and words only\n"
            )
        if not CaseSettings().image_embedder:
            sys.stderr.write("images are not embedded: DXTRACE_IMAGE_EMBEDDER names no expert\n")
        reader = CaseReader(knowledge, limits)
        failed = _add_all(index, reader, given)
        if pacs is not None:
            source = PacsSource(pacs, limits)
            failed += _add(index, source.read(index, reader), pacs.url, together=1)
            index.tidy(threads=count_cores())
    return ExitStatus.CASE_FAILED if failed else ExitStatus.OK


def _add_all(index: CaseIndex, reader: CaseReader, given: Iterable[str]) -> int:
    failed = 0
    for name in given:
        failed += _add(index, reader.read(name), name)
        _remember(name)
    index.tidy(threads=count_cores())
    return failed


def _add(
    index: CaseIndex, outcomes: Iterable[Outcome], name: str, *, together: int = _TOGETHER
) -> int:
    """Add cases, so many in one transaction; returns how many could not be read."""
    added, failed = Added(), 0
    with show_progress("added", total=None) as progress:
        for part in _parts(outcomes, together):
            read = [r for r in part if isinstance(r, ReadCase)]
            for error in (e for e in part if isinstance(e, IntakeError)):
                failed += 1
                who = f"{error.case_id}: " if error.case_id else ""
                sys.stderr.write(f"left out: {who}{error}\n")
            images = {r.record.source: r.image for r in read if r.image is not None}
            added += index.add([r.record for r in read], images)
            for _ in part:
                progress.advance()
    sys.stderr.write(
        f"{name}: {added.new} new, {added.changed} changed, {added.same} as before; "
        f"{len(index)} cases in the index\n"
    )
    return failed


def _parts(outcomes: Iterable[Outcome], together: int) -> Iterator[list[Outcome]]:
    part: list[Outcome] = []
    for outcome in outcomes:
        part.append(outcome)
        if len(part) == together:
            yield part
            part = []
    if part:
        yield part


def search_cases(request: SearchRequest) -> ExitStatus:
    """Print the cases that are like one.

    Raises:
        UsageError: if the case cannot be read, or the index cannot be used.
    """
    knowledge = load_knowledge()
    reader = CaseReader(knowledge, IntakeLimits(data_root=request.data_root))
    only = request.filter()
    with _index(knowledge) as index:
        case = _case(request.case, index, reader)
        if not len(index):
            sys.stderr.write("no cases yet: the Indiana reports are added, once; some minutes\n")
            _add_all(index, reader, [CORPUS_NAME])
        count = max(request.top, NEIGHBOURS if request.differential else 0)
        near = index.neighbours(case.record, top=count, only=only, image=case.image)
        note = images_compared(CaseSettings().image_embedder, case.has_images, case.image, index)
        found = tuple(index.as_similar(case.record, each) for each in near[: request.top])
    candidates = (
        differential(case.record.findings, near[:NEIGHBOURS], knowledge.vocabulary)
        if request.differential
        else None
    )
    if note:
        sys.stderr.write(f"{note}\n")
    if request.json:
        print_json(found, candidates)
        return ExitStatus.OK
    print_cases(found)
    if candidates is not None:
        print_differential(candidates)
    return ExitStatus.OK


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
    with _index(knowledge) as index:
        case = _case(
            request.case, index, CaseReader(knowledge, IntakeLimits(data_root=request.data_root))
        )
        found = index.neighbours(case.record, top=_WIDER * request.count, image=case.image)
        tool = ExemplarTool(CaseSearch(knowledge, reports, index), reports)
        chosen = tool.choose(
            Nearest(case.record, found), count=request.count, budget=request.budget
        )
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
        raise UsageError(f"{given!r} is neither a case nor the id of one of the index")
    return ReadCase(known)


def show_case(case_id: str) -> None:
    """Print the report of a case.

    Raises:
        UsageError: if there is no such case.
    """
    with _index(load_knowledge()) as index:
        found = list(index.records(case_id))
    if not found:
        raise UsageError(f"the index has no case {case_id!r}")
    for record in found:
        print(f"{record.title or record.source} ({record.link})\n\n{record.report}")


def list_cases() -> None:
    """Print what the index holds."""
    folder = CaseSettings().folder
    with _index(load_knowledge()) as index:
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


def rebuild_cases() -> ExitStatus:
    """Make the index anew, then add again what its sources have and it has not.

    Returns:
        ``CASE_FAILED`` if a case is lost for good, or a source cannot be read.
    """
    folder, knowledge = CaseSettings().folder, load_knowledge()
    try:
        done = rebuild(
            folder, knowledge.vocabulary, embedder=available_embedder(),
            image_embedder=image_fingerprint(CaseSettings().image_embedder),
        )  # fmt: skip
    except RetrievalError as error:
        raise UsageError(str(error)) from None
    sys.stderr.write(f"{done.kept} cases kept, {done.lost} could not be read\n")
    if done.damaged is not None:
        sys.stderr.write(f"the damaged file: {done.damaged}\n")
    failed = 0
    with _index(knowledge) as index:
        reader = CaseReader(knowledge, IntakeLimits())
        for source in _remembered():
            try:
                failed += _add_all(index, reader, [source])
            except UsageError as error:
                failed += 1
                sys.stderr.write(f"{source}: {error}\n")
    return ExitStatus.CASE_FAILED if failed else ExitStatus.OK


@contextmanager
def _index(knowledge: Knowledge) -> Iterator[CaseIndex]:
    """The index; what is wrong with it is said in one line."""
    try:
        index = open_index(knowledge)
        try:
            yield index
        finally:
            index.close()
    except RetrievalError as error:
        raise UsageError(str(error)) from None


def _remembered() -> list[str]:
    """What was added, so that a lost index can be made again."""
    try:
        found = json.loads((CaseSettings().folder / _SOURCES).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [str(name) for name in found]


def _remember(given: str) -> None:
    name = given if given == CORPUS_NAME and not Path(given).exists() else os.path.realpath(given)
    known = _remembered()
    if name not in known:
        text = json.dumps([*known, name], indent=1)
        write_atomically(CaseSettings().folder / _SOURCES, text)
