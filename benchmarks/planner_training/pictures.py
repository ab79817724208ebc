"""Small pictures of several kinds, made up: what a planner that sees is shown."""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from agents.vlm.sight import Picture

SIDE_PX = 56
KINDS: dict[str, str] = {
    "CT": "a CT slice", "CR": "a radiograph", "MR": "an MR slice", "SM": "a blood smear",
}  # fmt: skip
_TOKENS = 16


@lru_cache(maxsize=512)
def picture_of(modality: str, seed: int) -> Picture:
    """A picture that looks, from afar, like one of this modality; the seed decides the details."""
    rng = np.random.default_rng([seed, *modality.encode()])
    makers = {"CT": _slice, "CR": _shadow, "MR": _brain, "SM": _smear}
    pixels = (255 * np.clip(makers[modality](rng), 0, 1)).astype(np.uint8)
    written = io.BytesIO()
    Image.fromarray(pixels).convert("RGB").save(written, "PNG")
    return Picture(written.getvalue(), SIDE_PX, SIDE_PX, "current examination", _TOKENS)


def _grid() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    row, column = np.mgrid[:SIDE_PX, :SIDE_PX] / (SIDE_PX / 2) - 1
    return row, column


def _inside(centre: tuple[float, float], radii: tuple[float, float]) -> NDArray[np.bool_]:
    row, column = _grid()
    inside: NDArray[np.bool_] = ((row - centre[0]) / radii[0]) ** 2 + (
        (column - centre[1]) / radii[1]
    ) ** 2 <= 1
    return inside


def _slice(rng: np.random.Generator) -> NDArray[np.float64]:
    """Body, two lungs, spine."""
    size = rng.uniform(0.75, 0.95)
    pixels = np.zeros((SIDE_PX, SIDE_PX))
    pixels[_inside((0, 0), (0.7 * size, size))] = rng.uniform(0.5, 0.65)
    for side in (-1, 1):
        centre = (rng.uniform(-0.1, 0.1), side * 0.42 * size)
        pixels[_inside(centre, (0.42 * size, 0.28 * size))] = rng.uniform(0.05, 0.15)
    pixels[_inside((0.45 * size, 0), (0.13, 0.13))] = rng.uniform(0.85, 1)
    return pixels + rng.normal(0, 0.03, pixels.shape)


def _shadow(rng: np.random.Generator) -> NDArray[np.float64]:
    """Bright edges and middle, two dark fields, ribs."""
    row, _ = _grid()
    pixels = np.full((SIDE_PX, SIDE_PX), rng.uniform(0.7, 0.85))
    for side in (-1, 1):
        pixels[_inside((0, side * rng.uniform(0.4, 0.48)), (0.8, 0.34))] = rng.uniform(0.2, 0.35)
    pixels += 0.06 * np.sin(row * rng.uniform(18, 24))
    return pixels + rng.normal(0, 0.03, pixels.shape)


def _brain(rng: np.random.Generator) -> NDArray[np.float64]:
    """A skull, tissue, two dark ventricles."""
    pixels = np.zeros((SIDE_PX, SIDE_PX))
    height, width = rng.uniform(0.8, 0.92), rng.uniform(0.62, 0.74)
    pixels[_inside((0, 0), (height, width))] = rng.uniform(0.85, 0.95)
    pixels[_inside((0, 0), (height - 0.1, width - 0.1))] = rng.uniform(0.4, 0.55)
    for side in (-1, 1):
        pixels[_inside((rng.uniform(-0.1, 0.1), side * 0.13), (0.28, 0.07))] = 0.1
    return pixels + rng.normal(0, 0.04, pixels.shape)


def _smear(rng: np.random.Generator) -> NDArray[np.float64]:
    """Many discs on a bright ground, in colour."""
    red, blue = np.full((SIDE_PX, SIDE_PX), 0.92), np.full((SIDE_PX, SIDE_PX), 0.88)
    for _ in range(int(rng.integers(10, 22))):
        centre = (rng.uniform(-1, 1), rng.uniform(-1, 1))
        disc = _inside(centre, (0.16, 0.16))
        red[disc], blue[disc] = 0.85, 0.5
    return np.stack([red, blue * 0.8, blue], axis=-1)
