"""Experts by configuration: a family, a name, files; no code to write.

A file ``experts.yaml`` lists entries; the catalogue that comes with DxTrace has the same shape::

    experts:
      - name: medsam
        family: segment_anything
        folder: /models/medsam-vit-base     # or files: [...] that `dxtrace experts pull` fetches
        options: {concepts: [pulmonary_nodule]}
"""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Self, cast

from pydantic import Field, model_validator

from dxtrace.clinical.base import Frozen
from expert_models.card import WeightsFile
from expert_models.expert_model import ExpertModel

_PART = r"[A-Za-z0-9_][A-Za-z0-9._+-]{0,127}"
_PATH = re.compile(rf"{_PART}(/{_PART}){{0,7}}")

Build = Callable[["ExpertEntry", Path], ExpertModel]

# Each module has a function ``build(entry, folder)``. It is imported when an entry names the family
# and must not import torch before the expert's first call.
FAMILIES = {
    "monai_bundle": "expert_models.monai_bundle.family",
    "torchxrayvision": "expert_models.torchxrayvision.family",
    "segment_anything": "expert_models.segment_anything.family",
    "grounding": "expert_models.grounding.family",
    "zero_shot": "expert_models.zero_shot.family",
    "image_embedding": "expert_models.image_embedding.family",
    "mcp": "expert_models.mcp_expert.family",
}


class ExpertEntry(Frozen):
    """One expert of a family.

    Attributes:
        name: unique name, as calls and traces use it.
        family: one of :data:`FAMILIES`.
        folder: where its files lie; None for files in the weights store.
        files: files that ``dxtrace experts pull`` fetches; their names are paths below the folder.
        options: what the family needs to know; each family checks its own.
        licence: licence of the weights, shown before they are fetched.
        source: where the files and their hashes come from.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    family: str
    folder: Path | None = None
    files: tuple[WeightsFile, ...] = ()
    options: dict[str, Any] = Field(default_factory=dict)
    licence: str = ""
    source: str = ""

    @model_validator(mode="after")
    def _validate_paths(self) -> Self:
        paths = [file.path for file in self.files]
        bad = [path for path in paths if not _PATH.fullmatch(path)]
        if bad:
            raise ValueError(
                f"files: expected a path below the expert's folder, of letters, digits, '.', '_', "
                f"'+' and '-', got {bad[0]!r}"
            )
        twice = sorted({p for p in paths if [q.lower() for q in paths].count(p.lower()) > 1})
        if twice:
            raise ValueError(f"files: expected each path once, got {twice[0]!r} twice")
        return self


def build_expert(entry: ExpertEntry, folder: Path) -> ExpertModel:
    """Build the expert of an entry; nothing heavy is loaded before its first call.

    Args:
        entry: the entry.
        folder: where its files lie.

    Raises:
        ValueError: if there is no such family, or options or files are not what it expects.
    """
    if entry.family not in FAMILIES:
        raise ValueError(
            f"{entry.name}: family: expected one of {', '.join(FAMILIES)}, got {entry.family!r}"
        )
    build = cast(Build, import_module(FAMILIES[entry.family]).build)
    return build(entry, folder)
