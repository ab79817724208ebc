"""Segment Anything and MedSAM as an expert."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dxtrace.clinical import Case, Evidence, Finding, Presence, Source
from dxtrace.clinical.finding import Score
from expert_models.arguments import Arguments
from expert_models.card import ModelCard
from expert_models.contract import matching_series
from expert_models.current_images import current_series
from expert_models.errors import ToolRefusal
from expert_models.output import ExpertOutput
from expert_models.runtime.checksums import hashes_of
from expert_models.segment_anything.prompts import Target, series_asked, targets_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dxtrace.clinical import Series
    from dxtrace.clinical.volume import Mask, Volume
    from dxtrace.reporting.windows import CtWindow
    from expert_models.segment_anything.network import Kind, SamNetwork

SCALE = "predicted_iou"
"""How well the network believes to have outlined something; nothing about what that is."""


_PLANE = 2
# An outline that mostly lies elsewhere is not of what the box was drawn around.
_MOST_OUTSIDE = 0.5


@dataclass(frozen=True)
class Settings:
    """How an expert of this family works.

    Attributes:
        kind: whose way to prepare pictures.
        window: the window of CT; None goes by the body part.
        points_per_side: of the grid that marks everything.
        most_regions: of all that is marked, so many are kept, the best.
        device: a torch device; None leaves it to ``DXTRACE_DEVICE``, or to what is here.
    """

    kind: Kind
    window: CtWindow | None
    points_per_side: int
    most_regions: int
    device: str | None


class SegmentAnything:
    """Outlines what points and boxes point at, or all that stands apart.

    The network knows no concepts: it outlines whatever it is pointed at. So an outline by itself is
    a mark and no finding. When the call names a concept, somebody says what it is. If that is the
    case itself (its ``calls``), a person says so: the finding is *present* by that person's word,
    with the user as its source. If it is a planner, nobody who has looked says so: the finding is
    *indeterminate*, or a planner could make evidence by drawing a box.

    Args:
        card: the card.
        folder: where the weights lie.
        settings: how it works.
    """

    def __init__(self, card: ModelCard, folder: Path, settings: Settings) -> None:
        self.card = card
        self._folder, self._settings = folder, settings
        self._network: SamNetwork | None = None

    def run(self, case: Case, arguments: Arguments) -> ExpertOutput:
        """Outline what the arguments point at.

        Raises:
            ToolRefusal: if they point at nothing, or outside the image; if it is not clear which
                series they mean; if the weights are not what they must be.
        """
        from dxtrace.intake.imaging import load_volume

        concept = _concept(arguments)
        volume = load_volume(self._series(case, arguments))
        targets = targets_of(arguments, volume.spatial_shape)
        stated = concept in case.named_for(self.card.name, arguments)
        masks, findings, notes = [], [], []
        for target in targets:
            voxels, score, how = self._outlined(volume, target)
            notes += how
            if not voxels.any():
                notes.append(f"{target.name}: nothing outlined there")
                continue
            finding = self._finding(volume, target, concept, score, stated=stated)
            findings += [finding] if finding else []
            outside = _part_outside(target, voxels)
            if outside > _MOST_OUTSIDE:
                notes.append(
                    f"{target.name}: {outside:.0%} of the outline lies outside the box; it is not "
                    f"measured as what was pointed at"
                )
                finding = None
            masks.append(_mask(target.name, voxels, score, volume, finding))
        if arguments.everything:
            regions, note = self._everything(volume)
            masks += regions
            notes.append(note)
        return ExpertOutput(tuple(findings), tuple(masks), tuple(dict.fromkeys(notes)))

    def _loaded(self) -> SamNetwork:
        """The network; made here, as an expert is sent to its process before it has one."""
        from expert_models.segment_anything.network import SamNetwork

        if self._network is None:
            weights = hashes_of(self.card.weights)
            self._network = SamNetwork(
                self._folder,
                weights,
                kind=self._settings.kind,
                device=self._settings.device,
                memory_mb=self.card.memory_mb,
            )
        return self._network

    def _series(self, case: Case, arguments: Arguments) -> Series:
        named = series_asked(arguments)
        if named:
            found = [s for s in matching_series(self.card, case) if s.id == named]
            if not found:
                raise ToolRefusal(f"there is no series {named!r} that fits")
            return found[0]
        fitting = current_series(self.card, case)
        if len(fitting) > 1 and (arguments.points or arguments.boxes):
            raise ToolRefusal(
                f"expected the series that points and boxes lie on, one of "
                f"{', '.join(s.id for s in fitting)}"
            )
        return fitting[0]

    def _outlined(
        self, volume: Volume, target: Target
    ) -> tuple[NDArray[np.bool_], float, list[str]]:
        """The mask of a target on the image's grid, the lowest score of its slices, and notes."""
        import numpy as np

        from expert_models.slice_pictures import brightness_of, on_grid, rgb_slice

        brightness = brightness_of(volume, self._settings.window)
        voxels = np.zeros(volume.spatial_shape, np.bool_)
        lowest = 1.0
        notes: list[str] = []
        for prompt in target.prompts:
            picture = rgb_slice(volume, prompt.index, brightness)
            outline = self._loaded().outline(picture, prompt)
            voxels |= on_grid(outline.mask, prompt.index, volume)
            lowest = min(lowest, outline.predicted_iou)
            notes += outline.notes
        return voxels, lowest, notes

    def _everything(self, volume: Volume) -> tuple[list[Mask], str]:
        from expert_models.slice_pictures import brightness_of, on_grid, rgb_slice, slice_count

        index = slice_count(volume) // 2
        picture = rgb_slice(volume, index, brightness_of(volume, self._settings.window))
        found = self._loaded().everything(picture, self._settings.points_per_side)
        masks = [
            _mask(f"region_{i}", on_grid(o.mask, index, volume), o.predicted_iou, volume, None)
            for i, o in enumerate(found[: self._settings.most_regions], start=1)
        ]
        where = f" of slice {index}, the middle one" if slice_count(volume) > 1 else ""
        left_out = len(found) - len(masks)
        more = f"; {left_out} more, with lower scores, are left out" if left_out > 0 else ""
        how = "".join(f"; {note}" for note in (found[0].notes if found else ()))
        return masks, f"{len(masks)} regions{where} marked{more}{how}"

    def _finding(
        self, volume: Volume, target: Target, concept: str | None, score: float, *, stated: bool
    ) -> Finding | None:
        if concept is None:
            return None
        id_ = f"{self.card.name}:{volume.series}:{target.name}"
        who = "stated by the person who asked" if stated else "a planner's guess"
        return Finding(
            id=id_,
            concept=concept,
            presence=Presence.PRESENT if stated else Presence.INDETERMINATE,
            score=Score(value=score, scale=SCALE),
            lesion=id_,
            source=Source.USER if stated else Source.TOOL,
            evidence=(Evidence(tool=self.card.name, version=self.card.version),),
            text=f"outlined where pointed at; that it is {concept.replace('_', ' ')} is {who}",
        )


