"""The network of the bundle: the only place of the segmenter that imports torch."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from expert_models.errors import ToolRefusal
from expert_models.lung_segmenter.bundle import BUNDLE, WEIGHTS
from expert_models.runtime.checksums import check_weights


class LungNetwork:
    """The network, loaded at the first use and kept.

    Args:
        sha256: what the weights must be.
        bundle: the folder of the bundle.
        device: a torch device; None takes a GPU where there is one.
    """

    def __init__(self, sha256: str, bundle: Path = BUNDLE, *, device: str | None = None) -> None:
        self._sha256, self._bundle, self._device = sha256, bundle, device
        self._lock = threading.Lock()
        self._network: Any = None

    def probabilities(self, squares: NDArray[np.float32]) -> NDArray[np.float32]:
        """Right and left lung for each square; the mean over it and its mirror image.

        Args:
            squares: (batch, row, column), 0 to 1.

        Returns:
            (batch, 2, row, column): right lung, left lung, as the network's sigmoid.
        """
        import torch

        network = self._loaded()
        with torch.inference_mode():
            x = torch.from_numpy(np.ascontiguousarray(squares[:, None])).to(self._device)
            straight = torch.sigmoid(network(x))
            # In the mirror right is left: channels change places.
            mirrored = torch.sigmoid(network(x.flip(-1))).flip(-1).flip(1)
            mean: NDArray[np.float32] = ((straight + mirrored) / 2).float().cpu().numpy()
        return mean

    def _loaded(self) -> Any:
        with self._lock:
            if self._network is None:
                self._network = self._load()
            return self._network

    def _load(self) -> Any:
        check_weights(self._bundle, {WEIGHTS: self._sha256})
        import torch

        # MONAI's log handler keeps the standard output that it finds: that is for results.
        with contextlib.redirect_stdout(sys.stderr):
            from monai.bundle.config_parser import ConfigParser
        from safetensors.torch import load_file

        if self._device is None:
            self._device = "cuda" if torch.cuda.is_available() else "cpu"
        config = json.loads((self._bundle / "configs" / "inference.json").read_text("utf-8"))
        network = ConfigParser({"network_def": config["network_def"]}).get_parsed_content(
            "network_def"
        )
        tensors = load_file(str(self._bundle / WEIGHTS))
        try:
            network.load_state_dict({name: t.float() for name, t in tensors.items()})
        except RuntimeError as error:
            raise ToolRefusal(f"the weights do not fit the network: {error}") from None
        return network.eval().to(self._device)
