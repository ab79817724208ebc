"""A finished case for other systems and people: DICOM SR, FHIR, plain words, all in one zip."""

import json
import shutil
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from agents.plain_language import plain_answer
from apps.export_kinds import Export
from dxtrace.atomic_write import write_atomically
from dxtrace.clinical import Case, Result, Trace
from dxtrace.intake import IntakeError
from dxtrace.knowledge import load_knowledge
from tools.artifacts import EXPORTS

if TYPE_CHECKING:
    from pydicom import Dataset


_FILES = {
    Export.SR: "report.dcm",
    Export.FHIR: "report.fhir.json",
    Export.PLAIN: "plain.txt",
}


@dataclass(frozen=True, slots=True)
class FinishedCase:
    """A case that was reviewed.

    Attributes:
        result: what came out.
        trace: the record.
        page: the HTML report.
        file_name: name of its files.
        case: what went in; None if it could not be read.
        out: the folder that its masks and segmentations lie in; None if none were kept.
        identified: whether DICOM files carry who the patient is.
    """

    result: Result
    trace: Trace
    page: str
    file_name: str
    case: Case | None = None
    out: Path | None = None
    identified: bool = False

    @property
    def folder(self) -> PurePosixPath:
        """Where its exports go, relative to the output folder."""
        return PurePosixPath(EXPORTS, self.file_name)


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """A file for another system, or why there is none.

    Attributes:
        kind: what it is.
        path: where it belongs, relative to the output folder; None if there is none.
        reason: why there is none.
        content: the bytes.
    """

    kind: Export
    path: str | None = None
    reason: str = ""
    content: bytes = b""

    def to_json_object(self) -> dict[str, Any]:
        """What the result says of it."""
        return {"kind": self.kind.value, "path": self.path, "reason": self.reason}


def export_case(finished: FinishedCase, wanted: Iterable[Export]) -> tuple[ExportedFile, ...]:
    """Make what is wanted of a case; what cannot be made says why.

    Args:
        finished: the case.
        wanted: what to make.
    """
    makers: dict[Export, Callable[[FinishedCase], bytes]] = {
        Export.SR: _structured_report,
        Export.FHIR: _fhir_report,
        Export.PLAIN: _plain_text,
        Export.ZIP: zip_case,
    }
    names = {**_FILES, Export.ZIP: f"{finished.file_name}.zip"}
    return tuple(
        _attempt(kind, str(finished.folder / names[kind]), makers[kind], finished)
        for kind in Export
        if kind in set(wanted)
    )


def write_exports(finished: FinishedCase, wanted: Iterable[Export]) -> tuple[ExportedFile, ...]:
    """Write what is wanted into the output folder, in the place of what was there before.

    Args:
        finished: a case with an output folder.
        wanted: what to write.
    """
    if finished.out is None:
        return ()
    place = finished.out / finished.folder
    shutil.rmtree(place, ignore_errors=True)
    return tuple(_written(file, finished.out) for file in export_case(finished, wanted))


def zip_case(finished: FinishedCase) -> bytes:
    """Everything of a case in one zip, each file at its place in an output folder.

    The page, the trace, the result object, DICOM SR, FHIR and plain words as far as they can be
    made, masks, segmentations and pictures. ``result.json`` says what could not be made, and why.

    Args:
        finished: the case.
    """
    made = export_case(finished, _FILES)
    page, trace = f"reports/{finished.file_name}.html", f"traces/{finished.file_name}.json"
    placed = finished.result.model_copy(update={"report": page, "trace": trace})
    result = {**placed.to_json_object(), "exports": [f.to_json_object() for f in made]}
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("result.json", json.dumps(result, ensure_ascii=False, indent=1))
        archive.writestr(page, finished.page)
        archive.writestr(trace, finished.trace.to_json())
        for file in made:
            if file.path is not None:
                archive.writestr(file.path, file.content)
        for path, kept in _kept_files(finished):
            archive.write(kept, path)
    return stream.getvalue()


def _kept_files(finished: FinishedCase) -> Iterable[tuple[str, Path]]:
    """What the tools left, as far as it is there and in the output folder."""
    if finished.out is None:
        return
    root = finished.out.resolve()
    for artifact in finished.result.artifacts:
        path = (root / artifact.path).resolve()
        if path.is_file() and path.is_relative_to(root):
            yield artifact.path, path


def _attempt(
    kind: Export, path: str, make: Callable[[FinishedCase], bytes], finished: FinishedCase
) -> ExportedFile:
    from dxtrace.reporting.structured_report import StructuredReportError

    try:
        return ExportedFile(kind, path, content=make(finished))
    except (StructuredReportError, IntakeError) as error:
        return ExportedFile(kind, reason=str(error))
    except OSError as error:
        return ExportedFile(kind, reason=error.strerror or str(error))
    except Exception as error:  # noqa: BLE001  # an export that fails must not take the result with it
        return ExportedFile(kind, reason=f"could not be made: {type(error).__name__}: {error}")


def _written(file: ExportedFile, out: Path) -> ExportedFile:
    if file.path is None:
        return file
    target = out / file.path
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(target, file.content)
    except OSError as error:
        return ExportedFile(file.kind, reason=f"could not be written: {error.strerror}")
    return file


def _fhir_report(finished: FinishedCase) -> bytes:
    from dxtrace.reporting.fhir_report import encode_fhir_report

    text = encode_fhir_report(
        finished.result, case=finished.case, knowledge=load_knowledge(), trace=finished.trace
    )
    return text.encode("utf-8")


def _plain_text(finished: FinishedCase) -> bytes:
    return f"{plain_answer(load_knowledge(), finished.result)}\n".encode()


def _structured_report(finished: FinishedCase) -> bytes:
    from dxtrace.reporting.structured_report import ReportSources, encode_structured_report

    sources = ReportSources(
        images=_image_headers(finished), segmentations=_segmentations(finished),
        identified=finished.identified,
    )  # fmt: skip
    return encode_structured_report(
        finished.result, sources, knowledge=load_knowledge(), trace_head=finished.trace.head
    )


def _image_headers(finished: FinishedCase) -> tuple["Dataset", ...]:
    """Headers of the current images; priors belong to other studies."""
    from dxtrace.intake.imaging import read_source_headers

    studies = finished.case.studies if finished.case is not None else ()
    current = [study for study in studies if not study.is_prior]
    return read_source_headers(
        image.path for study in current for series in study.series for image in series.images
    )


def _segmentations(finished: FinishedCase) -> dict[str, "Dataset"]:
    from pydicom import dcmread

    files = dict(_kept_files(finished))
    return {
        artifact.masks[0]: dcmread(files[artifact.path], stop_before_pixels=True)
        for artifact in finished.result.artifacts
        if artifact.kind == "segmentation" and artifact.masks and artifact.path in files
    }
