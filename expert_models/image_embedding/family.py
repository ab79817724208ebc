"""The family ``image_embedding``: a model that gives vectors for images."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from dxtrace.clinical.base import Frozen
from expert_models.card import EMBEDDING, HeaderField, ModelCard
from expert_models.expert_model import ExpertModel
from expert_models.families import ExpertEntry
from expert_models.family_options import read_options
from expert_models.image_embedding.embedder import FolderEmbedder
from expert_models.image_embedding.similarity import ImageSimilarity
from expert_models.runtime.pretrained import model_files, rough_memory_mb


class ImageEmbeddingOptions(Frozen):
    """Options of an entry.

    Attributes:
        modalities: DICOM modalities that the model was trained on.
        body_parts: body parts, in lower case; empty for any.
        views: projections; empty for any.
        tolerates_unknown: which of these the headers may leave open.
        slices: how many slices of a stack are looked at.
        device: a torch device; a GPU where there is one, if empty.
    """

    modalities: tuple[str, ...] = Field(min_length=1)
    body_parts: tuple[str, ...] = ()
    views: tuple[str, ...] = ()
    tolerates_unknown: tuple[HeaderField, ...] = ("modality", "body_part", "view", "spacing")
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
    options = read_options(entry, ImageEmbeddingOptions)
    weights = model_files(entry, folder)
    card = ModelCard(
        name=entry.name,
        version=f"1.{options.slices}",
        title="How like the images are to earlier ones",
        task=EMBEDDING,
        accepts=("image",),
        modalities=options.modalities,
        body_parts=options.body_parts,
        views=options.views,
        tolerates_unknown=options.tolerates_unknown,
        weights=weights,
        memory_mb=rough_memory_mb(weights),
        cost=5.0,
        timeout_s=300.0,
        isolated=True,
        intended_use="vectors for search and comparison; reports no finding",
        limits="a cosine says that images look alike to the model, not that they mean the same",
        licence=entry.licence,
        citation=entry.source,
    )
    return ImageSimilarity(card, FolderEmbedder(card, folder, options.device), options.slices)
