"""Encodings that the decoders leave out: deflated frames, and run lengths of single bits."""

import struct

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from dxtrace.intake.errors import IntakeError
from dxtrace.intake.imaging.dicom_codestream import frames_of
from dxtrace.intake.imaging.dicom_fields import text_of
from dxtrace.intake.imaging.dicom_header import DicomHeader
from dxtrace.intake.imaging.sources import inflate

DEFLATED_IMAGE = "1.2.840.10008.1.2.8.1"
RLE = "1.2.840.10008.1.2.5"
_RLE_HEADER = 64
_NO_OPERATION = 128
_BYTE = 8


def salvage_bits(dataset: Dataset, header: DicomHeader) -> NDArray[np.generic] | None:
    """Decode deflated frames (PS3.5 A.4.13) and run lengths of single bits (PS3.5 G).

    Returns:
        Values with axes (frame, row, column) or (frame, row, column, sample); None if the object
        has another encoding, which pydicom's decoders read.

    Raises:
        IntakeError: if a frame is damaged.
    """
    syntax = str(getattr(getattr(dataset, "file_meta", None), "TransferSyntaxUID", ""))
    if syntax == RLE and header.bits == 1:
        size = (header.rows * header.columns + _BYTE - 1) // _BYTE
        parts = [_unroll(frame, size) for frame in frames_of(dataset, header.frames)]
    elif syntax == DEFLATED_IMAGE:
        values = header.rows * header.columns * header.samples
        size = (values * header.bits + _BYTE - 1) // _BYTE
        # A frame is padded to an even length before it is deflated.
        parts = [inflate(frame, size + 1) for frame in frames_of(dataset, header.frames)]
    else:
        return None
    if any(len(part) < size for part in parts):
        raise IntakeError(f"expected frames of {size:,} bytes, got shorter ones")
    return np.stack([_values(part[:size], dataset, header) for part in parts])


def _values(part: bytes, dataset: Dataset, header: DicomHeader) -> NDArray[np.generic]:
    shape = (header.rows, header.columns)
    if header.bits == 1:
        bits = np.unpackbits(np.frombuffer(part, np.uint8), bitorder="little")
        return bits[: header.rows * header.columns].reshape(shape)
    kind = "i" if text_of(dataset, "PixelRepresentation") == "1" else "u"
    values = np.frombuffer(part, f"<{kind}{header.bits // _BYTE}")
    if header.samples == 1:
        return values.reshape(shape)
    if text_of(dataset, "PlanarConfiguration") == "1":
        return np.moveaxis(values.reshape(header.samples, *shape), 0, -1)
    return values.reshape(*shape, header.samples)


def _unroll(frame: bytes, size: int) -> bytes:
    """One run-length segment (PS3.5 G.3), at most ``size`` bytes of it."""
    try:
        count, start = struct.unpack_from("<2L", frame)
    except struct.error:
        raise IntakeError("a run-length frame is cut short") from None
    if count != 1 or start < _RLE_HEADER:
        raise IntakeError(f"expected one run-length segment for single bits, got {count}")
    out, place = bytearray(), start
    while len(out) < size and place < len(frame):
        control = frame[place]
        place += 1
        if control < _NO_OPERATION:
            out += frame[place : place + control + 1]
            place += control + 1
        elif control > _NO_OPERATION:
            out += frame[place : place + 1] * (2 * _NO_OPERATION + 1 - control)
            place += 1
    if len(out) < size:
        raise IntakeError("a run-length frame is cut short")
    return bytes(out[:size])
