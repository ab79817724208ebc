"""Keeping what an expert marked: masks, DICOM SEG and pictures in the output folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from dxtrace.clinical import Artifact, Concept, Evidence, Finding
from dxtrace.clinical.volume import Mask
from expert_models import ModelCard
from tools.artifacts import ArtifactStore
from tools.marks import SourceVolumes

if TYPE_CHECKING:
    from pydicom import Dataset

    from dxtrace.clinical.volume import Volume
    from dxtrace.reporting.pictures import Pictures


@dataclass(frozen=True)
class Keeper:
    """Where the files of a case go, and what the things in them are called.

    Attributes:
        store: the files of the case.
        concepts: the vocabulary, for names and codes.
        call: tells the files of several calls of one tool apart.
    """

    store: ArtifactStore
    concepts: Mapping[str, Concept] = field(default_factory=dict)
    call: str = ""


@dataclass
class Kept:
    """What was kept of one call.

    Attributes:
        artifacts: the files, masks first.
        notes: what could not be kept, and why.
    """

    artifacts: list[Artifact] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def mask_path(self, name: str) -> str | None:
        """Where the mask with this name lies."""
        return next((a.path for a in self.artifacts if a.kind == "mask" and a.name == name), None)


def keep_marks(
    card: ModelCard,
    masks: Sequence[Mask],
    findings: Sequence[Finding],
    volumes: SourceVolumes,
    keeper: Keeper,
) -> Kept:
    """Write each mask as NIfTI, and as DICOM SEG where its source is DICOM, and draw pictures.

    A file that cannot be made is noted; it changes nothing in what was found.

    Args:
        card: the expert's card.
        masks: checked masks.
        findings: the findings that they belong to, measured.
        volumes: the images that they lie on.
        keeper: where to.
    """
    kept = Kept()
    for mask in masks:
        _attempt(kept, f"mask {mask.name}", partial(_keep_mask, card, mask, keeper, kept))
    for series in dict.fromkeys(m.series for m in masks):
        group = [m for m in masks if m.series == series]
        volume = volumes.volume_of(group[0])
        seg = partial(_keep_seg, card, group, volume, keeper, kept)
        _attempt(kept, "segmentation", seg)
        draw = partial(_keep_pictures, card, group, findings, volume, keeper, kept)
        _attempt(kept, "picture", draw)
    return kept


def _attempt(kept: Kept, what: str, work: Callable[[], None]) -> None:
    try:
        work()
    except OSError as error:
        kept.notes.append(f"{what} could not be kept: {error.strerror or error}")
    except Exception as error:  # noqa: BLE001  # a picture that fails must not take the finding with it
        kept.notes.append(f"{what} could not be made: {type(error).__name__}: {error}")


def _keep_mask(card: ModelCard, mask: Mask, keeper: Keeper, kept: Kept) -> None:
    from dxtrace.reporting.mask_files import MASK_SUFFIX, encode_nifti_mask

    content = encode_nifti_mask(mask.voxels, mask.geometry, title=_title(mask, keeper))
    kept.artifacts.append(
        keeper.store.write(
            "mask", f"{mask.name}{MASK_SUFFIX}", content, tool=card.name, call=keeper.call,
            name=mask.name, title=_title(mask, keeper), series=mask.series,
        )
    )  # fmt: skip


def _keep_seg(
    card: ModelCard, masks: Sequence[Mask], volume: Volume, keeper: Keeper, kept: Kept
) -> None:
    from dxtrace.reporting.segmentation import (
        Algorithm,
        SegmentationError,
        encode_segmentation,
        states_uids,
    )

    sources = read_dicom_sources(volume)
    if not sources:
        return
    if not states_uids(sources):
        kept.notes.append(
            "the DICOM files state no UIDs of their own: their DICOM SEG lies at the same place, "
            "and refers to UIDs made up for it"
        )
    algorithm = Algorithm(card.name, card.version, learned=bool(card.weights))
    for mask in masks:
        if not mask.voxels.any():
            continue
        try:
            content = encode_segmentation(
                mask, sources, algorithm=algorithm, concepts=keeper.concepts,
                identified=keeper.store.identified,
            )  # fmt: skip
        except SegmentationError as error:
            kept.notes.append(f"no DICOM SEG of {mask.name}: {error}")
            continue
        path = kept.mask_path(mask.name)
        kept.artifacts.append(
            keeper.store.write(
                "segmentation", f"{mask.name}.dcm", content, tool=card.name, call=keeper.call,
                name=mask.name, title=_title(mask, keeper), series=mask.series,
                masks=(path,) if path else (),
            )
        )  # fmt: skip


def _keep_pictures(
    card: ModelCard,
    masks: Sequence[Mask],
    findings: Sequence[Finding],
    volume: Volume,
    keeper: Keeper,
    kept: Kept,
) -> None:
    from dxtrace.reporting.pictures import draw_pictures

    pictures: Pictures = draw_pictures(volume, masks, findings, concepts=keeper.concepts)
    if pictures.left_out:
        kept.notes.append(f"{pictures.left_out} more picture(s) are not drawn; every mask is kept")
    for picture in pictures.drawn:
        paths = [kept.mask_path(name) for name in picture.masks]
        kept.artifacts.append(
            keeper.store.write(
                "picture", f"{picture.name}.png", picture.png, tool=card.name, call=keeper.call,
                name=picture.name, title=picture.title, caption=picture.caption,
                series=masks[0].series, masks=tuple(p for p in paths if p is not None),
            )
        )  # fmt: skip


def read_dicom_sources(volume: Volume) -> tuple[Dataset, ...]:
    """The data sets of a volume's files in slice order; empty if they are not DICOM.

    With their UIDs, which tie a segmentation to its source; nothing else that identifies goes on
    from here (:mod:`dxtrace.reporting.source_frames`).
    """
    from dxtrace.intake.imaging import read_source_datasets

    found: tuple[Dataset, ...] = read_source_datasets(volume, identified=True)
    return found


def _title(mask: Mask, keeper: Keeper) -> str:
    concept = keeper.concepts.get(mask.concept or "")
    return mask.title or (concept.name if concept else mask.name.replace("_", " "))


def with_evidence(
    finding: Finding, card: ModelCard, paths: Sequence[str], weights_sha256: str | None
) -> Finding:
    """A finding whose evidence names the tool, its weights and the masks that it rests on."""
    # What a tool says of files is not trusted: only what was kept here is named.
    stated = [e.model_copy(update={"artifact": None}) for e in finding.evidence]
    own = [e for e in stated if e.tool == card.name] or [
        Evidence(tool=card.name, version=card.version)
    ]
    others = [e for e in stated if e.tool != card.name]
    named = [
        e if e.weights_sha256 else e.model_copy(update={"weights_sha256": weights_sha256})
        for e in own
    ]
    if paths:
        first = [named[0].model_copy(update={"artifact": path}) for path in paths]
        named = [*first, *named[1:]]
    return finding.model_copy(update={"evidence": (*named, *others)})
