"""Where cases of an index come from: a manifest, a batch, a folder of cases, a case."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from apps.batch.manifest_source import ManifestSource, resolve_manifest
from apps.batch.store import RESULTS
from apps.exit_status import UsageError
from dxtrace.clinical import Case, Finding, Trace, TraceError
from dxtrace.intake import (
    IntakeError,
    IntakeLimits,
    check_case,
    read_case,
    read_manifest_case,
)
from dxtrace.intake.case_file import CASE_FILES
from dxtrace.intake.image_paths import is_image
from dxtrace.intake.indiana import CORPUS_NAME
from dxtrace.knowledge import Knowledge
from dxtrace.retrieval.cases import CaseRecord
from tools.report_reader import ReportReader
from tools.report_tool import ReportTool
from tools.similar_cases import case_record
from tools.similar_cases.collection import CaseSettings, Origin
from tools.similar_cases.images import image_vector
from tools.tool import has_images

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

_CASE_SUFFIXES = (".txt", ".yaml", ".yml", ".json")
_INDIANA = "Indiana University report"


@dataclass(frozen=True, slots=True)
class ReadCase:
    """A case for the index.

    Attributes:
        record: what the index keeps.
        image: the vector of its images, (dimension,); None if there is none.
        has_images: whether it has images at all.
    """

    record: CaseRecord
    image: Vectors | None = None
    has_images: bool = False


Outcome = ReadCase | IntakeError


class CaseReader:
    """Reads cases into records of the index.

    Args:
        knowledge: vocabulary.
        limits: what intake accepts.
    """

    def __init__(self, knowledge: Knowledge, limits: IntakeLimits) -> None:
        self._knowledge, self._limits = knowledge, limits
        self._reports = ReportTool(ReportReader(knowledge))

    def _read(self, case: Case, origin: Origin) -> ReadCase:
        """A case with what its reports state and its images look like."""
        findings = [*case.findings, *self._reports.run(case)]
        image = image_vector(CaseSettings().image_embedder, case)
        return ReadCase(case_record(case, findings, origin), image, has_images(case))

    def read_case(self, case: Case, origin: Origin) -> ReadCase:
        """A case that was read elsewhere.

        Raises:
            IntakeError: if it names what the vocabulary does not know.
        """
        return self._read(check_case(case, self._knowledge), origin)

    def read(self, given: str) -> Iterator[Outcome]:
        """Every case behind what the user named; what cannot be read is given as its error.

        Raises:
            UsageError: if nothing is there.
        """
        path = Path(given)
        if path.is_dir() and (path / RESULTS).is_file():
            yield from self._of_batch(path)
        elif path.is_dir():
            yield from self._of_paths(_cases_in(path))
        elif path.is_file() and (path.suffix.lower() in _CASE_SUFFIXES or is_image(path)):
            yield from self._of_paths([path])
        else:
            yield from self._of_manifest(resolve_manifest(given))

    def _of_paths(self, paths: Iterable[Path]) -> Iterator[Outcome]:
        for path in paths:
            try:
                yield self.read_one(path)
            except IntakeError as error:
                yield error

    def read_one(self, path: Path) -> ReadCase:
        """One case.

        Raises:
            IntakeError: if it cannot be read.
        """
        case = check_case(read_case(path, limits=self._limits).case, self._knowledge)
        place = path.resolve()
        return self._read(case, Origin(source=str(place), link=str(place)))

    def _of_manifest(self, source: ManifestSource) -> Iterator[Outcome]:
        place = CORPUS_NAME if source.is_corpus else str(source.path.resolve())
        for line in source.read(self._limits):
            try:
                reading = read_manifest_case(line, base=source.base, limits=self._limits)
                case = check_case(reading.case, self._knowledge)
            except IntakeError as error:
                yield error
                continue
            name = f"{place}#{case.id}"
            if source.is_corpus:
                origin = _of_indiana(name, case.id)
            else:
                origin = Origin(source=name, link=place)
            yield self._read(case, origin)

    def _of_batch(self, folder: Path) -> Iterator[Outcome]:
        """Cases as their traces keep them, with all that was found in them."""
        with (folder / RESULTS).open(encoding="utf-8") as stream:
            for number, line in enumerate(stream, start=1):
                try:
                    yield self._of_result(folder, json.loads(line))
                except (ValueError, KeyError, TypeError, OSError) as error:
                    yield IntakeError(
                        f"cannot be used: {error}", file=folder / RESULTS, line=number
                    )

    def _of_result(self, folder: Path, result: dict[str, str]) -> ReadCase:
        if result["status"] == "failed":
            raise ValueError(f"case {result['id']} failed: {result.get('error')}")
        try:
            trace = Trace.read(folder / result["trace"])
        except TraceError as error:
            raise ValueError(str(error)) from None
        kept = [e.data["case"] for e in trace.entries if e.kind == "input"]
        case = Case.model_validate(kept[0])
        findings = [Finding.model_validate(e.data) for e in trace.entries if e.kind == "finding"]
        place = folder.resolve()
        origin = Origin(source=f"{place}#{case.id}", link=str(place / result["report"]))
        return ReadCase(case_record(case, findings, origin))


def _of_indiana(source: str, case_id: str) -> Origin:
    """What is known of every report of that collection, which is public."""
    title = f"{_INDIANA} {case_id.rpartition('-')[2]}"
    return Origin(source=source, shown=case_id, title=title, modality="DX", body_part="chest")


def _cases_in(folder: Path) -> list[Path]:
    """The folder itself if it is a case, else every case in it."""
    if any((folder / name).is_file() for name in CASE_FILES):
        return [folder]
    inside = sorted(p for p in folder.iterdir() if not p.name.startswith("."))
    found = [p for p in inside if p.is_dir() or p.suffix.lower() in _CASE_SUFFIXES or is_image(p)]
    if not found:
        raise UsageError(f"{folder} holds no case")
    return found
