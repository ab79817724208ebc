"""Pictures without radiographed lungs, so that the network learns to mark nothing on them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_EACH = 40  # pictures of a kind; a handful of kinds is wanted, not many of one


def read_negatives(folder: Path) -> Iterator[NDArray[np.float32]]:
    """Blood smears, CT and MR slices in every plane, as (row, column).

    Args:
        folder: holds ``bccd``, ``ct_abdomen``, ``ct_chest_cropped`` and ``mr_brain``.
    """
    for path in sorted((folder / "bccd").rglob("*.jp*g"))[:_EACH]:
        yield np.asarray(Image.open(path).convert("L"), np.float32)
    for name in ("ct_abdomen", "ct_chest_cropped", "mr_brain"):
        for path in sorted((folder / name).rglob("*")):
            if path.name.endswith((".nii.gz", ".nrrd")) and "seg" not in path.name.lower():
                yield from _slices(path)


def _slices(path: Path) -> Iterator[NDArray[np.float32]]:
    import SimpleITK as sitk  # noqa: N813  # its own usual name

    image = sitk.ReadImage(str(path))
    voxels = sitk.GetArrayFromImage(image).astype(np.float32)
    if voxels.ndim != 3 or len(np.unique(voxels[:: max(1, len(voxels) // 5)])) < 20:  # noqa: PLR2004
        return  # a label map
    if voxels.min() < -500:  # noqa: PLR2004  # air in HU: a CT
        voxels = np.clip(voxels, -1000, 400)
    for axis in (0, 0, 1, 2):
        for i in np.linspace(0.15, 0.85, _EACH // 4):
            plane = np.take(voxels, int(i * voxels.shape[axis]), axis)
            yield np.ascontiguousarray(plane[::-1] if axis else plane)
