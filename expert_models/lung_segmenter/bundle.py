"""Where the bundle of the lung segmenter lies, and what its weights must be."""

from pathlib import Path

BUNDLE = Path(__file__).parents[1] / "bundles" / "chest_radiograph_lungs"
WEIGHTS = "models/model.safetensors"
WEIGHTS_SHA256 = "294de4117966293ece6a42ea85d6d6f8bf0929a37014127b54470cb8b6408264"
