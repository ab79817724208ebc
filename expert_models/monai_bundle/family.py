"""MONAI bundles by configuration; options are a mapping's fields."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from expert_models.families import ExpertEntry
from expert_models.family_options import read_options
from expert_models.monai_bundle.expert import MonaiBundleExpert
from expert_models.monai_bundle.mapping import BundleMapping, shipped_mapping
from expert_models.runtime.checksums import hashes_of


class BundleOptions(BundleMapping):
    """The options of an entry: the fields of a mapping, and two more.

    Attributes:
        bundle: name of the bundle in MONAI's model zoo; the name of the folder if empty. If a
            mapping for it comes with DxTrace, the options change that one.
        device: a torch device such as ``cpu``; None leaves it to ``DXTRACE_DEVICE``.
    """

    bundle: str = ""
    device: str | None = None


def build(entry: ExpertEntry, folder: Path) -> MonaiBundleExpert:
    """The expert of a bundle.

    Args:
        entry: its options are those of :class:`BundleOptions`.
        folder: the bundle's root.

    Raises:
        ValueError: if an option is not known, or the folder is no bundle.
    """
    named = entry.options.get("bundle")
    known = shipped_mapping(named if isinstance(named, str) else folder.name)
    if named and known is None:
        raise ValueError(
            f"{entry.name}: options.bundle: no mapping comes with DxTrace for {named!r}"
        )
    given: dict[str, Any] = known.model_dump(exclude_unset=True) if known else {}
    given |= {"name": entry.name, "isolated": True}
    weights = {p: h for p, h in hashes_of(entry.files).items() if p.startswith("models/")}
    given |= {"weights": weights} if weights else {}
    options = read_options(
        entry.model_copy(update={"options": given | entry.options}), BundleOptions
    )
    return MonaiBundleExpert(folder, options, device=options.device)
