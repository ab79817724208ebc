"""Images: described from headers at the door, read into volumes when somebody asks.

Importing this package imports numpy and pydicom; nothing that starts with DxTrace imports it.
"""

from dxtrace.intake.imaging.burned_in_text import has_text
from dxtrace.intake.imaging.deidentification import deidentify_dataset
from dxtrace.intake.imaging.describe import describe_images
from dxtrace.intake.imaging.loading import VolumeKey, forget_volumes, load_volume, volume_key
from dxtrace.intake.imaging.reading import ImageReading
from dxtrace.intake.imaging.source_datasets import read_source_datasets, read_source_headers

__all__ = [
    "ImageReading",
    "VolumeKey",
    "deidentify_dataset",
    "describe_images",
    "forget_volumes",
    "has_text",
    "load_volume",
    "read_source_datasets",
    "read_source_headers",
    "volume_key",
]
