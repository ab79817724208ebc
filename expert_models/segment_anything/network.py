"""The network: pictures are encoded once, prompts are decoded on what was kept."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from expert_models.errors import ToolRefusal
from expert_models.runtime.checksums import check_weights
from expert_models.runtime.device import SHARES, torch_device, within_memory
from expert_models.runtime.pretrained import load_model, load_processor
from expert_models.segment_anything.original_checkpoint import load_original
from expert_models.segment_anything.prompts import PlanePrompt

if TYPE_CHECKING:
    from numpy.typing import NDArray

Kind = Literal["sam", "medsam"]
_KEPT = 64
"""Encoded pictures that are kept: 4 MiB each for the published networks."""
# What the automatic masks of the original are filtered by: quality as the network predicts it, how
# little the mask changes with its threshold, overlap (Kirillov A et al. 2023, arXiv:2304.02643).
_LEAST_IOU, _LEAST_STABILITY, _MOST_OVERLAP = 0.88, 0.95, 0.7
_MOST_PIXELS_AT_ONCE = 1 << 25
_POINTS_AT_ONCE = 64


@dataclass(frozen=True)
class Outline:
    """What the network outlines in one plane.

    Attributes:
        mask: (row, column).
        predicted_iou: how well the network believes to have outlined it, whatever it is.
        notes: what had to be done for want of memory.
    """

    mask: NDArray[np.bool_]
    predicted_iou: float
    notes: tuple[str, ...] = ()


class SamNetwork:
    """A Segment Anything network: loaded at the first use and kept, with what it has encoded.

    Args:
        folder: a folder of transformers, or one with an original checkpoint (``.pth``).
        weights: path below the folder to the SHA-256 that the file must have.
        kind: ``medsam`` prepares pictures as MedSAM was trained: stretched to a square, 0 to 1.
        device: a torch device; None leaves it to ``DXTRACE_DEVICE``, or to what is here.
        memory_mb: what a call needs, in MiB, if it is known.
    """

    def __init__(
        self,
        folder: Path,
        weights: Mapping[str, str],
        *,
        kind: Kind,
        device: str | None = None,
        memory_mb: int | None = None,
    ) -> None:
        self._folder, self._weights, self._kind = folder, dict(weights), kind
        self._asked, self._memory_mb = device, memory_mb
        self._model: Any = None
        self._processor: Any = None
        self._encoded: OrderedDict[str, _Encoded] = OrderedDict()
        self._lock = threading.Lock()

    def outline(self, picture: NDArray[np.uint8], prompt: PlanePrompt) -> Outline:
        """Outline what a prompt points at.

        Args:
            picture: (row, column, 3).
            prompt: points and a box, in the picture's rows and columns.

        Raises:
            ToolRefusal: if the weights are not what they must be.
        """
        found: Outline
        found, notes = self._managed(partial(self._outline, picture, prompt), parts=1)
        return replace(found, notes=notes)

    def everything(self, picture: NDArray[np.uint8], points_per_side: int) -> list[Outline]:
        """Outline all that stands apart, from a grid of points; the best first.

        Args:
            picture: (row, column, 3).
            points_per_side: points of the grid along rows and columns.

        Raises:
            ToolRefusal: as :meth:`outline`.
        """
        found, notes = self._managed(partial(self._everything, picture, points_per_side))
        return [replace(outline, notes=notes) for outline in found]

    def _managed(
        self, work: Callable[[Any, int], Any], parts: int = SHARES[-1]
    ) -> tuple[Any, tuple[str, ...]]:
        """Do work within the memory that there is; what came out, and what had to be done."""
        import torch

        with self._lock, torch.inference_mode():
            if self._model is None:
                self._load()
            device = torch_device(self._asked, memory_mb=self._memory_mb)
            managed = within_memory(work, device, parts=parts)
            return managed.found, managed.notes

    def _outline(
        self, picture: NDArray[np.uint8], prompt: PlanePrompt, device: Any, _share: int
    ) -> Outline:
        encoded = self._encode(picture, device)
        alone = prompt.box is None and len(prompt.points) == 1
        # One point may mean a part or the whole: the network then offers three outlines.
        found = self._model(
            image_embeddings=encoded.embedding.to(device),
            **encoded.inputs(prompt, device),
            multimask_output=alone,
        )
        masks, scores = self._masks(found, encoded)
        best = int(scores[0].argmax())
        return Outline(masks[0, best].numpy() > 0, float(scores[0, best]))

    def _everything(
        self, picture: NDArray[np.uint8], points_per_side: int, device: Any, share: int
    ) -> list[Outline]:
        import torch

        encoded = self._encode(picture, device)
        areas, points, _, labels = self._processor.generate_crop_boxes(
            picture, self._side, points_per_crop=points_per_side
        )
        rows, columns = encoded.shape
        step = min(_POINTS_AT_ONCE, _MOST_PIXELS_AT_ONCE // (3 * rows * columns)) // share
        runs, scores, boxes = [], [], []
        for part in range(0, points.shape[1], max(1, step)):
            these = slice(part, part + max(1, step))
            found = self._model(
                image_embeddings=encoded.embedding.to(device),
                input_points=points[:, these].to(device),
                input_labels=labels[:, these].to(device),
            )
            masks, quality = self._masks(found, encoded)
            kept = self._processor.filter_masks(
                masks, quality, encoded.shape, areas[0], _LEAST_IOU, _LEAST_STABILITY
            )
            runs += kept[0]
            scores.append(kept[1])
            boxes.append(kept[2])
        if not runs:
            return []
        outlines, best, _, _ = self._processor.post_process_for_mask_generation(
            runs, torch.cat(scores), torch.cat(boxes), _MOST_OVERLAP
        )
        return [Outline(m.numpy(), float(s)) for m, s in zip(outlines, best, strict=True)]

    @property
    def _side(self) -> int:
        return int(self._model.config.vision_config.image_size)

    def _masks(self, found: Any, encoded: _Encoded) -> tuple[Any, Any]:
        """Logits (prompt, mask, row, column) on the picture's grid, and scores (prompt, mask)."""
        scores = found.iou_scores[0].float().cpu()
        if not bool(scores.isfinite().all()):
            raise ToolRefusal("the network gives numbers that are none")
        masks = self._processor.post_process_masks(
            found.pred_masks.float().cpu(), [encoded.shape], [encoded.input_shape], binarize=False
        )
        return masks[0], scores

    def _encode(self, picture: NDArray[np.uint8], device: Any) -> _Encoded:
        """The picture, encoded now or before, with the network on the device."""
        self._model.to(device)
        key = hashlib.sha256(repr(picture.shape).encode() + picture.tobytes()).hexdigest()
        if key in self._encoded:
            self._encoded.move_to_end(key)
            return self._encoded[key]
        rows, columns = picture.shape[:2]
        shown = _stretched(picture, self._side) if self._kind == "medsam" else picture
        inputs = self._processor(images=shown, return_tensors="pt")
        height, width = (int(n) for n in inputs["reshaped_input_sizes"][0])
        embedding = self._model.get_image_embeddings(inputs["pixel_values"].to(device))
        self._encoded[key] = _Encoded(embedding.cpu(), (rows, columns), (height, width))
        while len(self._encoded) > _KEPT:
            self._encoded.popitem(last=False)
        return self._encoded[key]

    def _load(self) -> None:
        from transformers import SamImageProcessor, SamModel, SamProcessor

        check_weights(self._folder, self._weights)
        original = next(iter(sorted(self._folder.glob("*.pth"))), None)
        if original is None:
            model = load_model(SamModel, self._folder, "cpu")
        else:
            model = load_original(original).eval()
        side = int(model.config.vision_config.image_size)
        own = {"size": {"longest_edge": side}, "pad_size": {"height": side, "width": side}}
        if self._kind == "medsam":
            self._processor = SamImageProcessor(do_normalize=False, **own)
        elif original is not None:
            self._processor = SamImageProcessor(**own)
        else:
            self._processor = load_processor(SamProcessor, self._folder).image_processor
        if self._processor.size["longest_edge"] != side:
            raise ToolRefusal(
                f"{self._folder.name}: its processor makes pictures of "
                f"{self._processor.size['longest_edge']} pixels, the network expects {side}"
            )
        self._model = model


