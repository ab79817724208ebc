"""Images to unit vectors, for comparing, searching and zero-shot classification."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from dxtrace.clinical.volume import Volume
from expert_models.card import ModelCard
from expert_models.runtime.checksums import check_weights, hashes_of
from expert_models.runtime.pretrained import single_weights
from expert_models.slice_pictures import brightness_of, rgb_slice, slice_count

if TYPE_CHECKING:
    from expert_models.image_embedding.encoder import Encoder, Picture, Vectors

_BATCH = 16
_SMALLEST = 1e-12


class ImageEmbedder(Protocol):
    """What gives vectors for pictures.

    Vectors of two embedders, or of one with other weights, cannot be compared: an index keeps name
    and hash beside its vectors.
    """

    name: str
    weights_sha256: str

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    def embed(self, pictures: Sequence[Picture]) -> Vectors:
        """Pictures to vectors.

        Args:
            pictures: each (row, column, 3), red, green and blue of 8 bits.

        Returns:
            (picture, dimension), each row of length 1.
        """
        ...


class FolderEmbedder:
    """The model of a folder, loaded at the first use and kept.

    Args:
        card: the expert's card: name and weights.
        folder: where its files lie.
        device: a torch device; None takes a GPU where there is one.
    """

    def __init__(self, card: ModelCard, folder: Path, device: str | None = None) -> None:
        self.name, self.weights_sha256 = card.name, card.weights_sha256 or ""
        self._weights, self._folder, self._device = card.weights, folder, device
        self._encoder: Encoder | None = None

    @property
    def encoder(self) -> Encoder:
        """The loaded model.

        Raises:
            ToolRefusal: if its files are missing, damaged, others than stated, or hold a program.
        """
        if self._encoder is None:
            from expert_models.image_embedding.encoder import load_encoder

            check_weights(self._folder, hashes_of(self._weights))
            path = self._folder / single_weights(self._weights).path
            self._encoder = load_encoder(self._folder, path, self._device)
        return self._encoder

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        import numpy as np

        return int(self.embed([np.zeros((8, 8, 3), np.uint8)]).shape[1])

    def embed(self, pictures: Sequence[Picture]) -> Vectors:
        """Pictures to vectors; see :class:`ImageEmbedder`."""
        import numpy as np

        batches = [pictures[i : i + _BATCH] for i in range(0, len(pictures), _BATCH)]
        return unit(np.concatenate([self.encoder.images(batch) for batch in batches]))

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        """Texts to vectors in the same space, each row of length 1.

        Raises:
            ToolRefusal: if the model has no text part.
        """
        import numpy as np

        batches = [texts[i : i + _BATCH] for i in range(0, len(texts), _BATCH)]
        return unit(np.concatenate([self.encoder.texts(batch) for batch in batches]))


def unit(rows: Vectors) -> Vectors:
    """Rows of length 1, as 32-bit floats."""
    import numpy as np

    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, _SMALLEST), np.float32)


def mean_direction(rows: Vectors) -> Vectors:
    """The mean of unit vectors, of length 1: (row, dimension) to (dimension,)."""
    return unit(rows.mean(axis=0))


def key_slices(volume: Volume, most: int) -> tuple[int, ...]:
    """Indices of at most ``most`` slices, evenly spread through a volume."""
    count = slice_count(volume)
    if count <= most:
        return tuple(range(count))
    return tuple(int((i + 0.5) * count / most) for i in range(most))


def embed_volume(embedder: ImageEmbedder, volume: Volume, most: int) -> Vectors:
    """A vector for each key slice of a volume: (slice, dimension).

    Args:
        embedder: the model.
        volume: a plane or a stack.
        most: how many slices of a stack at most.
    """
    brightness = brightness_of(volume)
    return embedder.embed([rgb_slice(volume, i, brightness) for i in key_slices(volume, most)])
