"""Which concepts a bundle's classes stand for: a file beside the bundle, or one of ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import Field, ValidationError, model_validator

from dxtrace.clinical import Laterality, Presence
from dxtrace.clinical.base import Frozen
from expert_models.card import HeaderField, Span

MAPPINGS = Path(__file__).parent / "mappings"


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
        presence: what a marked region says of the concept: *present*, or *indeterminate* where
            nobody has shown how often the network marks what is not there.
    """

    mask: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str = ""
    concept: str | None = None
    each: Literal["class", "part"] = "class"
    laterality: Laterality | None = None
    location: str | None = None
    smallest_voxels: int = Field(default=1, ge=1)
    presence: Literal[Presence.PRESENT, Presence.INDETERMINATE] = Presence.PRESENT


class OperatingScore(Frozen):
    """The score from which a box counts as present.

    Attributes:
        threshold: on the scale of the detector's scores.
        source: how it was found, and on which data.
    """

    threshold: float = Field(gt=0, lt=1)
    source: str = Field(min_length=1)


class DetectionMapping(Frozen):
    """What the boxes of a detector mean.

    Attributes:
        concept: key of the concept that a box is a finding of.
        title: the name people read.
        label: the detector's label for it.
        floor: boxes with lower scores are left out, where there is no operating point.
        operating_point: from this score on a box is present; without one it is indeterminate.
        most: so many boxes are reported, the best.
    """

    concept: str
    title: str = ""
    label: int = Field(default=0, ge=0)
    floor: float = Field(default=0.3, gt=0, lt=1)
    operating_point: OperatingScore | None = None
    most: int = Field(default=20, ge=1)


class BundleMapping(Frozen):
    """What a bundle cannot say about itself in the words of DxTrace.

    Attributes:
        name: the expert's name; the folder's name if empty.
        modalities: DICOM modalities; what the metadata say if empty.
        body_parts: accepted body parts.
        views: accepted projections.
        in_plane_mm: accepted spacing of rows and columns, for a bundle that does not resample.
        slice_mm: accepted spacing of slices, likewise.
        tolerates_unknown: which header fields may be unknown.
        classes: the bundle's class name to what it means; classes that are not named are marked
            under their own names.
        leave_out: classes that are not marked.
        labels: number in the output to class, where the bundle's own post-processing leaves others
            than its metadata say.
        groups: word that a call may use to the classes that it stands for; all if there are none.
        default: the words of a call that uses none; all classes if empty.
        prompt: the input that takes the numbers of the wanted classes: VISTA3D's ``label_prompt``.
        channels: MR sequences that make up the channels of the input, in this order.
        detection: what the boxes mean, for a detector.
        switched_on: transforms of the bundle's preprocessing that it has switched off as it comes.
        extra_inputs: further inputs of the workflow, the same for each call.
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
    in_plane_mm: Span | None = None
    slice_mm: Span | None = None
    tolerates_unknown: tuple[HeaderField, ...] = ()
    classes: dict[str, ClassMapping] = Field(default_factory=dict)
    leave_out: tuple[str, ...] = ()
    labels: dict[int, str] = Field(default_factory=dict)
    groups: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    default: tuple[str, ...] = ()
    prompt: str = ""
    channels: tuple[str, ...] = ()
    detection: DetectionMapping | None = None
    switched_on: tuple[str, ...] = ()
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
        strange = sorted(set(self.default) - set(self.groups))
        if strange:
            raise ValueError(f"default: {strange[0]!r} is none of the groups")
        return self

    @property
    def named_classes(self) -> set[str]:
        """All classes of the bundle that the mapping names."""
        grouped = {name for names in self.groups.values() for name in names}
        return {*self.classes, *self.leave_out, *grouped}


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


def shipped_mapping(bundle: str) -> BundleMapping | None:
    """The mapping that comes with DxTrace for a bundle of MONAI's model zoo, if there is one.

    Args:
        bundle: the name of the bundle, which is the name of its folder.
    """
    path = MAPPINGS / f"{bundle}.yaml"
    return load_mapping(path) if bundle.isidentifier() and path.is_file() else None
