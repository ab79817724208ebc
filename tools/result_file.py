"""An expert's output as the bytes of an ``.npz`` file: JSON and arrays, nothing that is code."""

from __future__ import annotations

import io
import json
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from dxtrace.clinical import Finding, Geometry
from dxtrace.clinical.volume import Mask
from expert_models import ExpertOutput
from tools.host.packing import Bits, pack_voxels, unpack_voxels

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WORDS = tuple(sorted({field.name for field in fields(Mask)} - {"voxels", "geometry"}))


def encode_output(output: ExpertOutput) -> bytes | None:
    """The bytes; None if they would not give back what was found."""
    import numpy as np

    if output.passages or output.similar or output.differential:
        return None  # what a search finds changes with what it searches
    arrays: dict[str, Any] = {}
    masks = []
    for number, mask in enumerate(output.masks):
        packed = pack_voxels(mask.voxels)
        arrays[f"mask_{number}"] = np.frombuffer(packed.bits, dtype=np.uint8)
        words = {word: getattr(mask, word) for word in _WORDS}
        place = mask.geometry.model_dump(mode="json")
        masks.append({**words, "geometry": place, "shape": packed.shape, "box": packed.box})
    told = {
        "findings": [finding.model_dump(mode="json") for finding in output.findings],
        "notes": list(output.notes),
        "masks": masks,
    }
    try:
        text = json.dumps(told, allow_nan=False).encode()
        back = _findings(json.loads(text))
    except (TypeError, ValueError, ValidationError):
        return None
    if back != output.findings:
        return None
    stream = io.BytesIO()
    np.savez_compressed(stream, told=np.frombuffer(text, dtype=np.uint8), **arrays)
    return stream.getvalue()


def decode_output(content: bytes) -> ExpertOutput:
    """What :func:`encode_output` encoded.

    Raises:
        ValueError: or whatever numpy and zipfile raise, if the bytes are damaged.
    """
    import numpy as np

    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        told = json.loads(arrays["told"].tobytes())
        masks = tuple(_mask(m, arrays[f"mask_{n}"]) for n, m in enumerate(told["masks"]))
    return ExpertOutput(_findings(told), masks, tuple(told["notes"]))


def _findings(told: dict[str, Any]) -> tuple[Finding, ...]:
    return tuple(Finding.model_validate(finding) for finding in told["findings"])


def _mask(told: dict[str, Any], bits: NDArray[Any]) -> Mask:
    box = tuple((first, past) for first, past in told.pop("box"))
    packed = Bits(tuple(told.pop("shape")), box, bits.tobytes())
    geometry = Geometry.model_validate(told.pop("geometry"))
    return Mask(**told, geometry=geometry, voxels=unpack_voxels(packed))
