"""What an image is, from its pixels, where no header says so; often nobody can tell."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

# Hounsfield units (by definition air is -1000, water 0): a CT has air and tissue, and no modality
# other than CT has both near those values.
_AIR = (-1100, -900)
_SOFT_TISSUE = (-150, 150)
_LEAST_AIR = 0.02
_LEAST_TISSUE = 0.02
_LOWEST_HU = -5000
_HIGHEST_HU = 32767
# Aerated lung lies between air and fat; bowel gas is air itself.
_LUNG = (-950, -500)
_BODY = -500
_LUNG_IN_SLICE = 0.10
_SLICES_WITH_LUNG = 0.5
# Sheets and detectors are between 1:1 and about 1:1.5; screens and documents are wider.
_ASPECT = (0.6, 1.7)
_SMALLEST_RADIOGRAPH = 200
# A radiograph is a continuum of greys; drawings and scanned text are nearly black and white.
_LEAST_GREYS = 48
_MOST_IN_ONE_GREY = 0.5
_STEP = 4


def modality_of_volume(voxels: NDArray[Any]) -> str | None:
    """``CT`` if the values of a volume are Hounsfield units, else None: indeterminate.

    Args:
        voxels: axes (slice, row, column).
    """
    sample = voxels[:: max(1, len(voxels) // 16), ::_STEP, ::_STEP]
    low, high = float(sample.min()), float(sample.max())
    if not (_LOWEST_HU <= low <= _AIR[1] and _SOFT_TISSUE[1] < high <= _HIGHEST_HU):
        return None
    # A scan cropped to the body has no air around it, but aerated lung.
    air = np.mean(sample < _LUNG[1])
    tissue = np.mean((sample >= _SOFT_TISSUE[0]) & (sample <= _SOFT_TISSUE[1]))
    return "CT" if air >= _LEAST_AIR and tissue >= _LEAST_TISSUE else None


def body_part_of_ct(voxels: NDArray[Any]) -> str | None:
    """``chest`` if most slices of a CT show aerated lung, else None: indeterminate.

    Args:
        voxels: Hounsfield units, axes (slice, row, column).
    """
    step = max(1, min(voxels.shape[1:]) // 128)
    sample = voxels[:: max(1, len(voxels) // 32), ::step, ::step]
    with_lung = [_shows_lung(s[None]) for s in sample]
    return "chest" if np.mean(with_lung) >= _SLICES_WITH_LUNG else None


def _shows_lung(slices: NDArray[Any]) -> bool:
    """Whether aerated lung makes up enough of the body.

    Bowel gas and the air around the body are nearly pure air: regions mostly of air are no lung.
    """
    from scipy import ndimage

    body = int(np.count_nonzero(slices >= _BODY))
    lung = 0
    for one in slices:
        labels, count = ndimage.label(one < _BODY)
        regions = range(1, count + 1)
        aerated = (one > _LUNG[0]) & (one < _LUNG[1])
        parts = ndimage.sum_labels(aerated, labels, regions)
        sizes = ndimage.sum_labels(labels > 0, labels, regions)
        lung += int(sum(p for p, size in zip(parts, sizes, strict=True) if 2 * p > size))
    return body > 0 and lung / (lung + body) >= _LUNG_IN_SLICE


def modality_of_picture(pixels: NDArray[Any], *, is_colour: bool) -> str | None:
    """``DX`` for a picture that looks like a radiograph, else None: indeterminate.

    A radiograph is grey, large, about as high as wide, and made of many greys. A photograph, a
    scanned page, a slide of a microscope or a single CT slice saved as a picture is not told apart
    from the rest: nobody can from pixels alone.

    Args:
        pixels: axes (row, column) for a grey picture.
        is_colour: whether there is a colour axis.
    """
    if is_colour or pixels.ndim != 2:  # noqa: PLR2004 - rows and columns
        return None
    rows, columns = pixels.shape
    if min(rows, columns) < _SMALLEST_RADIOGRAPH or not _ASPECT[0] <= columns / rows <= _ASPECT[1]:
        return None
    sample = pixels[::_STEP, ::_STEP].astype(np.float64)
    span = float(np.ptp(sample))
    if not span:
        return None
    counts = np.bincount(((sample - sample.min()) * (255 / span)).astype(np.int64).ravel())
    greys = int(np.count_nonzero(counts > 0))
    common = float(counts.max() / sample.size)
    return "DX" if greys >= _LEAST_GREYS and common <= _MOST_IN_ONE_GREY else None
