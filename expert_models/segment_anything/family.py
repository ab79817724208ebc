"""Entries of the family ``segment_anything``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from dxtrace.clinical.base import Frozen
from expert_models.card import HeaderField, ModelCard, Prompt
from expert_models.family_options import read_options
from expert_models.runtime.pretrained import weights_in
from expert_models.segment_anything.expert import SegmentAnything, Settings

if TYPE_CHECKING:
    from expert_models.families import ExpertEntry

_CITATIONS = {
    "sam": "Kirillov A et al. Segment Anything. ICCV 2023; arXiv:2304.02643",
    "medsam": "Ma J et al. Segment anything in medical images. Nat Commun 2024;15:654",
}


class Options(Frozen):
    """The options of an entry.

    Attributes:
        model: ``sam``, or ``medsam``, which takes boxes only and pictures stretched to a square.
        version: of the weights.
        concepts: concepts that a call may name what it points at.
        modalities: DICOM modalities; any if empty.
        body_parts: accepted body parts; any if empty.
        tolerates_unknown: which header fields may be unknown.
        window: the window of CT; without one it goes by the body part: brain for the head, lung for
            the chest, else soft tissue.
        points_per_side: of the grid that marks everything.
        most_regions: of everything, so many regions are kept, the best.
        device: a torch device such as ``cpu``; None leaves it to ``DXTRACE_DEVICE``.
        memory_mb: memory that a call needs.
        timeout_s: longest time of a call.
    """

    model: Literal["sam", "medsam"] = "sam"
    version: str = "0"
    concepts: tuple[str, ...] = ()
    modalities: tuple[str, ...] = ()
    body_parts: tuple[str, ...] = ()
    tolerates_unknown: tuple[HeaderField, ...] = ("modality", "body_part", "spacing")
    window: Literal["soft_tissue", "lung", "brain", "bone"] | None = None
    points_per_side: int = Field(default=32, ge=1, le=64)
    most_regions: int = Field(default=20, ge=1, le=200)
    device: str | None = None
    memory_mb: int = Field(default=4000, ge=0)
    timeout_s: float = Field(default=600.0, gt=0)


def build(entry: ExpertEntry, folder: Path) -> SegmentAnything:
    """Build the expert of an entry; nothing is loaded before its first call.

    Raises:
        ValueError: if its options are not what they must be, or there are no weights.
    """
    options = read_options(entry, Options)
    card = _card(entry, folder, options)
    settings = Settings(
        kind=options.model,
        window=options.window,
        points_per_side=options.points_per_side,
        most_regions=options.most_regions,
        device=options.device,
    )
    return SegmentAnything(card, folder, settings)


def _card(entry: ExpertEntry, folder: Path, options: Options) -> ModelCard:
    is_medsam = options.model == "medsam"
    prompts: tuple[Prompt, ...] = ("boxes",) if is_medsam else ("points", "boxes", "everything")
    return ModelCard(
        name=entry.name,
        version=options.version,
        title=f"{'MedSAM' if is_medsam else 'Segment Anything'}: outlines what is pointed at",
        task="segmentation",
        accepts=("image",),
        modalities=options.modalities,
        body_parts=options.body_parts,
        tolerates_unknown=options.tolerates_unknown,
        produces=options.concepts,
        marks=("region",),
        arguments=options.concepts,
        prompts=prompts,
        prompt_needed=True,
        weights=weights_in(entry, folder),
        memory_mb=options.memory_mb,
        cost=60.0,
        timeout_s=options.timeout_s,
        isolated=True,
        intended_use="outlines for a reader who points at what is meant; it does not find things",
        limits="knows no concepts; one plane at a time, so that neighbouring slices may disagree; "
        "its score predicts the overlap with what it outlines and says nothing about what that is",
        licence=entry.licence,
        citation=_CITATIONS[options.model],
    )
