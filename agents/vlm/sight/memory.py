"""The last sights, for a model that is asked again while nothing new was found."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping

from agents.vlm.sight.kept_marks import KeptFiles
from agents.vlm.sight.picture import Sight
from dxtrace.clinical import Case, Concept, Finding
from dxtrace.intake import IntakeError

_MOST_BYTES = 64_000_000


class SightMemory:
    """Sights by what they were made of; the least recently used go first.

    Args:
        most_bytes: of all their pictures together.
    """

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self._sights: OrderedDict[Hashable, Sight] = OrderedDict()
        self._lock = threading.Lock()
        self._most_bytes = most_bytes

    def recall(self, key: Hashable, make: Callable[[], Sight]) -> Sight:
        """The sight with this key; made if it is not remembered, or if there is no key."""
        if key is None:
            return make()
        with self._lock:
            known = self._sights.get(key)
            if known is not None:
                self._sights.move_to_end(key)
                return known
        sight = make()
        with self._lock:
            self._sights[key] = sight
            while sum(map(_size, self._sights.values())) > self._most_bytes:
                self._sights.popitem(last=False)
        return sight


def _size(sight: Sight) -> int:
    return sum(len(picture.png) for picture in sight.pictures)


def key_of(
    case: Case,
    findings: Iterable[Finding],
    kept: KeptFiles | None,
    concepts: Mapping[str, Concept],
    *further: Hashable,
) -> Hashable:
    """What a sight is made of: image files as they are now, findings, masks.

    Args:
        case: the case.
        findings: what was found.
        kept: the files that calls have left.
        concepts: the vocabulary.
        further: whatever else decides.

    Returns:
        None if a file cannot be looked at: such a sight is not remembered.
    """
    from dxtrace.intake.imaging import volume_key

    studies = []
    try:
        for study in case.studies:
            for one in study.series:
                first = one.images[0].model_dump_json() if one.images else ""
                words = one.model_dump_json(exclude={"images"})
                files = volume_key(one)
                studies.append((study.id, study.day, study.is_prior, words, first, files))
    except (OSError, IntakeError):
        return None
    found = tuple(
        (f.model_dump_json(), concepts[f.concept].name if f.concept in concepts else "")
        for f in findings
    )
    masks = (kept.root, tuple((a.path, a.sha256) for a in kept.artifacts)) if kept else None
    return tuple(studies), found, masks, *further
