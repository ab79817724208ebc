"""The Hannover radiographs with the lung outlines that torchxrayvision carries.

Images: ``ml-workgroup/covid-19-image-repository`` (Hannover Medical School, CC BY 3.0). Outlines:
``semantic_masks_v7labs_lungs.zip`` in the package torchxrayvision (v7labs, CC BY 4.0). An outline
was drawn on the *central square* of its image and stored as 2000 x 2000 pixels; stretched over the
whole image it would lie beside the lungs. Where an outline ends at the square's edge nobody knows
how the lung goes on, so the pixels beyond that edge are not known.
"""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

_SPLIT = Path(__file__).with_name("split.yaml")
_MASKS = "data/semantic_masks_v7labs_lungs.zip"
_MASK_ON = 127
_SMALLEST_LUNG = 0.01  # of the picture; what is smaller is a slip of the pen


@dataclass(frozen=True, eq=False)
class Radiograph:
    """A radiograph with its outlined lungs.

    Attributes:
        image: stem of the file name.
        patient: the data set's patient id.
        projection: ``pa`` or ``ap``.
        pixels: (row, column), 8 bit.
        lungs: (2, row, column): right lung, left lung. Patient's right is on the picture's left.
        known: (row, column): where the outline says what is lung and what is not.
    """

    image: str
    patient: str
    projection: str
    pixels: NDArray[np.uint8]
    lungs: NDArray[np.bool_]
    known: NDArray[np.bool_]


def read_radiographs(folder: Path, masks: Path | None = None) -> Iterator[Radiograph]:
    """Read every radiograph that has an outline lying on it.

    Args:
        folder: ``cxr_hannover`` with ``data.csv`` and ``images``.
        masks: the zip of outlines; None for the one of the installed torchxrayvision.
    """
    left_out = _settings()["left_out"]
    with zipfile.ZipFile(masks or _installed_masks()) as archive:
        outlines = {Path(name).stem: name for name in archive.namelist()}
        with (folder / "data.csv").open(encoding="utf-8") as lines:
            rows = sorted(csv.DictReader(lines), key=lambda row: row["image_id"])
        for row in rows:
            stem = row["image_id"]
            path = folder / "images" / f"{stem}.png"
            if stem not in outlines or stem in left_out or not path.is_file():
                continue
            outline = np.asarray(Image.open(io.BytesIO(archive.read(outlines[stem]))).convert("L"))
            pixels = np.asarray(Image.open(path).convert("L"))
            lungs, known = _placed(outline, pixels.shape)
            yield Radiograph(stem, row["patient_id"], row["projection"], pixels, lungs, known)


def split_of(patients: set[str]) -> dict[str, str]:
    """Patient id to ``held_out``, ``validation`` or ``training``: each patient is in one."""
    settings = _settings()
    order = sorted(patients, key=lambda p: hashlib.sha256(p.encode()).hexdigest())
    held_out = int(settings["held_out_patients"])
    chosen_by = held_out + int(settings["validation_patients"])
    return {
        patient: "held_out" if i < held_out else "validation" if i < chosen_by else "training"
        for i, patient in enumerate(order)
    }


def _settings() -> dict[str, Any]:
    settings: dict[str, Any] = yaml.safe_load(_SPLIT.read_text(encoding="utf-8"))
    return settings


def _installed_masks() -> Path:
    package = find_spec("torchxrayvision")
    if package is None or package.origin is None:
        raise SystemExit("torchxrayvision is not installed: its lung outlines are needed")
    return Path(package.origin).parent / _MASKS


def _placed(
    outline: NDArray[np.uint8], shape: tuple[int, ...]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """The outline on its image's central square, by side, and where it is known."""
    height, width = shape
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = np.asarray(Image.fromarray(outline).resize((side, side), Image.Resampling.BILINEAR))
    lungs = np.zeros((2, height, width), bool)
    lungs[:, top : top + side, left : left + side] = _by_side(square > _MASK_ON)
    known = np.ones((height, width), bool)
    either = lungs.any(axis=0)
    if either[:, left].any():
        known[:, :left] = False
    if either[:, left + side - 1].any():
        known[:, left + side :] = False
    if either[top].any():
        known[:top] = False
    if either[top + side - 1].any():
        known[top + side :] = False
    return lungs, known


def _by_side(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Right and left lung (2, row, column) of a mask whose lungs do not touch."""
    labels, count = ndimage.label(mask)
    parts = [labels == i for i in range(1, count + 1)]
    lungs = sorted((p for p in parts if p.mean() >= _SMALLEST_LUNG), key=_column)
    if len(lungs) != 2:  # noqa: PLR2004  # a right and a left one
        raise ValueError(f"expected two lungs that do not touch, got {len(lungs)}")
    return np.stack(lungs)


def _column(part: NDArray[np.bool_]) -> float:
    return float(np.nonzero(part)[1].mean())
