"""Vectors of a case's images, where the settings name a model for them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from dxtrace.clinical import Case
from dxtrace.intake import IntakeError
from dxtrace.retrieval.errors import EmbedderUnavailable
from expert_models import ToolRefusal
from expert_models.entries import catalogue_entries, configured_entries
from expert_models.families import build_expert
from expert_models.image_embedding.similarity import ImageSimilarity
from expert_models.runtime.store import WeightsStore
from tools.tool import has_images

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]


@cache
def image_embedder(name: str) -> ImageSimilarity:
    """The model of an entry of the family ``image_embedding``; made once and kept.

    Args:
        name: an entry of ``experts.yaml`` or of the catalogue.

    Raises:
        EmbedderUnavailable: if there is no such entry, or its files are not here.
    """
    entries = {**catalogue_entries().entries, **configured_entries().entries}
    if name not in entries:
        raise EmbedderUnavailable(f"DXTRACE_IMAGE_EMBEDDER: no expert is called {name!r}")
    store = WeightsStore.default()
    try:
        entry = store.with_hashes(entries[name])
        expert = build_expert(entry, store.folder(entry))
    except ValueError as error:
        raise EmbedderUnavailable(f"DXTRACE_IMAGE_EMBEDDER: {error}") from None
    if not isinstance(expert, ImageSimilarity):
        raise EmbedderUnavailable(
            f"DXTRACE_IMAGE_EMBEDDER: expected an expert of the family image_embedding, got {name}"
        )
    return expert


def image_vector(name: str, case: Case) -> Vectors | None:
    """The vector of a case's images of today: (dimension,), of unit norm.

    Args:
        name: as for :func:`image_embedder`; empty for none.
        case: the case.

    Returns:
        None if there is no embedder, or no image that it takes.

    Raises:
        EmbedderUnavailable: as :func:`image_embedder`.
    """
    if not name or not has_images(case):
        return None
    try:
        return image_embedder(name).vector(case)
    except (ToolRefusal, IntakeError):
        return None
