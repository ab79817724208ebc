"""Tensors out of a file that holds a whole pickled module, with nothing of the module built.

Checkpoints of some packages are modules, not tensors. Such a file is a program that says how to
build them; old ones even carry their classes by reference, which ``weights_only`` refuses as such.
Here the program is followed with placeholders: for each name on a list of names it gets an object
that only keeps what it is given. No code of torch or of a package runs, a name that is not on the
list ends the reading, and what comes out are the tensors that ``state_dict`` would have given.

Source of the two formats: ``torch.serialization`` (zip archives since PyTorch 1.6; before that,
five pickles and then the storages, each with its number of elements).
"""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from expert_models.errors import ToolRefusal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_KINDS = {
    "DoubleStorage": "<f8", "FloatStorage": "<f4", "HalfStorage": "<f2", "LongStorage": "<i8",
    "IntStorage": "<i4", "ShortStorage": "<i2", "CharStorage": "<i1", "ByteStorage": "<u1",
    "BoolStorage": "?",
}  # fmt: skip
_STORAGE_MODULES = ("torch", "torch.cuda")
_OLD_FORMAT_MAGIC = 0x1950A86A20F9469CFC6C
_DAMAGE = (
    pickle.UnpicklingError, EOFError, KeyError, IndexError, ValueError, TypeError, AttributeError,
    RecursionError, MemoryError, OverflowError, struct.error, zipfile.BadZipFile,
)  # fmt: skip


def read_module_tensors(path: Path, classes: Collection[str]) -> dict[str, Any]:
    """Read the parameters and buffers of a pickled module.

    Args:
        path: a file that ``torch.save`` wrote with a module in it.
        classes: full names of the classes that may occur, such as ``torch.nn.modules.conv.Conv2d``.

    Returns:
        Tensors on the CPU by their names in the module, such as ``features.conv0.weight``.

    Raises:
        ToolRefusal: if another name occurs, or the file is damaged or no such file.
    """
    import torch

    try:
        root, contents = _read(path, frozenset(classes))
        if not isinstance(root, _Module):
            raise ToolRefusal(f"{path.name}: expected a pickled module, got something else")
        found: dict[str, _Tensor] = {}
        _collect(root, "", found)
        return {n: torch.from_numpy(_array(t, contents)) for n, t in found.items()}
    except _ForeignNameError as error:
        raise ToolRefusal(
            f"{path.name} holds more than weights and is not loaded: a pickled file can run any "
            f"program, and it asks for {error}, which these weights do not need"
        ) from None
    except _DAMAGE as error:
        raise ToolRefusal(
            f"{path.name}: not a pickled module, or damaged ({str(error) or type(error).__name__})"
        ) from None


class _ForeignNameError(pickle.UnpicklingError):
    """A name that is not on the list."""


class _Module:
    """Stands for any object of a listed class; keeps the state that it is given."""

    def __init__(self, *_: Any) -> None:
        self.state: dict[str, Any] = {}

    def __setstate__(self, state: Any) -> None:
        self.state = state if isinstance(state, dict) else {}


@dataclass(frozen=True)
class _Storage:
    kind: str
    key: str


@dataclass(frozen=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]


def _rebuilt(storage: Any, offset: Any, shape: Any, stride: Any, *_: Any) -> _Tensor:
    if not isinstance(storage, _Storage):
        raise TypeError("a tensor without storage")
    return _Tensor(storage, int(offset), tuple(map(int, shape)), tuple(map(int, stride)))


def _parameter(data: Any, *_: Any) -> Any:
    return data


_HARMLESS: dict[str, Any] = {
    "collections.OrderedDict": OrderedDict,
    "__builtin__.set": set,
    "builtins.set": set,
    "torch._utils._rebuild_tensor": _rebuilt,
    "torch._utils._rebuild_tensor_v2": _rebuilt,
    "torch._utils._rebuild_parameter": _parameter,
}


