"""The inference workflow of a bundle, kept ready, through ``monai.bundle``.

A bundle's configuration is a program: it may import modules and evaluate expressions. Only bundles
that somebody chose to install are run, weights are compared with their SHA-256 before that, and
torch is held to reading tensors only from pickled files.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dxtrace.clinical.volume import Volume
from expert_models.errors import ToolRefusal
from expert_models.monai_bundle.boxes import WorldBox, boxes_of
from expert_models.monai_bundle.image_file import our_axes, write_image
from expert_models.monai_bundle.metadata import METADATA_FILE, BundleMetadata
from expert_models.runtime.device import Managed, torch_device, within_memory

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CONFIGS = ("inference.json", "inference.yaml", "inference.yml")
_TENSORS_ONLY = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"


def config_file(folder: Path) -> Path:
    """The bundle's inference configuration.

    Raises:
        ValueError: if it has none.
    """
    found = next((p for n in _CONFIGS if (p := folder / "configs" / n).is_file()), None)
    if found is None:
        raise ValueError(f"{folder.name}: expected configs/inference.json or .yaml, got neither")
    return found


@dataclass(frozen=True, eq=False)
class Predicted:
    """What a workflow gave.

    Attributes:
        array: (channel, slice, row, column) or (channel, row, column), on the volume's own grid.
        notes: what a reader should know of the run.
    """

    array: NDArray[Any]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Detected:
    """What the workflow of a detector gave.

    Attributes:
        boxes: in patient coordinates, in any order.
        notes: what a reader should know of the run.
    """

    boxes: tuple[WorldBox, ...]
    notes: tuple[str, ...] = ()


class BundleRun:
    """A bundle's workflow: built at the first call, kept for the next ones.

    Args:
        folder: the bundle's root.
        metadata: its metadata.
        switched_on: transforms of its preprocessing, by class, that are switched on.
        device: a torch device such as ``cpu`` or ``cuda:0``; None leaves it to
            :func:`~expert_models.runtime.device.torch_device`.
        memory_mb: what a call needs, in MiB, if it is known.
    """

    def __init__(
        self,
        folder: Path,
        metadata: BundleMetadata,
        *,
        switched_on: Sequence[str] = (),
        device: str | None = None,
        memory_mb: int | None = None,
    ) -> None:
        self._folder = folder.resolve()
        self._metadata = metadata
        self._switched_on = tuple(switched_on)
        self._asked, self._memory_mb = device, memory_mb
        self._workflows: dict[str, Any] = {}
        self._scratch = tempfile.TemporaryDirectory(prefix="dxtrace-")
        self._lock = threading.Lock()  # an evaluator has one state

    def predict(self, channels: Sequence[Volume], extra: Mapping[str, Any]) -> Predicted:
        """Run the workflow on a volume.

        Where the memory does not suffice, the window slides in smaller batches, then on the
        processor; notes say so.

        Args:
            channels: volumes on one grid: one, or one for each channel of the input.
            extra: further entries of the data item.

        Raises:
            ToolRefusal: if the bundle gives no output on that grid.
        """
        managed = self._managed(channels, extra)
        output = managed.found[self._metadata.image_output[0]]
        if not hasattr(output, "detach"):
            raise ToolRefusal(f"the bundle {self._folder.name} gave no masks")
        return Predicted(self._on_grid(output, channels[0]), managed.notes)

    def detect(self, volume: Volume, extra: Mapping[str, Any]) -> Detected:
        """Run the workflow of a detector; memory as in :meth:`predict`.

        Raises:
            ToolRefusal: if the bundle gives no boxes, or no place in space for them.
        """
        managed = self._managed([volume], extra)
        names = self._metadata.image_output[0], self._metadata.image_input[0]
        return Detected(tuple(boxes_of(managed.found, *names)), managed.notes)

    def _managed(self, channels: Sequence[Volume], extra: Mapping[str, Any]) -> Managed:
        """The finished data item: a dictionary with the output and what led to it."""
        with self._lock, tempfile.TemporaryDirectory(prefix="dxtrace-") as folder:
            paths = [
                str(write_image(volume, Path(folder), f"image_{number}"))
                for number, volume in enumerate(channels)
            ]
            image = paths if len(paths) > 1 else paths[0]
            item = {self._metadata.image_input[0]: image, **extra}
            # What a bundle prints is no result: standard output is for results.
            with _tensors_only(), contextlib.redirect_stdout(sys.stderr):
                device = torch_device(self._asked, memory_mb=self._memory_mb)
                return within_memory(partial(self._run, item), device)

    def _run(self, item: dict[str, Any], device: Any, share: int) -> dict[str, Any]:
        # Kept once it has ended well: an evaluator that stopped halfway does not run again.
        workflow = self._workflows.pop(str(device), None)
        is_first = workflow is None
        if workflow is None:
            workflow = self._built(item, device)
        with _in_parts(workflow.evaluator, share):
            if is_first:
                workflow.run()
            else:
                workflow.dataset.data[:] = [item]
                workflow.evaluator.run()
        self._workflows[str(device)] = workflow
        state = workflow.evaluator.state
        output = state.output[0] if isinstance(state.output, list) else state.output
        state.output = state.batch = None  # the volumes are not kept
        name = self._metadata.image_output[0]
        if not isinstance(output, dict) or name not in output:
            raise ToolRefusal(f"the bundle {self._folder.name} gave no output {name!r}")
        return output

    def _built(self, item: dict[str, Any], device: Any) -> Any:
        from monai.bundle.workflows import ConfigWorkflow

        _make_importable(self._folder)
        workflow = ConfigWorkflow(
            config_file=str(config_file(self._folder)),
            meta_file=str(self._folder / METADATA_FILE),
            logging_file=False,
            workflow_type="inference",
            bundle_root=str(self._folder),
            output_dir=self._scratch.name,
            device=f"$torch.device({str(device)!r})",
        )
        workflow.parser.update(self._changes(workflow.parser.config))
        workflow.dataset_data = [item]
        workflow.initialize()
        missing = [p for p in ("dataset", "evaluator") if not hasattr(workflow, p)]
        if missing:
            raise ToolRefusal(f"the bundle {self._folder.name} has no {' and no '.join(missing)}")
        if device.type != "cuda":
            workflow.evaluator.amp = False  # half precision is for GPUs
        return workflow

    def _changes(self, config: Any) -> dict[str, Any]:
        """The entries of the configuration that are set otherwise."""
        changes: dict[str, Any] = {}
        if "num_workers" in config.get("dataloader", {}):
            # An expert's own process may have no children, and one image needs none.
            changes["dataloader::num_workers"] = 0
        for name in self._switched_on:
            transforms = config.get("preprocessing", {}).get("transforms", ())
            numbers = [i for i, t in enumerate(transforms) if t.get("_target_") == name]
            if not numbers:
                raise ToolRefusal(f"the bundle {self._folder.name} has no {name} to switch on")
            changes |= {f"preprocessing::transforms::{i}::_disabled_": False for i in numbers}
        return changes

    def _on_grid(self, output: Any, volume: Volume) -> NDArray[Any]:
        import numpy as np

        array = our_axes(np.asarray(output.detach().cpu()), rows_first=self._rows_first())
        if array.shape[1:] != volume.spatial_shape:
            raise ToolRefusal(
                f"the bundle {self._folder.name} gave masks of {array.shape[1:]} voxels for an "
                f"image of {volume.spatial_shape}: its workflow does not invert its own resampling"
            )
        return array

    def _rows_first(self) -> bool:
        """Whether the bundle asks its reader of pictures to keep (row, column)."""
        config = next(iter(self._workflows.values())).parser.config
        return any(v is False for k, v in _entries(config) if k == "reverse_indexing")


@contextlib.contextmanager
def _in_parts(evaluator: Any, share: int) -> Iterator[None]:
    """Let a sliding window take a part of its batch at a time and gather on the processor."""
    inferer = evaluator.inferer
    batch = getattr(inferer, "sw_batch_size", None)
    if share == 1 or not isinstance(batch, int):
        yield
        return
    gathers = getattr(inferer, "device", None)
    inferer.sw_batch_size = max(1, batch // share)
    inferer.device = "cpu"
    try:
        yield
    finally:
        inferer.sw_batch_size, inferer.device = batch, gathers


def _make_importable(folder: Path) -> None:
    """Let a bundle import its own code, which bundles call ``scripts``, and not another's."""
    found = sys.modules.get("scripts")
    if found is not None and str(folder / "scripts") not in getattr(found, "__path__", ()):
        for name in [n for n in sys.modules if n == "scripts" or n.startswith("scripts.")]:
            del sys.modules[name]
    if str(folder) in sys.path:
        sys.path.remove(str(folder))
    sys.path.insert(1, str(folder))


def _entries(config: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(config, dict):
        for key, value in config.items():
            yield str(key), value
            yield from _entries(value)
    elif isinstance(config, list):
        for value in config:
            yield from _entries(value)


@contextlib.contextmanager
def _tensors_only() -> Iterator[None]:
    before = os.environ.get(_TENSORS_ONLY)
    os.environ[_TENSORS_ONLY] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_TENSORS_ONLY]
        else:
            os.environ[_TENSORS_ONLY] = before
