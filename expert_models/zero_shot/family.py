"""The family ``zero_shot``: an image-text model, prompts, and a calibration."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from dxtrace.clinical.base import Frozen
from expert_models.card import ModelCard, WeightsFile
from expert_models.expert_model import ExpertModel
from expert_models.families import ExpertEntry
from expert_models.family_options import read_options
from expert_models.frontal_chest import CONTRACT, HOW_CHECKED
from expert_models.image_embedding import FolderEmbedder
from expert_models.runtime.pretrained import model_files, rough_memory_mb
from expert_models.scores import calibrated_card, load_calibration
from expert_models.zero_shot.classifier import ZeroShotClassifier
from expert_models.zero_shot.prompts import BUILT_IN, PromptSet, load_prompts


class ZeroShotOptions(Frozen):
    """Options of an entry.

    Attributes:
        prompts: path, below the folder, of a file of prompts; those for frontal chest radiographs
            that come with DxTrace if empty.
        calibration: path, below the folder, of a calibration.
        slices: how many slices of a stack are looked at.
        device: a torch device; a GPU where there is one, if empty.
    """

    prompts: str | None = None
    calibration: str | None = None
    slices: int = Field(default=8, ge=1, le=256)
    device: str | None = None


def build(entry: ExpertEntry, folder: Path) -> ExpertModel:
    """Build the expert of an entry.

    Args:
        entry: the entry.
        folder: where its files lie: of open_clip's format, or of transformers'.

    Raises:
        ValueError: if options or files are not what the family expects.
    """
    options = read_options(entry, ZeroShotOptions)
    try:
        prompts = load_prompts(folder / options.prompts if options.prompts else BUILT_IN)
    except ValueError as error:
        raise ValueError(f"{entry.name}: options.prompts: {error}") from None
    card = _card(entry, prompts, options.slices, model_files(entry, folder))
    calibration = None
    if options.calibration is not None:
        calibration = load_calibration(folder / options.calibration, card)
        card = calibrated_card(card, calibration)
    embedder = FolderEmbedder(card, folder, options.device)
    return ZeroShotClassifier(card, prompts, embedder, calibration, options.slices)


def _card(
    entry: ExpertEntry, prompts: PromptSet, slices: int, weights: tuple[WeightsFile, ...]
) -> ModelCard:
    contract = {
        "modalities": prompts.modalities,
        "body_parts": prompts.body_parts,
        "views": prompts.views,
        "image": prompts.image,
        "tolerates_unknown": ("spacing",),
    }
    limits = [
        "a score tells which of two texts an image is nearer to; it is no probability, and without "
        "a calibration nothing is present or absent by it"
    ]
    if prompts.frontal_chest:
        limits.append(HOW_CHECKED)
    return ModelCard.model_validate(
        {
            **(CONTRACT if prompts.frontal_chest else contract),
            "name": entry.name,
            "version": f"1.{slices}.{prompts.digest}",
            "title": f"Zero-shot: {prompts.title}",
            "task": "classification",
            "accepts": ("image",),
            "produces": tuple(prompts.concepts),
            "weights": weights,
            "memory_mb": rough_memory_mb(weights),
            "cost": 5.0,
            "timeout_s": 300.0,
            "isolated": True,
            "intended_use": "scores for a reader, or for thresholds from a calibration set",
            "limits": "; ".join(limits),
            "licence": entry.licence,
            "citation": entry.source,
        }
    )
