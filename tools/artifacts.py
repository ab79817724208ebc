"""Where a review keeps its files: one folder a case and kind, each file whole or not there."""

from __future__ import annotations

import hashlib
import re
import shutil
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from dxtrace.atomic_write import PART_SUFFIX, write_atomically
from dxtrace.clinical import Artifact

FOLDERS = {"mask": "masks", "segmentation": "segmentations", "picture": "pictures"}
EXPORTS = "exports"
"""Folder of what other systems read, made of a finished review."""
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_DIGITS = 8


@dataclass(frozen=True)
class ArtifactStore:
    """The files of one case below an output folder.

    Attributes:
        root: the output folder; the paths of artifacts are relative to it.
        case: name of the case's folder: safe on every file system, and its own.
        identified: whether DICOM files carry who the patient is, because the user says so.
    """

    root: Path
    case: str
    identified: bool = False

    def clear(self) -> None:
        """Remove what an earlier review of the case has left, also half of one."""
        for folder in (*FOLDERS.values(), EXPORTS):
            shutil.rmtree(self.root / folder / self.case, ignore_errors=True)

    def write(
        self,
        kind: Literal["mask", "segmentation", "picture"],
        file_name: str,
        content: bytes,
        *,
        tool: str,
        call: str = "",
        **further: object,
    ) -> Artifact:
        """Write a file so that a reader, or a kill at any moment, never sees half of it.

        Args:
            kind: decides on the folder: ``masks/<case>/<tool>/<file_name>``.
            file_name: with its suffix.
            content: the bytes.
            tool: name of the tool.
            call: tells calls of one tool apart; empty for its plain call.
            further: further fields of the artifact.

        Raises:
            OSError: if there is no room.
        """
        folder = f"{tool}-{call}" if call else tool
        path = PurePosixPath(FOLDERS[kind], self.case, safe_name(folder), file_name)
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(target, content)
        fields: dict[str, object] = {
            "kind": kind, "path": str(path), "sha256": hashlib.sha256(content).hexdigest(),
            "size_bytes": len(content), "tool": tool, **further,
        }  # fmt: skip
        return Artifact.model_validate(fields)


def safe_name(name: str) -> str:
    """A name as a folder; another one with a hash if it is not safe as it is."""
    safe = _UNSAFE.sub("_", name).strip(".")
    if safe == name and safe:
        return name
    return f"{safe}-{hashlib.sha256(name.encode()).hexdigest()[:_DIGITS]}"


def remove_parts(root: Path) -> None:
    """Remove files that a kill left half written."""
    for folder in (*FOLDERS.values(), EXPORTS):
        for part in (root / folder).rglob(f".*{PART_SUFFIX}"):
            part.unlink(missing_ok=True)
