"""A radiograph as the networks of torchxrayvision take it: as the package itself prepares it.

Source: ``normalize`` and ``read_xray_dcm`` of ``torchxrayvision.utils``, ``XRayCenterCrop`` and
``XRayResizer`` of ``torchxrayvision.datasets``, release 1.5.7.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dxtrace.clinical.volume import Volume
from expert_models.errors import ToolRefusal

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BITS = (8, 10, 12, 14, 16)
_PLANE = 2
_DARK = 0.25


@dataclass(frozen=True, eq=False)
class Prepared:
    """A radiograph for a network, and the way back.

    Attributes:
        square: (row, column), about -1024 to 1024.
        shape: of the radiograph.
        notes: what a reader should know of the preparation.
    """

    square: NDArray[np.float32]
    shape: tuple[int, int]
    notes: tuple[str, ...]


def prepare(volume: Volume, size: int) -> Prepared:
    """Scale by what the encoding can hold, crop to the square in the middle, resize.

    Args:
        volume: a radiograph, bright is dense.
        size: rows and columns for the network.

    Raises:
        ToolRefusal: if it is no grey picture of whole numbers.
    """
    from torchxrayvision.datasets import XRayCenterCrop, XRayResizer

    pixels = _grey(volume)
    low, high, notes = _range(volume, pixels)
    reach = (float(pixels.max()) - low) / (high - low)
    if reach < _DARK:
        notes += (
            f"the brightest pixel reaches {reach:.0%} of what the encoding can hold: the package's "
            f"own scaling leaves the picture dark",
        )
    scaled = (2 * (pixels.astype(np.float32) - low) / (high - low) - 1) * 1024
    square = XRayResizer(size)(XRayCenterCrop()(scaled[None]))[0]
    shape = (pixels.shape[0], pixels.shape[1])
    cut = 1 - min(shape) / max(shape)
    if cut > 0:
        ends = "top and bottom" if shape[0] > shape[1] else "both sides"
        notes += (f"{cut:.0%} of the picture, at {ends}, is not looked at: it is cut to a square",)
    return Prepared(np.asarray(square, np.float32), shape, notes)


def on_radiograph(square: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.float32]:
    """A network's map on the radiograph's own grid; 0 where the network has not looked.

    Args:
        square: (row, column).
        shape: of the radiograph.
    """
    from PIL import Image

    side = min(shape)
    top, left = (n // 2 - side // 2 for n in shape)
    whole = np.zeros(shape, np.float32)
    resized = Image.fromarray(square).resize((side, side), Image.Resampling.BILINEAR)
    whole[top : top + side, left : left + side] = np.asarray(resized)
    return whole


def _grey(volume: Volume) -> NDArray[Any]:
    from expert_models.lung_segmenter.pixels import is_nearly_grey

    if len(volume.spatial_shape) != _PLANE:
        raise ToolRefusal("expected one picture, got a stack of slices")
    pixels = volume.voxels
    if volume.is_colour:
        if not is_nearly_grey(pixels.astype(np.float32)):
            raise ToolRefusal("expected a grey picture, got colours")
        pixels = pixels[..., 0]  # as the package has it
    if not np.isfinite(pixels).all() or float(np.ptp(pixels)) <= 0:
        raise ToolRefusal("expected a picture, got pixels without contrast")
    return pixels


def _range(volume: Volume, pixels: NDArray[Any]) -> tuple[float, float, tuple[str, ...]]:
    """The smallest and largest value that the encoding can hold, and what was assumed."""
    stated = _stated_range(volume)
    if stated is not None and stated[0] <= pixels.min() and pixels.max() <= stated[1]:
        return *stated, ()
    if pixels.dtype == np.uint8:
        return 0.0, 255.0, ()
    largest = float(pixels.max())
    bits = next((b for b in _BITS if largest < 2**b), None)
    if float(pixels.min()) < 0 or bits is None or not np.array_equal(pixels, np.round(pixels)):
        raise ToolRefusal("expected grey values of 8 to 16 bits, got others")
    return 0.0, float(2**bits - 1), (f"taken for a picture of {bits} bits: the file states none",)


def _stated_range(volume: Volume) -> tuple[float, float] | None:
    """The range of a DICOM file's stored values, after its linear rescaling."""
    from dxtrace.intake.imaging import read_source_datasets

    datasets = read_source_datasets(volume)
    if len(datasets) != 1 or "ModalityLUTSequence" in datasets[0]:
        return None
    bits = datasets[0].get("BitsStored")
    if not isinstance(bits, int) or not 0 < bits <= _BITS[-1]:
        return None
    signed = datasets[0].get("PixelRepresentation") == 1
    ends = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    slope = float(datasets[0].get("RescaleSlope") or 1)
    intercept = float(datasets[0].get("RescaleIntercept") or 0)
    low, high = sorted(end * slope + intercept for end in ends)
    return low, high
