"""Red cells, white cells and platelets on a stained blood smear, by colour and shape.

Haemoglobin absorbs green and blue light more than red; the azure dyes of Romanowsky stains in
nuclei, granules and platelets absorb red more than blue. The difference of the optical densities in
red and blue therefore tells the two apart whatever the lamp and the white balance are. Red cells
overlap; they are told apart by their round outlines.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from scipy import ndimage
from skimage.filters import threshold_otsu
from skimage.measure import regionprops
from skimage.segmentation import watershed

from expert_models.classical.circles import CircleVotes, Disc
from expert_models.errors import ToolRefusal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    BoolArray = NDArray[np.bool_]

Kind = Literal["red_cell", "white_cell", "platelet"]
BRIGHTEST = 255.0
LEAST_BACKGROUND = 0.03
LEAST_CONTRAST = 0.08
"""Optical density: a film fainter than this shows no cells."""
WHITEST = 0.6
"""Darkest over brightest channel of the empty film: the lamp is white."""
LEAST_COLOUR = 0.03
"""Excess of the optical density in green over that in red: both stain and haemoglobin have it."""
FAINTEST = 0.5
"""Half-way between empty film and the threshold that parts film and cells: pale cells count too."""
AZURE = 0.12
"""Excess of the optical density in red over that in blue: haemoglobin has none."""
NUCLEUS = 0.30


PLATELET = (0.22, 0.75)
SINGLE = (0.65, 1.35)
"""Diameters over that of a usual red cell."""
PLATELET_AZURE = 0.2
"""The edge of a thick red cell, where the lens parts the colours, comes up to about 0.15."""
COMPACT = 0.75
SOLID = 0.9
"""Share of its convex hull that a body fills: a single cell nearly all, clumps and rims less."""


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """One cell.

    Attributes:
        kind: what it is.
        box: first row, first column, and the ones after the last.
        mask: its pixels inside the box.
        cut: whether it reaches the image's edge.
    """

    kind: Kind
    box: tuple[int, int, int, int]
    mask: BoolArray
    cut: bool


@dataclass(frozen=True, slots=True, eq=False)
class Smear:
    """The cells of one image.

    Attributes:
        cells: all that were told apart.
        red_cell_px: the usual diameter of a single red cell, in pixels.
        shape: rows and columns of the image.
    """

    cells: tuple[Cell, ...]
    red_cell_px: float
    shape: tuple[int, int]

    def count(self, kind: Kind) -> int:
        """Cells of a kind, those at the image's edge included."""
        return sum(c.kind == kind for c in self.cells)


def find_cells(pixels: NDArray[Any]) -> Smear:
    """Tell the cells of a smear apart.

    Args:
        pixels: (row, column, 3), red, green, blue, 0 to 255.

    Raises:
        ToolRefusal: if this is no such image, if it is without contrast, or if the size of a red
            cell cannot be told from single cells.
    """
    density = _optical_density(pixels)
    azure = ndimage.gaussian_filter(density[..., 0] - density[..., 2], 1.5)
    green = ndimage.gaussian_filter(density[..., 1], 1.0)
    level = float(threshold_otsu(green[green < np.percentile(green, 99)]))  # type: ignore[no-untyped-call]  # scikit-image has no types
    if level < LEAST_CONTRAST:
        raise ToolRefusal("the image shows no cells: hardly any contrast")
    stained: BoolArray = azure > AZURE
    dark: BoolArray = (green > FAINTEST * level) | stained
    votes = CircleVotes(green, dark & ~_wide(stained))
    size = votes.usual_diameter()
    if size is None:
        raise ToolRefusal("the size of a red cell cannot be told: too few round outlines")
    white = _white_cells(azure, green, level, size)
    platelets = _platelets(azure, ndimage.binary_dilation(white > 0, iterations=3), size)
    body = _filled(dark, size) & (white == 0) & (platelets == 0)
    single = _single_red_cells(body, size)
    crowd = body & (single == 0)
    cells = [*_cells(white, "white_cell"), *_cells(platelets, "platelet")]
    cells += _cells(single, "red_cell")
    cells += [_red_cell(disc, green.shape) for disc in votes.discs(size, crowd)]
    return Smear(tuple(cells), size, (int(green.shape[0]), int(green.shape[1])))


def _optical_density(pixels: NDArray[Any]) -> NDArray[np.float64]:
    """Minus the logarithm of each channel over that of the empty film."""
    colour_axes, channels = 3, 3
    if pixels.ndim != colour_axes or pixels.shape[-1] != channels:
        raise ToolRefusal(f"expected a colour image, got shape {pixels.shape}")
    values = np.clip(pixels.astype(float), 1.0, BRIGHTEST)
    green = values[..., 1]
    level = threshold_otsu(green) if green.min() < green.max() else BRIGHTEST  # type: ignore[no-untyped-call]  # scikit-image has no types
    empty = values[green > level]
    if len(empty) < LEAST_BACKGROUND * green.size:
        raise ToolRefusal("no empty film is seen between the cells")
    white = np.median(empty, axis=0)
    density = -np.log(values / white)
    body = density[green <= level]
    colour = float(np.median(body[:, 1] - body[:, 0])) if len(body) else 0.0
    if white.min() < WHITEST * white.max() or colour < LEAST_COLOUR:
        raise ToolRefusal("not a stained smear: expected red and violet cells on empty film")
    return np.asarray(density)


