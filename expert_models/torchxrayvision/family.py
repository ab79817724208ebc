"""The family ``torchxrayvision``: which network, with which weights."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from dxtrace.clinical.base import Frozen
from expert_models.card import ModelCard, OperatingPoint, WeightsFile
from expert_models.expert_model import ExpertModel
from expert_models.families import ExpertEntry
from expert_models.family_options import read_options
from expert_models.frontal_chest import CONTRACT, HOW_CHECKED
from expert_models.runtime.pretrained import model_files
from expert_models.scores import calibrated_card, load_calibration
from expert_models.torchxrayvision.classifier import RadiographClassifier
from expert_models.torchxrayvision.networks import (
    CONCEPTS,
    MIDDLE,
    SCALED,
    ClassifierName,
    Network,
    classifiers,
)
from expert_models.torchxrayvision.segmenter import STRUCTURES, ChestAnatomySegmenter

_CITATION = (
    "Cohen JP et al. TorchXRayVision: A library of chest X-ray datasets and models. MIDL 2022"
)
_CHEST = {**CONTRACT, "accepts": ("image",), "isolated": True, "timeout_s": 180.0}
_PREPARATION = f"the picture is cut to the square in its middle; {HOW_CHECKED}"


class TorchXRayVisionOptions(Frozen):
    """Options of an entry.

    Attributes:
        network: a classifier of the package, or ``pspnet``, its segmenter.
        calibration: path, below the folder, of a calibration of the classifier.
        device: a torch device; a GPU where there is one, if empty.
    """

    network: ClassifierName | Literal["pspnet"]
    calibration: str | None = None
    device: str | None = None


def build(entry: ExpertEntry, folder: Path) -> ExpertModel:
    """Build the expert of an entry.

    Args:
        entry: the entry; of its files, one is the weights.
        folder: where its files lie.

    Raises:
        ValueError: if options or files are not what the family expects.
    """
    options = read_options(entry, TorchXRayVisionOptions)
    weights = model_files(entry, folder)
    if options.network == "pspnet":
        if options.calibration is not None:
            raise ValueError(f"{entry.name}: options.calibration: the segmenter has no scores")
        card = _segmenter_card(entry, weights)
        return ChestAnatomySegmenter(card, folder, options.device)
    card = _classifier_card(entry, options.network, weights)
    calibration = None
    if options.calibration is not None:
        calibration = load_calibration(folder / options.calibration, card)
        card = calibrated_card(card, calibration)
    return RadiographClassifier(card, options.network, folder, calibration, options.device)


def _classifier_card(
    entry: ExpertEntry, name: ClassifierName, weights: tuple[WeightsFile, ...]
) -> ModelCard:
    network = classifiers()[name]
    return ModelCard.model_validate(
        {
            **_CHEST,
            "name": entry.name,
            "version": "1",
            "title": f"Pathologies on frontal chest radiographs, torchxrayvision {name}",
            "task": "classification",
            "produces": tuple(CONCEPTS[n] for n, _ in network.outputs if n in CONCEPTS),
            "operating_points": _operating_points(name, network),
            "weights": weights,
            "memory_mb": 900 if name.startswith("densenet") else 1200,
            "cost": 3.0,
            "intended_use": "scores for a reader; what is over an operating point is a suspicion",
            "limits": _limits(name, network),
            "licence": entry.licence or "Apache-2.0",
            "citation": _CITATION,
        }
    )


def _operating_points(name: str, network: Network) -> tuple[OperatingPoint, ...]:
    return tuple(
        OperatingPoint(
            concept=CONCEPTS[output],
            threshold=MIDDLE,
            scale=SCALED,
            source=f"torchxrayvision {name}: the sigmoid {point:.3g}, at which sensitivity and "
            f"specificity together were largest on its own test data, scaled to {MIDDLE}",
        )
        for output, point in network.outputs
        if output in CONCEPTS and point is not None
    )


def _limits(name: str, network: Network) -> str:
    limits = [
        f"trained on {network.trained_on}, with labels read out of reports by programs",
        "0.5 is an operating point and no probability: over it a finding is no more than probable, "
        "below it nothing is excluded, unless a calibration set shows more",
        _PREPARATION,
    ]
    if network.unmapped:
        limits.append(f"not reported, for want of a concept: {', '.join(network.unmapped)}")
    without = [o for o, point in network.outputs if o in CONCEPTS and point is None]
    if without:
        limits.append(f"no operating point: {', '.join(without)}")
    if name == "resnet50-res512-all":
        limits.append(
            "its operating points, all from 0.50 to 0.54, look as if they had been found on a "
            "sigmoid of a sigmoid; used as the package uses them, they let little through"
        )
    return "; ".join(limits)


def _segmenter_card(entry: ExpertEntry, weights: tuple[WeightsFile, ...]) -> ModelCard:
    return ModelCard.model_validate(
        {
            **_CHEST,
            "name": entry.name,
            "version": "1",
            "title": "Heart, lungs and bones on frontal chest radiographs, torchxrayvision PSPNet",
            "task": "segmentation",
            "marks": tuple(STRUCTURES.values()),
            "weights": weights,
            "memory_mb": 2500,
            "cost": 8.0,
            "intended_use": "outlines of structures, such as for the cardiothoracic ratio",
            "limits": f"trained on ChestX-Det; {_PREPARATION}; what is cut off is not marked",
            "licence": entry.licence or "Apache-2.0",
            "citation": f"{_CITATION}; Lian J et al. A Structure-Aware Relation Network for "
            "Thoracic Diseases Detection and Segmentation. IEEE TMI 2021, arXiv:2104.10326",
        }
    )
