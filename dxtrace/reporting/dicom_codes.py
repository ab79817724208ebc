"""Concepts, sides and units as the coded entries of DICOM (PS3.16 section 8)."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from dxtrace.clinical import Concept

if TYPE_CHECKING:
    from highdicom.sr import CodedConcept

PRIVATE_SCHEME = "99DXTRACE"
_DESIGNATORS = {
    "RADLEX": "RADLEX", "SNOMEDCT": "SCT", "SNOMED": "SCT", "SCT": "SCT", "LOINC": "LN",
}  # fmt: skip
"""Coding scheme designators of DICOM PS3.16 section 8, for the schemes of the vocabulary."""
_MEANING_LENGTH = 64  # value representation LO, PS3.5 6.2
_CODE_LENGTH = 16  # value representation SH


def concept_code(concept: Concept | None, key: str) -> CodedConcept:
    """The code of a concept: one that the vocabulary lists, else a private one.

    Args:
        concept: the vocabulary's entry; None if it has none.
        key: the concept's key.
    """
    listed = listed_code(concept) if concept else None
    return listed or private_code(key, concept.name if concept else key.replace("_", " "))


def listed_code(concept: Concept) -> CodedConcept | None:
    """The first code that the vocabulary lists in a scheme that DICOM knows, if there is one."""
    from highdicom.sr import CodedConcept

    for code in concept.index_codes:
        scheme = designator(code.system)
        if scheme is not None and len(code.code) <= _CODE_LENGTH:
            meaning = (code.display or concept.name)[:_MEANING_LENGTH]
            return CodedConcept(value=code.code, scheme_designator=scheme, meaning=meaning)
    return None


def designator(system: str) -> str | None:
    """DICOM's name of a terminology of the vocabulary; None if DICOM has none."""
    return _DESIGNATORS.get(re.sub(r"[^A-Z]", "", system.upper()))


def private_code(key: str, name: str) -> CodedConcept:
    """A private code (PS3.16 section 8.2); it says what is meant and nothing more.

    The value is the key, or a hash of one that is too long for a code value: readers that know no
    long code values are common.
    """
    from highdicom.sr import CodedConcept

    value = key if len(key) <= _CODE_LENGTH else hashlib.sha256(key.encode()).hexdigest()[:12]
    shown = "".join(c if c.isprintable() and c != "\\" else " " for c in name)
    meaning = shown.strip()[:_MEANING_LENGTH].strip()
    return CodedConcept(
        value=value, scheme_designator=PRIVATE_SCHEME, meaning=meaning or "structure"
    )


def coded(code: object) -> CodedConcept:
    """A code of pydicom's dictionaries as highdicom wants it."""
    from highdicom.sr import CodedConcept

    found: CodedConcept = CodedConcept.from_code(code)  # type: ignore[arg-type]
    return found