def _white_cells(
    azure: NDArray[np.float64], green: NDArray[np.float64], level: float, size: float
) -> NDArray[Any]:
    """Nuclei, their lobes joined, each with the stained cytoplasm around it."""
    nuclei = ndimage.binary_opening(azure > NUCLEUS, iterations=max(1, round(size / 40)))
    joined, _ = ndimage.label(_disk_close(nuclei, size / 4))
    areas = ndimage.sum_labels(nuclei, joined, np.arange(joined.max() + 1))
    big = areas >= 0.3 * np.pi / 4 * size**2
    big[0] = False
    seeds = np.where(big[joined], joined, 0)
    if not seeds.any():
        return seeds
    cytoplasm = ndimage.gaussian_filter(azure, size / 25) > AZURE / 2
    cytoplasm &= green > 0.35 * level
    cytoplasm = ndimage.binary_opening(cytoplasm, iterations=max(1, round(size / 12)))
    away = ndimage.distance_transform_edt(seeds == 0)
    region = (seeds > 0) | (cytoplasm & (away <= 0.6 * size))
    grown = watershed(away, seeds, mask=region)  # type: ignore[no-untyped-call]  # scikit-image has no types
    for label in np.unique(grown[grown > 0]):
        whole = ndimage.binary_fill_holes(grown == label)
        grown[whole & (grown == 0)] = label
    return np.asarray(grown)


def _disk_close(mask: BoolArray, radius: float) -> BoolArray:
    grown = ndimage.distance_transform_edt(~mask) <= radius
    closed: BoolArray = mask | (ndimage.distance_transform_edt(grown) > radius)
    return closed


def _platelets(azure: NDArray[np.float64], white: BoolArray, size: float) -> NDArray[Any]:
    """Small stained bodies: a quarter to three quarters of a red cell across, with their halo."""
    core = ndimage.binary_opening((azure > AZURE) & ~white, iterations=2)
    halo = ndimage.binary_opening((azure > AZURE / 2) & ~white, iterations=2)
    seeds, _ = ndimage.label(core)
    away = ndimage.distance_transform_edt(seeds == 0)
    labels = watershed(away, seeds, mask=(halo & (away <= 0.1 * size)) | core)  # type: ignore[no-untyped-call]  # scikit-image has no types
    kept = np.zeros(int(labels.max()) + 1, dtype=bool)
    for region in regionprops(labels, intensity_image=azure):  # type: ignore[no-untyped-call]  # scikit-image has no types
        kept[region.label] = (
            region.intensity_max >= PLATELET_AZURE
            and PLATELET[0] * size <= region.equivalent_diameter_area <= PLATELET[1] * size
            and region.solidity >= COMPACT
        )
    return np.where(kept[labels], labels, 0)


def _single_red_cells(body: BoolArray, size: float) -> NDArray[Any]:
    """Red cells that lie free: compact regions of about the usual size."""
    labels, _ = ndimage.label(body)
    kept = np.zeros(int(labels.max()) + 1, dtype=bool)
    for region in regionprops(labels):  # type: ignore[no-untyped-call]  # scikit-image has no types
        about = SINGLE[0] * size <= region.equivalent_diameter_area <= SINGLE[1] * size
        kept[region.label] = about and region.solidity >= SOLID
    return np.where(kept[labels], labels, 0)


def _filled(mask: BoolArray, size: float) -> BoolArray:
    """Fill the pale centres of red cells, but not the gaps between cells."""
    holes = ndimage.binary_fill_holes(mask) & ~mask
    labels, _ = ndimage.label(holes)
    areas = np.bincount(labels.ravel())
    small = areas <= 0.35 * np.pi / 4 * size**2
    small[0] = False
    filled: BoolArray = mask | small[labels]
    return ndimage.binary_opening(filled, iterations=max(1, round(size / 25)))  # type: ignore[no-any-return]


def _cells(labels: NDArray[Any], kind: Kind) -> list[Cell]:
    rows, columns = labels.shape
    found = []
    for region in regionprops(labels):  # type: ignore[no-untyped-call]  # scikit-image has no types
        top, left, bottom, right = (int(v) for v in region.bbox)
        cut = top == 0 or left == 0 or bottom == rows or right == columns
        found.append(Cell(kind, (top, left, bottom, right), np.asarray(region.image), cut))
    return found


def _red_cell(disc: Disc, shape: tuple[int, ...]) -> Cell:
    rows, columns = shape[0], shape[1]
    whole = (
        round(disc.row - disc.radius), round(disc.column - disc.radius),
        round(disc.row + disc.radius) + 1, round(disc.column + disc.radius) + 1,
    )  # fmt: skip
    box = (max(0, whole[0]), max(0, whole[1]), min(rows, whole[2]), min(columns, whole[3]))
    y, x = np.ogrid[box[0] : box[2], box[1] : box[3]]
    mask = (y - disc.row) ** 2 + (x - disc.column) ** 2 <= disc.radius**2
    return Cell("red_cell", box, mask, box != whole)


def _wide(mask: BoolArray) -> BoolArray:
    widened: BoolArray = ndimage.binary_dilation(mask, iterations=3)
    return widened
