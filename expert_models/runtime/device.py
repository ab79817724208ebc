"""Where a network runs."""

from typing import Any


def torch_device(asked: str | None = None) -> Any:
    """The device that is asked for; else the first GPU, if there is one; else the processor.

    Args:
        asked: as torch writes it, such as ``cpu`` or ``cuda:1``.
    """
    import torch

    return torch.device(asked or ("cuda:0" if torch.cuda.is_available() else "cpu"))
