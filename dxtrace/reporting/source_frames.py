"""The frames of a DICOM source, and whether an array lies on them slice by slice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dxtrace.clinical.volume import Mask

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydicom import Dataset

    Vector = NDArray[np.float64]

_VOLUME_AXES = 3
_FARTHEST_APART = 0.1
"""Part of a voxel by which header and affine may differ: rounding, never a neighbour."""
_COPIED = (
    "SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID",
    "Modality", "PatientSex", "Rows", "Columns", "NumberOfFrames", "ImageType", "InstanceNumber",
    "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness",
    "SpacingBetweenSlices", "ImagerPixelSpacing", "PatientOrientation", "Laterality",
)  # fmt: skip
_REFERRED = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")
_CLASSES = {
    "CT": "1.2.840.10008.5.1.4.1.1.2",
    "MR": "1.2.840.10008.5.1.4.1.1.4",
    "CR": "1.2.840.10008.5.1.4.1.1.1",
    "DX": "1.2.840.10008.5.1.4.1.1.1.1",
}
"""Storage classes (PS3.4 B.5) of sources that do not state theirs."""
_FRAME_GROUPS = ("PlanePositionSequence", "PlaneOrientationSequence", "PixelMeasuresSequence")
_IDENTIFYING = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime",
    "AccessionNumber", "StudyID", "ReferringPhysicianName",
)  # fmt: skip


class SegmentationError(ValueError):
    """Masks that cannot be written as a DICOM SEG, and why."""


@dataclass(frozen=True)
class SourceFrames:
    """A source as far as a segmentation refers to it, and which of its frames each slice lies on.

    Attributes:
        sources: the data sets of the source.
        frame_of_slice: for each slice of the array, the index of its frame.
        identified: whether who the patient is goes on from here.
    """

    sources: tuple[Dataset, ...]
    frame_of_slice: tuple[int, ...]
    identified: bool = False

    @classmethod
    def of(
        cls, sources: Sequence[Dataset], mask: Mask, *, identified: bool = False
    ) -> SourceFrames:
        """Check that a mask's grid is that of the source.

        Args:
            sources: data sets in slice order, or one with frames.
            mask: its shape and affine are compared with the headers.
            identified: keep who the patient is.

        Raises:
            SegmentationError: naming what does not fit.
        """
        if not sources:
            raise SegmentationError("there is no DICOM source")
        shape = mask.voxels.shape if mask.voxels.ndim == _VOLUME_AXES else (1, *mask.voxels.shape)
        frames = _frames(sources)
        if len(frames) != shape[0]:
            raise SegmentationError(f"expected {len(frames)} slices, got {shape[0]}")
        grid = (int(sources[0].Rows), int(sources[0].Columns))
        if grid != shape[1:]:
            raise SegmentationError(f"expected rows and columns {grid}, got {shape[1:]}")
        order = _match(frames, mask) if mask.geometry.affine is not None else range(shape[0])
        return cls(tuple(sources), tuple(order), identified)

    def marked_part(
        self, voxels: NDArray[np.bool_]
    ) -> tuple[NDArray[np.uint8], tuple[Dataset, ...]]:
        """The frames from the first to the last that is marked, and data sets to refer to them.

        All frames of a multi-frame source, which is one data set.

        Args:
            voxels: axes (slice, row, column) or (row, column).
        """
        volume = voxels if voxels.ndim == _VOLUME_AXES else voxels[np.newaxis]
        if len(self.sources) == 1:
            ordered = np.zeros(volume.shape, np.uint8)
            ordered[list(self.frame_of_slice)] = volume
            return ordered, (self._reference(0),)
        marked = np.flatnonzero(volume.any(axis=(1, 2)))
        part = range(int(marked[0]), int(marked[-1]) + 1)
        return (
            volume[part.start : part.stop].astype(np.uint8),
            tuple(self._reference(self.frame_of_slice[z]) for z in part),
        )

    def _reference(self, index: int) -> Dataset:
        return reference_to(self.sources[index], identified=self.identified)


@dataclass(frozen=True)
class _Frame:
    """Position and orientation of a frame, as its header says (PS3.3 C.7.6.2.1.1)."""

    position: Vector
    row_step: Vector
    column_step: Vector


def _frames(sources: Sequence[Dataset]) -> list[_Frame | None]:
    first: Any = sources[0]
    count = int(getattr(first, "NumberOfFrames", 1) or 1)
    if len(sources) > 1 or count == 1:
        return [_frame(s, s, s) for s in sources]
    groups = list(getattr(first, "PerFrameFunctionalGroupsSequence", ()))
    shared = (getattr(first, "SharedFunctionalGroupsSequence", None) or [None])[0]
    if len(groups) != count:
        return [None] * count
    return [
        _frame(
            _group("PlanePositionSequence", g, shared),
            _group("PlaneOrientationSequence", g, shared),
            _group("PixelMeasuresSequence", g, shared),
        )
        for g in groups
    ]


def _group(name: str, frame: Any, shared: Any) -> Any:
    sequence = getattr(frame, name, None) or getattr(shared, name, None)
    return sequence[0] if sequence else None


def _frame(position: Any, orientation: Any, measures: Any) -> _Frame | None:
    at = getattr(position, "ImagePositionPatient", None)
    cosines = getattr(orientation, "ImageOrientationPatient", None)
    spacing = getattr(measures, "PixelSpacing", None)
    if not at or not cosines or not spacing:
        return None
    along_row, along_column = np.array(cosines, float)[:3], np.array(cosines, float)[3:]
    return _Frame(
        np.array(at, float), along_column * float(spacing[0]), along_row * float(spacing[1])
    )


def _match(frames: list[_Frame | None], mask: Mask) -> list[int]:
    """For each slice the frame that it lies on; the source's own order first."""
    known = [frame for frame in frames if frame is not None]
    if not known:
        return list(range(len(frames)))  # the headers say nothing that could be compared
    if len(known) != len(frames):
        raise SegmentationError("some slices of the source have no position")
    affine = np.array(mask.geometry.affine, float)
    if mask.voxels.ndim < _VOLUME_AXES:
        affine = np.column_stack([np.zeros(4), affine[:, 0], affine[:, 1], affine[:, 3]])
    row_step, column_step = affine[:3, 1], affine[:3, 2]
    allowed = _FARTHEST_APART * min(np.linalg.norm(row_step), np.linalg.norm(column_step))
    shape = mask.voxels.shape[-2:]
    for frame in known:
        drift = (
            np.linalg.norm(frame.row_step - row_step) * shape[0]
            + np.linalg.norm(frame.column_step - column_step) * shape[1]
        )
        if drift > allowed * 2:
            raise SegmentationError("rows and columns run in other directions than in the source")
    at = np.array([affine[:3, 3] + z * affine[:3, 0] for z in range(len(known))])
    return _nearest(np.array([f.position for f in known]), at, float(allowed))


