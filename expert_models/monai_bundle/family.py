"""MONAI bundles by configuration; options are a mapping's fields."""

from __future__ import annotations

from pathlib import Path

from expert_models.families import ExpertEntry
from expert_models.family_options import read_options
from expert_models.monai_bundle.expert import MonaiBundleExpert
from expert_models.monai_bundle.mapping import BundleMapping
from expert_models.runtime.checksums import hashes_of


def build(entry: ExpertEntry, folder: Path) -> MonaiBundleExpert:
    """The expert of a bundle.

    Args:
        entry: its options are the fields of :class:`~expert_models.monai_bundle.BundleMapping`
            (``body_parts``, ``classes``, ``extra_inputs`` ...).
        folder: the bundle's root.

    Raises:
        ValueError: if an option is not known, or the folder is no bundle.
    """
    weights = {p: h for p, h in hashes_of(entry.files).items() if p.startswith("models/")}
    stated = {"weights": weights} if weights else {}
    options = {"name": entry.name, "isolated": True, **stated, **entry.options}
    mapping = read_options(entry.model_copy(update={"options": options}), BundleMapping)
    return MonaiBundleExpert(folder, mapping)
