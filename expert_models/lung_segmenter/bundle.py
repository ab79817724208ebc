"""Where the bundle of the lung segmenter lies, and what its weights must be."""

from pathlib import Path

BUNDLE = Path(__file__).parents[1] / "bundles" / "chest_radiograph_lungs"
WEIGHTS = "models/model.safetensors"
WEIGHTS_SHA256 = "f6943242983039064f83b8e88602d896572c3fe9475857a7052ac1a4a868077b"
