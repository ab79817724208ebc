"""The Basic Application Level Confidentiality Profile of DICOM PS3.15 Annex E, for exports.

At the door nothing needs it: intake reads an allow-list. It serves whoever writes DICOM objects
that derive from a source.
"""

import hashlib
import secrets
from functools import cache
from importlib.resources import files

from pydicom import DataElement, Dataset
from pydicom.tag import BaseTag, Tag
from pydicom.uid import UID

# PS3.5 B.2: a UID derived from a UUID; PS3.15 E.1: the same UID becomes the same in one run.
_UID_ROOT = "2.25."
_UID_DIGITS = 39
_PROCESS_SALT = secrets.token_bytes(32)
_DUMMIES = {
    "DA": "19000101", "DT": "19000101000000", "TM": "000000", "PN": "Anonymous", "UI": None,
    "IS": "0", "DS": "0", "AS": "000Y",
}  # fmt: skip
_NUMBERS = frozenset(("US", "UL", "SS", "SL", "FL", "FD", "UV", "SV"))
_BYTES = frozenset(("OB", "OW", "OF", "OD", "OL", "OV", "UN"))
_REPEATING_GROUPS = (range(0x5000, 0x5100), range(0x6000, 0x6100))


@cache
def basic_profile() -> dict[BaseTag, str]:
    """Tag to action code, as PS3.15 Table E.1-1 has them."""
    text = files(__package__).joinpath("basic_profile.txt").read_text(encoding="utf-8")
    rows = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    return {Tag(int(row[0], 16), int(row[1], 16)): row[2] for row in rows}


def deidentify_dataset(dataset: Dataset, *, salt: bytes = _PROCESS_SALT) -> Dataset:
    """A copy without what identifies; the pixel data are the same, text burned in included.

    Private attributes, curves and overlays go, attributes of the profile are removed, emptied or
    replaced by dummies, at every depth; UIDs are replaced by salted hashes, the same for the same.

    Args:
        dataset: any dataset; it is not changed.
        salt: makes hashed UIDs different elsewhere; by default new in each run of the program.

    Returns:
        A new dataset that says how it was de-identified.
    """
    clean = _clean(dataset, salt)
    clean.PatientIdentityRemoved = "YES"
    clean.DeidentificationMethod = "DICOM PS3.15 Basic Application Level Confidentiality Profile"
    meta = getattr(dataset, "file_meta", None)
    if meta is not None:
        clean.file_meta = type(meta)()
        if "TransferSyntaxUID" in meta:
            clean.file_meta.TransferSyntaxUID = meta.TransferSyntaxUID
        if "MediaStorageSOPClassUID" in meta:
            clean.file_meta.MediaStorageSOPClassUID = meta.MediaStorageSOPClassUID
        if "SOPInstanceUID" in clean:
            clean.file_meta.MediaStorageSOPInstanceUID = clean.SOPInstanceUID
    return clean


def hash_uid(uid: str, salt: bytes) -> UID:
    """A UID that stands for another and does not lead back to it without the salt."""
    digest = hashlib.sha256(salt + uid.encode("utf-8", "surrogatepass")).digest()
    return UID(_UID_ROOT + str(int.from_bytes(digest[:16]))[:_UID_DIGITS])


def _clean(dataset: Dataset, salt: bytes) -> Dataset:
    clean = Dataset()
    for element in dataset:
        kept = _clean_element(element, salt)
        if kept is not None:
            clean.add(kept)
    return clean


def _clean_element(element: DataElement, salt: bytes) -> DataElement | None:
    tag = element.tag
    if tag.is_private or any(tag.group in groups for groups in _REPEATING_GROUPS):
        return None
    action = basic_profile().get(tag)
    if action is None:
        return _clean_depths(element, salt)
    # Where the table lets the object's type decide, the mildest that any type allows is chosen.
    if action == "X":
        return None
    if action.endswith("U*") or action == "U":
        return _with_hashed_uids(element, salt)
    if element.VR == "SQ":
        return _clean_depths(element, salt)
    return DataElement(tag, element.VR, _dummy(element, keep_value="D" in action))


def _clean_depths(element: DataElement, salt: bytes) -> DataElement:
    if element.VR == "SQ":
        return DataElement(element.tag, "SQ", [_clean(item, salt) for item in element.value])
    if element.VR == "PN":
        # No attribute outside the table should hold a name; a new one might.
        return DataElement(element.tag, "PN", _DUMMIES["PN"])
    return element


def _with_hashed_uids(element: DataElement, salt: bytes) -> DataElement | None:
    if element.VR == "SQ":
        return _clean_depths(element, salt)
    value = element.value
    if not value:
        return element
    values = [value] if isinstance(value, str) else list(value)
    hashed = [hash_uid(str(uid), salt) for uid in values]
    return DataElement(element.tag, "UI", hashed if len(hashed) > 1 else hashed[0])


def _dummy(element: DataElement, *, keep_value: bool) -> object:
    """A value of the same kind that says nothing; empty where the profile allows it."""
    if not keep_value:
        return None if element.VR != "PN" else ""
    if element.VR in _NUMBERS:
        return 0
    if element.VR in _BYTES:
        return b"\0\0"
    return _DUMMIES.get(element.VR, "ANONYMISED")
