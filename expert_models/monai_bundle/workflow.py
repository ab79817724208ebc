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
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dxtrace.clinical.volume import Volume
from expert_models.errors import ToolRefusal
from expert_models.monai_bundle.image_file import our_axes, write_image
from expert_models.monai_bundle.metadata import METADATA_FILE, BundleMetadata
from expert_models.runtime.device import torch_device, within_memory

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


class BundleRun:
    """A bundle's workflow: built at the first call, kept for the next ones.

    Args:
        folder: the bundle's root.
        metadata: its metadata.
        extra_inputs: further entries of every data item.
        device: a torch device such as ``cpu`` or ``cuda:0``; None leaves it to
            :func:`~expert_models.runtime.device.torch_device`.
        memory_mb: what a call needs, in MiB, if it is known.
    """

    def __init__(
        self,
        folder: Path,
        metadata: BundleMetadata,
        *,
        extra_inputs: Mapping[str, Any] | None = None,
        device: str | None = None,
        memory_mb: int | None = None,
    ) -> None:
        self._folder = folder.resolve()
        self._metadata = metadata
        self._extra = dict(extra_inputs or {})
        self._asked, self._memory_mb = device, memory_mb
        self._workflows: dict[str, Any] = {}
        self._scratch = tempfile.TemporaryDirectory(prefix="dxtrace-")
        self._lock = threading.Lock()  # an evaluator has one state

    def predict(self, volume: Volume) -> Predicted:
        """Run the workflow on a volume.

        Where the memory does not suffice, the window slides in smaller batches, then on the
        processor; notes say so.

        Raises:
            ToolRefusal: if the bundle gives no output on the volume's own grid.
        """
        with self._lock, tempfile.TemporaryDirectory(prefix="dxtrace-") as folder:
            image = write_image(volume, Path(folder))
            item = {self._metadata.image_input[0]: str(image), **self._extra}
            # What a bundle prints is no result: standard output is for results.
            with _tensors_only(), contextlib.redirect_stdout(sys.stderr):
                device = torch_device(self._asked, memory_mb=self._memory_mb)
                managed = within_memory(partial(self._run, item), device)
        return Predicted(self._on_grid(managed.found, volume), managed.notes)

    def _run(self, item: dict[str, Any], device: Any, share: int) -> Any:
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
        return output[name]

    def _built(self, item: dict[str, Any], device: Any) -> Any:
        from monai.bundle.workflows import ConfigWorkflow

        workflow = ConfigWorkflow(
            config_file=str(config_file(self._folder)),
            meta_file=str(self._folder / METADATA_FILE),
            logging_file=False,
            workflow_type="inference",
            bundle_root=str(self._folder),
            output_dir=self._scratch.name,
            device=f"$torch.device({str(device)!r})",
        )
        workflow.dataset_data = [item]
        workflow.initialize()
        missing = [p for p in ("dataset", "evaluator") if not hasattr(workflow, p)]
        if missing:
            raise ToolRefusal(f"the bundle {self._folder.name} has no {' and no '.join(missing)}")
        if device.type != "cuda":
            workflow.evaluator.amp = False  # half precision is for GPUs
        return workflow

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