def _concept(arguments: Arguments) -> str | None:
    """The concept that the call names, for what it points at.

    Raises:
        ToolRefusal: if it names several, or points at nothing.
    """
    pointed = bool(arguments.points or arguments.boxes)
    if not (pointed or arguments.everything):
        raise ToolRefusal("expected points, boxes or everything")
    if len(arguments.classes) > 1:
        raise ToolRefusal("expected one concept a call: each call outlines things of one kind")
    if arguments.classes and not pointed:
        raise ToolRefusal("expected points or boxes for a concept: not everything is of one kind")
    return next(iter(arguments.classes), None)


def _part_outside(target: Target, voxels: NDArray[np.bool_]) -> float:
    """The part of an outline that lies outside the box that it was asked for with."""
    import numpy as np

    boxes = [(prompt.index, prompt.box) for prompt in target.prompts if prompt.box is not None]
    if not boxes:
        return 0.0
    asked = np.zeros(voxels.shape, np.bool_)
    for index, (top, left, bottom, right) in boxes:
        plane = asked if asked.ndim == _PLANE else asked[index]
        plane[top : bottom + 1, left : right + 1] = True
    return float((voxels & ~asked).sum() / voxels.sum())


def _mask(
    name: str, voxels: NDArray[np.bool_], score: float, volume: Volume, finding: Finding | None
) -> Mask:
    from dxtrace.clinical.volume import Mask

    return Mask(
        name=name,
        voxels=voxels,
        geometry=volume.geometry,
        series=volume.series,
        concept=finding.concept if finding else None,
        finding=finding.id if finding else None,
        attributes={SCALE: f"{score:.3f}"},
    )