def _nearest(positions: NDArray[np.float64], at: NDArray[np.float64], allowed: float) -> list[int]:
    """Each slice's frame: the nearest, and each frame once."""
    gaps = np.linalg.norm(np.diff(at, axis=0), axis=1) if len(at) > 1 else np.array([np.inf])
    # Slices that are not quite equally spaced still are each other's nearest.
    limit = max(allowed, float(gaps.min()) / 2 if np.isfinite(gaps.min()) else allowed)
    chosen = [int(np.argmin(np.linalg.norm(positions - p, axis=1))) for p in at]
    apart = [float(np.linalg.norm(positions[c] - p)) for c, p in zip(chosen, at, strict=True)]
    if len(set(chosen)) != len(chosen) or max(apart) > limit:
        raise SegmentationError(
            f"slices lie up to {max(apart):.2f} mm from those of the source, or not one on each"
        )
    return chosen


def reference_to(source: Dataset, *, identified: bool) -> Dataset:
    """A data set to refer to: UIDs and geometry.

    What identifies is there too (type 2), and empty unless asked for.

    Args:
        source: the data set of an image.
        identified: keep who the patient is.
    """
    from pydicom import Dataset
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian

    kept = Dataset()
    for keyword in _IDENTIFYING:
        setattr(kept, keyword, "")
        if identified and keyword in source:
            kept[keyword] = source[keyword]
    for keyword in _COPIED:
        if keyword in source:
            kept[keyword] = source[keyword]
    for name in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
        if name in source:
            setattr(kept, name, [_geometry_of(item) for item in getattr(source, name)])
    _complete_uids(kept, source)
    kept.file_meta = FileMetaDataset()
    kept.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return kept


def states_uids(sources: Sequence[Dataset]) -> bool:
    """Whether every source says which instance of which series and study it is."""
    return all(s.get(name) for s in sources for name in _REFERRED)


def _complete_uids(kept: Dataset, source: Dataset) -> None:
    """Give a source UIDs that some programs strip: those of its file, or made-up ones.

    Made-up ones are the same for the same slice; position and frame of reference, not they, then
    tie a segmentation to its source.
    """
    from pydicom.uid import SecondaryCaptureImageStorage, generate_uid

    meta = getattr(source, "file_meta", None)
    stored = {
        "SOPClassUID": getattr(meta, "MediaStorageSOPClassUID", ""),
        "SOPInstanceUID": getattr(meta, "MediaStorageSOPInstanceUID", ""),
    }
    place = [str(source.get(k, "")) for k in ("FrameOfReferenceUID", "Rows", "Columns")]
    slice_ = [str(source.get(k, "")) for k in ("ImagePositionPatient", "InstanceNumber")]
    for name in _REFERRED:
        if kept.get(name):
            continue
        own = slice_ if name == "SOPInstanceUID" else []
        kind = _CLASSES.get(str(source.get("Modality", "")), SecondaryCaptureImageStorage)
        made = kind if name == "SOPClassUID" else generate_uid(entropy_srcs=[name, *place, *own])
        setattr(kept, name, stored.get(name) or made)


def _geometry_of(group: Dataset) -> Dataset:
    from pydicom import Dataset

    kept = Dataset()
    for name in _FRAME_GROUPS:
        if name in group:
            kept[name] = group[name]
    return kept
