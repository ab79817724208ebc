"""Write synthetic chest CTs: ``python -m benchmarks.phantoms --out DIR``.

Each scan is a folder with ``ct/`` (DICOM series) or ``ct.nii.gz``, ``labels.nii.gz`` and
``truth.json``; with ``--prior`` also the same chest some months earlier, in another position, its
nodules smaller. ``--example`` writes the files of ``examples/nodule-ct``.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.phantoms.chest import AIR_HU, Chest, chest_nodule, chest_parts, moved
from benchmarks.phantoms.grid import Grid
from benchmarks.phantoms.nodule import LOBES, Kind, Nodule
from benchmarks.phantoms.render import Scan, render_chest
from benchmarks.phantoms.writing import SeriesWords, write_dicom, write_nifti, write_truth

KINDS: tuple[Kind, ...] = ("solid", "ground_glass", "part_solid", "calcified")
PRIOR_SHIFT = (6.0, -4.0, 5.0)
EXAMPLE = Path(__file__).parents[2] / "examples" / "nodule-ct"


def random_chest(seed: int, count: int) -> Chest:
    """A chest with nodules of random size, density and lobe (at most one a lobe)."""
    rng = np.random.default_rng(seed)
    nodules = []
    for number, lobe in enumerate(rng.permutation(LOBES)[:count], start=1):
        kind = KINDS[int(rng.choice(len(KINDS), p=[0.6, 0.15, 0.15, 0.1]))]
        diameter = float(np.exp(rng.uniform(np.log(4), np.log(24))))
        core = 0.5 * diameter if kind == "part_solid" else None
        name = f"nodule_{number}"
        nodules.append(chest_nodule(name, str(lobe), diameter, kind, seed + number, core))
    return Chest(chest_parts(seed), tuple(nodules))


def earlier(chest: Chest, growth: float) -> Chest:
    """The same chest before its nodules grew by this factor in diameter."""

    def smaller(nodule: Nodule) -> Nodule:
        def shrink(axes: tuple[float, float, float]) -> tuple[float, float, float]:
            return (axes[0] / growth, axes[1] / growth, axes[2] / growth)

        core = nodule.core and replace(nodule.core, semi_axes=shrink(nodule.core.semi_axes))
        shape = replace(nodule.shape, semi_axes=shrink(nodule.shape.semi_axes))
        return replace(nodule, shape=shape, core=core)

    return replace(chest, nodules=tuple(smaller(n) for n in chest.nodules))


def scan_of(chest: Chest, spacing: tuple[float, float, float], seed: int, **more: float) -> Scan:
    """A scan of the whole chest."""
    return render_chest(chest, Grid.around(*chest.bounds(), spacing), seed, **more)


def shifted(scan: Scan, by: tuple[float, float, float]) -> Scan:
    """The same scan with the patient elsewhere on the table, by (z, y, x) in mm."""
    z, y, x = (o + b for o, b in zip(scan.grid.origin, by, strict=True))
    grid = replace(scan.grid, origin=(z, y, x))
    volume = replace(scan.volume, geometry=grid.geometry)
    nodules = tuple(moved(n, by) for n in scan.nodules)
    return replace(scan, grid=grid, volume=volume, nodules=nodules)


def write_scan(scan: Scan, folder: Path, words: SeriesWords, *, nifti: bool) -> None:
    """Write one scan with its labels and truth."""
    if nifti:
        write_nifti(scan, folder / "ct.nii.gz")
    else:
        write_dicom(scan, folder / "ct", words)
    write_nifti(scan, folder / "labels.nii.gz", labels=True)
    write_truth(scan, folder / "truth.json")


def example_chest() -> Chest:
    """What ``examples/nodule-ct`` shows: a solid nodule of 9 mm and a calcified one of 5 mm."""
    nodules = (
        chest_nodule("nodule_1", "right upper lobe", 8.6, "solid", 3),
        chest_nodule("nodule_2", "left lower lobe", 4.6, "calcified", 5),
    )
    return Chest(chest_parts(1), nodules)


def write_example(folder: Path = EXAMPLE) -> Scan:
    """Write the scan of ``examples/nodule-ct``: coarse grey steps, JPEG-LS, below 2 MB."""
    scan = scan_of(example_chest(), (2.5, 1.0, 1.0), 1, noise_sd=8.0)
    scan.volume.voxels[scan.labels == 0] = (
        AIR_HU  # noise around the body would be most of the bytes
    )
    words = SeriesWords("example nodule-ct", hu_step=10, is_compressed=True)
    write_dicom(scan, folder / "ct", words)
    write_truth(scan, folder / "truth.json")
    return scan


def main() -> None:
    """Read the arguments and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, help="folder to write to")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--nodules", type=int, default=2, choices=range(len(LOBES) + 1))
    parser.add_argument("--spacing", type=float, nargs=3, default=(1.25, 0.75, 0.75),
                        metavar=("SLICE", "ROW", "COLUMN"), help="voxel size in mm")  # fmt: skip
    parser.add_argument("--nifti", action="store_true", help="NIfTI instead of DICOM")
    parser.add_argument("--prior", type=float, metavar="GROWTH",
                        help="also an earlier scan; diameters grew by this factor")  # fmt: skip
    parser.add_argument("--example", action="store_true", help="write examples/nodule-ct")
    given = parser.parse_args()
    if given.example:
        write_example()
    if given.out is None:
        return
    chest, spacing = random_chest(given.seed, given.nodules), tuple(given.spacing)
    scan = scan_of(chest, spacing, given.seed)
    name = f"phantom {given.seed}"
    write_scan(scan, given.out, SeriesWords(name), nifti=given.nifti)
    if given.prior:
        before = scan_of(earlier(chest, given.prior), spacing, given.seed + 1)
        words = SeriesWords(f"{name} prior", day="20250105")
        write_scan(shifted(before, PRIOR_SHIFT), given.out / "prior", words, nifti=given.nifti)


if __name__ == "__main__":
    main()
