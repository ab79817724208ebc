"""What is measured of structures that an expert marks without a finding: heart, lungs, aorta."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dxtrace.clinical import Evidence, Finding, Measurement, Presence, Source
from expert_models import ModelCard, ToolRefusal
from tools.marks import SourceVolumes

if TYPE_CHECKING:
    from dxtrace.clinical.volume import Mask

_PLANE, _STACK = 2, 3
_PROJECTIONS = ("pa", "ap", "lateral")


@dataclass(frozen=True)
class StructureMeasurement:
    """One measurement of structures.

    Attributes:
        concept: key of the concept that it belongs to.
        needs: names of the masks that it takes, in their order.
        axes: of the masks: 2 for a radiograph, 3 for a stack of slices.
        measure: gives the measurement, or None where nothing sensible can be measured.
    """

    concept: str
    needs: tuple[str, ...]
    axes: int
    measure: Callable[..., Measurement | None]


def _heart(heart: Mask, right: Mask, left: Mask) -> Measurement | None:
    from tools.measurement import cardiothoracic_ratio

    return cardiothoracic_ratio(heart, right, left)


def _aorta(aorta: Mask) -> Measurement | None:
    from expert_models.classical.aorta import measure_aorta

    try:
        return measure_aorta(aorta).model_copy(update={"kind": "aortic_diameter"})
    except ToolRefusal:
        return None


MEASUREMENTS = (
    StructureMeasurement("heart_measurement", ("heart", "right_lung", "left_lung"), _PLANE, _heart),
    StructureMeasurement("aorta_measurement", ("aorta",), _STACK, _aorta),
)


def measured_concepts(card: ModelCard) -> tuple[str, ...]:
    """The concepts that are measured on what an expert marks."""
    return tuple(m.concept for m in MEASUREMENTS if set(m.needs) <= set(card.marks))


def measure_structures(
    card: ModelCard, masks: Sequence[Mask], volumes: SourceVolumes
) -> tuple[tuple[Mask, ...], tuple[Finding, ...]]:
    """Measure what is marked, whoever marked it.

    Args:
        card: the expert's card.
        masks: checked masks.
        volumes: the images that they lie on.

    Returns:
        The masks, those that were measured with the finding that rests on them, and the findings.
    """
    found: list[Finding] = []
    used: dict[str, str] = {}
    for series in dict.fromkeys(m.series for m in masks):
        named = {m.name: m for m in masks if m.series == series and m.finding is None}
        for wanted in MEASUREMENTS:
            finding = _measured(wanted, named, card)
            if finding is not None:
                found += [finding, *_projection(wanted, named, volumes, card)]
                used |= dict.fromkeys(wanted.needs, finding.id)
    marked = tuple(
        replace(m, finding=used[m.name]) if m.finding is None and m.name in used else m
        for m in masks
    )
    return marked, tuple(found)


def _measured(
    wanted: StructureMeasurement, named: Mapping[str, Mask], card: ModelCard
) -> Finding | None:
    masks = [named[n] for n in wanted.needs if n in named]
    if len(masks) < len(wanted.needs) or any(m.voxels.ndim != wanted.axes for m in masks):
        return None
    measurement = wanted.measure(*masks)
    return None if measurement is None else _finding(wanted.concept, card, (measurement,))


def _projection(
    wanted: StructureMeasurement, named: Mapping[str, Mask], volumes: SourceVolumes, card: ModelCard
) -> tuple[Finding, ...]:
    """How the radiograph was taken, which decides what a width on it is worth."""
    view = volumes.volume_of(named[wanted.needs[0]]).view
    if wanted.axes != _PLANE or view not in _PROJECTIONS:
        return ()
    return (_finding("exam", card, (), projection=view),)


def _finding(
    concept: str, card: ModelCard, measurements: tuple[Measurement, ...], **attributes: str
) -> Finding:
    return Finding(
        id=f"{card.name}_{concept}", concept=concept, presence=Presence.PRESENT,
        attributes=dict(attributes), measurements=measurements, source=Source.TOOL,
        evidence=(Evidence(tool=card.name, version=card.version),),
    )  # fmt: skip
