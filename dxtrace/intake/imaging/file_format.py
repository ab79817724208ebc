"""Which format a file has, by its first bytes rather than its name."""

import zlib
from enum import StrEnum
from pathlib import Path
from typing import Literal

HEAD_BYTES = 4096
_PREAMBLE = 128
_NIFTI_SIZES = {348: (344, (b"n+1\0", b"ni1\0")), 540: (4, (b"n+2\0", b"ni2\0"))}
_PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
# Without a preamble a DICOM file begins with a low group: file meta or identification.
_BARE_DICOM = (b"\x02\x00", b"\x08\x00", b"\x00\x08", b"\x00\x02")


class FileFormat(StrEnum):
    """Formats that intake reads."""

    DICOM = "DICOM"
    BARE_DICOM = "DICOM without its preamble"
    NIFTI = "NIfTI"
    NRRD = "NRRD"
    META_IMAGE = "MetaImage"
    PICTURE = "PNG, JPEG or TIFF"


def sniff_format(head: bytes, path: Path) -> FileFormat | None:
    """The format of a file.

    Args:
        head: its first :data:`HEAD_BYTES` bytes.
        path: its path; the name decides only where bytes cannot.
    """
    if head[_PREAMBLE : _PREAMBLE + 4] == b"DICM":
        return FileFormat.DICOM
    if head.startswith(_PICTURES):
        return FileFormat.PICTURE
    if head.startswith(b"NRRD000"):
        return FileFormat.NRRD
    if _is_nifti(_gunzipped(head)):
        return FileFormat.NIFTI
    name = path.name.lower()
    if name.endswith(".mha") and b"=" in head[:200]:
        return FileFormat.META_IMAGE
    bare = path.suffix.lower() in {".dcm", ".dicom", ".ima", ""}
    return FileFormat.BARE_DICOM if bare and head.startswith(_BARE_DICOM) else None


def _gunzipped(head: bytes) -> bytes:
    if not head.startswith(b"\x1f\x8b"):
        return head
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(head, HEAD_BYTES)
    except zlib.error:
        return b""


def _is_nifti(head: bytes) -> bool:
    orders: tuple[Literal["little", "big"], ...] = ("little", "big")
    for order in orders:
        size = int.from_bytes(head[:4], order)
        if size in _NIFTI_SIZES:
            place, marks = _NIFTI_SIZES[size]
            return head[place : place + 4] in marks
    return False
