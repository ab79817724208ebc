"""MONAI bundles by configuration; options are a mapping's fields."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from expert_models.families import ExpertEntry
from expert_models.monai_bundle.expert import MonaiBundleExpert
from expert_models.monai_bundle.mapping import BundleMapping
from expert_models.runtime.hashes import hashes_of


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
    given = {"name": entry.name, **({"weights": weights} if weights else {}), **entry.options}
    try:
        mapping = BundleMapping.model_validate(given)
    except ValidationError as error:
        where = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:3])
        raise ValueError(f"{entry.name}: options: {where}") from None
    return MonaiBundleExpert(folder, mapping)
