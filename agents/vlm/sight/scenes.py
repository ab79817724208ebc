"""The series of a case in the order in which they are looked at, and opening one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from agents.vlm.sight.wording import names
from dxtrace.clinical import Case, Series, Study
from dxtrace.clinical.volume import Volume
from dxtrace.reporting.planes import Grid, Plane
from dxtrace.reporting.windows import Window, plain_window

if TYPE_CHECKING:
    from numpy.typing import NDArray

Loader = Callable[[Series], Volume]
_STACK = 3
AXES: Mapping[Plane, tuple[int, int, int]] = {
    "axial": (0, 1, 2), "coronal": (1, 0, 2), "sagittal": (2, 0, 1), "stored": (0, 1, 2),
}  # fmt: skip
"""Axes of a grid that are slice, row and column of each plane."""
_SEQUENCES: Mapping[str, str] = {
    "t1": "T1-weighted", "t1c": "T1-weighted after a contrast agent", "t2": "T2-weighted",
    "flair": "FLAIR",
}  # fmt: skip
_LOCALIZER = "localizer"


@dataclass(frozen=True)
class Scene:
    """A series in its examination.

    Attributes:
        series: the series.
        is_prior: whether it is of an earlier examination.
        days_before: how long before the current examination, if both days are known.
        place: ``2 of 4``: which of the series of current or earlier examinations.
        study: id of the examination.
    """

    series: Series
    is_prior: bool
    days_before: int | None
    place: str
    study: str

    @property
    def is_stack(self) -> bool | None:
        """Whether it has slices; None if nobody knows before it is read."""
        shape = self.series.shape
        return None if shape is None else len(shape) == _STACK

    @property
    def role(self) -> str:
        """``current`` or ``prior``."""
        return "prior" if self.is_prior else "current"


def scenes_of(case: Case, question: str) -> tuple[Scene, ...]:
    """The series of a case: current ones first, those that the question names before others.

    Scouts come last: nothing is read on them.
    """
    today = max((s.day for s in case.studies if s.day and not s.is_prior), default=None)
    studies = [(study, _is_earlier(study, today)) for study in case.studies]
    scenes: list[Scene] = []
    for wanted in (False, True):
        own = [(st, se) for st, earlier in studies if earlier is wanted for se in st.series]
        if wanted:
            own.sort(key=lambda pair: pair[0].day or date.min, reverse=True)
        own = [(study, series) for study, series in own if series.images]
        scenes += [
            Scene(series, wanted, _days(study, today), f"{n} of {len(own)}", study.id)
            for n, (study, series) in enumerate(own, start=1)
        ]
    return tuple(sorted(scenes, key=lambda s: (s.is_prior, _rank(s.series, question))))


def _is_earlier(study: Study, today: date | None) -> bool:
    return study.is_prior or bool(study.day and today and study.day < today)


def _days(study: Study, today: date | None) -> int | None:
    return (today - study.day).days if today and study.day and study.day < today else None


def _rank(series: Series, question: str) -> int:
    """0 for what the question names, 1 for the others, 2 for scouts."""
    if _LOCALIZER in series.description:
        return 2
    called = [w.lower() for w in (series.modality, series.sequence, series.id) if w]
    return 0 if any(names(question, word) for word in called) else 1


def earlier_of(scene: Scene, scenes: Sequence[Scene]) -> Scene | None:
    """The newest earlier series that is like a current one: its modality, part and weighting."""
    if scene.is_prior:
        return None
    return next((s for s in scenes if s.is_prior and _is_like(scene, s)), None)


def later_of(scene: Scene, scenes: Sequence[Scene]) -> Scene | None:
    """The current series that an earlier one is laid beside."""
    if not scene.is_prior:
        return None
    return next((s for s in scenes if earlier_of(s, scenes) is scene), None)


def _is_like(one: Scene, other: Scene) -> bool:
    a, b = one.series, other.series
    parts = [next((i.body_part for i in s.images if i.body_part), None) for s in (a, b)]
    return (
        a.modality == b.modality
        and a.sequence == b.sequence
        and one.is_stack == other.is_stack
        and (parts[0] == parts[1] or None in parts)
    )


@dataclass(frozen=True, eq=False)
class Opened:
    """A series that was read.

    Attributes:
        scene: the series in its examination.
        volume: its pixels.
        grid: the same as they are looked at.
        allows_text: whether slices may be shown that seem to have text in them.
    """

    scene: Scene
    volume: Volume
    grid: Grid
    allows_text: bool = False

    @classmethod
    def of(cls, scene: Scene, volume: Volume, *, allows_text: bool) -> Opened:
        """Turn a volume as radiologists look at it."""
        return cls(scene, volume, Grid.of(volume), allows_text)

    def slice_index(self, plane: Plane, index: int) -> int | None:
        """The index of a slice as calls of tools count it; None if it was not acquired."""
        axis = AXES[plane][0]
        if not self.grid.is_volume or self.grid.order[axis] != 0:
            return None
        return self.grid.slice_count(plane) - 1 - index if self.grid.flips[axis] else index

    def call_words(self, plane: Plane, index: int) -> str:
        """The index that calls of tools know a slice by."""
        found = self.slice_index(plane, index)
        return "" if found is None else f" (index {found} in calls)"

    @cached_property
    def degrees_off(self) -> float:
        """How far the slices as acquired lean from the plane that they are called after."""
        affine = self.volume.geometry.affine
        if affine is None or not self.grid.is_volume:
            return 0.0
        steps = np.array(affine, float)[:3, :3]
        normal = np.cross(steps[:, 1], steps[:, 2])
        share = np.abs(normal).max() / (np.linalg.norm(normal) or 1.0)
        return float(np.degrees(np.arccos(np.clip(share, 0.0, 1.0))))

    @property
    def mark(self) -> str:
        """What stands on every picture of an earlier examination."""
        return "PRIOR " if self.scene.is_prior else ""

    def may_show(self, plane: Plane, index: int) -> bool:
        """Whether a slice of a volume seems free of text, or text may be shown."""
        from dxtrace.intake.imaging import has_text

        return self.allows_text or not has_text(self.pixels(plane, index))

    def pixels(self, plane: Plane, index: int) -> NDArray[Any]:
        """A slice as it is looked at."""
        return self.grid.cut(self.grid.voxels, plane, index)

    @cached_property
    def plain_window(self) -> Window:
        """Grey values to brightness where no window of CT is asked for."""
        return plain_window(self.volume, self.grid.voxels)

    @property
    def words(self) -> str:
        """``Current examination, series-2 (2 of 3), MR, head, FLAIR``."""
        scene, volume = self.scene, self.volume
        when = "Current examination"
        if scene.is_prior:
            ago = f", {scene.days_before} days earlier" if scene.days_before else ""
            when = f"Prior examination{ago}"
        parts = [
            f"{when}, {scene.series.id} ({scene.place})",
            volume.modality or "modality unknown",
        ]
        parts += [volume.body_part or "", volume.view.upper() if volume.view else ""]
        if scene.series.sequence:
            parts.append(_SEQUENCES.get(scene.series.sequence, ""))
        parts.append("with contrast agent" if scene.series.contrast else "")
        return ", ".join(part for part in parts if part)
