"""Vectors of a case's images, where the settings name a model for them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from dxtrace.clinical import Case
from dxtrace.intake import IntakeError
from dxtrace.retrieval.cases import IMAGE, CaseIndex
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


def image_fingerprint(name: str) -> str:
    """What tells the vectors of a model from those of another; empty without a name.

    Args:
        name: as for :func:`image_embedder`.

    Raises:
        EmbedderUnavailable: as :func:`image_embedder`.
    """
    return image_embedder(name).fingerprint if name else ""


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


def images_compared(name: str, has_images: bool, vector: Vectors | None, index: CaseIndex) -> str:
    """Why images are not compared; empty if they are, or there are none.

    Args:
        name: as for :func:`image_embedder`.
        has_images: whether the case that is asked about has any.
        vector: that of its images.
        index: where similar ones are looked for.
    """
    if vector is not None:
        if index.count_vectors(IMAGE):
            return ""
        return "images are not compared: no case of the index has vectors of images"
    if not has_images:
        return ""
    if not name:
        return "images are not compared: DXTRACE_IMAGE_EMBEDDER names no expert"
    return f"images are not compared: {name} takes none of this case"