class _Reader(pickle.Unpickler):
    """Follows a pickle; every name in it stands for a placeholder, or ends the reading."""

    def __init__(self, stream: IO[bytes], classes: frozenset[str]) -> None:
        super().__init__(stream, encoding="utf-8")
        self._classes = classes
        self.kinds: dict[str, str] = {}

    def find_class(self, module: str, name: str) -> Any:
        full = f"{module}.{name}"
        if full in _HARMLESS:
            return _HARMLESS[full]
        if module in _STORAGE_MODULES and name in _KINDS:
            return _KINDS[name]
        if full in self._classes:
            return _Module
        raise _ForeignNameError(full)

    def persistent_load(self, pid: Any) -> Any:
        what = pid[0]
        if what == "module":  # the old format names a class together with its source text
            return pid[1]
        if what != "storage" or (len(pid) > 5 and pid[5] is not None):  # noqa: PLR2004  # a view
            raise pickle.UnpicklingError(f"unexpected reference to {what!r}")
        storage = _Storage(kind=pid[1], key=str(pid[2]))
        self.kinds[storage.key] = storage.kind
        return storage


_Contents = dict[str, bytes]
"""The bytes of each storage, by its key."""


def _read(path: Path, classes: frozenset[str]) -> tuple[Any, _Contents]:
    if zipfile.is_zipfile(path):
        return _read_archive(path, classes)
    with path.open("rb") as stream:
        return _read_old(stream, classes)


def _read_archive(path: Path, classes: frozenset[str]) -> tuple[Any, _Contents]:
    with zipfile.ZipFile(path) as archive:
        if any(i.compress_type != zipfile.ZIP_STORED for i in archive.infolist()):
            raise ValueError("expected members that are not compressed")
        names = archive.namelist()
        main = next(n for n in [*names, ""] if n.endswith("/data.pkl") or not n)
        folder = main.removesuffix("data.pkl")
        if f"{folder}byteorder" in names and archive.read(f"{folder}byteorder") != b"little":
            raise ValueError("expected little-endian storages")
        root = _Reader(io.BytesIO(archive.read(main)), classes).load()
        prefix = f"{folder}data/"
        return root, {n[len(prefix) :]: archive.read(n) for n in names if n.startswith(prefix)}


def _read_old(stream: IO[bytes], classes: frozenset[str]) -> tuple[Any, _Contents]:
    magic, _, system = (_Reader(stream, frozenset()).load() for _ in range(3))
    if magic != _OLD_FORMAT_MAGIC or not system.get("little_endian", True):
        raise ValueError("expected a little-endian file of torch.save")
    reader = _Reader(stream, classes)
    root = reader.load()
    contents = {}
    for key in map(str, _Reader(stream, frozenset()).load()):
        (count,) = struct.unpack("<q", stream.read(8))
        contents[key] = stream.read(count * _width(reader.kinds[key]))
    return root, contents


def _width(kind: str) -> int:
    return 1 if kind == "?" else int(kind[-1])


def _collect(module: _Module, prefix: str, found: dict[str, _Tensor]) -> None:
    """Names and tensors as ``Module.state_dict`` orders them."""
    state = module.state
    passing = state.get("_non_persistent_buffers_set", ())
    own = {**state.get("_parameters", {}), **state.get("_buffers", {})}
    for name, tensor in own.items():
        if isinstance(tensor, _Tensor) and name not in passing:
            found[f"{prefix}{name}"] = tensor
    for name, child in state.get("_modules", {}).items():
        if isinstance(child, _Module):
            _collect(child, f"{prefix}{name}.", found)


def _array(tensor: _Tensor, contents: _Contents) -> NDArray[Any]:
    """The numbers of a tensor, copied out of its storage."""
    import numpy as np
    from numpy.lib.stride_tricks import as_strided

    values: NDArray[np.generic] = np.frombuffer(contents[tensor.storage.key], tensor.storage.kind)
    if len(tensor.shape) != len(tensor.stride) or min((0, *tensor.shape, *tensor.stride)) < 0:
        raise ValueError("a tensor of an impossible shape")
    last = sum((n - 1) * s for n, s in zip(tensor.shape, tensor.stride, strict=True))
    if 0 in tensor.shape:
        return np.zeros(tensor.shape, values.dtype)
    if not 0 <= tensor.offset <= tensor.offset + last < values.size:
        raise ValueError("a tensor larger than its storage")
    step = values.itemsize
    view = as_strided(
        values[tensor.offset :], tensor.shape, [s * step for s in tensor.stride], writeable=False
    )
    return np.array(view)
