"""Makes a torchvision whose compiled part does not fit the installed torch importable.

The torchvision of the package index is compiled for CUDA. Beside a torch for the CPU its operators
cannot be loaded, ``import torchvision`` raises ``operator torchvision::nms does not exist``, and
transformers, torchxrayvision and open_clip then fail as well, although they need no such operator.
With the guard installed, torchvision is looked at when it is first imported: if its library loads,
nothing changes; if not, the operators that it declares at import are defined here.

Call :func:`install` before anything imports torchvision. It imports nothing itself.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

_BOXES = "torchvision.ops.boxes"


def install() -> None:
    """Install the guard; a second call does nothing."""
    if "torchvision" in sys.modules or any(isinstance(f, _Finder) for f in sys.meta_path):
        return
    sys.meta_path.insert(0, _Finder())


class _Finder(MetaPathFinder):
    """Finds torchvision where it is, having made sure that it can be imported."""

    def __init__(self) -> None:
        self._library: Any = None
        self._healthy = False

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if self._healthy or fullname not in ("torchvision", _BOXES):
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.origin is None or spec.loader is None:
            return None
        if fullname == "torchvision":
            self._prepare(Path(spec.origin).parent)
        elif self._library is not None:
            spec.loader = _BoxesLoader(spec.loader)
        return spec

    def _prepare(self, folder: Path) -> None:
        import torch

        if self._library is not None:
            return
        compiled = next((p for p in folder.glob("_C*") if p.suffix in (".so", ".pyd")), None)
        try:
            torch.ops.load_library(str(compiled) if compiled else "")
            self._healthy = True
        except OSError:
            self._library = torch.library.Library("torchvision", "FRAGMENT")
            for name in ("nms", "qnms"):
                self._library.define(f"{name}(Tensor dets, Tensor scores, float iou) -> Tensor")
            self._library.impl("nms", non_maximum_suppression, "CPU")


class _BoxesLoader(Loader):
    """Loads ``torchvision.ops.boxes`` and drops its test for the compiled operators."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        module._assert_has_ops = lambda: None  # type: ignore[attr-defined]  # noqa: SLF001


def non_maximum_suppression(boxes: Any, scores: Any, threshold: float) -> Any:
    """Greedy non-maximum suppression, as ``torchvision.ops.nms`` documents it.

    Args:
        boxes: (n, 4): x1, y1, x2, y2.
        scores: (n,).
        threshold: of two boxes with a larger intersection over union, the one with the lower score
            is dropped.

    Returns:
        Indices of the kept boxes, best first.
    """
    import torch

    order = scores.argsort(descending=True)
    left, top, right, bottom = boxes.unbind(1)
    area = (right - left) * (bottom - top)
    kept = []
    while order.numel():
        best, rest = order[0], order[1:]
        kept.append(best)
        width = torch.minimum(right[best], right[rest]) - torch.maximum(left[best], left[rest])
        height = torch.minimum(bottom[best], bottom[rest]) - torch.maximum(top[best], top[rest])
        shared = width.clamp(min=0) * height.clamp(min=0)
        order = rest[shared <= threshold * (area[best] + area[rest] - shared)]
    return torch.stack(kept) if kept else torch.empty(0, dtype=torch.long)
