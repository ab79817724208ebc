"""An expert that looks at images and marks what it finds."""

from typing import Any

from dxtrace.clinical import Case, Finding, Presence
from dxtrace.clinical.volume import Mask
from expert_models import ExpertOutput, ModelCard, ToolRefusal, matching_series

LUNG_HU, DENSE_HU = -500, -300


class DensePartExpert:
    """Reports the largest density that the right lung encloses as a nodule, with its mask."""

    card = ModelCard(
        name="dense_part",
        version="1.2.3",
        title="Marks the largest density that lung encloses",
        task="detection",
        accepts=("image",),
        modalities=("CT",),
        body_parts=("chest",),
        image="stack",
        produces=("pulmonary_nodule",),
        isolated=True,
        timeout_s=600,
        memory_mb=500,
        cost=0.5,
        licence="Apache-2.0",
        intended_use="tests",
        limits="knows phantoms only",
    )

    def run(self, case: Case) -> ExpertOutput:
        """One nodule with its mask, or nothing."""
        from dxtrace.intake.imaging import load_volume

        series = matching_series(self.card, case)[0]
        volume = load_volume(series)
        marked = _enclosed(volume.voxels)
        if not marked.any():
            raise ToolRefusal("no lung encloses anything")
        finding = Finding(
            id="dense-1", concept="pulmonary_nodule", presence=Presence.PRESENT, lesion="dense-1",
            attributes={"composition": "solid"},
        )  # fmt: skip
        mask = Mask("dense", marked, volume.geometry, series=series.id, finding=finding.id)
        return ExpertOutput((finding,), (mask,))


def _enclosed(voxels: Any) -> Any:
    import numpy as np
    from scipy import ndimage

    air, _ = ndimage.label(voxels < LUNG_HU)
    lung = (air > 0) & ~np.isin(air, np.unique(air[:, 0]))
    filled = np.stack([ndimage.binary_fill_holes(plane) for plane in lung])
    parts, count = ndimage.label(filled & ~lung & (voxels > DENSE_HU))
    if not count:
        return parts > 0
    return parts == int(np.bincount(parts.ravel())[1:].argmax()) + 1
