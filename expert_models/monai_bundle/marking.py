"""A bundle's output as masks, and as findings where its classes stand for concepts."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

from dxtrace.clinical import Evidence, Finding
from dxtrace.clinical.states import Source
from dxtrace.clinical.volume import Mask, Volume
from expert_models.monai_bundle.mapping import BundleMapping, ClassMapping
from expert_models.monai_bundle.metadata import DataFormat
from expert_models.output import ExpertOutput

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BACKGROUND = re.compile(r"background|unlabeled|unlabelled", re.IGNORECASE)
_ON = 0.5
_LONGEST_NAME = 50  # names of masks become names of files


def names_of(output: DataFormat, mapping: BundleMapping) -> dict[int, str]:
    """Channel or label number to class name."""
    return mapping.labels or output.channel_def


def classes_of(output: DataFormat, mapping: BundleMapping) -> dict[int, tuple[str, ClassMapping]]:
    """Channel or label number to class name and meaning, background and left-out ones not."""
    found: dict[int, tuple[str, ClassMapping]] = {}
    for number, name in sorted(names_of(output, mapping).items()):
        if _BACKGROUND.fullmatch(name.strip()) or name in mapping.leave_out:
            continue
        own = ClassMapping(mask=_snake(name), title=name)
        found[number] = (name, mapping.classes.get(name, own))
    return found


def mark(
    array: NDArray[Any],
    volume: Volume,
    output: DataFormat,
    mapping: BundleMapping,
    evidence: Evidence,
    wanted: Collection[str] | None = None,
) -> ExpertOutput:
    """Masks and findings.

    A class that marks nothing gives nothing: an empty mask is no proof of absence.

    Args:
        array: (channel, ...) on the volume's grid: one channel of labels, or one per class.
        volume: the image.
        output: the output's format, which names the classes.
        mapping: what the classes mean.
        evidence: goes with every finding.
        wanted: the classes that the call asks for; None for all.
    """
    findings: list[Finding] = []
    masks: list[Mask] = []
    for meaning, voxels in _regions(array, output, mapping, wanted):
        parts = _parts(voxels, meaning)
        for i, part in enumerate(parts, 1):
            name = meaning.mask if meaning.each == "class" else f"{meaning.mask}_{i}"
            finding = None
            if meaning.concept is not None:
                finding = _finding(
                    f"{evidence.tool}:{volume.series}:{name}", meaning, evidence, len(parts)
                )
                findings.append(finding)
            masks.append(
                Mask(
                    name=name,
                    voxels=part,
                    geometry=volume.geometry,
                    series=volume.series,
                    title=meaning.title or name.replace("_", " "),
                    concept=meaning.concept,
                    finding=None if finding is None else finding.id,
                    boundary_mm=mapping.boundary_mm,
                )
            )
    return ExpertOutput(tuple(findings), tuple(masks))


def _regions(
    array: NDArray[Any], output: DataFormat, mapping: BundleMapping, wanted: Collection[str] | None
) -> Iterator[tuple[ClassMapping, NDArray[Any]]]:
    channels = array.shape[0]
    is_label_map = channels == 1 and (len(output.channel_def) > 1 or bool(mapping.labels))
    for number, (name, meaning) in classes_of(output, mapping).items():
        if wanted is not None and name not in wanted:
            continue
        if is_label_map:
            yield meaning, array[0].round() == number
        elif number < channels:
            yield meaning, array[number] > _ON


def _parts(voxels: NDArray[Any], meaning: ClassMapping) -> list[NDArray[Any]]:
    """The class as a whole, or its connected parts, the largest first; small ones left out."""
    import numpy as np
    from scipy import ndimage

    if meaning.each == "class":
        return [voxels] if int(voxels.sum()) >= meaning.smallest_voxels else []
    labels, count = ndimage.label(voxels, structure=np.ones((3,) * voxels.ndim))
    sizes = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    order = [int(i) + 1 for i in np.argsort(-sizes, kind="stable")]
    return [labels == i for i in order if sizes[i - 1] >= meaning.smallest_voxels]


def _finding(id_: str, meaning: ClassMapping, evidence: Evidence, count: int) -> Finding:
    return Finding(
        id=id_,
        concept=meaning.concept or "",
        presence=meaning.presence,
        laterality=meaning.laterality,
        location=meaning.location,
        lesion=id_ if meaning.each == "part" else None,
        source=Source.TOOL,
        evidence=(evidence,),
        text=f"{meaning.title or meaning.mask} marked"
        + (f" in {count} parts" if count > 1 else ""),
    )


def _snake(name: str) -> str:
    word = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "region"
    word = word[:_LONGEST_NAME]
    return word if word[0].isalpha() else f"class_{word}"
