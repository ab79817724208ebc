"""Where frames lie: position, orientation and spacing, of one image or of each frame."""

import math
from dataclasses import dataclass

from pydicom import Dataset

from dxtrace.intake.imaging.dicom_dataset import DAMAGE
from dxtrace.intake.imaging.dicom_fields import numbers_of
from dxtrace.intake.imaging.lengths import is_length, is_place

# Cosines are written with few digits; an orientation beyond this is wrong, not rounded.
_COSINE_TOLERANCE = 1e-3
Vector = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Plane:
    """The plane of a frame (PS3.3 C.7.6.2.1.1), in mm, LPS.

    Attributes:
        position: centre of the first pixel.
        row_cosine: direction in which the column index grows.
        column_cosine: direction in which the row index grows.
        spacing: between rows and between columns in mm, or None.
    """

    position: Vector
    row_cosine: Vector
    column_cosine: Vector
    spacing: tuple[float, float] | None

    @property
    def normal(self) -> Vector:
        """The direction that slices are sorted along."""
        (a, b, c), (d, e, f) = self.row_cosine, self.column_cosine
        return (b * f - c * e, c * d - a * f, a * e - b * d)

    @property
    def height(self) -> float:
        """Distance from the origin along the normal, in mm."""
        return dot(self.position, self.normal)


def dot(a: Vector, b: Vector) -> float:
    """Scalar product."""
    return sum(x * y for x, y in zip(a, b, strict=True))


def read_planes(dataset: Dataset, frames: int) -> tuple[tuple[Plane, ...], tuple[str, ...]]:
    """The plane of each frame, or none if one is missing or wrong; and what was wrong.

    Args:
        dataset: a header with its functional groups (PS3.3 C.7.6.16), if it has any.
        frames: number of frames.
    """
    try:
        groups = list(dataset.get("PerFrameFunctionalGroupsSequence") or ())
        shared = list(dataset.get("SharedFunctionalGroupsSequence") or ())[:1]
    except DAMAGE:
        return (), ("the positions of the frames are damaged: they are unknown",)
    if not groups and frames > 1:
        return (), ()
    if groups and len(groups) != frames:
        return (), (f"positions are stated for {len(groups)} of {frames} frames: not used",)
    sources = [[group, *shared] for group in groups] if groups else [[dataset]]
    planes: list[Plane] = []
    for source in sources:
        plane = _plane_of(source)
        if isinstance(plane, str):
            return (), (plane,)
        if plane is None:
            return (), ()
        planes.append(plane)
    return tuple(planes), ()


def _plane_of(sources: list[Dataset]) -> Plane | str | None:
    position = _find(sources, "PlanePositionSequence", "ImagePositionPatient", 3)
    cosines = _find(sources, "PlaneOrientationSequence", "ImageOrientationPatient", 6)
    if position is None or cosines is None:
        return None
    if not all(map(is_place, position)):
        return "the position lies nowhere near a patient: positions are not used"
    row, column = _vector(cosines[:3]), _vector(cosines[3:])
    if not _is_orthonormal(row, column):
        return "the orientation is not two unit vectors at a right angle: positions are not used"
    spacing = _find(sources, "PixelMeasuresSequence", "PixelSpacing", 2)
    valid = (spacing[0], spacing[1]) if spacing and all(map(is_length, spacing)) else None
    return Plane(_vector(position), row, column, valid)


def _find(
    sources: list[Dataset], sequence: str, keyword: str, count: int
) -> tuple[float, ...] | None:
    for source in sources:
        try:
            item = next(iter(source.get(sequence) or ()), None)
        except DAMAGE:
            item = None
        found = numbers_of(item if item is not None else source, keyword, count)
        if found is not None:
            return found
    return None


def _vector(values: tuple[float, ...]) -> Vector:
    return (values[0], values[1], values[2])


def _is_orthonormal(row: Vector, column: Vector) -> bool:
    lengths = [math.sqrt(dot(v, v)) for v in (row, column)]
    return (
        all(abs(length - 1) <= _COSINE_TOLERANCE for length in lengths)
        and abs(dot(row, column)) <= _COSINE_TOLERANCE
    )
