"""A case as it is written into the index, so that damage and repetition are noticed."""

from __future__ import annotations

import hashlib

from dxtrace.retrieval.cases.database import REMEDY
from dxtrace.retrieval.cases.record import CaseRecord
from dxtrace.retrieval.errors import DamagedIndex


def read_record(content: str, sha256: str) -> CaseRecord:
    """A record as it was written.

    Raises:
        DamagedIndex: if it is not.
    """
    if sha256_of(content) != sha256:
        raise DamagedIndex(f"a case of the index is not as it was written: {REMEDY}")
    return CaseRecord.model_validate_json(content)


def text_key(text: str) -> str:
    """The same for texts of the same words, however they are set."""
    return sha256_of(" ".join(text.lower().split()))


def sha256_of(text: str) -> str:
    """The hash of a text, also of one that is no proper Unicode."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
