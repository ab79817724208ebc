"""Any MONAI bundle as an expert: by its metadata, its workflow and a mapping of its classes."""

from expert_models.monai_bundle.expert import MonaiBundleExpert
from expert_models.monai_bundle.mapping import BundleMapping, ClassMapping, load_mapping
from expert_models.monai_bundle.metadata import BundleMetadata, read_metadata

__all__ = [
    "BundleMapping",
    "BundleMetadata",
    "ClassMapping",
    "MonaiBundleExpert",
    "load_mapping",
    "read_metadata",
]
