"""Where the bundle of the lung segmenter lies, and what its weights must be."""

from pathlib import Path

BUNDLE = Path(__file__).parents[1] / "bundles" / "chest_radiograph_lungs"
WEIGHTS = "models/model.safetensors"
WEIGHTS_SHA256 = "70d033b5764b4c5daba6ed99cd8aae2c9f59314cd5e8c8c2b3b7fdac6309ee39"
MEMORY_MB = 700
"""What a call needs, weights included, in MiB."""
