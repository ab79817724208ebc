"""The network of the bundle: the only place of the segmenter that imports torch."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from expert_models.errors import ToolRefusal
from expert_models.lung_segmenter.bundle import BUNDLE, MEMORY_MB, WEIGHTS
from expert_models.runtime.checksums import check_weights
from expert_models.runtime.device import mixed_precision, torch_device, within_memory
from expert_models.runtime.tensors import load_tensors


class LungNetwork:
    """The network, loaded at the first use and kept.

    Args:
        sha256: what the weights must be.
        bundle: the folder of the bundle.
        device: a torch device; None leaves it to :func:`torch_device`.
    """

    def __init__(self, sha256: str, bundle: Path = BUNDLE, *, device: str | None = None) -> None:
        self._sha256, self._bundle, self._asked = sha256, bundle, device
        self._device: Any = None
        self._notes: dict[str, None] = {}
        self._lock = threading.Lock()
        self._network: Any = None

    def probabilities(self, squares: NDArray[np.float32]) -> NDArray[np.float32]:
        """Right and left lung for each square; the mean over it and its mirror image.

        Args:
            squares: (batch, row, column), 0 to 1.

        Returns:
            (batch, 2, row, column): right lung, left lung, as the network's sigmoid.
        """
        with self._lock:
            if self._network is None:
                self._network = self._load()
            managed = within_memory(
                partial(self._predict, squares), self._device, parts=len(squares)
            )
            self._notes.update(dict.fromkeys(managed.notes))
        found: NDArray[np.float32] = managed.found
        return found

    def take_notes(self) -> tuple[str, ...]:
        """What a reader should know of the calls since this was last asked."""
        with self._lock:
            notes, self._notes = tuple(self._notes), {}
        return notes

    def _predict(
        self, squares: NDArray[np.float32], device: Any, share: int
    ) -> NDArray[np.float32]:
        import torch

        network = self._network.to(device)
        size = max(1, len(squares) // share)
        means = []
        with torch.inference_mode(), mixed_precision(device):
            for start in range(0, len(squares), size):
                part = np.ascontiguousarray(squares[start : start + size, None])
                x = torch.from_numpy(part).to(device)
                straight = torch.sigmoid(network(x))
                # In the mirror right is left: channels change places.
                mirrored = torch.sigmoid(network(x.flip(-1))).flip(-1).flip(1)
                means.append(((straight + mirrored) / 2).float().cpu().numpy())
        return np.concatenate(means)

    def _load(self) -> Any:
        check_weights(self._bundle, {WEIGHTS: self._sha256})
        # MONAI's log handler keeps the standard output that it finds: that is for results.
        with contextlib.redirect_stdout(sys.stderr):
            from monai.bundle.config_parser import ConfigParser

        self._device = torch_device(self._asked, memory_mb=MEMORY_MB)
        config = json.loads((self._bundle / "configs" / "inference.json").read_text("utf-8"))
        network = ConfigParser({"network_def": config["network_def"]}).get_parsed_content(
            "network_def"
        )
        tensors = load_tensors(self._bundle / WEIGHTS)
        try:
            network.load_state_dict({name: t.float() for name, t in tensors.items()})
        except RuntimeError as error:
            raise ToolRefusal(f"the weights do not fit the network: {error}") from None
        return network.eval()
