"""Pixel data of a DICOM object to values: decoded, rescaled, bright is dense."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut
from pydicom.pixels.utils import pixel_array

from dxtrace.intake.errors import IntakeError
from dxtrace.intake.imaging.dicom_codestream import check_frame_sizes, syntax_name
from dxtrace.intake.imaging.dicom_dataset import DAMAGE, quiet_pydicom
from dxtrace.intake.imaging.dicom_fields import numbers_of, text_of, whole_of, words_of
from dxtrace.intake.imaging.dicom_header import DicomHeader
from dxtrace.intake.imaging.dicom_salvage import salvage_bits
from dxtrace.intake.limits import IntakeLimits

_BYTE = 8
_HALF_WORD = 16
Windows = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Frames:
    """Decoded frames.

    Attributes:
        values: axes (frame, row, column), with a last axis of 3 for colour.
        unit: ``HU`` or ``stored``.
        windows: (centre, width) pairs, in the values' unit.
        is_colour: whether there is a colour axis.
        notes: what was noticed.
    """

    values: NDArray[Any]
    unit: str
    windows: Windows
    is_colour: bool
    notes: tuple[str, ...] = ()


def decode(dataset: Dataset, header: DicomHeader, limits: IntakeLimits) -> Frames:
    """Decode, apply palette or modality transformation, and invert MONOCHROME1.

    Follows the grey-scale pipeline of DICOM PS3.4 N.2 as far as the modality transformation; VOI
    windows are kept beside the values, not applied.

    Args:
        dataset: the object with its pixel data.
        header: its header, as checked at the door.
        limits: what is accepted.

    Raises:
        IntakeError: if the data cannot be decoded, or are not what the header says.
    """
    with quiet_pydicom():
        stored = _stored(dataset, header, limits)
        photometric = text_of(dataset, "PhotometricInterpretation").upper()
        try:
            if photometric == "PALETTE COLOR":
                _swap_palette(dataset)
                return Frames(_byte_colours(apply_color_lut(stored, dataset)), "stored", (), True)
            if header.samples > 1:
                return Frames(stored[..., :3], "stored", (), True)
            return _grey(stored, dataset, header, photometric)
        except DAMAGE:
            raise IntakeError("the palette or the rescaling in the header is damaged") from None


def _stored(dataset: Dataset, header: DicomHeader, limits: IntakeLimits) -> NDArray[Any]:
    """The stored values, axes (frame, row, column[, 3]); YBR is converted to RGB."""
    check_frame_sizes(dataset, header, limits)
    try:
        values = salvage_bits(dataset, header)
        if values is None:
            values = np.asarray(pixel_array(dataset))
    except IntakeError:
        raise
    except DAMAGE:
        name = syntax_name(dataset)
        raise IntakeError(
            f"the pixel data ({name}) cannot be decoded: damaged, cut short, or of an encoding "
            f"that no installed decoder reads"
        ) from None
    shape: tuple[int, ...] = (header.frames, header.rows, header.columns)
    shape += (header.samples,) if header.samples > 1 else ()
    if values.size != int(np.prod(shape)):
        raise IntakeError(f"expected pixel data of shape {shape}, got {values.shape}")
    values = values.reshape(shape)
    values = values if values.dtype.isnative else values.astype(values.dtype.newbyteorder("="))
    return _used_bits(values, dataset)


def _used_bits(values: NDArray[Any], dataset: Dataset) -> NDArray[Any]:
    """Drop bits that are not part of the value, such as overlays of old objects (PS3.5 8.1.2)."""
    bits = values.dtype.itemsize * _BYTE
    used = whole_of(dataset, "BitsStored") or bits
    if values.dtype.kind not in "iu" or not 0 < used < bits or used == 1:
        return values
    high = whole_of(dataset, "HighBit")
    shift = 0 if high is None else max(high + 1 - used, 0)
    signed = values.dtype.kind == "i"
    low, top = (-(1 << used - 1), (1 << used - 1) - 1) if signed else (0, (1 << used) - 1)
    if not shift and values.min() >= low and values.max() <= top:
        return values
    left = bits - used - shift
    return values if left < 0 else np.right_shift(np.left_shift(values, left), bits - used)


def _swap_palette(dataset: Dataset) -> None:
    """Palette words of a big-endian file, which pydicom takes as they stand, to little endian."""
    if dataset.original_encoding[1] is not False:
        return
    for colour in ("Red", "Green", "Blue"):
        name = f"{colour}PaletteColorLookupTableData"
        if name in dataset and dataset[name].VR == "OW":
            dataset[name].value = np.frombuffer(dataset[name].value, ">u2").astype("<u2").tobytes()


def _byte_colours(colours: NDArray[Any]) -> NDArray[np.uint8]:
    """Palettes of 16 bits to 8: the high byte."""
    colours = colours[..., :3]
    if colours.dtype.itemsize * _BYTE >= _HALF_WORD:
        colours = colours >> _BYTE
    return np.asarray(colours, dtype=np.uint8)


def _grey(stored: NDArray[Any], dataset: Dataset, header: DicomHeader, photometric: str) -> Frames:
    values, ends, unit, notes = _rescaled(stored, dataset, header)
    windows = _windows(dataset)
    if photometric == "MONOCHROME1" and unit != "HU":
        total = ends[0] + ends[1]
        values = _compact(total - values.astype(np.float64))
        windows = tuple((total - centre, width) for centre, width in windows)
        notes = (*notes, "MONOCHROME1: inverted, so that bright is dense")
    if unit != "HU":
        values = _with_dark_padding(values, stored, dataset)
    return Frames(values, unit, windows, False, notes)


def _with_dark_padding(
    values: NDArray[Any], stored: NDArray[Any], dataset: Dataset
) -> NDArray[Any]:
    """Pixels outside the image proper (PS3.3 C.7.5.1.1.2) as dark as the darkest in it."""
    ends = [whole_of(dataset, k) for k in ("PixelPaddingValue", "PixelPaddingRangeLimit")]
    stated = [end for end in ends if end is not None]
    if ends[0] is None:
        return values
    outside = (stored >= min(stated)) & (stored <= max(stated))
    if not outside.any() or outside.all():
        return values
    return np.where(outside, values[~outside].min(), values)


def _rescaled(
    stored: NDArray[Any], dataset: Dataset, header: DicomHeader
) -> tuple[NDArray[Any], tuple[float, float], str, tuple[str, ...]]:
    """Values after the modality transformation, their possible range, and their unit."""
    if "ModalityLUTSequence" in dataset:
        values = _compact(apply_modality_lut(stored, dataset))
        return values, (float(values.min()), float(values.max())), "stored", ()
    rescales = [_rescale_of(source) for source in _frame_sources(dataset, header.frames)]
    types = {kind for _, _, kind in rescales}
    low, high = _stored_range(stored, dataset)
    slope, intercept, _ = rescales[0]
    ends = (low * slope + intercept, high * slope + intercept)
    is_hu = header.modality == "CT" and not header.is_localizer and types <= {"HU", ""}
    stated = any(found != (1.0, 0.0, "none") for found in rescales)
    unit = "HU" if is_hu and stated else "stored"
    notes = (
        ("a CT whose values are not stated to be Hounsfield units",)
        if header.modality == "CT" and unit != "HU" and not header.is_localizer
        else ()
    )
    if all(found[:2] == (1.0, 0.0) for found in rescales):
        return stored, ends, unit, notes
    if len(rescales) == 1:
        return _compact(stored * np.float64(slope) + intercept), ends, unit, notes
    scaled = np.stack(
        [frame * np.float64(s) + i for frame, (s, i, _) in zip(stored, rescales, strict=True)]
    )
    return _compact(scaled), ends, unit, notes


def _rescale_of(source: list[Dataset]) -> tuple[float, float, str]:
    """Slope, intercept and type (PS3.3 C.11.1); type ``none`` if nothing is stated."""
    for dataset in source:
        slope, intercept = (numbers_of(dataset, k, 1) for k in ("RescaleSlope", "RescaleIntercept"))
        if slope is None and intercept is None:
            continue
        # A slope of nought would erase the image; it stands for none.
        factor = (slope or (1.0,))[0] or 1.0
        return factor, (intercept or (0.0,))[0], text_of(dataset, "RescaleType").upper()
    return 1.0, 0.0, "none"


def _frame_sources(dataset: Dataset, frames: int) -> list[list[Dataset]]:
    """Where each frame's transformation may stand; one entry if it is the same for all."""
    shared = [
        *_items(next(iter(dataset.get("SharedFunctionalGroupsSequence") or ()), None)), dataset,
    ]  # fmt: skip
    groups = list(dataset.get("PerFrameFunctionalGroupsSequence") or ())
    if len(groups) != frames or not any(_items(group) for group in groups):
        return [shared]
    return [[*_items(group), *shared] for group in groups]


