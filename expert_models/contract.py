"""The contract of a card against the headers of a case, before anything is loaded.

Three answers are possible for every field: it fits, it does not, or nobody knows. What is unknown
fits only if the card says that it tolerates that; it is never guessed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dxtrace.clinical import Arguments, Case, Image, Series
from expert_models.card import HeaderField, ModelCard, Prompt, Span

_WORDS = {"body_part": "body part"}
_PROMPTS: tuple[Prompt, ...] = ("phrases", "points", "boxes", "everything")


@dataclass(frozen=True)
class ContractCheck:
    """What a card accepts of a case's images.

    Attributes:
        series: the series that fit, each with the images that fit.
        reason: why none does; None if one does.
    """

    series: tuple[Series, ...] = ()
    reason: str | None = None


def matching_series(card: ModelCard, case: Case) -> tuple[Series, ...]:
    """The series that an expert may look at, each with the images that fit; oldest study first.

    An adapter takes its images from here, so that a case with a CT and a radiograph shows each
    expert only its own.
    """
    return check_images(card, case).series


def check_images(card: ModelCard, case: Case) -> ContractCheck:
    """Compare a card with the headers of every image of a case.

    Args:
        card: the expert's card.
        case: the case; only its headers are looked at.

    Returns:
        The series that fit, or the reason why none does, such as ``expected CT, got CR`` or
        ``unknown body part``.
    """
    fitting: list[Series] = []
    reasons: dict[str, list[str]] = {}
    for series in (s for study in case.studies for s in study.series if s.images):
        kept, reason = _fitting_part(card, series)
        if kept is not None:
            fitting.append(kept)
        else:
            reasons.setdefault(reason, []).append(series.id)
    if fitting:
        return ContractCheck(series=tuple(fitting))
    if not reasons:
        return ContractCheck(reason="expected a case with image")
    if len(reasons) == 1:
        return ContractCheck(reason=next(iter(reasons)))
    each = (f"{', '.join(names)}: {reason}" for reason, names in reasons.items())
    return ContractCheck(reason="; ".join(each))


def age_reason(card: ModelCard, case: Case) -> str | None:
    """Why the patient's age does not fit the card, or None if it does."""
    if card.age_years is None:
        return None
    if case.patient.age is None:
        return _unknown(card, "age")
    if float(case.patient.age) in card.age_years:
        return None
    return f"expected an age of {card.age_years} years, got {case.patient.age}"


def arguments_reason(card: ModelCard, case: Case, arguments: Arguments) -> str | None:
    """Why an expert cannot be called with these arguments, or None if it can.

    Args:
        card: the expert's card.
        case: the case; points and boxes may lie on the series of it that fit the card.
        arguments: what it would be asked for.
    """
    prompts = [p for p in _PROMPTS if getattr(arguments, p)]
    strange = [p for p in prompts if p not in card.prompts]
    if strange:
        takes = f"it takes {' or '.join(card.prompts)}" if card.prompts else "it takes none"
        return f"it cannot be called with {strange[0]}: {takes}"
    foreign = [word for word in arguments.classes if word not in card.arguments]
    if foreign:
        takes = f"one of {', '.join(card.arguments)}" if card.arguments else "none"
        return f"it cannot be called for the class {foreign[0]!r}: expected {takes}"
    if card.prompt_needed and not prompts:
        return f"it does nothing by itself: expected {' or '.join(card.prompts)}, got none"
    return _series_reason(card, case, arguments)


def _series_reason(card: ModelCard, case: Case, arguments: Arguments) -> str | None:
    named = {p.series for p in arguments.points} | {b.series for b in arguments.boxes}
    named.discard("")
    known = {series.id for series in matching_series(card, case)} if named else set()
    if not named - known:
        return None
    return (
        f"a point or box lies on series {min(named - known)!r}: expected one that fits, "
        f"{', '.join(sorted(known)) or '(none)'}"
    )


def _fitting_part(card: ModelCard, series: Series) -> tuple[Series | None, str]:
    """The series with the images that fit, or None and why not (the first reason there is)."""
    kept: list[Image] = []
    reasons: list[str] = []
    judged: dict[tuple[object, ...], str | None] = {}
    for image in series.images:
        headers = (image.modality, image.body_part, image.view, image.geometry.voxel_spacing_mm)
        if headers not in judged:
            judged[headers] = _reason(card, series, image)
        reason = judged[headers]
        if reason is None:
            kept.append(image)
        else:
            reasons.append(reason)
    if not kept:
        return None, reasons[0]
    whole = len(kept) == len(series.images)
    return series if whole else series.model_copy(update={"images": tuple(kept)}), ""


def _reason(card: ModelCard, series: Series, image: Image) -> str | None:
    """Why an image does not fit, or None. The modality is looked at first: it explains most."""
    modality = image.modality or series.modality
    checks = (
        _one_of(card, "modality", card.modalities, modality),
        _one_of(card, "body_part", card.body_parts, image.body_part),
        _one_of(card, "view", card.views, image.view),
        _contrast(card, series),
        _kind(card, series),
        *_spacings(card, image),
    )
    return next((reason for reason in checks if reason is not None), None)


def _one_of(
    card: ModelCard, field: HeaderField, accepted: Iterable[str], found: str | None
) -> str | None:
    wanted = tuple(accepted)
    if not wanted:
        return None
    if found is None:
        return _unknown(card, field)
    if found.lower() in {w.lower() for w in wanted}:
        return None
    label = "" if field == "modality" else f"{_WORDS.get(field, field)} "
    return f"expected {label}{' or '.join(wanted)}, got {found}"


def _contrast(card: ModelCard, series: Series) -> str | None:
    if card.contrast is None:
        return None
    if series.contrast is None:
        return _unknown(card, "contrast")
    got = "with" if series.contrast else "without"
    if got == card.contrast:
        return None
    return f"expected images {card.contrast} contrast, got {got}"


def _kind(card: ModelCard, series: Series) -> str | None:
    """A shape or a colour that nobody knows is no reason to refuse: the pixels will tell."""
    planes = 2
    if card.image is not None and series.shape is not None:
        got = "picture" if len(series.shape) == planes else "stack"
        if got != card.image:
            words = {"picture": "a single picture", "stack": "a stack of slices"}
            return f"expected {words[card.image]}, got {words[got]}"
    if None not in (card.is_colour, series.is_colour) and card.is_colour != series.is_colour:
        colours = {True: "colour", False: "grey"}
        return (
            f"expected {colours[card.is_colour is True]} images, "
            f"got {colours[series.is_colour is True]} ones"
        )
    return None


def _spacings(card: ModelCard, image: Image) -> Iterable[str | None]:
    spacing = image.geometry.voxel_spacing_mm
    volume_axes = 3
    planes = None if spacing is None else spacing[-2:]
    slices = None if spacing is None or len(spacing) < volume_axes else spacing[:1]
    yield _spacing(card, card.in_plane_mm, planes, "in-plane spacing")
    yield _spacing(card, card.slice_mm, slices, "slice spacing")


def _spacing(
    card: ModelCard, accepted: Span | None, found: tuple[float, ...] | None, words: str
) -> str | None:
    if accepted is None:
        return None
    if found is None:
        return None if "spacing" in card.tolerates_unknown else f"unknown {words}"
    outside = [value for value in found if value not in accepted]
    return f"expected {words} of {accepted} mm, got {outside[0]:g} mm" if outside else None


def _unknown(card: ModelCard, field: HeaderField) -> str | None:
    if field in card.tolerates_unknown:
        return None
    return f"unknown {_WORDS.get(field, field)}"
