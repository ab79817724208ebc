"""The networks with their weights: the only place of the family that imports torch."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from expert_models.errors import ToolRefusal
from expert_models.runtime.device import torch_device
from expert_models.runtime.tensors import load_tensors

if TYPE_CHECKING:
    from numpy.typing import NDArray

# What a pickled DenseNet of the package is made of. None of it is built from the file: these names
# may occur in it, others end the reading (expert_models.runtime.module_pickle).
MODULE_CLASSES = (
    "torch.nn.backends.thnn._get_thnn_function_backend",  # until PyTorch 1.4
    "torch.nn.modules.activation.ReLU",
    "torch.nn.modules.batchnorm.BatchNorm2d",
    "torch.nn.modules.container.Sequential",
    "torch.nn.modules.conv.Conv2d",
    "torch.nn.modules.linear.Linear",
    "torch.nn.modules.pooling.AvgPool2d",
    "torch.nn.modules.pooling.MaxPool2d",
    "torchxrayvision.models.DenseNet",
    "torchxrayvision.models._DenseBlock",
    "torchxrayvision.models._DenseLayer",
    "torchxrayvision.models._Transition",
)
_WRAPPERS = ("module.", "model.")
_NOT_WEIGHTS = ("op_threshs",)


class LoadedNetwork:
    """A network ready for use.

    Args:
        network: takes (batch, 1, row, column).
        device: where it is.
    """

    def __init__(self, network: Any, device: Any) -> None:
        self._network, self._device = network.eval().to(device), device

    def __call__(self, squares: NDArray[np.float32]) -> NDArray[np.float32]:
        """The sigmoid of the network's output for pictures (picture, row, column)."""
        import torch

        with torch.inference_mode():
            x = torch.from_numpy(np.ascontiguousarray(squares))[:, None].to(self._device)
            found: NDArray[np.float32] = torch.sigmoid(self._network(x)).float().cpu().numpy()
        return found


def load_classifier(name: str, outputs: int, path: Path, device: str | None) -> LoadedNetwork:
    """A classifier: DenseNet-121 or ResNet-50 for one channel.

    Args:
        name: as the package names it.
        outputs: number of outputs.
        path: its weights: the package's file, a state dict, or safetensors.
        device: a torch device; None takes a GPU where there is one.

    Raises:
        ToolRefusal: if the weights are damaged or others, or hold a program.
    """
    import torch

    with contextlib.redirect_stdout(sys.stderr):
        from torchvision.models import resnet50
        from torchxrayvision.models import DenseNet

    if name.startswith("densenet"):
        network = DenseNet(num_classes=outputs)
    else:
        network = resnet50(num_classes=outputs, weights=None)
        network.conv1 = torch.nn.Conv2d(1, 64, kernel_size=7, stride=2, padding=3, bias=False)
    return LoadedNetwork(_filled(network, path), torch_device(device))


def load_segmenter(outputs: int, path: Path, device: str | None) -> LoadedNetwork:
    """The anatomy segmenter: a PSPNet over colours scaled as for ImageNet.

    Raises:
        ToolRefusal: as :func:`load_classifier`.
    """
    import torch

    with contextlib.redirect_stdout(sys.stderr):
        from torchxrayvision.baseline_models.chestx_det.ptsemseg.pspnet import pspnet

    network = _filled(pspnet(outputs), path)

    class Colours(torch.nn.Module):  # type: ignore[misc]  # torch has no types here
        """What the package does before the network."""

        def __init__(self) -> None:
            super().__init__()
            self.network = network
            mean, spread = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
            self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1))
            self.register_buffer("spread", torch.tensor(spread).view(1, 3, 1, 1))

        def forward(self, x: Any) -> Any:
            return self.network(((x + 1024) / 2048 - self.mean) / self.spread)

    return LoadedNetwork(Colours(), torch_device(device))


def _filled(network: Any, path: Path) -> Any:
    tensors = load_tensors(path, module_classes=MODULE_CLASSES)
    for wrapper in _WRAPPERS:
        if tensors and all(name.startswith(wrapper) for name in tensors):
            tensors = {name.removeprefix(wrapper): tensor for name, tensor in tensors.items()}
    weights = {n: t.float() if t.is_floating_point() else t for n, t in tensors.items()}
    try:
        network.load_state_dict({n: t for n, t in weights.items() if n not in _NOT_WEIGHTS})
    except RuntimeError as error:
        first = str(error).split("\n")[1:2]
        raise ToolRefusal(f"{path.name}: not the weights of this network: {first}") from None
    return network
