"""Where headers are silent at the door: modality and body part from a look at the pixels."""

from dataclasses import replace

from dxtrace.clinical import Series
from dxtrace.clinical.volume import Volume
from dxtrace.intake.errors import IntakeError
from dxtrace.intake.imaging.dicom_series import Stack
from dxtrace.intake.imaging.dicom_volume import load_stack
from dxtrace.intake.imaging.loading import add_pixel_facts, load_volume
from dxtrace.intake.limits import IntakeLimits

# Slices that are decoded to tell what part of the body a CT shows.
_LOOKED_AT = 8


def look_at_file(series: Series, limits: IntakeLimits) -> tuple[Series, tuple[str, ...]]:
    """Fill in what the pixels of a file without a header of its own tell, and the notes.

    The volume stays in the cache for the expert that asks next.

    Raises:
        IntakeError: if the pixels cannot be read.
    """
    volume = load_volume(series, limits)
    described = series.model_copy(update={"is_colour": volume.is_colour})
    return _filled(described, volume), volume.notes


def look_at_stack(
    series: Series, stack: Stack, limits: IntakeLimits
) -> tuple[Series, tuple[str, ...]]:
    """Fill in modality or body part of a DICOM series where its header states none.

    A few slices are decoded. Slices that cannot be are no reason to refuse here: whoever asks for
    the volume is told.
    """
    first = stack.headers[0]
    is_single = len(stack.headers) == 1 and first.frames == 1
    wants_part = first.modality == "CT" and first.body_part is None and stack.is_volume
    wants_modality = first.modality is None and is_single and first.samples == 1
    if first.is_localizer or not (wants_part or wants_modality):
        return series, ()
    step = -(-len(stack.headers) // _LOOKED_AT)
    few = replace(stack, headers=stack.headers[::step])
    try:
        volume = load_stack(few, limits)
    except IntakeError:
        return series, ()
    known = set(volume.notes)
    looked = add_pixel_facts(volume)
    return _filled(series, looked), tuple(n for n in looked.notes if n not in known)


def _filled(series: Series, volume: Volume) -> Series:
    facts = {"modality": volume.modality, "body_part": volume.body_part}
    images = tuple(
        image.model_copy(update={k: v for k, v in facts.items() if getattr(image, k) is None})
        for image in series.images
    )
    return series.model_copy(
        update={"images": images, "modality": series.modality or volume.modality}
    )
