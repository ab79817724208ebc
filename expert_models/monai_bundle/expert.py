"""A MONAI bundle as an expert."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from dxtrace.clinical import Case, Evidence
from expert_models.card import ModelCard, WeightsFile
from expert_models.current_images import current_series
from expert_models.errors import ToolRefusal
from expert_models.monai_bundle.mapping import BundleMapping
from expert_models.monai_bundle.marking import classes_of, mark
from expert_models.monai_bundle.metadata import BundleMetadata, read_metadata
from expert_models.monai_bundle.workflow import BundleRun, config_file
from expert_models.output import ExpertOutput
from expert_models.runtime.checksums import check_weights, file_sha256

_WEIGHTS = (".safetensors", ".pt", ".pth", ".ts")


class MonaiBundleExpert:
    """Any bundle folder, by its metadata and its inference workflow.

    Nothing of it is loaded before the first call; then it stays ready.

    Args:
        folder: the bundle's root, with ``configs`` and ``models``.
        mapping: what its classes mean; without one, its classes are marked under their own names.
        device: a torch device; None leaves it to ``DXTRACE_DEVICE``, or to what is here.

    Raises:
        ValueError: if it is no bundle, or the mapping names a class that it does not have.
    """

    card: ModelCard

    def __init__(
        self, folder: Path, mapping: BundleMapping | None = None, *, device: str | None = None
    ) -> None:
        self._folder = folder
        self._mapping = mapping or BundleMapping()
        self._metadata = read_metadata(folder)
        config_file(folder)
        known = set(self._metadata.image_output[1].channel_def.values())
        strange = sorted((set(self._mapping.classes) | set(self._mapping.leave_out)) - known)
        if strange:
            raise ValueError(f"{folder.name}: has no class {strange[0]!r}; it has {sorted(known)}")
        self._weights = self._mapping.weights or {
            str(p.relative_to(folder)): file_sha256(p)
            for p in sorted((folder / "models").glob("*"))
            if p.suffix in _WEIGHTS
        }
        self.card = _card(folder, self._metadata, self._mapping, self._weights)
        self._run = BundleRun(
            folder, self._metadata, extra_inputs=self._mapping.extra_inputs, device=device,
            memory_mb=self._mapping.memory_mb,
        )  # fmt: skip

    def run(self, case: Case) -> ExpertOutput:
        """Mark the series of the current examination that fits the card; the longest, of several.

        Raises:
            ToolRefusal: if no series fits, weights are missing or others, or the bundle needs
                more channels than the image has.
        """
        from dxtrace.intake.imaging import load_volume

        series = current_series(self.card, case)[0]
        check_weights(self._folder, self._weights)
        volume = load_volume(series)
        wanted = self._metadata.image_input[1].num_channels
        has = volume.voxels.shape[-1] if volume.is_colour else 1
        if wanted not in (0, has):
            raise ToolRefusal(f"the bundle expects {wanted} channels, the image has {has}")
        predicted = self._run.predict(volume)
        evidence = Evidence(
            tool=self.card.name,
            version=self.card.version,
            weights_sha256=next(iter(self._weights.values()), None),
        )
        marked = mark(
            predicted.array, volume, self._metadata.image_output[1], self._mapping, evidence
        )
        return replace(marked, notes=(*marked.notes, *predicted.notes))


def _card(
    folder: Path, metadata: BundleMetadata, mapping: BundleMapping, weights: dict[str, str]
) -> ModelCard:
    meanings = [m for _, m in classes_of(metadata.image_output[1], mapping).values()]
    metrics = (f"{name} {value}" for name, value in metadata.eval_metrics.items())
    return ModelCard(
        name=mapping.name or folder.name,
        version=metadata.version,
        title=metadata.description or metadata.name,
        task=metadata.task or "segmentation",
        accepts=("image",),
        modalities=mapping.modalities or metadata.modalities,
        body_parts=mapping.body_parts,
        views=mapping.views,
        tolerates_unknown=mapping.tolerates_unknown,
        produces=tuple(sorted({m.concept for m in meanings if m.concept is not None})),
        marks=tuple(m.mask for m in meanings if m.concept is None),
        accuracy=", ".join(metrics),
        weights=tuple(
            WeightsFile(sha256=sha256, name=name, size_bytes=_size(folder / name))
            for name, sha256 in weights.items()
        ),
        memory_mb=mapping.memory_mb,
        cost=mapping.cost,
        timeout_s=mapping.timeout_s,
        isolated=mapping.isolated,
        intended_use=metadata.intended_use,
        limits=f"trained on: {metadata.data_source}" if metadata.data_source else "",
        licence=metadata.copyright,
        citation="; ".join(metadata.references) or metadata.authors,
    )


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None
