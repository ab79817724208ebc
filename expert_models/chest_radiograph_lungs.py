"""The lungs on a frontal chest radiograph, by a network of our own."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dxtrace.clinical import Case, Evidence
from dxtrace.clinical.volume import Mask, Volume
from expert_models.card import ModelCard, WeightsFile
from expert_models.current_images import current_series
from expert_models.errors import ToolRefusal
from expert_models.lung_segmenter.bundle import (
    BUNDLE,
    MEMORY_MB,
    WEIGHTS,
    WEIGHTS_SHA256,
)
from expert_models.output import ExpertOutput

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from expert_models.lung_segmenter.lungs import Lungs

_SIDES = ("right", "left")
_ZONES = ("upper", "mid", "lower")
_PLANE = 2


def _card() -> ModelCard:
    metadata = json.loads((BUNDLE / "configs" / "metadata.json").read_text(encoding="utf-8"))
    weights = BUNDLE / WEIGHTS
    return ModelCard(
        name="chest_radiograph_lungs",
        version=metadata["version"],
        title="Lungs on frontal chest radiographs, with zones and image quality",
        task="segmentation",
        accepts=("image",),
        modalities=("CR", "DX"),
        body_parts=("chest",),
        views=("pa", "ap"),
        image="picture",
        tolerates_unknown=("modality", "body_part", "view", "spacing"),
        produces=("limited_quality",),
        marks=(
            *(f"{side}_lung" for side in _SIDES),
            *(f"{side}_{zone}_zone" for side in _SIDES for zone in _ZONES),
        ),
        accuracy=", ".join(f"{k} {v}" for k, v in metadata["eval_metrics"].items()),
        weights=(
            WeightsFile(
                sha256=WEIGHTS_SHA256,
                name="chest_radiograph_lungs.safetensors",
                size_bytes=weights.stat().st_size if weights.is_file() else None,
                licence="CC BY 4.0",
            ),
        ),
        memory_mb=MEMORY_MB,
        cost=3,
        timeout_s=120.0,
        isolated=True,
        intended_use=metadata["intended_use"],
        limits=metadata["limits"],
        licence=metadata["copyright"],
        citation="; ".join(metadata["references"]),
    )


class ChestRadiographLungs:
    """Marks right and left lung and their zones; says where the picture limits what can be read.

    It abstains when what it marks cannot be the two lungs of a frontal view.
    """

    card = _card()

    def __init__(self) -> None:
        self._network: Any = None

    def __reduce__(self) -> tuple[type[ChestRadiographLungs], tuple[()]]:
        """On its way to another process it leaves its network behind."""
        return ChestRadiographLungs, ()

    def run(self, case: Case) -> ExpertOutput:
        """Mark the lungs on a frontal radiograph of the current examination.

        Raises:
            ToolRefusal: if there is none, or the picture turns out to be something else.
            IntakeError: if none can be read.
        """
        from dxtrace.intake.errors import IntakeError
        from dxtrace.intake.imaging import load_volume

        refusals: list[str] = []
        unreadable: list[IntakeError] = []
        for series in current_series(self.card, case):
            try:
                return self.mark(load_volume(series))
            except ToolRefusal as refusal:
                refusals.append(str(refusal))
            except IntakeError as error:
                unreadable.append(error)
        if unreadable and not refusals:
            raise unreadable[0]
        refusals += map(str, unreadable)
        raise ToolRefusal("; ".join(dict.fromkeys(refusals)))

    def masks(self, volume: Volume) -> tuple[Mask, ...]:
        """The masks of :meth:`mark`, for experts that look at the lungs."""
        return self.mark(volume).masks

    def mark(self, volume: Volume) -> ExpertOutput:
        """Mark the lungs on one radiograph.

        Raises:
            ToolRefusal: if it is no frontal chest radiograph.
        """
        import numpy as np

        from expert_models.lung_segmenter.frontal import why_not_frontal
        from expert_models.lung_segmenter.lungs import segment
        from expert_models.lung_segmenter.network import LungNetwork
        from expert_models.lung_segmenter.pixels import is_nearly_grey

        if len(volume.spatial_shape) != _PLANE:
            raise ToolRefusal("expected one picture, got a stack of slices")
        pixels = volume.voxels.astype(np.float32)
        if volume.is_colour:
            if not is_nearly_grey(pixels):
                raise ToolRefusal("expected a grey picture, got colours")
            pixels = pixels.mean(axis=-1)
        if not np.isfinite(pixels).all() or float(np.ptp(pixels)) <= 0:
            raise ToolRefusal("expected a picture, got pixels without contrast")
        if self._network is None:
            self._network = LungNetwork(WEIGHTS_SHA256, BUNDLE)
        lungs = segment(pixels, self._network)
        reason = why_not_frontal(lungs)
        if reason is not None:
            raise ToolRefusal(reason)
        output = _output(lungs, volume)
        return replace(output, notes=(*output.notes, *self._network.take_notes()))


def _output(lungs: Lungs, volume: Volume) -> ExpertOutput:
    from expert_models.lung_segmenter.quality import load_reference_ranges, quality_findings
    from expert_models.lung_segmenter.shape import shape_of

    card = ChestRadiographLungs.card
    evidence = Evidence(tool=card.name, version=card.version, weights_sha256=WEIGHTS_SHA256)
    mirrored = (volume.geometry.orientation or "").endswith("R")
    by_side = {"right": lungs.right, "left": lungs.left}
    if mirrored:
        by_side = {"right": lungs.left, "left": lungs.right}
    shape = shape_of(by_side["right"], by_side["left"])
    ranges = load_reference_ranges(BUNDLE / "docs" / "reference_ranges.yaml")
    findings = quality_findings(shape, ranges, evidence, f"{card.name}:{volume.series}:quality")
    notes = (
        f"the right lung has {shape.right_share:.0%} of the area of both lungs",
        *(
            ()
            if volume.geometry.orientation
            else ("right and left as pictures are usually shown: the file does not state sides",)
        ),
    )
    return ExpertOutput(findings, tuple(_masks(by_side, volume)), notes)


def _masks(by_side: dict[str, NDArray[Any]], volume: Volume) -> list[Mask]:
    from expert_models.lung_segmenter.zones import zones_of

    masks = [
        _mask(f"{side}_lung", f"{side} lung", voxels, volume) for side, voxels in by_side.items()
    ]
    masks += [
        _mask(f"{side}_{zone}_zone", f"{side} {zone} zone", part, volume)
        for side, voxels in by_side.items()
        for zone, part in zones_of(voxels).items()
    ]
    return masks


def _mask(name: str, title: str, voxels: NDArray[Any], volume: Volume) -> Mask:
    return Mask(
        name=name,
        voxels=voxels,
        geometry=volume.geometry,
        series=volume.series,
        title=title,
        attributes={"laterality": name.split("_", 1)[0]},
    )
