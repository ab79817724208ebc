"""Synthetic chest CT whose truth is known: ``python -m benchmarks.phantoms --help``.

Shapes are given by formulas in millimetres, so that sizes and volumes are known exactly; pictures
of them are rendered at any voxel size with partial volume, blur and noise.
"""

from benchmarks.phantoms.chest import Chest, chest_parts
from benchmarks.phantoms.grid import Grid
from benchmarks.phantoms.nodule import LOBES, Nodule, NoduleTruth
from benchmarks.phantoms.render import Scan, render_chest, render_nodule
from benchmarks.phantoms.shapes import Ellipsoid, Lobulated, Tube

__all__ = [
    "LOBES",
    "Chest",
    "Ellipsoid",
    "Grid",
    "Lobulated",
    "Nodule",
    "NoduleTruth",
    "Scan",
    "Tube",
    "chest_parts",
    "render_chest",
    "render_nodule",
]
