"""What a segment shows, in the codes that viewers know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dxtrace.clinical import Concept
from dxtrace.clinical.volume import Mask
from dxtrace.reporting.dicom_codes import coded, listed_code, private_code

if TYPE_CHECKING:
    from highdicom.sr import CodedConcept


@dataclass(frozen=True)
class PropertyCodes:
    """Codes of a segment.

    Attributes:
        category: an anatomical structure or an abnormal one (CID 7150).
        type: what it is (CID 7151 and others), or a private code where nothing fits.
        side: left or right (CID 244), as a modifier of the type.
    """

    category: CodedConcept
    type: CodedConcept
    side: CodedConcept | None = None


def property_codes(mask: Mask, concepts: Mapping[str, Concept]) -> PropertyCodes:
    """Codes of what a mask shows: those of its concept, else those of DICOM for its name.

    Args:
        mask: a mask with a concept shows something abnormal, any other a part of the body.
        concepts: the vocabulary.
    """
    from pydicom.sr.codedict import codes

    concept = concepts.get(mask.concept or "")
    abnormal = mask.concept is not None
    category = (
        codes.SCT.MorphologicallyAbnormalStructure if abnormal else codes.SCT.AnatomicalStructure
    )
    side, words = _side_apart(mask.name)
    found = (listed_code(concept) if concept else None) or _of_words(words)
    if found is None:
        name = concept.name if concept else mask.title or mask.name.replace("_", " ")
        found = private_code(mask.concept or mask.name, name)
    return PropertyCodes(coded(category), found, coded(side) if side else None)


def _side_apart(name: str) -> tuple[object | None, list[str]]:
    from pydicom.sr.codedict import codes

    words = [w for w in name.lower().split("_") if w]
    sides = {"left": codes.SCT.Left, "right": codes.SCT.Right}
    found = [w for w in words if w in sides]
    rest = [w for w in words if w not in sides]
    return (sides[found[0]] if len(found) == 1 else None), rest


def _of_words(words: list[str]) -> CodedConcept | None:
    """The code that DICOM has under these words as a keyword, such as ``Lung``."""
    from pydicom.sr.codedict import codes

    singular = [*words[:-1], words[-1].removesuffix("s")] if words else []
    for candidate in (words, singular):
        keyword = "".join(w.capitalize() for w in candidate)
        if keyword and keyword in dir(codes.SCT):
            return coded(getattr(codes.SCT, keyword))
    return None
