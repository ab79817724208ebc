"""The boxes of a detector, from its own voxels to patient coordinates to the image's voxels."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

from dxtrace.clinical.volume import Volume
from expert_models.errors import ToolRefusal
from expert_models.monai_bundle.image_file import file_affine

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SIDES = 6
_AXES = 3


@dataclass(frozen=True, eq=False)
class WorldBox:
    """A box that a detector found.

    Attributes:
        corners: (8, 3): its corners in mm, RAS as NIfTI has them.
        score: the detector's score.
        label: the detector's label.
    """

    corners: NDArray[np.float64]
    score: float
    label: int


@dataclass(frozen=True)
class VoxelBox:
    """A box in an image.

    Attributes:
        low: smallest (slice, row, column), not rounded; voxels lie at whole numbers.
        high: largest.
    """

    low: tuple[float, float, float]
    high: tuple[float, float, float]


def boxes_of(item: dict[str, Any], output: str, image: str) -> list[WorldBox]:
    """The boxes of a finished data item.

    MONAI's detectors give boxes as x, y, z of the low and of the high corner, in voxels of the
    image that the network saw. That image knows where its voxels lie, however it was turned and
    resampled.

    Args:
        item: the evaluator's output.
        output: name of the entry with ``box``, ``label`` and ``label_scores``.
        image: name of the entry with the image that the network saw.

    Raises:
        ToolRefusal: if there are no such entries.
    """
    import numpy as np

    found, affine = item.get(output), getattr(item.get(image), "affine", None)
    keys = ("box", "label", "label_scores")
    if not isinstance(found, dict) or any(key not in found for key in keys) or affine is None:
        raise ToolRefusal(f"expected {', '.join(keys)} and an image that knows its place")
    boxes, labels, scores = (np.asarray(found[key].detach().cpu(), np.float64) for key in keys)
    if boxes.size == 0:
        return []
    if boxes.ndim != 2 or boxes.shape[1] != _SIDES:  # noqa: PLR2004  # rows and columns
        raise ToolRefusal(f"expected boxes of {_SIDES} numbers, got an array of {boxes.shape}")
    to_world = np.asarray(affine.detach().cpu(), np.float64)
    return [
        WorldBox(_corners(box, to_world), float(score), int(label))
        for box, label, score in zip(boxes, labels, scores, strict=True)
        if np.isfinite(box).all() and np.isfinite(score)
    ]


def in_voxels(box: WorldBox, volume: Volume) -> VoxelBox:
    """The smallest box along the axes of an image that holds a box."""
    import numpy as np

    inverse = np.linalg.inv(file_affine(volume))
    index = (box.corners @ inverse[:_AXES, :_AXES].T + inverse[:_AXES, _AXES])[:, ::-1]
    low, high = index.min(axis=0), index.max(axis=0)
    return VoxelBox(tuple(map(float, low)), tuple(map(float, high)))  # type: ignore[arg-type]


def filled(box: VoxelBox, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """The voxels whose middle lies in a box."""
    import numpy as np

    voxels = np.zeros(shape, np.bool_)
    spans = [
        slice(max(0, int(np.ceil(low))), max(0, int(np.floor(high)) + 1))
        for low, high in zip(box.low, box.high, strict=True)
    ]
    voxels[tuple(spans)] = True
    return voxels


def _corners(box: NDArray[np.float64], to_world: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    corners = np.array(list(product(*zip(box[:_AXES], box[_AXES:], strict=True))))
    placed: NDArray[np.float64] = corners @ to_world[:_AXES, :_AXES].T + to_world[:_AXES, _AXES]
    return placed
