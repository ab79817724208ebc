# ruff: noqa: PLR2004 - chances and strengths of changes are what this file consists of
"""Pictures as other hospitals would make them, out of the few that there are."""

from __future__ import annotations

import io
import math

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor
from torch.nn import functional

Rng = np.random.Generator
_WORDS = ("L", "R", "PA", "AP", "SUPINE", "ERECT", "PORTABLE", "liegend", "12:40", "90 kV")


def augment(
    images: NDArray[np.float32], targets: NDArray[np.float32], size: int, rng: Rng
) -> tuple[Tensor, Tensor]:
    """Change a batch at random: place and shape for both, appearance for the images.

    Args:
        images: (batch, row, column), 0 to 1.
        targets: (batch, 3, row, column): right lung, left lung, known.
        size: rows and columns of what comes out.
        rng: source of chance.

    Returns:
        Images (batch, 1, size, size) and targets (batch, 3, size, size).
    """
    planes = torch.from_numpy(np.concatenate([images[:, None], targets], axis=1))
    grid = _grids(len(images), size, rng)
    moved = functional.grid_sample(planes, grid, align_corners=False)
    mirrored = torch.from_numpy(rng.random(len(images)) < 0.5)
    moved[mirrored] = moved[mirrored].flip(-1)[:, [0, 2, 1, 3]]
    seen = moved[:, 0].numpy()
    painted = np.stack([_appearance(picture, rng) for picture in seen])
    known = (moved[:, 3:] > 0.99).float()
    lungs = (moved[:, 1:3] > 0.5).float()
    return torch.from_numpy(painted[:, None]), torch.cat([lungs, known], dim=1)


def _grids(count: int, size: int, rng: Rng) -> Tensor:
    """Sampling grids: turned, scaled, sheared, shifted and bent."""
    wild = rng.random(count) < 0.15
    angle = np.radians(rng.normal(0, np.where(wild, 18, 6)))
    scale = np.exp(rng.uniform(math.log(0.72), math.log(1.4), count))
    stretch = np.exp(rng.normal(0, 0.07, count))
    shear = rng.normal(0, 0.05, count)
    c, s = np.cos(angle), np.sin(angle)
    theta = np.zeros((count, 2, 3), np.float32)
    theta[:, 0, 0], theta[:, 0, 1] = c * scale * stretch, (-s + shear) * scale
    theta[:, 1, 0], theta[:, 1, 1] = s * scale, c * scale / stretch
    theta[:, :, 2] = rng.normal(0, 0.1, (count, 2))
    grid = functional.affine_grid(
        torch.from_numpy(theta), [count, 1, size, size], align_corners=False
    )
    strength = rng.choice([0, 0.015, 0.03], (count, 1, 1, 1))
    bend = torch.from_numpy((rng.normal(0, 1, (count, 2, 5, 5)) * strength).astype(np.float32))
    bend = functional.interpolate(bend, size=(size, size), mode="bicubic", align_corners=True)
    return grid + bend.permute(0, 2, 3, 1)


def _appearance(picture: NDArray[np.float32], rng: Rng) -> NDArray[np.float32]:
    for change, chance in (
        (_exposure, 0.9),
        (_shading, 0.4),
        (_opacities, 0.25),
        (_things, 0.35),
        (_margins, 0.25),
        (_softness, 0.3),
        (_grain, 0.35),
        (_compression, 0.2),
        (_inversion, 0.12),
        (_ranges, 0.3),
    ):
        if rng.random() < chance:
            picture = change(picture, rng)
    return np.clip(picture, 0, 1).astype(np.float32)


def _exposure(picture: NDArray[np.float32], rng: Rng) -> NDArray[np.float32]:
    gamma = math.exp(rng.normal(0, 0.35))
    contrast, brightness = math.exp(rng.normal(0, 0.2)), rng.normal(0, 0.07)
    curve = np.clip(picture, 0, 1) ** gamma
    if rng.random() < 0.2:  # digital detectors: an S-shaped look-up table
        steep = rng.uniform(4, 9)
        curve = 1 / (1 + np.exp(-steep * (curve - rng.uniform(0.35, 0.65))))
    changed: NDArray[np.float32] = np.clip((curve - 0.5) * contrast + 0.5 + brightness, 0, 1)
    return changed


def _shading(picture: NDArray[np.float32], rng: Rng) -> NDArray[np.float32]:
    return picture * np.exp(_smooth(picture.shape, 3, rng) * 0.2)


