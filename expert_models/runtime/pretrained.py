"""Models in the folder format of transformers, loaded offline; nothing that they hold is run."""

from __future__ import annotations

import contextlib
import os
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expert_models.card import WeightsFile
from expert_models.errors import ToolRefusal
from expert_models.runtime.checksums import file_sha256

if TYPE_CHECKING:
    from expert_models.families import ExpertEntry

_WEIGHTS = (".safetensors", ".bin", ".pt", ".pth")


def weights_of(folder: Path, stated: tuple[WeightsFile, ...] = ()) -> tuple[WeightsFile, ...]:
    """The files of weights for a card.

    Args:
        folder: where they lie.
        stated: those whose hash is known; without any, what lies in it or below is hashed.
    """
    if stated:
        return stated
    # Parts of a model may be links to where they were fetched to.
    walked = os.walk(folder, followlinks=True)
    below = (Path(at, name) for at, _, names in walked for name in names)
    files = sorted(p for p in below if p.suffix in _WEIGHTS)
    return tuple(
        WeightsFile(
            sha256=file_sha256(p),
            name=p.relative_to(folder).as_posix(),
            size_bytes=p.stat().st_size,
        )
        for p in files
    )


def single_weights(weights: tuple[WeightsFile, ...]) -> WeightsFile:
    """The file of weights of a family that has one; further files are its configuration.

    Raises:
        ValueError: if there is none, or more than one.
    """
    found = [file for file in weights if file.path.endswith(_WEIGHTS)]
    if len(found) != 1:
        names = ", ".join(file.path for file in found) or "none"
        raise ValueError(f"expected one file of weights, got {names}")
    return found[0]


def model_files(entry: ExpertEntry, folder: Path) -> tuple[WeightsFile, ...]:
    """The files of an entry whose family has one file of weights.

    Args:
        entry: the entry; where it states no files, what lies in its folder is hashed.
        folder: where they lie.

    Raises:
        ValueError: if there is no file of weights, or more than one.
    """
    files = weights_of(folder, entry.files)
    try:
        single_weights(files)
    except ValueError as error:
        raise ValueError(f"{entry.name}: {error}") from None
    return files


def weights_in(
    entry: ExpertEntry, folder: Path, parts: tuple[str, ...] = ("",)
) -> tuple[WeightsFile, ...]:
    """The files of weights of an entry whose family may have several.

    Args:
        entry: the entry; where it states no files, what lies in its folder is hashed.
        folder: where they lie.
        parts: folders below it, each of which must have some.

    Raises:
        ValueError: if one of the parts has none.
    """
    files = weights_of(folder, entry.files)
    for part in parts:
        below = f"{part}/" if part else ""
        if not any(f.path.startswith(below) and f.path.endswith(_WEIGHTS) for f in files):
            raise ValueError(
                f"{entry.name}: expected files of weights in {folder / part}, got none"
            )
    return files


def load_model(
    model_class: Any, folder: Path, device: Any, *, safetensors_only: bool = False
) -> Any:
    """Load a model for inference.

    Args:
        model_class: a class of transformers with ``from_pretrained``.
        folder: ``config.json`` and safetensors, or PyTorch files that hold tensors only.
        device: a torch device.
        safetensors_only: whether PyTorch files are left alone.

    Raises:
        ToolRefusal: if a file is missing, damaged or of another model, if it holds a pickled
            program, or if some of the network's weights are not in it: transformers would fill
            them with random numbers.
    """
    _check_configured(folder)
    with refused_if_wrong(folder), _without_progress():
        model, found = model_class.from_pretrained(
            folder, local_files_only=True, weights_only=True, output_loading_info=True,
            **_never_code(model_class), **({"use_safetensors": True} if safetensors_only else {}),
        )  # fmt: skip
    wrong = sorted({*found["missing_keys"], *(str(key) for key in found["mismatched_keys"])})
    if wrong:
        raise ToolRefusal(
            f"{folder.name}: the weights are not those of this network: {len(wrong)} are missing "
            f"or of another shape, such as {wrong[0]}"
        )
    return model.to(device).eval()


def load_processor(processor_class: Any, folder: Path) -> Any:
    """Load what prepares inputs: an image processor, a tokenizer, or both.

    Raises:
        ToolRefusal: if its files are missing or damaged.
    """
    _check_configured(folder)
    with refused_if_wrong(folder):
        return processor_class.from_pretrained(
            folder, local_files_only=True, **_never_code(processor_class)
        )


def _never_code(kind: Any) -> dict[str, bool]:
    """An option for classes that choose by the folder's configuration.

    They would else ask a person at the terminal whether to run a program that lies in it. The other
    classes run none, and do not know the option.
    """
    return {"trust_remote_code": False} if kind.__name__.startswith("Auto") else {}


@contextlib.contextmanager
def _without_progress() -> Iterator[None]:
    """Standard error is for messages: transformers would draw a bar for each file of weights."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def _check_configured(folder: Path) -> None:
    if not (folder / "config.json").is_file():
        raise ToolRefusal(f"{folder.name}: expected a model folder with config.json, got none")


@contextlib.contextmanager
def refused_if_wrong(folder: Path) -> Iterator[None]:
    """What libraries raise for a model folder that is not what it should be, as a refusal."""
    from safetensors import SafetensorError

    try:
        yield
    except pickle.UnpicklingError:
        raise ToolRefusal(
            f"{folder.name}: a file holds more than tensors and is not loaded: a pickled file can "
            f"run any program; expected safetensors or a state dict"
        ) from None
    except (
        SafetensorError, OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError,
        EOFError, AssertionError,
    ) as error:  # fmt: skip
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ToolRefusal(f"{folder.name}: cannot be loaded: {first}") from None


def rough_memory_mb(weights: tuple[WeightsFile, ...]) -> int:
    """Rough memory of a call, in MiB: the libraries, and the weights twice while they are read."""
    libraries, mebibyte = 1000, 1024 * 1024
    return libraries + 2 * sum(file.size_bytes or 0 for file in weights) // mebibyte
