"""A MONAI bundle as an expert."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dxtrace.clinical import Case, Evidence, Series
from expert_models.arguments import Arguments
from expert_models.card import ModelCard, OperatingPoint, WeightsFile
from expert_models.current_images import current_series
from expert_models.errors import ToolRefusal
from expert_models.monai_bundle.channels import choose_series, on_one_grid
from expert_models.monai_bundle.detecting import SCALE, report
from expert_models.monai_bundle.mapping import BundleMapping, shipped_mapping
from expert_models.monai_bundle.marking import classes_of, mark, names_of
from expert_models.monai_bundle.metadata import BundleMetadata, read_metadata
from expert_models.monai_bundle.workflow import BundleRun, config_file
from expert_models.output import ExpertOutput
from expert_models.runtime.checksums import check_weights, file_sha256

if TYPE_CHECKING:
    from dxtrace.clinical.volume import Volume

_WEIGHTS = (".safetensors", ".pt", ".pth", ".ts")


class MonaiBundleExpert:
    """Any bundle folder, by its metadata and its inference workflow.

    Nothing of it is loaded before the first call; then it stays ready.

    Args:
        folder: the bundle's root, with ``configs`` and ``models``.
        mapping: what its classes mean; without one, the mapping that comes with DxTrace for a
            bundle of this name, and if there is none its classes are marked under their own names.
        device: a torch device; None leaves it to ``DXTRACE_DEVICE``, or to what is here.

    Raises:
        ValueError: if it is no bundle, or the mapping names a class that it does not have.
    """

    card: ModelCard

    def __init__(
        self, folder: Path, mapping: BundleMapping | None = None, *, device: str | None = None
    ) -> None:
        self._folder, self._device = folder, device
        self._mapping = mapping or shipped_mapping(folder.name) or BundleMapping()
        self._metadata = read_metadata(folder)
        config_file(folder)
        known = set(names_of(self._metadata.image_output[1], self._mapping).values())
        strange = sorted(self._mapping.named_classes - known)
        if strange:
            raise ValueError(f"{folder.name}: has no class {strange[0]!r}; it has {sorted(known)}")
        self._weights = self._mapping.weights or {
            str(p.relative_to(folder)): file_sha256(p)
            for p in sorted((folder / "models").glob("*"))
            if p.suffix in _WEIGHTS
        }
        self.card = _card(folder, self._metadata, self._mapping, self._weights)
        self._run: BundleRun | None = None

    def run(self, case: Case, arguments: Arguments | None = None) -> ExpertOutput:
        """Mark the series of the current examination that fits the card; the longest, of several.

        Raises:
            ToolRefusal: if no series fits, a sequence is missing, weights are missing or others, or
                the bundle needs more channels than the image has.
        """
        series = current_series(self.card, case)
        check_weights(self._folder, self._weights)
        wanted = self._wanted(arguments or Arguments())
        volumes, notes = self._volumes(series)
        if self._run is None:
            # Made here: an expert is sent to its process before it has a workflow.
            self._run = BundleRun(
                self._folder,
                self._metadata,
                switched_on=self._mapping.switched_on,
                device=self._device,
                memory_mb=self._mapping.memory_mb,
            )
        evidence = Evidence(
            tool=self.card.name,
            version=self.card.version,
            weights_sha256=next(iter(self._weights.values()), None),
        )
        if self._mapping.detection is not None:
            found = self._run.detect(volumes[0], self._mapping.extra_inputs)
            output = report(found.boxes, volumes[0], self._mapping.detection, evidence)
            notes += found.notes
        else:
            predicted = self._run.predict(volumes, self._extra(wanted))
            form = self._metadata.image_output[1]
            output = mark(predicted.array, volumes[0], form, self._mapping, evidence, wanted)
            notes += predicted.notes
        return replace(output, notes=(*notes, *output.notes))

    def _wanted(self, arguments: Arguments) -> set[str] | None:
        """The classes that a call asks for; None for all that the bundle marks by itself."""
        words = arguments.classes or self._mapping.default
        groups = [self._mapping.groups[word] for word in words]
        if not all(groups):
            if len(groups) > 1:
                raise ToolRefusal("expected a word for everything alone, or words for some classes")
            return None
        return {name for names in groups for name in names} or None

    def _extra(self, wanted: set[str] | None) -> dict[str, Any]:
        extra = dict(self._mapping.extra_inputs)
        if self._mapping.prompt and wanted is not None:
            names = names_of(self._metadata.image_output[1], self._mapping)
            extra[self._mapping.prompt] = sorted(n for n, name in names.items() if name in wanted)
        return extra

    def _volumes(self, series: Sequence[Series]) -> tuple[list[Volume], tuple[str, ...]]:
        """The images of the call on one grid, one for each channel, and notes."""
        from dxtrace.intake.imaging import load_volume

        if self._mapping.channels:
            chosen = choose_series(series, self._mapping.channels)
            return on_one_grid([load_volume(one) for one in chosen])
        volume = load_volume(series[0])
        expected = self._metadata.image_input[1].num_channels
        has = volume.voxels.shape[-1] if volume.is_colour else 1
        if expected not in (0, has):
            raise ToolRefusal(f"the bundle expects {expected} channels, the image has {has}")
        return [volume], ()


def _card(
    folder: Path, metadata: BundleMetadata, mapping: BundleMapping, weights: dict[str, str]
) -> ModelCard:
    meanings = [m for _, m in classes_of(metadata.image_output[1], mapping).values()]
    detection = mapping.detection
    concepts = {m.concept for m in meanings if m.concept is not None}
    marks = [m.mask for m in meanings if m.concept is None]
    if detection is not None:
        concepts.add(detection.concept)
        marks.append(f"{detection.concept}_box")
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
        in_plane_mm=mapping.in_plane_mm,
        slice_mm=mapping.slice_mm,
        tolerates_unknown=mapping.tolerates_unknown,
        produces=tuple(sorted(concepts)),
        marks=tuple(marks),
        arguments=tuple(mapping.groups),
        operating_points=_operating_points(mapping),
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


def _operating_points(mapping: BundleMapping) -> tuple[OperatingPoint, ...]:
    detection = mapping.detection
    if detection is None or detection.operating_point is None:
        return ()
    point = detection.operating_point
    return (
        OperatingPoint(
            concept=detection.concept, threshold=point.threshold, scale=SCALE, source=point.source
        ),
    )


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None
