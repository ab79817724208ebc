"""Images as vectors: open_clip and transformers models behind one interface."""

from expert_models.image_embedding.embedder import (
    FolderEmbedder,
    ImageEmbedder,
    embed_volume,
    key_slices,
    mean_direction,
)

__all__ = ["FolderEmbedder", "ImageEmbedder", "embed_volume", "key_slices", "mean_direction"]