def _opacities(picture: NDArray[np.float32], rng: Rng) -> NDArray[np.float32]:
    """White patches, as consolidation and effusion make them."""
    rows, columns = np.indices(picture.shape, dtype=np.float32) / picture.shape[0]
    for _ in range(rng.integers(1, 4)):
        y, x = rng.uniform(0.2, 0.85, 2)
        height, width = rng.uniform(0.04, 0.2, 2)
        blob = np.exp(-(((rows - y) / height) ** 2 + ((columns - x) / width) ** 2))
        picture = picture + (rng.uniform(0.6, 0.95) - picture) * blob * rng.uniform(0.3, 0.95)
    return picture


def _things(picture: NDArray[np.float32], rng: Rng) -> NDArray[np.float32]:
    """Letters, cables and metal."""
    canvas = Image.fromarray((np.clip(picture, 0, 1) * 255).astype(np.uint8))
    draw, size = ImageDraw.Draw(canvas), picture.shape[0]
    for _ in range(rng.integers(1, 3)):
        at = tuple(float(v) for v in rng.uniform(0, size * 0.95, 2))
        font = ImageFont.load_default(int(rng.integers(8, 26)))
        draw.text(at, str(rng.choice(_WORDS)), fill=int(rng.choice([0, 200, 255])), font=font)
    for _ in range(rng.integers(0, 4)):
        points = rng.uniform(0, size, (4, 2))
        t = np.linspace(0, 1, 24)[:, None]
        curve = sum(math.comb(3, i) * t**i * (1 - t) ** (3 - i) * points[i] for i in range(4))
        line = [(float(x), float(y)) for x, y in np.asarray(curve)]
        draw.line(line, fill=int(rng.integers(150, 255)), width=int(rng.integers(1, 4)))
    if rng.random() < 0.15:
        x, y = rng.uniform(0, size, 2)
        width, height = rng.uniform(10, 35, 2)
        draw.rounded_rectangle((x, y, x + width, y + height), 5, fill=int(rng.integers(200, 255)))
    return np.asarray(canvas, np.float32) / 255


def _margins(picture: NDArray[np.float32], rng: Rng) -> NDArray[np.float32]:
    """Collimation: even margins, black or white."""
    framed = picture.copy()
    size, value = picture.shape[0], float(rng.choice([0, 0, 0, 1, rng.random()]))
    widths = (rng.uniform(0, 0.12, 4) * size * (rng.random(4) < 0.6)).astype(int)
    framed[: widths[0]] = value
    framed[size - widths[1] :] = value
    framed[:, : widths[2]] = value
    framed[:, size - widths[3] :] = value
    return framed


def _softness(picture: NDArray[np.float32], rng: Rng) -> NDArray[np.float32]:
    """Blurred, or with edges enhanced as processing software does."""
    plane = torch.from_numpy(np.ascontiguousarray(picture, np.float32))[None, None]
    kernel = int(rng.choice([3, 5]))
    soft = functional.avg_pool2d(plane, kernel, 1, kernel // 2, count_include_pad=False)[
        0, 0
    ].numpy()
    return picture + (picture - soft) * float(rng.choice([-1.0, -1.0, 1.0, 2.0]))


def _grain(picture: NDArray[np.float32], rng: Rng) -> NDArray[np.float32]:
    return picture + rng.normal(0, rng.uniform(0.01, 0.08), picture.shape).astype(np.float32)


def _compression(picture: NDArray[np.float32], rng: Rng) -> NDArray[np.float32]:
    stored = io.BytesIO()
    Image.fromarray((np.clip(picture, 0, 1) * 255).astype(np.uint8)).save(
        stored, "JPEG", quality=int(rng.integers(15, 60))
    )
    return np.asarray(Image.open(stored), np.float32) / 255


def _inversion(picture: NDArray[np.float32], rng: Rng) -> NDArray[np.float32]:  # noqa: ARG001
    """As MONOCHROME1 read by a program that does not know it."""
    return 1 - picture


def _ranges(picture: NDArray[np.float32], rng: Rng) -> NDArray[np.float32]:
    """Other percentiles as black and white."""
    low, high = np.percentile(picture, [rng.uniform(0, 5), rng.uniform(94, 100)])
    return (picture - low) / max(float(high - low), 0.05)


def _smooth(shape: tuple[int, ...], knots: int, rng: Rng) -> NDArray[np.float32]:
    coarse = torch.from_numpy(rng.normal(0, 1, (1, 1, knots, knots)).astype(np.float32))
    field = functional.interpolate(coarse, size=shape, mode="bicubic", align_corners=True)
    smooth: NDArray[np.float32] = field[0, 0].numpy()
    return smooth
