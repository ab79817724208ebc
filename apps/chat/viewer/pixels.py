"""Volumes and overlays of a session, read when somebody looks at them."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict

from apps.chat.viewer.contents import Listed, listed_series, refusal_of
from apps.chat.viewer.overlays import Overlays, build_overlays
from apps.chat.viewer.scene import Scene
from apps.chat.viewer.viewed import Viewed
from dxtrace.clinical import Artifact
from dxtrace.intake import IntakeError
from dxtrace.intake.imaging import load_volume, volume_key

_KEPT = 16
_VERSION = "1"
"""Goes into each tag: what is sent for the same files has changed when this has."""


class UnknownSeriesError(LookupError):
    """There is no series of that number."""


class OverlayShelf:
    """Overlays that were packed lately, in gzip: they are small, and take a while to make.

    Args:
        most: how many series are kept.
    """

    def __init__(self, most: int = _KEPT) -> None:
        self._most = most
        self._kept: OrderedDict[str, Overlays] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, viewed: Viewed, listed: Listed) -> Overlays:
        """The overlays of a series.

        Raises:
            IntakeError: if the series cannot be read.
        """
        tag = overlay_tag(viewed, listed)
        with self._lock:
            found = self._kept.get(tag)
            if found is not None:
                self._kept.move_to_end(tag)
                return found
        made = build_overlays(scene_of(listed), _masks(viewed, listed), viewed.files)
        with self._lock:
            self._kept[tag] = made
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return made


def find_series(viewed: Viewed, number: int) -> Listed:
    """A series by its number.

    Raises:
        UnknownSeriesError: if there is none.
    """
    for listed in listed_series(viewed.case):
        if listed.number == number:
            return listed
    raise UnknownSeriesError(f"there is no series {number}")


def scene_of(listed: Listed) -> Scene:
    """The pixels of a series, turned.

    Raises:
        IntakeError: if it cannot be read, or is too large for a browser.
    """
    stated = listed.series
    _refuse(stated.shape, is_colour=bool(stated.is_colour))
    volume = load_volume(stated)
    _refuse(volume.spatial_shape, is_colour=volume.is_colour)
    return Scene.of(volume)


def volume_tag(listed: Listed) -> str:
    """Changes whenever a file of the series, or what the case says of it, does.

    Raises:
        IntakeError: if a file is gone.
    """
    try:
        files = volume_key(listed.series)
    except OSError as error:
        raise IntakeError(f"cannot be read: {error.strerror}") from None
    return _hash(_VERSION, repr(files), listed.series.model_dump_json())


def overlay_tag(viewed: Viewed, listed: Listed) -> str:
    """Changes whenever the series or one of its masks does.

    Raises:
        IntakeError: if a file of the series is gone.
    """
    masks = [a.model_dump_json() for a in _masks(viewed, listed)]
    return _hash(volume_tag(listed), str(viewed.files), *masks)


def _masks(viewed: Viewed, listed: Listed) -> list[Artifact]:
    artifacts = viewed.result.artifacts if viewed.result else ()
    return [a for a in artifacts if a.kind == "mask" and a.series == listed.series.id]


def _refuse(shape: tuple[int, ...] | None, *, is_colour: bool) -> None:
    reason = refusal_of(shape, is_colour=is_colour)
    if reason:
        raise IntakeError(reason)


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]
