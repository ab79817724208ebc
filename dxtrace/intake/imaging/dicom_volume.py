"""A stack of DICOM images to a volume."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dxtrace.clinical.volume import Volume
from dxtrace.intake.errors import IntakeError
from dxtrace.intake.imaging.dicom_dataset import DAMAGE, read_whole
from dxtrace.intake.imaging.dicom_header import DicomHeader
from dxtrace.intake.imaging.dicom_pixels import Frames, decode
from dxtrace.intake.imaging.dicom_series import Stack
from dxtrace.intake.limits import IntakeLimits


def refuse_large_stack(stack: Stack, limits: IntakeLimits) -> None:
    """Refuse a series beyond the limits before any of it is decoded.

    Raises:
        IntakeError: naming the limit.
    """
    if len(stack.headers) > limits.max_frames:
        raise IntakeError(
            f"expected at most {limits.max_frames:,} slices, got {len(stack.headers):,}"
        )
    size = sum(header.decoded_bytes for header in stack.headers)
    if size > limits.max_image_bytes:
        raise IntakeError(
            f"expected at most {limits.max_image_bytes:,} bytes of pixels in a series, got {size:,}"
        )


def load_stack(stack: Stack, limits: IntakeLimits) -> Volume:
    """Decode the files of a stack into one volume.

    Raises:
        IntakeError: naming, by its number, the slice that cannot be read.
    """
    refuse_large_stack(stack, limits)
    parts: list[Frames] = []
    for number, header in enumerate(stack.headers, start=1):
        try:
            parts.append(_decode_one(header, limits))
        except IntakeError as error:
            where = f"slice {number} of {len(stack.headers)}: " if len(stack.headers) > 1 else ""
            raise IntakeError(f"{where}{error.reason}") from None
    first = parts[0]
    notes = dict.fromkeys((*stack.notes, *(note for part in parts for note in part.notes)))
    if len({(part.unit, part.is_colour) for part in parts}) > 1:
        raise IntakeError("expected slices of one kind, got some with and some without units")
    header = stack.headers[0]
    return Volume(
        voxels=_joined(parts, stack),
        geometry=stack.place.geometry,
        modality=header.modality,
        body_part=header.body_part,
        view=header.view,
        unit=first.unit,
        windows=first.windows,
        sources=tuple(str(h.path) for h in stack.headers),
        notes=tuple(notes),
        is_colour=first.is_colour,
        may_have_text=next((h.may_have_text for h in stack.headers if h.may_have_text), ""),
    )


def _decode_one(header: DicomHeader, limits: IntakeLimits) -> Frames:
    dataset, mended = read_whole(header.path, limits)
    try:
        frames = decode(dataset, header, limits)
    except IntakeError:
        raise
    except DAMAGE:
        # Values are converted when they are touched, so damage may show anywhere.
        raise IntakeError("the DICOM file is damaged") from None
    return replace(frames, notes=(*mended, *frames.notes))


def _joined(parts: list[Frames], stack: Stack) -> NDArray[Any]:
    if stack.frame_order:
        return np.take(parts[0].values, stack.frame_order, axis=0)
    if not stack.is_volume:
        return np.asarray(parts[0].values[0])
    return np.concatenate([part.values for part in parts])
