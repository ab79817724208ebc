"""A drawn frontal chest radiograph: body, two lungs, spine, heart, ribs, a little noise."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage


def frontal_phantom(size: int = 512) -> NDArray[np.uint8]:
    """(row, column), 8 bit, bright is dense."""
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    body = (x / 0.95) ** 2 + ((y - 0.25) / 1.25) ** 2 < 1
    picture = np.where(body, 0.62, 0.02)
    picture = np.where((abs(x) < 0.35) & (y < -0.75), 0.55, picture)
    for side in (-1, 1):
        lung = ((x - side * 0.42) / 0.30) ** 2 + ((y + 0.02) / 0.62) ** 2 < 1
        below = y - 0.42 + 0.22 * np.cos((x - side * 0.42) * 2.6) > 0
        lung &= (abs(x) > 0.1) & ~(below & (y > 0.1))
        picture = np.where(lung, 0.22, picture)
    picture = np.where(abs(x) < 0.09, np.maximum(picture, 0.7), picture)
    heart = ((x - 0.14) / 0.26) ** 2 + ((y - 0.25) / 0.24) ** 2 < 1
    picture = np.where(heart, np.maximum(picture, 0.66), picture)
    for rib in range(9):
        line = -0.7 + 0.14 * rib + 0.12 * np.abs(x)
        picture = picture + 0.05 * np.exp(-(((y - line) / 0.018) ** 2)) * body
    noise = np.random.default_rng(0).normal(0, 3, picture.shape)
    drawn = 255 * ndimage.gaussian_filter(picture, size / 170) + noise
    return drawn.clip(0, 255).astype(np.uint8)
