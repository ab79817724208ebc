"""Slices to a place in space: spacing, affine, and everything about them that is not regular."""

import itertools
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from dxtrace.clinical.case import Geometry
from dxtrace.intake.imaging.dicom_frames import Plane, Vector, dot

# Positions are written with a few decimals; a gap that differs by more is another gap.
_GAP_TOLERANCE = 0.05
_SAME_PLACE_MM = 1e-3
# Many devices write positions with one decimal: two of them may be 0.1 mm further apart.
_DECIMAL_MM = 0.11
# Rounding does not add up along a series; slices that drift off their grid are not even.
_DRIFT = 0.1
# A slice beside its line by more than this is no slice of the same straight stack.
_OFF_LINE_MM = 0.5
_TILT_DEG = 0.5
_AXES = (("L", "R"), ("P", "A"), ("S", "I"))
_UNKNOWN = Geometry()
Matrix = tuple[tuple[float, float, float, float], ...]


@dataclass(frozen=True, slots=True)
class StackPlace:
    """Where a stack of slices lies.

    Attributes:
        geometry: of the whole stack, empty where slices are not regular.
        step: from one slice to the next in mm, LPS; None if there is no geometry.
        notes: what was noticed.
    """

    geometry: Geometry = _UNKNOWN
    step: Vector | None = None
    notes: tuple[str, ...] = ()


def place_stack(
    planes: Sequence[Plane], *, thickness: float | None, stated_tilt: float = 0.0
) -> StackPlace:
    """The geometry of slices that are sorted along their normal.

    The affine holds the step between slices as it is, so a tilted gantry (a sheared stack) is
    exact; the spacing is the distance between slices at a right angle, so that the product of the
    spacings is the volume of a voxel.

    Args:
        planes: parallel planes, in order.
        thickness: slice thickness in mm, which stands for the spacing of a single slice.
        stated_tilt: gantry tilt that the header states, in degrees.
    """
    first = planes[0]
    if first.spacing is None:
        return StackPlace(notes=("the pixel spacing is unknown",))
    if len(planes) == 1:
        return _place_single(first, thickness)
    gaps = [b.height - a.height for a, b in itertools.pairwise(planes)]
    reason = _irregularity(gaps)
    if reason:
        return StackPlace(notes=(f"{reason}: lengths in millimetres are unknown",))
    step = _mean_step(planes)
    spacing = sum(gaps) / len(gaps)
    if _furthest_off(planes, step) > _OFF_LINE_MM:
        reason = "the slices do not lie on a straight line: lengths in millimetres are unknown"
        return StackPlace(notes=(reason,))
    notes = (*_tilt_notes(first, step, spacing, stated_tilt), *_gap_notes(spacing, thickness))
    return StackPlace(_geometry(first, step, spacing), step, notes)


def shift(place: StackPlace, slices: int) -> Geometry:
    """The geometry seen from a later slice: the same with another origin."""
    affine, step = place.geometry.affine, place.step
    if affine is None or step is None or not slices:
        return place.geometry
    moved = tuple(
        (row[0], row[1], row[2], row[3] + slices * step[n] if n < len(step) else row[3])
        for n, row in enumerate(affine)
    )
    return place.geometry.model_copy(update={"affine": moved})


def axis_codes(affine: Matrix) -> str:
    """Where the patient lies in the direction of each array axis, such as ``SPL``."""
    codes = ""
    for axis in range(3):
        column = [affine[row][axis] for row in range(3)]
        strongest = max(range(3), key=lambda n: abs(column[n]))
        codes += _AXES[strongest][0 if column[strongest] >= 0 else 1]
    return codes


def same_height(a: Plane, b: Plane) -> bool:
    """Whether two parallel planes are one, whatever part of it each shows."""
    return abs(a.height - b.height) <= _SAME_PLACE_MM


