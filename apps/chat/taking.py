"""What a visitor takes away of a session: report, trace, masks, all in one."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from apps.export_kinds import Export as Kind
from apps.exporting import FinishedCase, export_case
from apps.reviewing import Reviewer

if TYPE_CHECKING:
    from apps.chat.conversation import Conversation
    from apps.reviewing import CaseOutput

_NOT_YET = "The case has not been reviewed yet."


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
class Export:
    """A kind of export.

    Attributes:
        title: what a visitor reads.
        make: makes the file.
        needs_masks: whether there is something only if experts have marked something.
    """

    title: str
    make: Callable[[CaseOutput, Path, Conversation], Taken]
    needs_masks: bool = False


def take(kind: str, conversation: Conversation, out: Path) -> Taken:
    """Make a file of what is known now.

    Args:
        kind: one of :data:`EXPORTS`.
        conversation: the session's.
        out: the session's output folder.

    Raises:
        TakeError: if the case has not been reviewed, or there is nothing of this kind.
    """
    result, trace = conversation.result, conversation.trace
    if result is None or trace is None:
        raise TakeError(_NOT_YET)
    from graphs import ReviewRun

    run = ReviewRun(result=result, trace=trace)
    output = Reviewer(out=out).output_of(run, file_name=result.id, case=conversation.case)
    return EXPORTS[kind].make(output, out, conversation)


def _report(output: CaseOutput, out: Path, conversation: Conversation) -> Taken:
    del out, conversation
    return Taken(f"{output.id}.html", "text/html; charset=utf-8", output.report.encode())


def _trace(output: CaseOutput, out: Path, conversation: Conversation) -> Taken:
    del out, conversation
    return Taken(f"{output.id}-trace.json", "application/json", output.trace.encode())


def _result(output: CaseOutput, out: Path, conversation: Conversation) -> Taken:
    del out, conversation
    return Taken(f"{output.id}.json", "application/json", output.to_json_line().encode())


def _files(kind: str, words: str) -> Callable[[CaseOutput, Path, Conversation], Taken]:
    def make(output: CaseOutput, out: Path, conversation: Conversation) -> Taken:
        result = conversation.result
        paths = [a.path for a in result.artifacts if a.kind == kind] if result else []
        found = {path: (out / path).read_bytes() for path in paths if (out / path).is_file()}
        if not found:
            raise TakeError(f"No expert has left {words} of this case.")
        return Taken(f"{output.id}-{kind}s.zip", "application/zip", _zipped(found))

    return make


def _exported(kind: Kind, media_type: str) -> Callable[[CaseOutput, Path, Conversation], Taken]:
    """What other systems and people get, made as ``dxtrace review --export`` makes it."""

    def make(output: CaseOutput, out: Path, conversation: Conversation) -> Taken:
        result, trace = conversation.result, conversation.trace
        if result is None or trace is None:
            raise TakeError(_NOT_YET)
        finished = FinishedCase(
            result, trace, output.report, output.id, case=conversation.case, out=out
        )
        (file,) = export_case(finished, {kind})
        if file.path is None:
            raise TakeError(f"This cannot be made of the case: {file.reason}.")
        name = Path(file.path).name
        own = name if name.startswith(output.id) else f"{output.id}-{name}"
        return Taken(own, media_type, file.content)

    return make


def _zipped(files: dict[str, bytes]) -> bytes:
    """An archive of files by name."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


EXPORTS = {
    "report": Export("Report (HTML)", _report),
    "trace": Export("Trace (JSON)", _trace),
    "result": Export("Result (JSON)", _result),
    "masks": Export("Masks (NIfTI)", _files("mask", "masks"), needs_masks=True),
    "segmentations": Export(
        "Segmentations (DICOM SEG)", _files("segmentation", "segmentations"), needs_masks=True
    ),
    "sr": Export("Structured report (DICOM SR)", _exported(Kind.SR, "application/dicom")),
    "fhir": Export("FHIR report (JSON)", _exported(Kind.FHIR, "application/fhir+json")),
    "plain": Export(
        "Plain words, as for patients", _exported(Kind.PLAIN, "text/plain; charset=utf-8")
    ),
    "everything": Export("Everything (zip)", _exported(Kind.ZIP, "application/zip")),
}
"""Kinds of export by name."""
