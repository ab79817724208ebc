"""What the networks of torchxrayvision give, without importing it: for cards."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

import yaml

from dxtrace.clinical.base import Frozen

ClassifierName = Literal[
    "densenet121-res224-all",
    "densenet121-res224-rsna",
    "densenet121-res224-nih",
    "densenet121-res224-pc",
    "densenet121-res224-chex",
    "densenet121-res224-mimic_nb",
    "densenet121-res224-mimic_ch",
    "resnet50-res512-all",
]
SCALED = "operating_point_scaled_sigmoid"
"""The package's output: below the operating point its sigmoid runs from 0 to 0.5, over it to 1."""
SIGMOID = "sigmoid"
MIDDLE = 0.5
"""Where the operating point comes to lie on the scaled output."""

CONCEPTS = {
    "Atelectasis": "atelectasis",
    "Cardiomegaly": "cardiomegaly",
    "Consolidation": "consolidation",
    "Edema": "pulmonary_edema",
    "Effusion": "pleural_effusion",
    "Emphysema": "emphysema",
    "Fibrosis": "pulmonary_fibrosis",
    "Fracture": "fracture",
    "Infiltration": "pulmonary_infiltrate",
    "Lung Opacity": "pulmonary_opacity",
    "Mass": "lung_mass",
    "Nodule": "pulmonary_nodule",
    "Pleural_Thickening": "pleural_thickening",
    "Pneumonia": "pneumonia",
    "Pneumothorax": "pneumothorax",
}
"""Outputs to concepts. What has no concept of the same meaning is left out: *Hernia* is any hernia,
*Lung Lesion* a nodule or a mass, *Enlarged Cardiomediastinum* a wide mediastinum or a big heart."""
LESIONS = ("pulmonary_nodule", "lung_mass")


class Network(Frozen):
    """One classifier.

    Attributes:
        file: the package's name of its weights.
        url: where the package fetches them.
        resolution: rows and columns that it takes.
        trained_on: the data sets.
        outputs: each output's name, empty if it was not trained, and its operating point on the
            sigmoid's scale, if it has one.
    """

    file: str
    url: str
    resolution: int
    trained_on: str
    outputs: tuple[tuple[str, float | None], ...]

    @property
    def unmapped(self) -> tuple[str, ...]:
        """Trained outputs that have no concept."""
        return tuple(name for name, _ in self.outputs if name and name not in CONCEPTS)


@cache
def classifiers() -> dict[str, Network]:
    """The classifiers by name."""
    path = Path(__file__).with_name("networks.yaml")
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {name: Network.model_validate(network) for name, network in found.items()}
