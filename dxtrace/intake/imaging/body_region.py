"""Words of headers to the few words that a case uses; anything else stays unknown.

Only words of these lists come out, whatever a header holds: free text may name a person.
"""

import re

# DICOM PS3.16 CID 4 and the usual ways to write it in BodyPartExamined, descriptions and protocols.
_BODY_PARTS = {
    "chest": ("chest", "thorax", "lung", "lungs", "cxr", "thoracic", "ribs"),
    "abdomen": ("abdomen", "abdominal", "liver", "kidney", "kidneys", "pancreas", "abd"),
    "pelvis": ("pelvis", "pelvic", "prostate", "bladder"),
    "head": ("head", "brain", "skull", "cerebral", "neuro", "schaedel"),
    "neck": ("neck", "thyroid", "larynx"),
    "breast": ("breast", "mammo", "mammography"),
    "heart": ("heart", "cardiac", "coronary", "thoraxheart"),
    "spine": ("spine", "cspine", "tspine", "lspine", "lumbar", "cervical"),
    "eye": ("eye", "fundus", "retina", "orbit"),
    "extremity": (
        "extremity", "hand", "foot", "knee", "shoulder", "ankle", "wrist", "elbow", "arm", "leg",
        "femur", "humerus", "tibia", "finger", "toe", "forearm", "calf",
    ),
    "hip": ("hip", "hips"),
}  # fmt: skip
BODY_PARTS = frozenset(_BODY_PARTS)
"""The words that a case uses for parts of the body."""
_PART_OF_WORD = {word: part for part, words in _BODY_PARTS.items() for word in words}
_VIEWS = {
    "pa": ("pa", "posteroanterior"),
    "ap": ("ap", "anteroposterior"),
    "lateral": ("ll", "rl", "lat", "lateral", "rll", "lll"),
    "oblique": ("lao", "rao", "lpo", "rpo", "oblique"),
    "cc": ("cc",),
    "mlo": ("mlo",),
}
_VIEW_OF_WORD = {word: view for view, words in _VIEWS.items() for word in words}
_WORD = re.compile(r"[a-z]+")


def read_body_part(*texts: str) -> str | None:
    """The body part that the first telling text names; None if it names none or several."""
    return _first_single(_PART_OF_WORD, texts)


def read_view(*texts: str) -> str | None:
    """The view of a radiograph, or None."""
    return _first_single(_VIEW_OF_WORD, texts)


def _first_single(table: dict[str, str], texts: tuple[str, ...]) -> str | None:
    for text in texts:
        named = {table[word] for word in _WORD.findall(text.lower()) if word in table}
        if named:
            return named.pop() if len(named) == 1 else None
    return None
