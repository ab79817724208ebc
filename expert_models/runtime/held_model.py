"""A network and what prepares its inputs, in one thread's hands at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from expert_models.runtime.checksums import check_weights
from expert_models.runtime.device import Managed, torch_device, within_memory
from expert_models.runtime.pretrained import load_model, load_processor


class HeldModel:
    """A network of transformers with its processor: loaded at the first use and kept.

    Args:
        load: gives the network, on the CPU, and its processor.
        device: a torch device; None leaves it to ``DXTRACE_DEVICE``, or to what is here.
        memory_mb: what a call needs, in MiB, if it is known.
    """

    def __init__(
        self, load: Callable[[], tuple[Any, Any]], *, device: str | None, memory_mb: int | None
    ) -> None:
        self._load, self._asked, self._memory_mb = load, device, memory_mb
        self._loaded: tuple[Any, Any] | None = None
        self._lock = threading.Lock()

    def do(self, work: Callable[[Any, Any, Any], Any]) -> Managed:
        """Do work with the network where its memory suffices, on the CPU if nowhere else.

        Args:
            work: called with the network, its processor, and the device that the network is on.

        Returns:
            What the work gave, with notes of what had to be done for want of memory.

        Raises:
            ToolRefusal: if no memory suffices, and whatever loading raises.
        """
        import torch

        with self._lock, torch.inference_mode():
            if self._loaded is None:
                self._loaded = self._load()
            model, processor = self._loaded
            device = torch_device(self._asked, memory_mb=self._memory_mb)
            return within_memory(
                lambda where, _: work(model.to(where), processor, where), device, parts=1
            )


def load_with_processor(
    model_class: Any, folder: Path, weights: Mapping[str, str]
) -> tuple[Any, Any]:
    """Load a network, on the CPU, and its processor.

    Args:
        model_class: a class of transformers.
        folder: where both lie.
        weights: path below the folder to the SHA-256 that the file must have.

    Raises:
        ToolRefusal: if a file is missing or not what it must be.
    """
    from transformers import AutoProcessor

    check_weights(folder, weights)
    return load_model(model_class, folder, "cpu"), load_processor(AutoProcessor, folder)
