"""What a visitor takes away of a session: report, trace, files for other systems, all in one."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from apps.export_kinds import Export
from apps.exporting import FinishedCase, export_case, zip_case
from dxtrace.clinical import Case, Result, Trace
from dxtrace.knowledge import load_knowledge
from dxtrace.reporting import read_pictures, render_case_report

if TYPE_CHECKING:
    from apps.chat.conversation import Conversation

_DICOM, _FHIR, _ZIP = "application/dicom", "application/fhir+json", "application/zip"


class TakeError(ValueError):
    """There is nothing to take; the message is for the visitor."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A file to download.

    Attributes:
        name: its name.
        media_type: what it is.
        content: its bytes.
    """

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Offer:
    """A kind of file that can be taken away.

    Attributes:
        title: what a visitor reads.
        make: makes the file of a finished case.
        ending: what its name ends with, after the case's id.
        media_type: what it is.
        needs_masks: whether there is something only if experts have marked something.
    """

    title: str
    make: Callable[[FinishedCase], bytes]
    ending: str
    media_type: str
    needs_masks: bool = False


def take(kind: str, conversation: Conversation) -> Taken:
    """Make a file of what is known now.

    Args:
        kind: one of :data:`OFFERS`.
        conversation: the session's.

    Raises:
        TakeError: if the case has not been reviewed, or it cannot be made of this case.
    """
    result, trace = conversation.result, conversation.trace
    if result is None or trace is None:
        raise TakeError("The case has not been reviewed yet.")
    offer = OFFERS[kind]
    finished = _finished(result, trace, conversation.case, conversation.session.output)
    return Taken(f"{result.id}{offer.ending}", offer.media_type, offer.make(finished))


def _finished(result: Result, trace: Trace, case: Case | None, out: Path) -> FinishedCase:
    page = render_case_report(
        result, case=case, trace=trace, knowledge=load_knowledge(),
        pictures=read_pictures(out, result),
    )  # fmt: skip
    return FinishedCase(result, trace, page, result.id, case=case, out=out)


def _exported(kind: Export, finished: FinishedCase) -> bytes:
    [file] = export_case(finished, (kind,))
    if file.path is None:
        raise TakeError(f"This cannot be made of the case: {file.reason}.")
    return file.content


def _files(kind: str, finished: FinishedCase) -> bytes:
    out = finished.out or Path()
    paths = [a.path for a in finished.result.artifacts if a.kind == kind]
    found = [path for path in paths if (out / path).is_file()]
    if not found:
        raise TakeError("No expert has left anything of this kind.")
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in found:
            archive.write(out / path, path)
    return stream.getvalue()


OFFERS = {
    "report": Offer("Report (HTML)", lambda f: f.page.encode(), ".html", "text/html"),
    "trace": Offer(
        "Trace (JSON)", lambda f: f.trace.to_json().encode(), "-trace.json", "application/json"
    ),
    "masks": Offer("Masks (NIfTI)", partial(_files, "mask"), "-masks.zip", _ZIP, needs_masks=True),
    "seg": Offer(
        "Segmentations (DICOM SEG)", partial(_files, "segmentation"), "-seg.zip", _ZIP,
        needs_masks=True,
    ),
    "sr": Offer("Structured report (DICOM SR)", partial(_exported, Export.SR), "-sr.dcm", _DICOM),
    "fhir": Offer(
        "DiagnosticReport (FHIR R4)", partial(_exported, Export.FHIR), ".fhir.json", _FHIR
    ),
    "plain": Offer(
        "Plain words, as for patients", partial(_exported, Export.PLAIN), "-plain.txt",
        "text/plain",
    ),
    "everything": Offer("Everything (zip)", zip_case, ".zip", _ZIP),
}  # fmt: skip
"""Kinds of file by name."""
