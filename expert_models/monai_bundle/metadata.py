"""What a bundle's ``configs/metadata.json`` says, as far as an expert needs it.

The format is MONAI's bundle specification (https://docs.monai.io/en/stable/mb_specification.html)
with its metadata schema; fields that the model zoo adds are kept where they make a card.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

METADATA_FILE = Path("configs/metadata.json")
_LARGEST_FILE = 4 * 1024 * 1024
_DICOM_MODALITY = {"mri": "MR", "mr": "MR", "ct": "CT", "us": "US", "xray": "DX", "x-ray": "DX"}


class DataFormat(BaseModel):
    """One input or output of the network.

    Attributes:
        type: ``image``, ``series``, ``tuples`` and so on.
        format: ``hounsfield``, ``magnitude``, ``segmentation``, ``probabilities`` ...
        modality: the modality as the bundle writes it.
        num_channels: number of channels.
        spatial_shape: patch or image size; strings are expressions such as ``32 * n``.
        channel_def: channel or label number to name.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: str = ""
    format: str = ""
    modality: str = ""
    num_channels: int = Field(default=1, ge=0)
    spatial_shape: tuple[int | str, ...] = ()
    channel_def: dict[int, str] = Field(default_factory=dict)


class NetworkDataFormat(BaseModel):
    """Inputs and outputs by name."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    inputs: dict[str, DataFormat] = Field(min_length=1)
    outputs: dict[str, DataFormat] = Field(min_length=1)


class BundleMetadata(BaseModel):
    """The metadata of a bundle.

    Attributes:
        name: its title, if it has one.
        version: its version.
        task: what it does.
        description: in a sentence.
        authors: who made it.
        copyright: whose it is.
        data_source: what it was trained on.
        intended_use: what it is for.
        references: what to cite.
        eval_metrics: measured accuracy, by name.
        network_data_format: inputs and outputs.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str = ""
    version: str = "0"
    task: str = ""
    description: str = ""
    authors: str = ""
    copyright: str = ""
    data_source: str = ""
    intended_use: str = ""
    references: tuple[str, ...] = ()
    eval_metrics: dict[str, Any] = Field(default_factory=dict)
    network_data_format: NetworkDataFormat

    @property
    def image_input(self) -> tuple[str, DataFormat]:
        """Name and format of the input that is an image: the first one."""
        named = self.network_data_format.inputs.items()
        return next(((n, f) for n, f in named if f.type == "image"), next(iter(named)))

    @property
    def image_output(self) -> tuple[str, DataFormat]:
        """Name and format of the output that holds the masks: the first one."""
        named = self.network_data_format.outputs.items()
        return next(((n, f) for n, f in named if f.type == "image"), next(iter(named)))

    @property
    def modalities(self) -> tuple[str, ...]:
        """DICOM modalities of the image input; empty if the bundle does not name one we know."""
        stated = self.image_input[1].modality.replace("/", ",").split(",")
        words = [word.strip() for word in stated if word.strip().lower() not in ("", "n", "a")]
        return tuple(_DICOM_MODALITY.get(word.lower(), word.upper()) for word in words)


def read_metadata(folder: Path) -> BundleMetadata:
    """Read the metadata of a bundle.

    Args:
        folder: the bundle's root.

    Raises:
        ValueError: if it has none, or they do not say inputs and outputs.
    """
    path = folder / METADATA_FILE
    if not path.is_file():
        raise ValueError(f"{folder.name}: expected a bundle with {METADATA_FILE}, got none")
    if path.stat().st_size > _LARGEST_FILE:
        raise ValueError(f"{folder.name}: {METADATA_FILE} is larger than {_LARGEST_FILE:,} bytes")
    try:
        return BundleMetadata.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"{folder.name}: {METADATA_FILE} is no JSON: {error}") from None
    except ValidationError as error:
        where = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:3])
        raise ValueError(f"{folder.name}: {METADATA_FILE}: {where}") from None
