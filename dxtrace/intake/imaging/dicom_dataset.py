"""DICOM files to pydicom datasets, guarded: bombs, cut files, and messages that quote values."""

import contextlib
import logging
import struct
import threading
import warnings
import zlib
from io import BytesIO
from pathlib import Path

from pydicom import Dataset, dcmread
from pydicom.errors import BytesLengthException, InvalidDicomError

from dxtrace.intake.errors import IntakeError
from dxtrace.intake.imaging.sources import inflate, read_source
from dxtrace.intake.limits import IntakeLimits

# What pydicom and its plug-ins raise on damaged data. Their messages may quote values: never shown.
DAMAGE = (
    ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RuntimeError, EOFError,
    OSError, MemoryError, AssertionError, struct.error, zlib.error, InvalidDicomError,
    BytesLengthException,
)  # fmt: skip
_DEFLATED = b"1.2.840.10008.1.2.1.99"
_EXPLICIT = b"1.2.840.10008.1.2.1\0\0\0"
_META_START = 132
_SEQUENCE_END = b"\xfe\xff\xdd\xe0\0\0\0\0"
PIXEL_KEYWORDS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")


class _Silence:
    """Silence for as long as one thread needs it: the first in sets it, the last out lifts it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._depth = 0
        self._undo = contextlib.ExitStack()

    def __enter__(self) -> None:
        with self._lock:
            self._depth += 1
            if self._depth == 1:
                self._undo.enter_context(warnings.catch_warnings())
                warnings.simplefilter("ignore")
                logger = logging.getLogger("pydicom")
                # Its child loggers take their level from it.
                self._undo.callback(logger.setLevel, logger.level)
                logger.setLevel(logging.CRITICAL + 1)

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._depth -= 1
            if self._depth == 0:
                self._undo.close()


_silence = _Silence()


def quiet_pydicom() -> contextlib.AbstractContextManager[None]:
    """Silence pydicom: its warnings and log lines quote the values they complain about."""
    return _silence


def read_header(path: Path, limits: IntakeLimits, keywords: tuple[str, ...]) -> Dataset:
    """Read the named attributes and nothing else.

    Raises:
        IntakeError: if it is no DICOM file, or damaged before its pixels.
    """
    with quiet_pydicom(), contextlib.ExitStack() as stack:
        try:
            stream = (
                stack.enter_context(path.open("rb"))
                if path.is_file() and not _is_deflated(read_source(path, limits, first=4096))
                else BytesIO(_plain_bytes(path, limits))
            )
            dataset = dcmread(
                stream, stop_before_pixels=True, force=True, specific_tags=list(keywords)
            )
            # Sequences are parsed when touched: touch them while damage can be told apart.
            list(dataset)
        except IntakeError:
            raise
        except DAMAGE:
            raise IntakeError("the DICOM header is damaged or cut short") from None
    return dataset


def read_object(path: Path, limits: IntakeLimits) -> Dataset:
    """Read a DICOM file that need not be an image, whole.

    Raises:
        IntakeError: if it is damaged or too large.
    """
    raw = _plain_bytes(path, limits)
    with quiet_pydicom():
        try:
            return dcmread(BytesIO(raw), force=True)
        except DAMAGE:
            raise IntakeError("the DICOM file is damaged or cut short") from None


def read_whole(path: Path, limits: IntakeLimits) -> tuple[Dataset, tuple[str, ...]]:
    """Read a DICOM file with its pixel data, and say what had to be mended.

    Raises:
        IntakeError: if it is damaged or holds no pixel data.
    """
    raw = _plain_bytes(path, limits)
    with quiet_pydicom():
        try:
            dataset = dcmread(BytesIO(raw), force=True)
            if any(keyword in dataset for keyword in PIXEL_KEYWORDS):
                return dataset, ()
            dataset = dcmread(BytesIO(raw + _SEQUENCE_END), force=True)
        except DAMAGE:
            raise IntakeError("the DICOM file is damaged or cut short") from None
    if not any(keyword in dataset for keyword in PIXEL_KEYWORDS):
        raise IntakeError("the DICOM file holds no pixel data, or is cut short before their end")
    return dataset, ("the file ends too early: the mark after its last frame is missing",)


def _is_deflated(head: bytes) -> bool:
    return _DEFLATED in head


def _plain_bytes(path: Path, limits: IntakeLimits) -> bytes:
    """The file, with a deflated dataset (PS3.5 A.5) inflated within the limit."""
    raw = read_source(path, limits)
    if not _is_deflated(raw[:4096]):
        return raw
    try:
        start = _META_START + 12 + int(struct.unpack_from("<I", raw, _META_START + 8)[0])
    except struct.error:
        raise IntakeError("the DICOM header is damaged or cut short") from None
    meta = raw[:start].replace(_DEFLATED, _EXPLICIT)
    return meta + inflate(raw[start:], limits.max_image_bytes)
