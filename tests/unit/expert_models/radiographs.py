"""Radiographs for tests: a picture of the Hannover collection, and one that is made here."""

from pathlib import Path

import numpy as np
from PIL import Image as Pillow
from pydicom.uid import generate_uid

from dxtrace.clinical import Case
from dxtrace.intake import IntakeLimits, read_case
from expert_models.families import ExpertEntry, build_expert
from tests.unit.small_dicom import radiograph
from tools import Tool


def write_dicom(path: Path, *, rows: int = 160, columns: int = 128, bits: int = 12) -> Path:
    """A frontal chest radiograph by its header; its pixels are a wedge."""
    image = radiograph()
    pixels = np.linspace(0, 2**bits // 4, rows * columns).reshape(rows, columns)
    image.Rows, image.Columns = rows, columns
    image.BitsStored, image.HighBit, image.PixelRepresentation = bits, bits - 1, 0
    image.SOPInstanceUID = generate_uid()
    image.PixelData = pixels.astype("<u2").tobytes()
    image.save_as(path, enforce_file_format=True)
    return path


def write_noise(path: Path) -> Path:
    """A grey picture that shows nothing."""
    noise = np.random.default_rng(7).integers(0, 255, (300, 280), np.uint8)
    Pillow.fromarray(noise).save(path)
    return path


def case_of(path: Path) -> Case:
    """The case that a file makes, as the command line reads it."""
    return read_case(path, limits=IntakeLimits()).case


def tool_of(entry: ExpertEntry, folder: Path) -> Tool:
    """The expert of an entry as a tool that runs here, where tests can see it."""
    expert = build_expert(entry, folder)
    return Tool(expert.card.model_copy(update={"isolated": False}), expert.run)
