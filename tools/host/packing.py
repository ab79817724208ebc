"""Endings as bytes, with masks as bits of the box that they fill."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dxtrace.clinical.volume import Mask
from tools.ending import Ending, broken

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Bits:
    """A boolean array.

    Attributes:
        shape: its shape.
        box: (first, past the last) index of what is true, along each axis.
        bits: the box in C order, eight voxels a byte.
    """

    shape: tuple[int, ...]
    box: tuple[tuple[int, int], ...]
    bits: bytes


def pack_ending(ending: Ending) -> bytes:
    """An ending as bytes; one that cannot be sent becomes a broken one."""
    try:
        masks = tuple(map(_pack_mask, ending.found.masks))
        packed = replace(ending, found=replace(ending.found, masks=masks))
        return pickle.dumps(packed, protocol=pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # noqa: BLE001  # findings that cannot be sent are none
        return pickle.dumps(broken(error))


def unpack_ending(packed: bytes) -> Ending:
    """The ending that :func:`pack_ending` packed."""
    ending: Ending = pickle.loads(packed)  # noqa: S301 - from a process that we started
    masks = tuple(map(_unpack_mask, ending.found.masks))
    return replace(ending, found=replace(ending.found, masks=masks))


def _pack_mask(mask: Any) -> Any:
    import numpy as np

    voxels = getattr(mask, "voxels", None)
    if not (isinstance(mask, Mask) and isinstance(voxels, np.ndarray)) or voxels.dtype != np.bool_:
        return mask  # the runner refuses it, and says what it is
    bits: Any = pack_voxels(voxels)
    return replace(mask, voxels=bits)


def _unpack_mask(mask: Any) -> Any:
    bits = getattr(mask, "voxels", None)
    return replace(mask, voxels=unpack_voxels(bits)) if isinstance(bits, Bits) else mask


def pack_voxels(voxels: NDArray[Any]) -> Bits:
    """Pack a boolean array of any number of axes."""
    import numpy as np

    box: list[tuple[int, int]] = []
    part = voxels
    for axis in range(voxels.ndim):
        others = tuple(other for other in range(voxels.ndim) if other != axis)
        filled = np.flatnonzero(part.any(axis=others))
        box.append((int(filled[0]), int(filled[-1]) + 1) if filled.size else (0, 0))
        part = part[(slice(None),) * axis + (slice(*box[-1]),)]
    return Bits(voxels.shape, tuple(box), np.packbits(part).tobytes())


def unpack_voxels(packed: Bits) -> NDArray[Any]:
    """The array that :func:`pack_voxels` packed."""
    import numpy as np

    voxels = np.zeros(packed.shape, dtype=np.bool_)
    size = tuple(past - first for first, past in packed.box)
    count = int(np.prod(size, dtype=np.int64))
    bits = np.unpackbits(np.frombuffer(packed.bits, dtype=np.uint8), count=count)
    voxels[tuple(slice(first, past) for first, past in packed.box)] = bits.reshape(size)
    return voxels
