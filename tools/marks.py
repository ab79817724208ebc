"""Masks that an expert returns: are they what they must be, and how large is what they mark."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dxtrace.clinical import Case, Concept, Finding, Presence, Series
from dxtrace.clinical.volume import Mask, Volume
from expert_models import ModelCard, matching_series

if TYPE_CHECKING:
    from dxtrace.clinical import Measurement

Loader = Callable[[Series], Volume]

_NAME = re.compile(r"[a-z0-9][a-z0-9_]{0,63}")
_SAME_PLACE = 1e-3
"""Affines may differ by this much, in mm: rounding on the way through a file or a library."""


class OutputError(ValueError):
    """Masks that no expert may return, and what is wrong with them."""


def load_series(series: Series) -> Volume:
    """Read the pixels of a series."""
    from dxtrace.intake.imaging import load_volume

    volume: Volume = load_volume(series)
    return volume


@dataclass
class SourceVolumes:
    """The images that masks lie on, each read once and only if a mask asks for it.

    Attributes:
        card: an expert's masks may lie on the series that its contract accepts.
        case: the case.
        load: reads a series.
    """

    card: ModelCard
    case: Case
    load: Loader = load_series
    _loaded: dict[str, Volume] = field(default_factory=dict)

    def series_of(self, mask: Mask) -> Series:
        """The series that a mask was drawn on; the only one there is, if the mask does not say.

        Raises:
            OutputError: if there is none, or more than one could be meant.
        """
        known = {series.id: series for series in matching_series(self.card, self.case)}
        if mask.series in known:
            return known[mask.series]
        if not mask.series and len(known) == 1:
            return next(iter(known.values()))
        names = ", ".join(known) or "(none)"
        got = repr(mask.series) if mask.series else "none"
        raise OutputError(f"mask {mask.name}: expected one of the series {names}, got {got}")

    def load_early(self) -> None:
        """Read the image in the background, if there is just one that masks could lie on.

        Meanwhile an expert looks at it in another process. What is read stays with intake for a
        while; what goes wrong is said when a mask asks for the image.
        """
        series = matching_series(self.card, self.case)
        if len(series) == 1:
            threading.Thread(target=self._load_quietly, args=series, daemon=True).start()

    def _load_quietly(self, series: Series) -> None:
        with contextlib.suppress(Exception):
            import tools.measurement  # noqa: F401 - it takes a while, too

            self.load(series)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was noticed about the images that were read."""
        return tuple(dict.fromkeys(n for v in self._loaded.values() for n in v.notes))

    def volume_of(self, mask: Mask) -> Volume:
        """The image that a mask was drawn on.

        Raises:
            OutputError: as :meth:`series_of`.
        """
        series = self.series_of(mask)
        if series.id not in self._loaded:
            self._loaded[series.id] = self.load(series)
        return self._loaded[series.id]


def check_masks(
    masks: Sequence[Mask], findings: Sequence[Finding], volumes: SourceVolumes
) -> tuple[Mask, ...]:
    """Refuse masks that are none; give the others the geometry and series of their source.

    Raises:
        OutputError: naming the mask, what came and what was expected.
    """
    strange = [type(m).__name__ for m in masks if not isinstance(m, Mask)]
    if strange:
        raise OutputError(f"expected masks, got {strange[0]}")
    names = [m.name for m in masks]
    repeated = sorted({n for n in names if names.count(n) > 1})
    if repeated:
        raise OutputError(f"expected unique names of masks, got {', '.join(repeated)} twice")
    ids = {f.id: f for f in findings}
    return tuple(_checked(mask, ids, volumes) for mask in masks)


def _checked(mask: Mask, findings: dict[str, Finding], volumes: SourceVolumes) -> Mask:
    import dataclasses

    import numpy as np

    if not _NAME.fullmatch(mask.name):
        raise OutputError(f"expected a snake_case name of a mask, got {mask.name!r}")
    if not isinstance(mask.voxels, np.ndarray) or mask.voxels.dtype != np.bool_:
        kind = getattr(mask.voxels, "dtype", type(mask.voxels).__name__)
        raise OutputError(f"mask {mask.name}: expected a boolean array, got {kind}")
    if mask.finding is not None and mask.finding not in findings:
        raise OutputError(f"mask {mask.name}: there is no finding {mask.finding!r}")
    volume = volumes.volume_of(mask)
    if mask.voxels.shape != volume.spatial_shape:
        raise OutputError(
            f"mask {mask.name}: expected the shape of its image, {volume.spatial_shape}, "
            f"got {mask.voxels.shape}"
        )
    _check_place(mask, volume)
    finding = findings.get(mask.finding or "")
    if finding is not None and finding.presence is Presence.PRESENT and not mask.voxels.any():
        raise OutputError(f"mask {mask.name}: empty, yet finding {finding.id} is present")
    return dataclasses.replace(
        mask,
        geometry=volume.geometry,
        series=volumes.series_of(mask).id,
        concept=finding.concept if finding is not None else mask.concept,
    )


def _check_place(mask: Mask, volume: Volume) -> None:
    import numpy as np

    given, wanted = mask.geometry.affine, volume.geometry.affine
    if given is None or wanted is None:
        return
    if not np.allclose(np.array(given), np.array(wanted), rtol=0.0, atol=_SAME_PLACE):
        raise OutputError(f"mask {mask.name}: expected the affine of its image, got another")


def measure_findings(
    findings: Iterable[Finding],
    masks: Sequence[Mask],
    volumes: SourceVolumes,
    concepts: Mapping[str, Concept],
) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """Measure what each mask of a finding marks, and add it to the finding.

    What the expert itself measured stands behind, and only where we measure no such kind: a
    guideline's number must not depend on how some model rounds.

    Args:
        findings: the findings.
        masks: checked masks.
        volumes: the images that they lie on.
        concepts: the vocabulary; what a concept's attributes ask for is measured first.

    Returns:
        The findings, and what could not be measured and why.
    """
    notes: list[str] = []
    measured = []
    for finding in findings:
        own = [m for m in masks if m.finding == finding.id and m.voxels.any()]
        if finding.presence is Presence.ABSENT or not own:
            measured.append(finding)
            continue
        found: dict[str, Measurement] = {}
        for mask in own:
            for one in _measure(
                mask, volumes.volume_of(mask), concepts.get(finding.concept), notes
            ):
                found.setdefault(one.kind, one)
        further = tuple(m for m in finding.measurements if m.kind not in found)
        measured.append(finding.model_copy(update={"measurements": (*found.values(), *further)}))
    return tuple(measured), tuple(notes)


def _measure(
    mask: Mask, volume: Volume, concept: Concept | None, notes: list[str]
) -> tuple[Measurement, ...]:
    try:
        from tools.measurement import measure, why_not_measured

        reason = why_not_measured(mask, volume)
        notes += [reason] if reason is not None else []
        return tuple(measure(mask, volume, concept))
    except Exception as error:  # noqa: BLE001  # a finding without a size still is one
        notes.append(f"{mask.name} was not measured: {error}")
        return ()
