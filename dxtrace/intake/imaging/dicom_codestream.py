"""Compressed frames whose own headers disagree with the DICOM header: bombs, refused undecoded."""

import struct

from pydicom import Dataset
from pydicom.encaps import generate_frames

from dxtrace.intake.errors import IntakeError
from dxtrace.intake.imaging.dicom_dataset import DAMAGE
from dxtrace.intake.imaging.dicom_header import DicomHeader
from dxtrace.intake.limits import IntakeLimits

_J2K_SIZE = b"\xff\x4f\xff\x51"
# Start-of-frame markers of JPEG and JPEG-LS; C4, C8 and CC are others.
_START_OF_FRAME = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}
# Frames are padded to an even length, some writers pad more and with other bytes than nought.
_PADDED = 16
_END = b"\xff\xd9"
_JPEG_START = b"\xff\xd8"
_LONELY = {0x01, *range(0xD0, 0xD9)}
# Box headers of a JP2 file before its codestream stay far below this.
_JP2_HEAD = 1024


def syntax_name(dataset: Dataset) -> str:
    """The transfer syntax in words, never a value that somebody wrote into the file."""
    try:
        uid = dataset.file_meta.TransferSyntaxUID
        return str(uid.name) if uid.name != str(uid) else "a transfer syntax that is not known"
    except DAMAGE:
        return "no transfer syntax stated"


def is_encapsulated(dataset: Dataset) -> bool:
    """Whether pixel data come in fragments (PS3.5 A.4)."""
    element = dataset.get("PixelData") and dataset["PixelData"]
    return bool(element) and bool(element.is_undefined_length)


def frames_of(dataset: Dataset, count: int) -> list[bytes]:
    """The encapsulated frames.

    Raises:
        IntakeError: if they are damaged or fewer than ``count``.
    """
    try:
        found = list(generate_frames(dataset.PixelData, number_of_frames=count))
    except DAMAGE:
        raise IntakeError("the fragments of the pixel data are damaged or cut short") from None
    if len(found) < count:
        raise IntakeError(f"expected {count} frame(s), got {len(found)}: the file is cut short")
    return found


def check_frame_sizes(dataset: Dataset, header: DicomHeader, limits: IntakeLimits) -> None:
    """Hold the size in each compressed frame against rows and columns.

    Raises:
        IntakeError: if a frame lacks its end, or says another size, which a decoder would allocate.
    """
    if not is_encapsulated(dataset):
        return
    for frame in frames_of(dataset, header.frames):
        if _is_cut_short(frame):
            raise IntakeError("a compressed frame is cut short: its end is missing")
        size = codestream_size(frame)
        if size is not None and size != (header.rows, header.columns):
            raise IntakeError(
                f"expected frames of {header.rows} x {header.columns} pixels, as the header says, "
                f"got a compressed frame of {size[0]} x {size[1]}"
            )
    if header.decoded_bytes > limits.max_image_bytes:
        raise IntakeError(f"expected at most {limits.max_image_bytes:,} bytes of pixels")


def _is_cut_short(frame: bytes) -> bool:
    """Whether a JPEG, JPEG-LS or JPEG 2000 frame lacks its last marker.

    Decoders fill in for what is missing: some with grey, some after minutes.
    """
    is_marked = frame.startswith(_JPEG_START) or _J2K_SIZE in frame[:_JP2_HEAD]
    return is_marked and _END not in frame[-_PADDED:]


def codestream_size(frame: bytes) -> tuple[int, int] | None:
    """Rows and columns that a JPEG, JPEG-LS or JPEG 2000 frame states; None if it states none."""
    try:
        place = frame[:_JP2_HEAD].find(_J2K_SIZE)
        if place >= 0:
            x_size, y_size, x_offset, y_offset = struct.unpack_from(">4I", frame, place + 8)
            return y_size - y_offset, x_size - x_offset
        return _jpeg_size(frame) if frame.startswith(_JPEG_START) else None
    except struct.error:
        return None


def _jpeg_size(frame: bytes) -> tuple[int, int] | None:
    place = 2
    while place + 4 <= len(frame) and frame[place] == 0xFF:  # noqa: PLR2004 - every marker begins so
        marker = frame[place + 1]
        if marker in _START_OF_FRAME:
            rows, columns = struct.unpack_from(">2H", frame, place + 5)
            return rows, columns
        if marker in _LONELY:
            place += 2
        elif marker == 0xFF:  # noqa: PLR2004 - a fill byte
            place += 1
        else:
            place += 2 + int(struct.unpack_from(">H", frame, place + 2)[0])
    return None
