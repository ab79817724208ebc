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
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dxtrace.clinical.volume import Volume
from expert_models.errors import ToolRefusal
from expert_models.monai_bundle.boxes import WorldBox, boxes_of
from expert_models.monai_bundle.image_file import our_axes, write_image
from expert_models.monai_bundle.metadata import METADATA_FILE, BundleMetadata

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


class BundleRun:
    """A bundle's workflow: built at the first call, kept for the next ones.

    Args:
        folder: the bundle's root.
        metadata: its metadata.
        switched_on: transforms of its preprocessing, by class, that are switched on.
        device: a torch device such as ``cpu`` or ``cuda:0``; None leaves it to the bundle.
    """

    def __init__(
        self,
        folder: Path,
        metadata: BundleMetadata,
        *,
        switched_on: Sequence[str] = (),
        device: str | None = None,
    ) -> None:
        self._folder = folder.resolve()
        self._metadata = metadata
        self._switched_on = tuple(switched_on)
        self._device = device
        self._workflow: Any = None
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self._lock = threading.Lock()  # an evaluator has one state

    def predict(self, channels: Sequence[Volume], extra: Mapping[str, Any]) -> NDArray[Any]:
        """Run the workflow on a volume.

        Args:
            channels: volumes on one grid: one, or one for each channel of the input.
            extra: further entries of the data item.

        Returns:
            (channel, slice, row, column) or (channel, row, column), on that grid.

        Raises:
            ToolRefusal: if the bundle gives no output on that grid.
        """
        output = self._output(channels, extra)[self._metadata.image_output[0]]
        if not hasattr(output, "detach"):
            raise ToolRefusal(f"the bundle {self._folder.name} gave no masks")
        return self._on_grid(output, channels[0])

    def detect(self, volume: Volume, extra: Mapping[str, Any]) -> list[WorldBox]:
        """Run the workflow of a detector.

        Returns:
            Its boxes in patient coordinates, in any order.

        Raises:
            ToolRefusal: if the bundle gives no boxes, or no place in space for them.
        """
        item = self._output([volume], extra)
        return boxes_of(item, self._metadata.image_output[0], self._metadata.image_input[0])

    def _output(self, channels: Sequence[Volume], extra: Mapping[str, Any]) -> dict[str, Any]:
        with self._lock, tempfile.TemporaryDirectory(prefix="dxtrace-") as folder:
            paths = [
                str(write_image(volume, Path(folder), f"image_{number}"))
                for number, volume in enumerate(channels)
            ]
            key = self._metadata.image_input[0]
            return self._run({key: paths if len(paths) > 1 else paths[0], **extra})

    def _run(self, item: dict[str, Any]) -> dict[str, Any]:
        # What a bundle prints is no result: standard output is for results.
        with _tensors_only(), contextlib.redirect_stdout(sys.stderr):
            if self._workflow is None:
                self._workflow = self._built(item)
                self._workflow.run()
            else:
                self._workflow.dataset.data[:] = [item]
                self._workflow.evaluator.run()
        state = self._workflow.evaluator.state
        output = state.output[0] if isinstance(state.output, list) else state.output
        name = self._metadata.image_output[0]
        if not isinstance(output, dict) or name not in output:
            raise ToolRefusal(f"the bundle {self._folder.name} gave no output {name!r}")
        state.output = state.batch = None  # the volumes are not kept
        return output

    def _built(self, item: dict[str, Any]) -> Any:
        from monai.bundle.workflows import ConfigWorkflow

        self._scratch = tempfile.TemporaryDirectory(prefix="dxtrace-")
        options: dict[str, Any] = {
            "bundle_root": str(self._folder),
            "output_dir": self._scratch.name,
        }
        if self._device is not None:
            options["device"] = f"$torch.device({self._device!r})"
        _make_importable(self._folder)
        workflow = ConfigWorkflow(
            config_file=str(config_file(self._folder)),
            meta_file=str(self._folder / METADATA_FILE),
            logging_file=False,
            workflow_type="inference",
            **options,
        )
        config = workflow.parser.config
        workflow.parser.update(_here(config, self._device) | self._switches(config))
        workflow.dataset_data = [item]
        workflow.initialize()
        missing = [p for p in ("dataset", "evaluator") if not hasattr(workflow, p)]
        if missing:
            raise ToolRefusal(f"the bundle {self._folder.name} has no {' and no '.join(missing)}")
        return workflow

    def _switches(self, config: Any) -> dict[str, Any]:
        """The entries that switch transforms on."""
        found: dict[str, Any] = {}
        for name in self._switched_on:
            transforms = config.get("preprocessing", {}).get("transforms", ())
            numbers = [i for i, t in enumerate(transforms) if t.get("_target_") == name]
            if not numbers:
                raise ToolRefusal(f"the bundle {self._folder.name} has no {name} to switch on")
            found |= {f"preprocessing::transforms::{i}::_disabled_": False for i in numbers}
        return found

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
        config = self._workflow.parser.config
        return any(v is False for k, v in _entries(config) if k == "reverse_indexing")


def _here(config: Any, device: str | None) -> dict[str, Any]:
    """What is set otherwise on any bundle: no processes for one image, mixed precision on GPUs."""
    import torch

    changes: dict[str, Any] = {}
    if isinstance(config.get("dataloader"), dict) and "num_workers" in config["dataloader"]:
        # An expert's own process may have no children; one image needs none.
        changes["dataloader::num_workers"] = 0
    on_gpu = torch.cuda.is_available() and not (device or "").startswith("cpu")
    if isinstance(config.get("evaluator"), dict) and not on_gpu:
        changes["evaluator::amp"] = False
    return changes


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
