"""The masks that calls have left, and the findings that rest on them."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dxtrace.clinical import Artifact, Concept, Finding, Presence
from dxtrace.clinical.volume import Mask, Volume

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SHOWN_PRESENCE = (Presence.PRESENT, Presence.INDETERMINATE)


@dataclass(frozen=True)
class KeptFiles:
    """The files that calls have left.

    Attributes:
        root: the folder that their paths are relative to.
        artifacts: the files; masks are what is shown of them.
    """

    root: Path
    artifacts: tuple[Artifact, ...] = ()


@dataclass(frozen=True)
class Mark:
    """A finding with the masks that it rests on; or a structure that was marked.

    Attributes:
        series: id of the series that they lie on.
        paths: the files of the masks.
        name: the first mask's name.
        finding: the finding; None for a structure.
    """

    series: str
    paths: tuple[Path, ...]
    name: str
    finding: Finding | None = None

    @property
    def label(self) -> str:
        """The finding's id, or the structure's name."""
        return self.finding.id if self.finding else self.name.replace("_", " ")

    def words(self, concepts: Mapping[str, Concept]) -> str:
        """``f3: pulmonary nodule, right``: only what cannot hold a name."""
        if self.finding is None:
            return self.label
        concept = concepts.get(self.finding.concept)
        name = concept.name.lower() if concept else self.finding.concept.replace("_", " ")
        parts = [f"{self.finding.id}: {name}"]
        if self.finding.presence is not Presence.PRESENT:
            parts.append(self.finding.presence.value)
        if self.finding.laterality is not None:
            parts.append(self.finding.laterality.value)
        if self.finding.measurement is not None:
            parts.append(str(self.finding.measurement))
        return ", ".join(parts)


def marks_of(findings: Iterable[Finding], kept: KeptFiles | None) -> tuple[Mark, ...]:
    """Findings and structures that have masks, in the order of the findings, structures last."""
    if kept is None:
        return ()
    masks = {a.path: a for a in kept.artifacts if a.kind == "mask"}
    marks: list[Mark] = []
    used: set[str] = set()
    for finding in findings:
        paths = [e.artifact for e in finding.evidence if e.artifact in masks]
        used.update(p for p in paths if p)
        own = [masks[p] for p in dict.fromkeys(paths) if p]
        if own and finding.presence in SHOWN_PRESENCE:
            marks.append(_mark(own, kept.root, finding))
    loose = [a for path, a in masks.items() if path not in used]
    return (*marks, *(_mark([a], kept.root, None) for a in loose))


def _mark(artifacts: Sequence[Artifact], root: Path, finding: Finding | None) -> Mark:
    """Masks of one finding; those of another series than the first are left out."""
    series = artifacts[0].series
    paths = tuple(root / a.path for a in artifacts if a.series == series)
    return Mark(series, paths, artifacts[0].name, finding)


class MarkError(ValueError):
    """A mask that cannot be shown, and why."""


def read_mark(mark: Mark, volume: Volume) -> Mask:
    """The masks of a mark as one, on the grid of their image.

    Raises:
        MarkError: if a file is gone or damaged, lies on another grid, or marks nothing.
    """
    voxels = _joined((_read(path) for path in mark.paths), volume)
    if not voxels.any():
        raise MarkError("its mask is empty")
    return Mask(mark.name, voxels, volume.geometry, series=mark.series)


def _joined(parts: Iterable[NDArray[np.bool_]], volume: Volume) -> NDArray[np.bool_]:
    joined: NDArray[np.bool_] | None = None
    for part in parts:
        # A mask of a single image is kept as a stack of one.
        flat = part[0] if part.ndim > len(volume.spatial_shape) and len(part) == 1 else part
        if flat.shape != volume.spatial_shape:
            raise MarkError(
                f"expected a mask of the shape {volume.spatial_shape}, got {flat.shape}"
            )
        joined = flat if joined is None else joined | flat
    if joined is None:
        raise MarkError("it has no mask")
    return joined


def _read(path: Path) -> NDArray[np.bool_]:
    from nibabel.filebasedimages import ImageFileError

    from dxtrace.reporting.mask_files import read_nifti_mask

    try:
        return read_nifti_mask(path)[0]
    except (OSError, EOFError, ValueError, zlib.error, ImageFileError):
        raise MarkError("its mask cannot be read") from None
