"""What a visitor takes away of a session: report, trace, masks, all in one."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from apps.reviewing import Reviewer

if TYPE_CHECKING:
    from apps.chat.conversation import Conversation
    from apps.reviewing import CaseOutput


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
        raise TakeError("The case has not been reviewed yet.")
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


def _everything(output: CaseOutput, out: Path, conversation: Conversation) -> Taken:
    files = {
        f"reports/{output.id}.html": output.report.encode(),
        f"traces/{output.id}.json": output.trace.encode(),
        "results.jsonl": output.to_json_line().encode(),
    }
    result = conversation.result
    for artifact in result.artifacts if result else ():
        if (out / artifact.path).is_file():
            files[artifact.path] = (out / artifact.path).read_bytes()
    return Taken(f"{output.id}.zip", "application/zip", _zipped(files))


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
    "everything": Export("Everything (zip)", _everything),
}
"""Kinds of export by name."""
