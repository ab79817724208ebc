"""A card as text: for people, and for the prompt of a planner that is a language model."""

from collections.abc import Iterable

from expert_models.card import ModelCard, WeightsFile

_PROMPT_WORDS = {
    "phrases": "any phrase",
    "points": "points",
    "boxes": "boxes",
    "everything": "'everything'",
}
_MEBIBYTE = 1024 * 1024


def render_card(card: ModelCard) -> str:
    """The whole card, one field a line; what the card leaves open is left out."""
    lines = [f"{card.name} {card.version}" + (f": {card.title}" if card.title else "")]
    lines += [f"  {label}: {text}" for label, text in _fields(card) if text]
    return "\n".join(lines)


def render_card_for_prompt(card: ModelCard) -> str:
    """One line for a planner's prompt, with the fields of VILA-M3's model cards.

    The form ``<NAME(args)> Modality: ..., Task: ..., Overview: ..., Accuracy: ..., Valid args
    are: ...`` is the one that such checkpoints were trained with (Nath et al., VILA-M3, 2024).
    """
    parts = [
        f"Modality: {', '.join(card.modalities) or ', '.join(card.accepts)}",
        f"Task: {card.task or 'finding'}",
        f"Overview: {_overview(card)}",
    ]
    if card.accuracy:
        parts.append(f"Accuracy: {card.accuracy}")
    words = [*map(repr, card.arguments), *(_PROMPT_WORDS[p] for p in card.prompts)]
    parts.append(f"Valid args are: {', '.join(words) or 'None'}")
    return f"<{card.name}(args)> {', '.join(parts)}"


def render_prompt(cards: Iterable[ModelCard]) -> str:
    """The part of a planner's prompt that lists the experts and says how to call one."""
    lines = "\n".join(render_card_for_prompt(card) for card in cards)
    return (
        f"Here is a list of available expert models:\n{lines}\n"
        f"Call the one that fits with <NAME(args)>; leave the brackets empty if it has no args."
    )


def _overview(card: ModelCard) -> str:
    words = [card.title or card.intended_use or card.name]
    requirements = [text for label, text in _contract(card) if text and label != "modality"]
    if requirements:
        words.append(f"for {'; '.join(requirements)}")
    if card.produces:
        produced = "any finding" if card.produces == ("*",) else ", ".join(card.produces)
        words.append(f"reports {produced}")
    if card.marks:
        words.append(f"marks {', '.join(card.marks)}")
    return "; ".join(words)


def _contract(card: ModelCard) -> list[tuple[str, str]]:
    return [
        ("modality", " or ".join(card.modalities)),
        ("body part", " or ".join(card.body_parts)),
        ("view", " or ".join(card.views)),
        ("image", _image(card)),
        ("in-plane spacing", f"{card.in_plane_mm} mm in plane" if card.in_plane_mm else ""),
        ("slice spacing", f"{card.slice_mm} mm between slices" if card.slice_mm else ""),
        ("contrast", f"{card.contrast} contrast" if card.contrast else ""),
        ("age", f"{card.age_years} years" if card.age_years else ""),
    ]


def _image(card: ModelCard) -> str:
    colour = {True: "colour ", False: "grey ", None: ""}[card.is_colour]
    kinds = {"picture": "single pictures", "stack": "stacks of slices", None: "images"}
    return f"{colour}{kinds[card.image]}" if colour or card.image else ""


def _fields(card: ModelCard) -> list[tuple[str, str]]:
    produced = "findings of any concept" if card.produces == ("*",) else ", ".join(card.produces)
    unknown = ", ".join(card.tolerates_unknown).replace("_", " ")
    limit = f"{card.timeout_s:g} s" if card.timeout_s is not None else ""
    return [
        ("task", card.task),
        ("accepts", ", ".join(card.accepts)),
        *_contract(card),
        ("may be unknown", unknown or ("nothing" if "image" in card.accepts else "")),
        ("produces", produced or "nothing"),
        ("marks", ", ".join(card.marks)),
        ("args", ", ".join(card.arguments)),
        *[("operating point", _point) for _point in _operating_points(card)],
        ("accuracy", card.accuracy),
        *[("weights", _weights(file)) for file in card.weights],
        ("memory", f"{card.memory_mb} MiB" if card.memory_mb is not None else ""),
        ("time limit", limit),
        ("process", "its own" if card.isolated else ""),
        ("for", card.intended_use),
        ("limits", card.limits),
        ("licence", card.licence),
        ("cite", card.citation),
    ]


def _operating_points(card: ModelCard) -> list[str]:
    return [
        f"{p.concept} at {p.threshold:g} ({p.scale}), from {p.source}"
        for p in card.operating_points
    ]


def _weights(file: WeightsFile) -> str:
    size = f", {file.size_bytes / _MEBIBYTE:.1f} MiB" if file.size_bytes is not None else ""
    licence = f", {file.licence}" if file.licence else ""
    return f"{file.url or file.name or 'with the package'}, SHA-256 {file.sha256}{size}{licence}"
