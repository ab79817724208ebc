"""Case ids to file names that are safe on every file system."""

import hashlib
import re
from collections import Counter

_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}(?<!\.)")
_RESERVED = re.compile(r"(?i)(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?")
_UNSAFE_RUN = re.compile(r"[^A-Za-z0-9._-]+")
_STEM_LENGTH = 60
_HASH_LENGTH = 12


class FileNames:
    """Gives every case id a file name of its own, also where case does not count.

    The same ids in the same order always get the same names.
    """

    def __init__(self) -> None:
        self._used: set[str] = set()
        self._ids: Counter[str] = Counter()

    def allocate(self, case_id: str) -> str:
        """A name without suffix that no id before was given."""
        self._ids[case_id] += 1
        name = case_id if _is_safe(case_id) else _hashed(case_id)
        if name.casefold() in self._used:
            name = _hashed(case_id)
        number, wanted = 1, name
        while name.casefold() in self._used:
            number += 1
            name = f"{wanted}-{number}"
        self._used.add(name.casefold())
        return name

    def is_repeated(self, case_id: str) -> bool:
        """Whether the id was given a name more than once."""
        return self._ids[case_id] > 1


def _is_safe(name: str) -> bool:
    return bool(_SAFE.fullmatch(name)) and not _RESERVED.fullmatch(name)


def _hashed(case_id: str) -> str:
    digest = hashlib.sha256(case_id.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_LENGTH]
    stem = _UNSAFE_RUN.sub("_", case_id)[:_STEM_LENGTH].strip("._-")
    return f"{stem or 'case'}-{digest}" if not _RESERVED.fullmatch(stem) else f"case-{digest}"
