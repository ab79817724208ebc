"""What a model is shown."""

from __future__ import annotations

from dataclasses import dataclass

from agents.vlm.sight.places import Region


@dataclass(frozen=True)
class Shown:
    """A slice that a picture shows.

    Attributes:
        series: id of the series.
        slice: index, from 0, along the slice axis of the series' array, as calls of tools count it;
            None for a single image, and for a plane that was not acquired.
    """

    series: str
    slice: int | None = None


@dataclass(frozen=True)
class Picture:
    """A picture with what it shows in words.

    Attributes:
        png: the picture; it carries no metadata.
        width: in pixels.
        height: in pixels.
        caption: what it shows: current or prior, series, plane, slice, window, what is outlined,
            sides. Never a name, a number, a date or a path.
        tokens: what it costs, by estimate.
        shows: the slices in it.
        regions: its panels, for finding what lies under a pixel.
    """

    png: bytes
    width: int
    height: int
    caption: str
    tokens: int
    shows: tuple[Shown, ...] = ()
    regions: tuple[Region, ...] = ()


@dataclass(frozen=True)
class Sight:
    """What a model sees of a case.

    Attributes:
        pictures: the current examination before earlier ones.
        notes: what is not shown, and why.
    """

    pictures: tuple[Picture, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def tokens(self) -> int:
        """What all pictures cost, by estimate."""
        return sum(picture.tokens for picture in self.pictures)
