"""Small scans that tests make for themselves: a chest with a ball, as CT, and cases of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Pillow

from agents.vlm.sight import KeptFiles, Picture
from dxtrace.clinical import (
    Artifact,
    Case,
    Evidence,
    Finding,
    Geometry,
    Image,
    Laterality,
    Presence,
    Series,
    Study,
)
from dxtrace.clinical.volume import Volume
from dxtrace.reporting.mask_files import encode_nifti_mask

SHAPE = (60, 96, 120)
SPACING = (3.0, 2.5, 2.5)
BALL = (40, 40, 32)  # array index: to the head, to the back, to the left


def placed(spacing: tuple[float, ...] = SPACING, origin: float = 0.0) -> Geometry:
    """Axes to head, back and left."""
    affine = (
        (0.0, 0.0, spacing[2], 0.0), (0.0, spacing[1], 0.0, 0.0), (spacing[0], 0.0, 0.0, origin),
        (0.0, 0.0, 0.0, 1.0),
    )  # fmt: skip
    return Geometry(voxel_spacing_mm=spacing, affine=affine, orientation="SPL")


def ball(centre: tuple[int, ...] = BALL, radius_mm: float = 9.0) -> np.ndarray[Any, Any]:
    """A ball in the patient's right lung, as a mask."""
    z, y, x = np.indices(SHAPE)
    steps = [(a - c) * s for a, c, s in zip((z, y, x), centre, SPACING, strict=True)]
    return np.asarray(sum(step**2 for step in steps) <= radius_mm**2)


def chest(centre: tuple[int, ...] = BALL, *, shift: int = 0) -> Volume:
    """A CT of a body with two lungs, a spine at the back and a ball on the right."""
    voxels = np.full(SHAPE, -1000, np.int16)
    z, y, x = np.indices(SHAPE)
    narrow = 1 - 0.5 * ((z - shift) / SHAPE[0] - 0.5) ** 2
    voxels[((y - 48) / (40 * narrow)) ** 2 + ((x - 60) / (52 * narrow)) ** 2 <= 1] = 40
    for middle in (34, 86):
        lung = ((y - 46) / (28 * narrow)) ** 2 + ((x - middle) / (18 * narrow)) ** 2 <= 1
        voxels[lung & (z > 10 + shift)] = -850
    voxels[((y - 78) / 7) ** 2 + ((x - 60) / 8) ** 2 <= 1] = 500
    voxels[ball(centre)] = 30
    return Volume(voxels, placed(), modality="CT", body_part="chest", unit="HU", series="series-1")


def series(id_: str, shape: tuple[int, ...] | None = SHAPE, **further: Any) -> Series:
    fields = {"modality": "CT", **further}
    return Series(id=id_, shape=shape, images=(Image(path=Path(f"{id_}.dcm")),), **fields)


def case_of(*current: Series, prior: tuple[Series, ...] = (), question: str = "") -> Case:
    studies = [Study(id="current", day=date(2026, 1, 10), series=current)]
    if prior:
        studies.insert(0, Study(id="before", day=date(2025, 1, 10), is_prior=True, series=prior))
    return Case(id="c", studies=tuple(studies), question=question or None)


def loader(**volumes: Volume) -> Callable[[Series], Volume]:
    """Reads the series from memory, by id with ``_`` for ``-``."""
    return lambda s: volumes[s.id.replace("-", "_")]


def kept_mask(
    root: Path, voxels: np.ndarray[Any, Any], geometry: Geometry, **fields: Any
) -> Artifact:
    """A mask as the runner keeps it."""
    given = {"name": "nodule_1", "series": "series-1", **fields}
    content = encode_nifti_mask(voxels, geometry)
    path = f"masks/c/finder/{given['name']}.nii.gz"
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_bytes(content)
    return Artifact(
        kind="mask", path=path, sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content), tool="finder", **given,
    )  # fmt: skip


def nodule(artifact: Artifact | None, id_: str = "f1", **further: Any) -> Finding:
    fields = {"presence": Presence.PRESENT, "laterality": Laterality.RIGHT, **further}
    evidence = Evidence(tool="finder", artifact=artifact.path if artifact else None)
    return Finding(id=id_, concept="pulmonary_nodule", evidence=(evidence,), **fields)


def files(root: Path, *artifacts: Artifact) -> KeptFiles:
    return KeptFiles(root, artifacts)


def pixels(picture: Picture) -> np.ndarray[Any, Any]:
    """(row, column, 3) of a picture."""
    return np.asarray(Pillow.open(BytesIO(picture.png)).convert("RGB"), int)
