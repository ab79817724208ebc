"""DICOM headers to stacks of slices: grouped by series, split where they differ, sorted."""

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from dxtrace.clinical.case import Geometry
from dxtrace.intake.imaging.dicom_frames import dot
from dxtrace.intake.imaging.dicom_header import DicomHeader
from dxtrace.intake.imaging.stack_geometry import StackPlace, place_stack, same_height

# Parallel within rounding: the cosine of 0.1 degrees is 1 - 1.5e-6.
_PARALLEL = 1 - 5e-6
# Without positions, slices of these are still one volume; single images of others are not.
_CROSS_SECTIONAL = frozenset(("CT", "MR", "PT"))
# PatientOrientation (PS3.3 C.7.6.1.1.1) in the letters of an affine's axes.
_ORIENTATION_LETTERS = {"H": "S", "F": "I", "A": "A", "P": "P", "L": "L", "R": "R"}


@dataclass(frozen=True, slots=True)
class Stack:
    """What becomes one array: one object, or the slices of one series.

    Attributes:
        headers: one for each file, in slice order.
        place: geometry, and what was noticed about it.
        frame_order: for a multi-frame object, its frames (from 0) in slice order.
        is_volume: whether the array has a slice axis.
        notes: what was noticed, that about the place included.
    """

    headers: tuple[DicomHeader, ...]
    place: StackPlace
    is_volume: bool
    frame_order: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()


def build_stacks(headers: Iterable[DicomHeader]) -> tuple[Stack, ...]:
    """Group, split and sort; stacks come in the order of their first file.

    Args:
        headers: in the order of the files.
    """
    series: dict[str, list[DicomHeader]] = defaultdict(list)
    for header in headers:
        series[header.series_key].append(header)
    stacks: list[Stack] = []
    for members in series.values():
        parts = _split(members)
        note = f"one series holds {len(parts)} sets of images that are no single volume"
        for part in parts:
            stack = _build(part)
            split = (note,) if len(parts) > 1 and len(part) > 1 else ()
            stacks += [_with_notes(s, split) for s in stack]
    return tuple(stacks)


def _with_notes(stack: Stack, notes: tuple[str, ...]) -> Stack:
    found = dict.fromkeys(
        (*notes, *stack.notes, *stack.place.notes, *(n for h in stack.headers for n in h.notes))
    )
    return Stack(stack.headers, stack.place, stack.is_volume, stack.frame_order, tuple(found))


def _split(members: Sequence[DicomHeader]) -> list[list[DicomHeader]]:
    """Images that may lie in one volume: single frames, alike, with parallel planes."""
    parts: list[list[DicomHeader]] = []
    for header in members:
        for part in parts:
            if _belongs(header, part[0]):
                part.append(header)
                break
        else:
            parts.append([header])
    return parts


def _belongs(a: DicomHeader, b: DicomHeader) -> bool:
    if a.frames > 1 or b.frames > 1 or a.is_multi_frame_object != b.is_multi_frame_object:
        return False
    if (a.rows, a.columns, a.samples, a.modality) != (b.rows, b.columns, b.samples, b.modality):
        return False
    if a.is_localizer or b.is_localizer or bool(a.planes) != bool(b.planes):
        return False
    if not a.planes:
        return a.modality in _CROSS_SECTIONAL and a.pixel_spacing == b.pixel_spacing
    return a.planes[0].spacing == b.planes[0].spacing and all(
        dot(x, y) > _PARALLEL
        for x, y in (
            (a.planes[0].row_cosine, b.planes[0].row_cosine),
            (a.planes[0].column_cosine, b.planes[0].column_cosine),
        )
    )


def _build(members: list[DicomHeader]) -> list[Stack]:
    if len(members) == 1:
        return [_build_single(members[0])]
    kept, notes = _without_copies(members)
    if not kept[0].planes:
        return [_build_unplaced(kept, notes)]
    kept.sort(key=lambda h: (h.planes[0].height, h.order or 0))
    volumes, volume_notes = _volumes(kept)
    return [_build_placed(v, (*notes, *volume_notes)) for v in volumes]


def _without_copies(members: list[DicomHeader]) -> tuple[list[DicomHeader], tuple[str, ...]]:
    """Leave out what is the same object twice, by its own UID."""
    seen: dict[str, DicomHeader] = {}
    for number, header in enumerate(members):
        seen.setdefault(header.object_key or f"#{number}", header)
    copies = len(members) - len(seen)
    return list(seen.values()), (f"{copies} slice(s) came twice",) if copies else ()


