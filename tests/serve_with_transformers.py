"""``transformers serve`` on a port, also beside a torchvision that does not fit torch.

Usage: ``python serve_with_transformers.py PORT``; the models are those that requests name.
"""

import sys
from typing import Any

from expert_models.runtime import torchvision_guard

torchvision_guard.install()

from transformers import image_processing_backends  # noqa: E402
from transformers.cli.transformers import main  # noqa: E402
from transformers.image_utils import load_image  # noqa: E402

read_with_torchvision = image_processing_backends.load_image_as_tensor


def read_somehow(image: Any) -> Any:
    """With Pillow where torchvision's compiled reader cannot be loaded."""
    import numpy as np
    import torch

    try:
        return read_with_torchvision(image)
    except RuntimeError:
        pixels = np.asarray(load_image(image).convert("RGB"))
        return torch.from_numpy(pixels.copy()).permute(2, 0, 1)


image_processing_backends.load_image_as_tensor = read_somehow
sys.argv = [
    "transformers",
    "serve",
    "--device",
    "cpu",
    "--host",
    "127.0.0.1",
    "--port",
    sys.argv[1],
]
main()
