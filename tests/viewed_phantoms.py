"""Small volumes with one lesion at a known place, as a viewer may see them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from numpy.typing import NDArray

from apps.chat.viewer.viewed import Viewed
from dxtrace.clinical import Case, Evidence, Finding, Presence, Result, Study
from dxtrace.clinical.case import Geometry
from dxtrace.intake.imaging import describe_images
from dxtrace.reporting.mask_files import encode_nifti_mask, nifti_affine
from tools import ArtifactStore

SHAPE = (12, 40, 50)
LESION = (slice(6, 9), slice(9, 13), slice(34, 39))
"""Of the array that tools take: slices, rows, columns."""
BODY, AIR, BRIGHT = 0, -1000, 700

Affine = tuple[tuple[float, float, float, float], ...]


def straight(step: float = 3.0, row: float = 0.8, column: float = 0.7) -> Affine:
    """Slices run to the head, rows to the back, columns to the left: axes (S, P, L) in LPS."""
    return ((0, 0, column, -20.0), (0, row, 0, -16.0), (step, 0, 0, 5.0), (0, 0, 0, 1))


def flipped() -> Affine:
    """Slices run to the feet, rows to the front, columns to the right."""
    return ((0, 0, -0.7, 20.0), (0, -0.8, 0, 16.0), (-3.0, 0, 0, 40.0), (0, 0, 0, 1))


def oblique(degrees: float = 35.0) -> Affine:
    """Straight axes turned about the one from head to feet."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return (
        (0, -0.8 * s, 0.7 * c, -20.0),
        (0, 0.8 * c, 0.7 * s, -16.0),
        (3.0, 0, 0, 5.0),
        (0, 0, 0, 1),
    )


def phantom(shape: tuple[int, int, int] = SHAPE) -> NDArray[np.int16]:
    """Air around a body, and a bright lesion in it; no axis is like another."""
    voxels = np.full(shape, AIR, np.int16)
    voxels[:, 4:-4, 5:-5] = BODY
    voxels[LESION] = BRIGHT
    return voxels


def lesion_mask(shape: tuple[int, int, int] = SHAPE) -> NDArray[np.bool_]:
    """Where the lesion is."""
    mask = np.zeros(shape, np.bool_)
    mask[LESION] = True
    return mask


def write_volume(path: Path, voxels: NDArray[Any], affine: Affine | None) -> Path:
    """A NIfTI file that intake reads as this array."""
    turned = None if affine is None else nifti_affine(Geometry(affine=affine), 3)
    image = nibabel.Nifti1Image(np.ascontiguousarray(voxels.T), turned)
    if turned is not None:
        image.set_sform(turned, code="scanner")
        image.header.set_xyzt_units("mm")
    nibabel.save(image, path)
    return path


@dataclass
class Session:
    """A session that is being made up."""

    folder: Path

    def study(self, *files: Path, name: str, is_prior: bool = False) -> Study:
        """Files as the series of a study."""
        series = tuple(
            one
            for number, file in enumerate(files)
            for one in describe_images(file, prefix=f"{name}-{number}-").series
        )
        return Study(id=name, series=series, is_prior=is_prior)

    def viewed(self, *studies: Study, masks: dict[str, tuple[str, NDArray[np.bool_]]]) -> Viewed:
        """What may be seen.

        Args:
            studies: of the case.
            masks: title to the series' id and the voxels; each belongs to a finding ``f-TITLE``.
        """
        store = ArtifactStore(self.folder / "out", "case")
        artifacts, findings = [], []
        for number, (title, (series, voxels)) in enumerate(masks.items()):
            content = encode_nifti_mask(voxels, Geometry())
            artifact = store.write(
                "mask", f"{number}.nii.gz", content, tool="finder", series=series,
                name=f"mask_{number}", title=title,
            )  # fmt: skip
            artifacts.append(artifact)
            evidence = Evidence(tool="finder", artifact=artifact.path)
            findings.append(
                Finding(
                    id=f"f-{title}", concept="pulmonary_nodule", presence=Presence.PRESENT,
                    evidence=(evidence,),
                )
            )  # fmt: skip
        findings.append(Finding(id="f-nowhere", concept="cough", presence=Presence.PRESENT))
        case = Case(id="case", studies=studies)
        result = Result(
            id="case", status="answered", findings=tuple(findings), artifacts=tuple(artifacts)
        )
        return Viewed(case, result, self.folder / "out")


def lesion_session(folder: Path, affine: Affine | None, *, prior: bool = False) -> Viewed:
    """One series with its lesion marked, and a prior where the lesion is not marked."""
    session = Session(folder)
    now = session.study(write_volume(folder / "now.nii.gz", phantom(), affine), name="now")
    studies = [now]
    if prior:
        before = phantom()
        before[LESION] = BODY
        file = write_volume(folder / "before.nii.gz", before, affine)
        studies.insert(0, session.study(file, name="before", is_prior=True))
    masks = {"Solid nodule": (now.series[0].id, lesion_mask())}
    return session.viewed(*studies, masks=masks)
