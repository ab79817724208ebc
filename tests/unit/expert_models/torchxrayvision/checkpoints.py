"""Checkpoints of the true networks in the true formats, with weights that are made up here."""

from pathlib import Path
from typing import Any

import torch

BIASES = {"Effusion": 3.0, "Pneumothorax": -9.0, "Nodule": 3.0}
"""What the classifier says of every picture: an effusion and a nodule, no pneumothorax."""


def classifier(name: str) -> Any:
    """The network of torchxrayvision whose answer is known: only its last biases count."""
    from torchvision.models import resnet50
    from torchxrayvision.models import DenseNet, model_urls

    labels = model_urls[name]["labels"]
    torch.manual_seed(0)
    if name.startswith("densenet"):
        network = DenseNet(num_classes=len(labels))
        last = network.classifier
    else:
        network = resnet50(num_classes=len(labels), weights=None)
        network.conv1 = torch.nn.Conv2d(1, 64, kernel_size=7, stride=2, padding=3, bias=False)
        last = network.fc
    # A picture may pass a ResNet that was never trained with any size.
    torch.nn.init.normal_(last.weight, std=1e-4 if name.startswith("densenet") else 1e-12)
    with torch.no_grad():
        last.bias.copy_(torch.tensor([BIASES.get(label, -4.0) for label in labels]))
    return network.eval()


def segmenter(marked: tuple[str, ...]) -> dict[str, Any]:
    """A state dict of the PSPNet as its file has it: these structures are everywhere."""
    from torchxrayvision.baseline_models.chestx_det import PSPNet
    from torchxrayvision.baseline_models.chestx_det.ptsemseg.pspnet import pspnet

    network = pspnet(len(PSPNet.targets))
    with torch.no_grad():
        network.classification.weight.zero_()
        signs = [1.0 if target in marked else -1.0 for target in PSPNet.targets]
        network.classification.bias.copy_(6 * torch.tensor(signs))
    return {f"module.{name}": tensor for name, tensor in network.state_dict().items()}


def save_as_in_2020(network: Any, path: Path) -> None:
    """A whole module in the format of that time, without what later releases added to modules."""
    for module in network.modules():
        module.__dict__.pop("_non_persistent_buffers_set", None)
    torch.save(network, path, _use_new_zipfile_serialization=False)
