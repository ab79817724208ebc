"""What an index needs of a model that turns text into vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def encodable(text: str) -> str:
    """The text with a replacement for what no UTF-8 can hold, such as half a surrogate pair."""
    return text.encode("utf-8", "replace").decode("utf-8")


@runtime_checkable
class TextEmbedder(Protocol):
    """Turns texts into vectors of unit norm, so that their inner product is the cosine.

    Made once, it may be asked from several threads.
    """

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    @property
    def fingerprint(self) -> str:
        """What tells models apart: the same for the same weights and the same pooling.

        An index refuses vectors of another one.
        """
        ...

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts.

        Returns:
            (number of texts, dimension), each row of unit norm.
        """
        ...
