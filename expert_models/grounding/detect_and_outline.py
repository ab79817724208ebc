"""A zero-shot object detector finds boxes, Segment Anything outlines what is in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expert_models.grounding.segmenter import Region, Regions, box_of, check_length
from expert_models.runtime.held_model import HeldModel, load_with_processor
from expert_models.segment_anything.network import Kind, SamNetwork
from expert_models.segment_anything.prompts import PlanePrompt

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_Box = tuple[int, int, int, int]
DETECTOR, OUTLINER = "detector", "sam"
"""The folders of the two models."""


class DetectAndOutline:
    """Any detector of transformers' zero-shot object detection (Grounding DINO, OWLv2), with SAM.

    Args:
        folder: with the folders ``detector`` and ``sam``.
        weights: path below the folder to the SHA-256 that the file must have.
        kind: how pictures are prepared for the outlines.
        device: a torch device; None leaves it to ``DXTRACE_DEVICE``, or to what is here.
        memory_mb: what a call needs, in MiB, if it is known.
    """

    scale = "sigmoid"

    def __init__(
        self,
        folder: Path,
        weights: Mapping[str, str],
        *,
        kind: Kind,
        device: str | None = None,
        memory_mb: int | None = None,
    ) -> None:
        self._detector = HeldModel(
            partial(_loaded, folder / DETECTOR, _below(weights, DETECTOR)),
            device=device,
            memory_mb=memory_mb,
        )
        self._outliner = SamNetwork(
            folder / OUTLINER,
            _below(weights, OUTLINER),
            kind=kind,
            device=device,
            memory_mb=memory_mb,
        )

    def segment(
        self, picture: NDArray[np.uint8], phrases: Sequence[str], *, floor: float
    ) -> Regions:
        """Find regions; as :class:`~expert_models.grounding.segmenter.PhraseSegmenter` says."""
        regions: list[Region] = []
        notes: list[str] = []
        for phrase in phrases:
            detected = self._detector.do(partial(_boxes, picture, phrase, floor))
            notes += detected.notes
            for box, score in detected.found:
                outline = self._outliner.outline(picture, PlanePrompt(0, box=box))
                notes += outline.notes
                if outline.mask.any():
                    regions.append(Region(phrase, score, outline.mask, box_of(outline.mask)))
        return Regions(tuple(regions), tuple(dict.fromkeys(notes)))


def _loaded(folder: Path, weights: Mapping[str, str]) -> tuple[Any, Any]:
    from transformers import AutoModelForZeroShotObjectDetection

    return load_with_processor(AutoModelForZeroShotObjectDetection, folder, weights)


def _boxes(
    picture: NDArray[np.uint8], phrase: str, floor: float, model: Any, processor: Any, device: Any
) -> list[tuple[_Box, float]]:
    """Boxes in rows and columns with their scores, for one phrase.

    Phrases are asked for one by one: of several in one text, a detector that reads the text as
    a whole may mix the words.
    """
    rows, columns = picture.shape[:2]
    inputs = processor(images=picture, text=[[phrase]], return_tensors="pt")
    check_length(phrase, inputs, processor)
    found = processor.post_process_grounded_object_detection(
        model(**inputs.to(device)), threshold=floor, target_sizes=[(rows, columns)]
    )[0]
    boxes = zip(found["boxes"].tolist(), found["scores"].tolist(), strict=True)
    placed = ((_pixels(box, rows, columns), score) for box, score in boxes)
    return [(box, score) for box, score in placed if box is not None]


def _below(weights: Mapping[str, str], folder: str) -> dict[str, str]:
    prefix = f"{folder}/"
    return {n.removeprefix(prefix): sha for n, sha in weights.items() if n.startswith(prefix)}


def _pixels(box: list[float], rows: int, columns: int) -> _Box | None:
    """The pixels that lie in a box by half or more; None if there are none in the picture.

    Args:
        box: x, y, x, y of its edges.
        rows: of the picture.
        columns: of the picture.
    """
    left, top, right, bottom = box
    low = (max(0, round(top)), max(0, round(left)))
    high = (min(rows, round(bottom)) - 1, min(columns, round(right)) - 1)
    return (*low, *high) if low[0] <= high[0] and low[1] <= high[1] else None
