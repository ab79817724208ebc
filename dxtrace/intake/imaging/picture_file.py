"""PNG, JPEG and TIFF through Pillow: pixels without a place, and nothing of their metadata."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageOps, UnidentifiedImageError

from dxtrace.clinical.case import Geometry
from dxtrace.intake.errors import IntakeError
from dxtrace.intake.imaging.dicom_dataset import DAMAGE
from dxtrace.intake.imaging.sources import read_source
from dxtrace.intake.imaging.volumetric_header import VolumetricHeader, check_shape
from dxtrace.intake.limits import IntakeLimits

# Only these decoders run: some of Pillow's others start other programs.
_FORMATS = ("PNG", "JPEG", "TIFF")
_DAMAGE = (*DAMAGE, UnidentifiedImageError, SyntaxError, Pillow.DecompressionBombError)
_GREY = frozenset(("1", "L", "I", "F", "I;16", "I;16B", "I;16L", "I;16N"))
_PHOTOMETRIC, _WHITE_IS_ZERO = 262, 0
"""Of TIFF 6.0; Pillow turns such pictures over itself if they have eight bits or fewer."""
_NO_SPACING = "the file states no size of its pixels: nothing is measured in millimetres"


def read_picture_header(path: Path, limits: IntakeLimits) -> VolumetricHeader:
    """Shape from the header alone; a picture has no spacing.

    Raises:
        IntakeError: if it is damaged or beyond the limits.
    """
    with _opened(path, limits) as picture:
        return _describe(picture, limits)


def load_picture(path: Path, limits: IntakeLimits) -> tuple[NDArray[Any], bool, VolumetricHeader]:
    """Pixels, whether they are coloured, and the header.

    A picture whose red, green and blue are the same is grey. A camera's orientation tag is obeyed.

    Raises:
        IntakeError: as :func:`read_picture_header`, or if pixels are damaged or cut short.
    """
    with _opened(path, limits) as picture:
        described = _describe(picture, limits)
        pages = []
        for page in range(_pages(picture)):
            picture.seek(page)
            pages.append(_values(picture))
    if len({page.shape for page in pages}) > 1:
        raise IntakeError("expected pages of one size and kind, got several")
    values = np.stack(pages) if len(pages) > 1 else pages[0]
    is_colour = values.ndim > len(described.shape)
    return values, is_colour, described


@contextmanager
def _opened(path: Path, limits: IntakeLimits) -> Iterator[Any]:
    raw = BytesIO(read_source(path, limits))
    try:
        with warnings.catch_warnings():
            # Our own limits are checked before anything is decoded.
            warnings.simplefilter("ignore")
            picture = Pillow.open(raw, formats=_FORMATS)
    except Pillow.DecompressionBombError:
        most = limits.max_frame_pixels
        raise IntakeError(f"expected a frame of at most {most:,} pixels, got more") from None
    except _DAMAGE:
        raise IntakeError("the picture is damaged, or no PNG, JPEG or TIFF") from None
    try:
        with picture:
            yield picture
    except IntakeError:
        raise
    except _DAMAGE:
        # Whatever is asked of a picture may decode it.
        raise IntakeError("the picture is damaged or cut short") from None


def _pages(picture: Any) -> int:
    return int(getattr(picture, "n_frames", 1)) if picture.format == "TIFF" else 1


def _describe(picture: Any, limits: IntakeLimits) -> VolumetricHeader:
    pages = _pages(picture)
    rows, columns = picture.height, picture.width
    colours = 1 if picture.mode in _GREY else 3
    # Asking a PNG for its orientation decodes it.
    check_shape((rows, columns), 4 * colours, limits)
    if picture.getexif().get(0x0112) in (5, 6, 7, 8):  # EXIF orientation: lying on its side
        rows, columns = columns, rows
    shape = (pages, rows, columns) if pages > 1 else (rows, columns)
    check_shape(shape, 4 * colours, limits)
    moving = picture.format != "TIFF" and getattr(picture, "n_frames", 1) > 1
    notes = (_NO_SPACING, "the picture moves: only its first frame is read") if moving else ()
    return VolumetricHeader(shape, Geometry(), colours, notes or (_NO_SPACING,))


def _values(picture: Any) -> NDArray[Any]:
    upright = ImageOps.exif_transpose(picture)
    if upright.mode in _GREY:
        values = np.asarray(upright)
        if values.dtype == bool:
            return values.astype(np.uint8) * 255
        return _turned_over(_native(values)) if _is_negative(picture) else _native(values)
    if upright.mode == "LA":
        return np.asarray(upright)[..., 0].copy()
    colours = np.asarray(upright.convert("RGB"))
    if (colours[..., 0] == colours[..., 1]).all() and (colours[..., 1] == colours[..., 2]).all():
        return colours[..., 0].copy()
    return colours


def _native(values: NDArray[Any]) -> NDArray[Any]:
    """16-bit pictures may come in the file's byte order."""
    if values.dtype.isnative:
        return values
    return values.astype(values.dtype.newbyteorder("="))


def _is_negative(picture: Any) -> bool:
    """Whether low values of more than eight bits are bright."""
    tags = getattr(picture, "tag_v2", {})
    return picture.mode.startswith("I") and tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO


def _turned_over(values: NDArray[Any]) -> NDArray[Any]:
    """Bright is high again; whole numbers keep their range."""
    top = np.iinfo(np.uint16).max if values.dtype == np.uint16 else values.max() + values.min()
    turned: NDArray[Any] = top - values
    return turned