def _volumes(slices: list[DicomHeader]) -> tuple[list[list[DicomHeader]], tuple[str, ...]]:
    """Several slices at one place are several volumes (phases, echoes), or duplicates."""
    places = _by_place(slices)
    most = max(map(len, places))
    if most == 1:
        return [slices], ()
    keyed = _keyed(slices, lambda h: h.volume_key)
    if len(keyed) > 1 and all(len(p) == 1 for v in keyed for p in _by_place(v)):
        return keyed, (f"one series holds {len(keyed)} volumes (acquisitions, echoes or times)",)
    beside = _keyed(slices, _corner)
    if len(beside) == most and all(len(p) == 1 for v in beside for p in _by_place(v)):
        return beside, (f"one series holds {most} volumes that lie beside each other",)
    if all(len(p) == most for p in places) and len(places) > 1:
        return [[p[n] for p in places] for n in range(most)], (
            f"{most} slices lie at each place: taken as {most} volumes, in the order of their "
            f"numbers",
        )
    extra = len(slices) - len(places)
    return [[p[0] for p in places]], (
        f"{extra} slice(s) lie where another one does: the first of each is used",
    )


def _keyed(
    slices: Sequence[DicomHeader], key: Callable[[DicomHeader], object]
) -> list[list[DicomHeader]]:
    found: dict[object, list[DicomHeader]] = defaultdict(list)
    for header in slices:
        found[key(header)].append(header)
    return list(found.values())


def _corner(header: DicomHeader) -> tuple[float, ...]:
    """Where in its plane a slice begins, in mm, as finely as devices write it."""
    plane = header.planes[0]
    return tuple(round(dot(plane.position, c), 1) for c in (plane.row_cosine, plane.column_cosine))


def _by_place(slices: Sequence[DicomHeader]) -> list[list[DicomHeader]]:
    places: list[list[DicomHeader]] = []
    for header in slices:
        if places and same_height(places[-1][0].planes[0], header.planes[0]):
            places[-1].append(header)
        else:
            places.append([header])
    return places


def _build_placed(slices: list[DicomHeader], notes: tuple[str, ...]) -> Stack:
    first = slices[0]
    thickness = first.slice_thickness
    place = place_stack(
        [h.planes[0] for h in slices], thickness=thickness, stated_tilt=first.tilt_deg
    )
    # A place in space of its own needs a slice axis: the affine maps three indices.
    is_volume = len(slices) > 1 or place.geometry.affine is not None
    return Stack(tuple(slices), place, is_volume, notes=notes)


def _build_unplaced(slices: list[DicomHeader], notes: tuple[str, ...]) -> Stack:
    located = all(h.slice_location is not None for h in slices)
    slices.sort(
        key=lambda h: (h.slice_location or 0.0 if located else 0.0, h.order or 0, str(h.path))
    )
    said = "slice location" if located else "instance number"
    note = f"no positions are stated: sorted by {said}, lengths in millimetres are unknown"
    return Stack(tuple(slices), StackPlace(), is_volume=True, notes=(*notes, note))


def _build_single(header: DicomHeader) -> Stack:
    if header.frames > 1:
        return _build_multi_frame(header)
    if header.is_localizer:
        geometry = Geometry(voxel_spacing_mm=header.pixel_spacing)
        note = "a localizer: its values are not in Hounsfield units"
        return Stack((header,), StackPlace(geometry), is_volume=False, notes=(note,))
    if header.planes:
        return _build_placed([header], ())
    return Stack((header,), _place_flat(header), is_volume=False)


def _place_flat(header: DicomHeader) -> StackPlace:
    letters = [_ORIENTATION_LETTERS.get(axis[:1], "") for axis in header.patient_axes]
    # PatientOrientation names the direction of columns first, then that of rows.
    orientation = letters[1] + letters[0] if len(letters) == 2 and all(letters) else None  # noqa: PLR2004 - two axes
    notes: list[str] = []
    if header.pixel_spacing is None and header.detector_spacing is None:
        notes.append("the pixel spacing is unknown: nothing is measured in millimetres")
    if orientation and header.is_projection and orientation[1] == "R" and header.view:
        notes.append("the patient's right is on the right of the image")
    geometry = Geometry(voxel_spacing_mm=header.pixel_spacing, orientation=orientation)
    return StackPlace(geometry, notes=tuple(notes))


def _build_multi_frame(header: DicomHeader) -> Stack:
    stored = tuple(range(header.frames))
    planes = header.planes
    if not planes:
        note = "the frames have no positions: they may be times; lengths in mm are unknown"
        return Stack((header,), StackPlace(), True, stored, (note,))
    order = tuple(sorted(stored, key=lambda n: (planes[n].height, n)))
    parallel = all(
        dot(p.row_cosine, planes[0].row_cosine) > _PARALLEL
        and dot(p.column_cosine, planes[0].column_cosine) > _PARALLEL
        and p.spacing == planes[0].spacing
        for p in planes
    )
    sorted_planes = [planes[n] for n in order]
    repeated = any(same_height(a, b) for a, b in itertools.pairwise(sorted_planes))
    if repeated or not parallel:
        note = "the frames are several volumes or directions: kept as stored, lengths unknown"
        return Stack((header,), StackPlace(), True, stored, (note,))
    place = place_stack(sorted_planes, thickness=header.slice_thickness)
    return Stack((header,), place, True, order)
