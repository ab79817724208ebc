"""Reading series one at a time, and keeping back what may carry a name."""

from __future__ import annotations

from agents.vlm.sight.scenes import Loader, Opened, Scene
from dxtrace.clinical.volume import Volume
from dxtrace.intake import IntakeError


class SeriesReader:
    """Opens series; the last one is kept, as the next picture is often of the same.

    Args:
        load: reads the pixels of a series.
        allow_text: whether series are opened whose pixels may carry text.
    """

    def __init__(self, load: Loader, *, allow_text: bool) -> None:
        self.notes: list[str] = []
        self.refused: set[str] = set()
        self._load, self._allow_text = load, allow_text
        self._last: Opened | None = None

    def open(self, scene: Scene) -> Opened | None:
        """A series, or None with a note if it cannot or may not be shown."""
        if self._last is not None and self._last.scene is scene:
            return self._last
        if scene.series.id in self.refused:
            return None
        self._last = None
        try:
            volume = self._load(scene.series)
        except IntakeError as error:
            self._refuse(scene, f"it cannot be read: {error.reason}")
            return None
        why = self._why_not(volume)
        if why:
            self._refuse(scene, why)
            return None
        self._last = Opened.of(scene, volume, allows_text=self._allow_text)
        return self._last

    def _why_not(self, volume: Volume) -> str:
        if volume.voxels.size == 0:
            return "it holds no pixels"
        if volume.may_have_text and not self._allow_text:
            return (
                f"text, and with it a name, may be burned into its pixels ({volume.may_have_text})"
            )
        return ""

    def _refuse(self, scene: Scene, why: str) -> None:
        self.refused.add(scene.series.id)
        self.notes.append(f"{scene.series.id} is not shown: {why}")
