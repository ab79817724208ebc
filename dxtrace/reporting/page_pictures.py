"""Pictures of a result as parts of its page."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path

from dxtrace.clinical import Artifact, Finding, Result

MAX_PAGE_PICTURE_BYTES = 4_000_000
"""All pictures of a page together: it still opens at once and can be sent by mail."""


@dataclass(frozen=True)
class PagePicture:
    """A picture on the page of a case.

    Attributes:
        source: the picture as a data URI; empty if the page holds enough already.
        path: the file, relative to the output folder.
        title: what it shows.
        caption: what can be seen, in words.
        masks: paths of the masks that it shows.
        files: paths of these masks and their DICOM SEG objects.
    """

    source: str
    path: str
    title: str
    caption: str
    masks: tuple[str, ...]
    files: tuple[str, ...] = ()

    def shows(self, finding: Finding) -> bool:
        """Whether a finding rests on a mask of this picture."""
        return any(e.artifact in self.masks for e in finding.evidence if e.artifact is not None)


def read_pictures(out: Path | None, result: Result) -> tuple[PagePicture, ...]:
    """The pictures that a review left in its output folder.

    A file that is gone or was changed since is left out.

    Args:
        out: the output folder; None has none.
        result: names them.
    """
    if out is None:
        return ()
    pictures: list[PagePicture] = []
    room = MAX_PAGE_PICTURE_BYTES
    for artifact in result.artifacts:
        if artifact.kind != "picture":
            continue
        content = _read(out, artifact)
        if content is None:
            continue
        fits = len(content) <= room
        room -= len(content) if fits else 0
        source = f"data:image/png;base64,{base64.b64encode(content).decode()}" if fits else ""
        pictures.append(
            PagePicture(
                source, artifact.path, artifact.title, artifact.caption, artifact.masks,
                _files(artifact, result),
            )
        )  # fmt: skip
    return tuple(pictures)


def _read(out: Path, artifact: Artifact) -> bytes | None:
    try:
        content = (out / artifact.path).read_bytes()
    except OSError:
        return None
    return content if hashlib.sha256(content).hexdigest() == artifact.sha256 else None


def _files(picture: Artifact, result: Result) -> tuple[str, ...]:
    segmentations = (
        a.path
        for a in result.artifacts
        if a.kind == "segmentation" and not set(a.masks).isdisjoint(picture.masks)
    )
    return (*picture.masks, *segmentations)