def _items(group: Dataset | None) -> list[Dataset]:
    return list((group.get("PixelValueTransformationSequence") or ())[:1]) if group else []


def _stored_range(stored: NDArray[Any], dataset: Dataset) -> tuple[float, float]:
    if stored.dtype.kind == "f":
        return float(stored.min()), float(stored.max())
    bits = whole_of(dataset, "BitsStored") or stored.dtype.itemsize * _BYTE
    bits = min(max(bits, 1), stored.dtype.itemsize * _BYTE)
    half = 1 << bits - 1
    return (-half, half - 1) if stored.dtype.kind == "i" else (0, 2 * half - 1)


def _compact(values: NDArray[Any]) -> NDArray[Any]:
    """Whole numbers that fit as 16-bit integers, anything else as 32-bit floats."""
    if values.dtype.kind != "f":
        return values
    limits = np.iinfo(np.int16)
    if values.size and limits.min <= values.min() and values.max() <= limits.max:
        whole = values.astype(np.int16)
        if np.array_equal(whole, values):
            return whole
    return values.astype(np.float32)


def _windows(dataset: Dataset) -> Windows:
    """Recommended windows (PS3.3 C.11.2), those of the first frame for a multi-frame object."""
    sources = [dataset]
    for name in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
        group = next(iter(dataset.get(name) or ()), None)
        item = next(iter(group.get("FrameVOILUTSequence") or ()), None) if group else None
        sources += [item] if item is not None else []
    for source in sources:
        centres, widths = (_floats(source, k) for k in ("WindowCenter", "WindowWidth"))
        found = tuple((c, w) for c, w in zip(centres, widths, strict=False) if w > 0)
        if found:
            return found
    return _lut_window(dataset)


def _floats(dataset: Dataset, keyword: str) -> list[float]:
    try:
        return [float(word) for word in words_of(dataset, keyword)] or list(
            numbers_of(dataset, keyword, 1) or ()
        )
    except ValueError:
        return []


def _lut_window(dataset: Dataset) -> Windows:
    """The range of input values that a VOI LUT spreads, as a window."""
    item = next(iter(dataset.get("VOILUTSequence") or ()), None)
    described = numbers_of(item, "LUTDescriptor", 3) if item is not None else None
    if described is None:
        return ()
    entries = described[0] or 65536
    return ((described[1] + entries / 2, entries),)
