"""A made-up case that fits a card, to try an expert on where no real one is at hand."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dxtrace.clinical import (
    Arguments,
    Box,
    Case,
    Geometry,
    Image,
    Patient,
    Point,
    Report,
    Series,
    Study,
)
from expert_models import ModelCard, Span

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SHAPE = (88, 112, 112)
_NODULE, _RADIUS = (44, 52, 34), 4
_STACKS = ("CT", "MR", "PT", "NM")
_IN_PLANE_MM, _SLICE_MM, _PIXEL_MM = 1.5, 2.5, 0.5
_REPORT = "FINDINGS: A nodule of 8 mm in the right upper lobe. No pleural effusion."


def phantom_case(card: ModelCard, folder: Path) -> Case:
    """A case that a card accepts: a body with two lungs, a spine and a nodule; or its shadow.

    Args:
        card: the expert's card; modality, body part, view, spacing, contrast and age follow it.
        folder: where the image file is written.
    """
    studies: tuple[Study, ...] = ()
    if "image" in card.accepts:
        studies = (Study(id="phantom", series=(_series(card, folder),)),)
    reports = (Report(text=_REPORT),) if "report" in card.accepts else ()
    age = _inside(card.age_years, 60.0)
    return Case(
        id="phantom", patient=Patient(age=Decimal(str(age)), sex="F"), studies=studies,
        reports=reports,
    )  # fmt: skip


def phantom_arguments(card: ModelCard) -> Arguments:
    """What an expert that needs a prompt is asked about the phantom: its nodule."""
    if not card.prompt_needed:
        return Arguments()
    place = _NODULE if _is_stack(card) else (_SHAPE[0] - 1 - _NODULE[0], _NODULE[2])
    low, high = (tuple(i + step for i in place) for step in (-_RADIUS, _RADIUS))
    asked = {
        "phrases": Arguments(phrases=("nodule",)),
        "points": Arguments(points=(Point(at=place),)),
        "boxes": Arguments(boxes=(Box(low=low, high=high),)),
        "everything": Arguments(everything=True),
    }
    return asked[card.prompts[0]]


def _is_stack(card: ModelCard) -> bool:
    if card.image is not None:
        return card.image == "stack"
    return any(m in _STACKS for m in card.modalities) or card.slice_mm is not None


def _series(card: ModelCard, folder: Path) -> Series:
    modality = card.modalities[0] if card.modalities else "OT"
    in_plane, slices = (
        _inside(card.in_plane_mm, _IN_PLANE_MM), _inside(card.slice_mm, _SLICE_MM)
    )  # fmt: skip
    body = _body(flattened=slices / in_plane)
    if _is_stack(card):
        spacing: tuple[float, ...] = (slices, in_plane, in_plane)
        shape: tuple[int, ...] = _SHAPE
        path = _write_stack(body, spacing, folder, modality)
    else:
        spacing = (_inside(card.in_plane_mm, _PIXEL_MM),) * 2
        path = _write_picture(body, folder, is_colour=bool(card.is_colour))
        shape = _SHAPE[::2]
    image = Image(
        path=path, modality=modality, body_part=next(iter(card.body_parts), None),
        view=next(iter(card.views), None),
        geometry=Geometry(voxel_spacing_mm=tuple(float(s) for s in spacing)),
    )  # fmt: skip
    contrast = None if card.contrast is None else card.contrast == "with"
    return Series(
        id="phantom", modality=modality, contrast=contrast, shape=shape,
        is_colour=bool(card.is_colour), images=(image,),
    )  # fmt: skip


def _inside(span: Span | None, usual: float) -> float:
    """The usual value, or the nearest one that is accepted."""
    if span is None:
        return usual
    low = usual if span.low is None else max(span.low, usual)
    return low if span.high is None else min(span.high, low)


def _body(*, flattened: float) -> NDArray[Any]:
    """A body, its nodule a ball; the patient's right is at low columns.

    Args:
        flattened: how much farther apart slices are than rows.

    Returns:
        (slice, row, column) in Hounsfield units.
    """
    import numpy as np

    z, y, x = np.indices(_SHAPE, dtype=np.float32)
    voxels = np.full(_SHAPE, -1000, np.int16)

    def fill(centre: tuple[float, float], radii: tuple[float, float], value: int) -> None:
        inside = ((y - centre[0]) / radii[0]) ** 2 + ((x - centre[1]) / radii[1]) ** 2 <= 1
        voxels[inside] = value

    fill((56, 56), (40, 52), 40)
    narrow = np.abs(z[:, 0, 0] - _SHAPE[0] / 2) / (0.45 * _SHAPE[0])
    for slice_, share in enumerate(np.sqrt(np.clip(1 - narrow**3, 0, 1))):
        for centre in (34, 78):
            inside = ((y[0] - 52) / 26) ** 2 + ((x[0] - centre) / 16) ** 2 <= share**2
            voxels[slice_][inside] = -850
    fill((84, 56), (7, 8), 500)
    offsets = (flattened * (z - _NODULE[0])) ** 2 + (y - _NODULE[1]) ** 2 + (x - _NODULE[2]) ** 2
    voxels[offsets <= _RADIUS**2] = 30
    return voxels


def _write_stack(
    body: NDArray[Any], spacing: tuple[float, ...], folder: Path, modality: str
) -> Path:
    import nibabel
    import numpy as np

    affine = np.diag([-spacing[2], -spacing[1], spacing[0], 1.0])
    voxels = body if modality == "CT" else body + 1000
    path = folder / "phantom.nii"
    nibabel.save(nibabel.Nifti1Image(voxels.transpose(2, 1, 0), affine), path)  # type: ignore[no-untyped-call]
    return path


def _write_picture(body: NDArray[Any], folder: Path, *, is_colour: bool) -> Path:
    import numpy as np
    from PIL import Image as Picture

    thickness = np.mean(body + 1000.0, axis=1)[::-1]
    grey = (255 * np.clip(thickness / thickness.max(), 0, 1) ** 0.7).astype(np.uint8)
    pixels = np.stack([grey, grey // 2, 255 - grey], axis=-1) if is_colour else grey
    path = folder / "phantom.png"
    Picture.fromarray(pixels).save(path)
    return path
