"""What NIfTI, NRRD and MetaImage files say about themselves; each format has its own module."""

from dataclasses import dataclass

from dxtrace.clinical.case import Geometry
from dxtrace.intake.errors import IntakeError
from dxtrace.intake.limits import IntakeLimits

_AXES = (2, 3)


@dataclass(frozen=True, slots=True)
class VolumetricHeader:
    """Shape and place of an array on disk.

    Attributes:
        shape: in our axis order, (slice, row, column) or (row, column).
        geometry: as far as it is stated.
        samples: values per voxel: 1, or 3 for colour.
        notes: what was noticed.
    """

    shape: tuple[int, ...]
    geometry: Geometry
    samples: int = 1
    notes: tuple[str, ...] = ()


def check_shape(shape: tuple[int, ...], item_bytes: int, limits: IntakeLimits) -> None:
    """Refuse what is no image or volume, or beyond the limits.

    Args:
        shape: in our axis order.
        item_bytes: bytes of a voxel, all samples included.
        limits: what is accepted.

    Raises:
        IntakeError: naming the limit.
    """
    if len(shape) not in _AXES:
        raise IntakeError(f"expected a volume of two or three axes, got {len(shape)}")
    if min(shape) < 1:
        raise IntakeError(f"expected at least one voxel along each axis, got {shape}")
    if shape[-1] * shape[-2] > limits.max_frame_pixels:
        raise IntakeError(
            f"expected slices of at most {limits.max_frame_pixels:,} pixels, got "
            f"{shape[-2]} x {shape[-1]}"
        )
    if len(shape) > _AXES[0] and shape[0] > limits.max_frames:
        raise IntakeError(f"expected at most {limits.max_frames:,} slices, got {shape[0]:,}")
    size = item_bytes
    for length in shape:
        size *= length
    if size > limits.max_image_bytes:
        raise IntakeError(
            f"expected at most {limits.max_image_bytes:,} bytes of voxels, got {size:,}"
        )