def _place_single(plane: Plane, thickness: float | None) -> StackPlace:
    if thickness is None:
        note = "a single slice of unknown thickness: its place in space is not used"
        return StackPlace(Geometry(voxel_spacing_mm=plane.spacing), None, (note,))
    step = _scaled(plane.normal, thickness)
    note = f"a single slice: its thickness, {thickness:g} mm, stands for the spacing of slices"
    return StackPlace(_geometry(plane, step, thickness), step, (note,))


def _geometry(first: Plane, step: Vector, spacing: float) -> Geometry:
    assert first.spacing is not None  # noqa: S101 - the callers have looked
    along_rows = _scaled(first.column_cosine, first.spacing[0])
    along_columns = _scaled(first.row_cosine, first.spacing[1])
    affine = (
        *((step[n], along_rows[n], along_columns[n], first.position[n]) for n in range(3)),
        (0.0, 0.0, 0.0, 1.0),
    )
    return Geometry(
        voxel_spacing_mm=(spacing, *first.spacing), affine=affine, orientation=axis_codes(affine)
    )


def _scaled(vector: Vector, factor: float) -> Vector:
    return (vector[0] * factor, vector[1] * factor, vector[2] * factor)


def _mean_step(planes: Sequence[Plane]) -> Vector:
    first, last, count = planes[0].position, planes[-1].position, len(planes) - 1
    return (
        (last[0] - first[0]) / count, (last[1] - first[1]) / count, (last[2] - first[2]) / count,
    )  # fmt: skip


def _irregularity(gaps: Sequence[float]) -> str | None:
    usual = statistics.median_low(gaps)
    odd = [gap for gap in gaps if abs(gap - usual) > max(_GAP_TOLERANCE * usual, _SAME_PLACE_MM)]
    if not odd or _is_rounding(gaps, usual):
        return None
    if all(abs(gap / usual - round(gap / usual)) <= _GAP_TOLERANCE and gap > usual for gap in odd):
        missing = sum(round(gap / usual) - 1 for gap in odd)
        return f"{missing} slice(s) are missing in {len(odd)} place(s)"
    return f"the slices are unevenly spaced, {min(gaps):.4g} to {max(gaps):.4g} mm apart"


def _is_rounding(gaps: Sequence[float], usual: float) -> bool:
    """Whether uneven gaps come from positions with one decimal: small, and never adding up."""
    if max(abs(gap - usual) for gap in gaps) > min(_DECIMAL_MM, usual / 2):
        return False
    mean, place, drift = sum(gaps) / len(gaps), 0.0, 0.0
    for number, gap in enumerate(gaps, start=1):
        place += gap
        drift = max(drift, abs(place - number * mean))
    return drift <= _DRIFT


def _furthest_off(planes: Sequence[Plane], step: Vector) -> float:
    start = planes[0].position
    return max(
        math.dist(plane.position, [start[n] + index * step[n] for n in range(3)])
        for index, plane in enumerate(planes)
    )


def _tilt_notes(plane: Plane, step: Vector, spacing: float, stated_tilt: float) -> tuple[str, ...]:
    across = math.sqrt(max(dot(step, step) - spacing**2, 0.0))
    tilt = math.degrees(math.atan2(across, spacing))
    if tilt > _TILT_DEG:
        return (
            f"tilted gantry: each slice is shifted against the last, by {tilt:.1f} degrees in all; "
            f"the affine holds the shift, the spacing is that at a right angle to the slices",
        )
    upright = abs(plane.normal[2]) > math.cos(math.radians(_TILT_DEG))
    if abs(stated_tilt) > _TILT_DEG and upright:
        return (
            f"the header states a gantry tilt of {stated_tilt:g} degrees, the positions of the "
            f"slices show none",
        )
    return ()


def _gap_notes(spacing: float, thickness: float | None) -> tuple[str, ...]:
    if thickness is not None and spacing > thickness * (1 + _GAP_TOLERANCE):
        return (
            f"slices of {thickness:g} mm lie {spacing:.4g} mm apart: what lies between them is not "
            f"in the images",
        )
    return ()
