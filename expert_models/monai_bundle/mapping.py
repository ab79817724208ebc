"""Which concepts a bundle's classes stand for: a file beside the bundle, or one of ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import Field, ValidationError, model_validator

from dxtrace.clinical import Laterality
from dxtrace.clinical.base import Frozen
from expert_models.card import HeaderField


class ClassMapping(Frozen):
    """What one class of a bundle means.

    Attributes:
        mask: snake_case name of its mask.
        title: the name people read.
        concept: key of the concept that a marked region is a finding of; None for anatomy.
        each: whether the whole class is one finding, or each connected part one of its own.
        laterality: its side, where the class has one.
        location: its site in words.
        smallest_voxels: parts with fewer voxels than these are left out.
    """

    mask: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str = ""
    concept: str | None = None
    each: Literal["class", "part"] = "class"
    laterality: Laterality | None = None
    location: str | None = None
    smallest_voxels: int = Field(default=1, ge=1)


class BundleMapping(Frozen):
    """What a bundle cannot say about itself in the words of DxTrace.

    Attributes:
        name: the expert's name; the folder's name if empty.
        modalities: DICOM modalities; what the metadata say if empty.
        body_parts: accepted body parts.
        views: accepted projections.
        tolerates_unknown: which header fields may be unknown.
        classes: the bundle's class name to what it means; classes that are not named are marked
            under their own names.
        leave_out: classes that are not marked.
        extra_inputs: further inputs of the workflow, such as VISTA3D's ``label_prompt``.
        weights: path in the bundle to the SHA-256 that the file must have.
        boundary_mm: how far the true boundary may lie from the drawn one.
        cost: as in the card.
        memory_mb: as in the card.
        timeout_s: as in the card.
        isolated: as in the card; the expert of an entry of ``experts.yaml`` is, unless it says not.
    """

    name: str = ""
    modalities: tuple[str, ...] = ()
    body_parts: tuple[str, ...] = ()
    views: tuple[str, ...] = ()
    tolerates_unknown: tuple[HeaderField, ...] = ()
    classes: dict[str, ClassMapping] = Field(default_factory=dict)
    leave_out: tuple[str, ...] = ()
    extra_inputs: dict[str, Any] = Field(default_factory=dict)
    weights: dict[str, str] = Field(default_factory=dict)
    boundary_mm: float | None = Field(default=None, ge=0)
    cost: float = 20.0
    memory_mb: int | None = None
    timeout_s: float | None = Field(default=None, gt=0)
    isolated: bool = False

    @model_validator(mode="after")
    def _validate_masks(self) -> Self:
        masks = [c.mask for c in self.classes.values()]
        twice = sorted({m for m in masks if masks.count(m) > 1})
        if twice:
            raise ValueError(f"classes: expected a mask name for each class, got {twice} twice")
        return self


def load_mapping(path: Path) -> BundleMapping:
    """Load a mapping file.

    Raises:
        ValueError: if it is no YAML, or has a key or value that is not known.
    """
    try:
        return BundleMapping.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path.name}: expected YAML: {error}") from None
    except ValidationError as error:
        where = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ValueError(f"{path.name}: {where}") from None
