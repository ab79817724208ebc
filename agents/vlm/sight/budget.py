"""How much a model may be shown."""

from __future__ import annotations

import math
from dataclasses import dataclass

_FRAMING = 2
"""Tokens that say where a picture begins and ends."""
_SMALLEST_PX = 28
_LEAST_EDGE_PX = 160
"""Where tokens run out, pictures are not made smaller than this."""


@dataclass(frozen=True)
class SightBudget:
    """How many pictures, how large, and what they cost.

    The tokens of a picture are an estimate. A model that takes pictures as they are cuts them into
    squares of ``patch_px`` pixels (the side of a patch times the patches that are merged along it:
    14 x 2 for Qwen2.5-VL, 16 x 2 for Qwen3-VL, 14 for LLaVA), a token each, and two more say where
    the picture begins and ends: ``ceil(width / patch_px) * ceil(height / patch_px) + 2``. A model
    that scales every picture to one size pays the same for each: ``fixed_tokens``.

    Attributes:
        max_pictures: number of pictures.
        max_edge_px: longest side of a picture; what the model takes without making it smaller.
        patch_px: side, in pixels, of what becomes one token.
        fixed_tokens: tokens of every picture, whatever its size; None if size decides.
        is_square: whether the model squeezes pictures into a square, or cuts them to one; they are
            then given black margins, so that nothing is distorted or lost.
        total_tokens: tokens of all pictures together.

    Raises:
        ValueError: if a number leaves no room for a picture that can be read.
    """

    max_pictures: int = 12
    max_edge_px: int = 896
    patch_px: int = 28
    fixed_tokens: int | None = None
    is_square: bool = False
    total_tokens: int = 12_400

    def __post_init__(self) -> None:
        least = {"max_pictures": 1, "patch_px": 1, "total_tokens": 1, "max_edge_px": _SMALLEST_PX}
        for name, low in least.items():
            if getattr(self, name) < low:
                raise ValueError(f"{name}: expected at least {low}, got {getattr(self, name)}")
        if self.fixed_tokens is not None and self.fixed_tokens < 1:
            raise ValueError(f"fixed_tokens: expected at least 1, got {self.fixed_tokens}")

    def tokens(self, width: int, height: int) -> int:
        """What a picture costs, by estimate.

        Args:
            width: in pixels.
            height: in pixels.
        """
        if self.fixed_tokens is not None:
            return self.fixed_tokens
        return math.ceil(width / self.patch_px) * math.ceil(height / self.patch_px) + _FRAMING

    def edge_for(self, tokens: int) -> int | None:
        """The longest side of a square picture that costs no more than this.

        Returns:
            At most ``max_edge_px``; None if nothing that can be read would be that cheap.
        """
        if self.fixed_tokens is not None:
            return self.max_edge_px if self.fixed_tokens <= tokens else None
        edge = min(self.max_edge_px, math.isqrt(max(0, tokens - _FRAMING)) * self.patch_px)
        return edge if edge >= min(_LEAST_EDGE_PX, self.max_edge_px) else None
