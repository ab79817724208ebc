"""Laying an earlier study over the current one (SimpleITK)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from dxtrace.clinical.volume import Mask, Volume

Image = Any  # SimpleITK has no types of its own
Transform = Any
Floats = NDArray[np.float64]
WORKING_SPACING_MM = 3.0
"""Lungs and bodies are laid over each other in coarse steps; lesions are then found nearby."""

HU_RANGE = (-1000.0, 400.0)
"""From air to soft tissue and bone: metal and padding do not pull."""

SAMPLES = 20_000
MIN_OVERLAP = 0.5
"""Share of the current mask that the moved earlier one must cover for the result to be believed."""
_COLLAPSED = 0.1
"""Determinant below which a registration has shrunk the body to nothing."""


class RegistrationError(ValueError):
    """The two studies cannot be laid over each other."""


@dataclass(frozen=True)
class Alignment:
    """Where a point of the current study lies in the earlier one.

    Attributes:
        matrix: 4 x 4, current to earlier patient coordinates (LPS, mm).
        method: how it was found, for a reader.
    """

    matrix: Floats
    method: str

    def to_prior(self, points: Floats) -> Floats:
        """Points of the current study, shape (n, 3) as (x, y, z) in mm, in the earlier one."""
        return np.asarray(points @ self.matrix[:3, :3].T + self.matrix[:3, 3])

    def to_current(self, points: Floats) -> Floats:
        """Points of the earlier study in the current one."""
        back = np.linalg.inv(self.matrix)
        return np.asarray(points @ back[:3, :3].T + back[:3, 3])


UNMOVED = Alignment(np.eye(4), "same position taken for granted")


def register(
    current: Volume,
    prior: Volume,
    *,
    current_body: Mask | None = None,
    prior_body: Mask | None = None,
    kind: Literal["rigid", "affine"] = "affine",
) -> Alignment:
    """Lay an earlier study over the current one.

    A rigid movement is found first, from where both bodies have their centre of mass; an affine one
    then lets the chest be larger or smaller, as it is at another depth of breath. Grey values are
    compared by mutual information (Mattes et al. 2001, doi 10.1117/12.431046), in the bodies if
    they are given.

    Args:
        current: the current study, with known spacing and affine.
        prior: the earlier study, likewise.
        current_body: lungs or body in the current study.
        prior_body: the same in the earlier one.
        kind: how far the earlier study may be bent.

    Raises:
        RegistrationError: if a position in space is unknown, or nothing fits.
    """
    fixed, moving = _image(current), _image(prior)
    masks = [_mask_image(m, v) for m, v in ((current_body, current), (prior_body, prior))]
    start = _start(fixed, moving, masks)
    moved = _solve(fixed, moving, masks[0], start)
    if kind == "affine":
        moved = _solve(fixed, moving, masks[0], _affine_of(moved))
    matrix = _matrix(moved)
    if not np.isfinite(matrix).all() or abs(np.linalg.det(matrix[:3, :3])) < _COLLAPSED:
        raise RegistrationError("registration: no position fits")
    _check_overlap(fixed, masks, moved)
    body = "lungs or bodies" if current_body is not None else "whole pictures"
    return Alignment(matrix, f"{kind} registration of the {body}")


def sitk_image(voxels: NDArray[np.generic], affine: Floats) -> Image:
    """An array in (slice, row, column) order as an image in space.

    SimpleITK's index runs (column, row, slice); both count the same voxels, so only the columns of
    the affine change places.
    """
    sitk = _sitk()

    image = sitk.GetImageFromArray(np.ascontiguousarray(voxels))
    columns = affine[:3, :3][:, ::-1]
    spacing = np.linalg.norm(columns, axis=0)
    image.SetSpacing([float(s) for s in spacing])
    image.SetOrigin([float(v) for v in affine[:3, 3]])
    image.SetDirection([float(v) for v in _orthonormal(columns / spacing).ravel()])
    return image


def _sitk() -> Any:
    """SimpleITK, untyped as it is, imported when it is needed."""
    import SimpleITK

    return SimpleITK


def _orthonormal(directions: Floats) -> Floats:
    """The nearest rotation: headers round their numbers."""
    u, _, v = np.linalg.svd(directions)
    return np.asarray(u @ v)


def _affine(volume: Volume) -> Floats:
    geometry = volume.geometry
    if geometry.affine is None or geometry.voxel_spacing_mm is None:
        raise RegistrationError("registration: expected a known position in space, got none")
    if volume.voxels.ndim != 3:  # noqa: PLR2004 - a stack
        raise RegistrationError(
            f"registration: expected a stack of slices, got shape {volume.voxels.shape}"
        )
    return np.asarray(geometry.affine, dtype=np.float64)


def _image(volume: Volume) -> Image:
    voxels = np.nan_to_num(np.asarray(volume.voxels, dtype=np.float32))
    if volume.unit == "HU":
        voxels = np.clip(voxels, *HU_RANGE)
    return _coarse(sitk_image(voxels, _affine(volume)), is_mask=False)


def _mask_image(mask: Mask | None, volume: Volume) -> Image | None:
    if mask is None:
        return None
    if mask.voxels.shape != volume.voxels.shape:
        raise RegistrationError(
            f"{mask.name}: expected the picture's grid {volume.voxels.shape}, "
            f"got {mask.voxels.shape}"
        )
    return _coarse(sitk_image(mask.voxels.astype(np.uint8), _affine(volume)), is_mask=True)


def _coarse(image: Image, *, is_mask: bool) -> Image:
    """The image in steps of about :data:`WORKING_SPACING_MM`."""
    sitk = _sitk()

    factors = [max(1, int(WORKING_SPACING_MM // s)) for s in image.GetSpacing()]
    factors = [min(f, max(1, n // 8)) for f, n in zip(factors, image.GetSize(), strict=True)]
    shrunk = sitk.Shrink(image, factors) if is_mask else sitk.BinShrink(image, factors)
    return shrunk if is_mask else sitk.Cast(shrunk, sitk.sitkFloat32)


def _start(fixed: Image, moving: Image, masks: list[Image | None]) -> Transform:
    sitk = _sitk()

    use_masks = masks[0] is not None and masks[1] is not None
    pair = [sitk.Cast(m, sitk.sitkFloat32) for m in masks] if use_masks else [fixed, moving]
    how = sitk.CenteredTransformInitializerFilter
    mode = how.MOMENTS if use_masks else how.GEOMETRY
    return sitk.CenteredTransformInitializer(pair[0], pair[1], sitk.Euler3DTransform(), mode)


def _solve(fixed: Image, moving: Image, mask: Image | None, start: Transform) -> Transform:
    sitk = _sitk()

    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(32)
    size = float(np.prod(fixed.GetSize()))
    method.SetMetricSamplingStrategy(method.RANDOM)
    method.SetMetricSamplingPercentage(min(1.0, SAMPLES / size), 1)
    if mask is not None:  # the surroundings of the lungs carry the edges
        method.SetMetricFixedMask(sitk.BinaryDilate(mask > 0, (3, 3, 3)))
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsRegularStepGradientDescent(2.0, 0.01, 120, 0.5)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetShrinkFactorsPerLevel([2, 1])
    method.SetSmoothingSigmasPerLevel([1, 0])
    method.SetInitialTransform(start, inPlace=False)
    try:
        found = method.Execute(fixed, moving)
    except RuntimeError as error:  # SimpleITK raises nothing more precise
        raise RegistrationError(f"registration: {_last_line(error)}") from error
    return found.GetNthTransform(0) if found.GetName() == "CompositeTransform" else found


def _last_line(error: RuntimeError) -> str:
    return str(error).strip().splitlines()[-1]


def _affine_of(moved: Transform) -> Transform:
    sitk = _sitk()

    rigid = sitk.Euler3DTransform(moved)
    affine = sitk.AffineTransform(3)
    affine.SetCenter(rigid.GetCenter())
    affine.SetMatrix(rigid.GetMatrix())
    affine.SetTranslation(rigid.GetTranslation())
    return affine


def _matrix(moved: Transform) -> Floats:
    """The transform as a 4 x 4 matrix, from where it takes four points."""
    corners = [(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)]
    ends = np.array([moved.TransformPoint(c) for c in corners])
    matrix = np.eye(4)
    matrix[:3, :3] = (ends[1:] - ends[0]).T
    matrix[:3, 3] = ends[0]
    return matrix


def _check_overlap(fixed: Image, masks: list[Image | None], moved: Transform) -> None:
    sitk = _sitk()

    if masks[0] is None or masks[1] is None:
        return
    laid = sitk.Resample(masks[1], fixed, moved, sitk.sitkNearestNeighbor, 0)
    current = sitk.GetArrayViewFromImage(masks[0]) > 0
    covered = current[sitk.GetArrayViewFromImage(laid) > 0].sum() / max(current.sum(), 1)
    if covered < MIN_OVERLAP:
        raise RegistrationError(
            f"registration: the bodies overlap by {covered:.0%}, expected at least "
            f"{MIN_OVERLAP:.0%}"
        )
