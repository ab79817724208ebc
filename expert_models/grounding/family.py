"""Entries of the family ``grounding``."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, model_validator

from dxtrace.clinical.base import Frozen
from expert_models.card import HeaderField, ModelCard, OperatingPoint
from expert_models.family_options import read_options
from expert_models.grounding.expert import PhraseExpert, PhraseSettings
from expert_models.runtime.checksums import hashes_of
from expert_models.runtime.pretrained import weights_in

if TYPE_CHECKING:
    from expert_models.families import ExpertEntry
    from expert_models.grounding.segmenter import PhraseSegmenter

_TITLES = {
    "detect": "Looks for phrases with a zero-shot detector and outlines what it finds",
    "clipseg": "Marks what matches a phrase",
}

_PARTS = {"detect": ("detector", "sam"), "clipseg": ("",)}
"""The folders that hold weights."""


class Threshold(Frozen):
    """The score from which a match counts as present.

    Attributes:
        threshold: on the scale of the model's scores.
        source: how it was found, and on which data.
    """

    threshold: float = Field(gt=0, lt=1)
    source: str = Field(min_length=1)


class Options(Frozen):
    """The options of an entry.

    Attributes:
        method: ``detect`` (the folder holds ``detector`` and ``sam``) or ``clipseg``.
        outlines: how pictures are prepared for the outlines of ``detect``.
        version: of the weights.
        concepts: concept to the phrases that it is looked for with.
        thresholds: concept to its operating point; without one, matches are indeterminate.
        floor: scores below this are left out where there is no operating point.
        slice_step: every so many slices of a stack are looked at; None for single pictures only.
        most_regions: so many things are reported for one concept or phrase.
        modalities: DICOM modalities; any if empty.
        body_parts: accepted body parts; any if empty.
        views: accepted projections; any if empty.
        tolerates_unknown: which header fields may be unknown.
        window: the window of CT; without one it goes by the body part.
        device: a torch device such as ``cpu``; None leaves it to ``DXTRACE_DEVICE``.
        memory_mb: memory that a call needs.
        timeout_s: longest time of a call.
    """

    method: Literal["detect", "clipseg"]
    outlines: Literal["sam", "medsam"] = "sam"
    version: str = "0"
    concepts: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    thresholds: dict[str, Threshold] = Field(default_factory=dict)
    floor: float = Field(default=0.3, gt=0, lt=1)
    slice_step: int | None = Field(default=None, ge=1)
    most_regions: int = Field(default=20, ge=1, le=200)
    modalities: tuple[str, ...] = ()
    body_parts: tuple[str, ...] = ()
    views: tuple[str, ...] = ()
    tolerates_unknown: tuple[HeaderField, ...] = ("modality", "body_part", "view", "spacing")
    window: Literal["soft_tissue", "lung", "brain", "bone"] | None = None
    device: str | None = None
    memory_mb: int = Field(default=4000, ge=0)
    timeout_s: float = Field(default=600.0, gt=0)

    @model_validator(mode="after")
    def _validate_concepts(self) -> Self:
        silent = sorted(c for c, phrases in self.concepts.items() if not phrases)
        if silent:
            raise ValueError(f"concepts: expected phrases for {silent[0]}, got none")
        strange = sorted(set(self.thresholds) - set(self.concepts))
        if strange:
            raise ValueError(f"thresholds: {strange[0]} is none of the concepts")
        return self


def build(entry: ExpertEntry, folder: Path) -> PhraseExpert:
    """Build the expert of an entry; nothing is loaded before its first call.

    Raises:
        ValueError: if its options are not what they must be, or there are no weights.
    """
    options = read_options(entry, Options)
    card = _card(entry, folder, options)
    weights = hashes_of(card.weights)
    settings = PhraseSettings(
        phrases=options.concepts,
        floor=options.floor,
        slice_step=options.slice_step,
        window=options.window,
        most_regions=options.most_regions,
    )
    return PhraseExpert(card, partial(_make, folder, weights, options), settings)


def _make(folder: Path, weights: dict[str, str], options: Options) -> PhraseSegmenter:
    from expert_models.grounding.detect_and_outline import DetectAndOutline
    from expert_models.grounding.text_to_mask import TextToMask

    where: dict[str, Any] = {"device": options.device, "memory_mb": options.memory_mb}
    if options.method == "detect":
        return DetectAndOutline(folder, weights, kind=options.outlines, **where)
    return TextToMask(folder, weights, **where)


def _card(entry: ExpertEntry, folder: Path, options: Options) -> ModelCard:
    return ModelCard(
        name=entry.name,
        version=options.version,
        title=_TITLES[options.method],
        task="text-prompted segmentation",
        accepts=("image",),
        modalities=options.modalities,
        body_parts=options.body_parts,
        views=options.views,
        image="picture" if options.slice_step is None else None,
        tolerates_unknown=options.tolerates_unknown,
        produces=tuple(options.concepts),
        marks=("phrase",),
        arguments=tuple(options.concepts),
        prompts=("phrases",),
        prompt_needed=not options.concepts,
        operating_points=tuple(
            OperatingPoint(concept=c, threshold=t.threshold, scale="sigmoid", source=t.source)
            for c, t in options.thresholds.items()
        ),
        weights=weights_in(entry, folder, _PARTS[options.method]),
        memory_mb=options.memory_mb,
        cost=60.0,
        timeout_s=options.timeout_s,
        isolated=True,
        intended_use="points a reader to regions that match words; no diagnosis",
        limits="never says that something is absent; a score is no probability; matches words, and "
        "was mostly trained on photographs unless its weights say otherwise",
        licence=entry.licence,
    )
