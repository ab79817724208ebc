"""Files of weights to tensors, without running anything that a file says."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from expert_models.errors import ToolRefusal


def load_tensors(path: Path, *, module_classes: Collection[str] = ()) -> dict[str, Any]:
    """Read a state dict: safetensors, or a PyTorch file that holds tensors only.

    Args:
        path: ``.safetensors``, or any file that ``torch.save`` wrote.
        module_classes: for a family whose files hold whole modules: the classes that may occur in
            them (:func:`expert_models.runtime.module_pickle.read_module_tensors`).

    Returns:
        Tensors by name, on the CPU. A dict with one of the usual wrappers (``state_dict``,
        ``model``, ``model_state_dict``) is unwrapped.

    Raises:
        ToolRefusal: if it is damaged, or holds a pickled program.
    """
    if path.suffix == ".safetensors":
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            return dict(load_file(str(path)))
        except (SafetensorError, OSError) as error:
            raise ToolRefusal(f"{path.name}: expected safetensors: {error}") from None
    return _unwrapped(path, _unpickled(path, module_classes))


def _unpickled(path: Path, module_classes: Collection[str]) -> Any:
    import pickle

    import torch

    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if module_classes:
            from expert_models.runtime.module_pickle import read_module_tensors

            return read_module_tensors(path, module_classes)
        first = str(error).splitlines()[0]
        raise ToolRefusal(
            f"{path.name} holds more than tensors and is not loaded: a pickled file can run any "
            f"program. Expected safetensors or a state dict ({first})"
        ) from None
    except (RuntimeError, EOFError, OSError, ValueError) as error:
        raise ToolRefusal(f"{path.name}: expected a PyTorch file: {error}") from None


def _unwrapped(path: Path, loaded: Any) -> dict[str, Any]:
    import torch

    for key in ("state_dict", "model_state_dict", "model"):
        if isinstance(loaded, dict) and isinstance(loaded.get(key), dict):
            loaded = loaded[key]
            break
    if not isinstance(loaded, dict) or not all(torch.is_tensor(t) for t in loaded.values()):
        raise ToolRefusal(f"{path.name}: expected tensors by name")
    return dict(loaded)