@dataclass(frozen=True)
class _Encoded:
    """An encoded picture: (1, channel, row, column), the shape it had, and had when encoded."""

    embedding: Any
    shape: tuple[int, int]
    input_shape: tuple[int, int]

    def inputs(self, prompt: PlanePrompt, device: Any) -> dict[str, Any]:
        """A prompt as the network takes it.

        Indices become places, x before y: the middle of a pixel for a point, its outer edges for a
        box. The network itself adds half a pixel of its input, which is taken off here.
        """
        import torch

        scale_y, scale_x = (n / m for n, m in zip(self.input_shape, self.shape, strict=True))

        def place(row: float, column: float) -> list[float]:
            return [column * scale_x - 0.5, row * scale_y - 0.5]

        inputs: dict[str, Any] = {}
        if prompt.points:
            places = [place(row + 0.5, column + 0.5) for row, column, _ in prompt.points]
            labels = [int(inside) for _, _, inside in prompt.points]
            inputs["input_points"] = torch.tensor([[places]], device=device)
            inputs["input_labels"] = torch.tensor([[labels]], device=device)
        if prompt.box is not None:
            top, left, bottom, right = prompt.box
            corners = [*place(top, left), *place(bottom + 1, right + 1)]
            inputs["input_boxes"] = torch.tensor([[corners]], device=device)
        return inputs


def _stretched(picture: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """A square whose darkest pixel is 0 and whose brightest is 255, as MedSAM makes it."""
    from PIL import Image

    square = Image.fromarray(picture).resize((side, side), Image.Resampling.BICUBIC)
    pixels = np.asarray(square, np.float32)
    low, high = float(pixels.min()), float(pixels.max())
    return np.asarray((pixels - low) * (255 / max(high - low, 1e-6)) + 0.5, np.uint8)
