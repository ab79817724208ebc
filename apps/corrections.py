"""Corrections as people type them: ``f2=absent``, ``f2=4 mm, left``, ``f2=rejected``."""

import re
from typing import Any

from pydantic import ValidationError

from apps.exit_status import UsageError
from dxtrace.clinical import Correction, Laterality, Measurement, Presence

_SIZE = re.compile(r"^(?P<value>\d+(?:\.\d+)?)\s*(?P<unit>mm|cm)(?:\s+(?P<kind>[a-z_ ]+))?$")
_MM_PER_CM = 10
_EXPECTED = (
    "expected FINDING=WORDS such as f2=absent, f2='4 mm', f2='6 mm long_axis, left' or f2=rejected"
)


def read_correction(text: str, by: str) -> Correction:
    """Read a correction.

    Args:
        text: the finding's id, ``=``, and words between commas: a presence, a side, sizes, or
            ``rejected``.
        by: who corrects.

    Raises:
        UsageError: if it cannot be read.
    """
    finding, sign, words = (part.strip() for part in text.partition("="))
    if not (finding and sign and words):
        raise UsageError(f"--correct: {_EXPECTED}; got {text!r}")
    fields: dict[str, Any] = {"finding": finding, "by": by}
    for word in (w.strip().lower() for w in words.split(",")):
        _add(fields, word, text)
    try:
        return Correction.model_validate(fields)
    except ValidationError as error:
        raise UsageError(f"--correct: {error.errors()[0]['msg']}") from None


def _add(fields: dict[str, Any], word: str, text: str) -> None:
    size = _SIZE.match(word)
    if word == "rejected":
        fields["rejected"] = True
    elif word in set(Presence):
        fields["presence"] = word
    elif word in set(Laterality):
        fields["laterality"] = word
    elif size:
        scale = _MM_PER_CM if size["unit"] == "cm" else 1
        kind = (size["kind"] or "diameter").strip().replace(" ", "_")
        measured = Measurement(kind=kind, value=float(size["value"]) * scale, unit="mm")
        fields["measurements"] = (*fields.get("measurements", ()), measured)
    else:
        raise UsageError(f"--correct: {_EXPECTED}; got {word!r} in {text!r}")
