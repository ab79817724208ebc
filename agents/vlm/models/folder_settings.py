"""How a model in a folder wants to be asked: its ``planner.yaml``, beside its weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from agents.vlm.models.entry import PlannerEntry
from dxtrace.knowledge.strict_yaml import parse_yaml
from expert_models.wrong_fields import wrong_fields

FILE = "planner.yaml"
SETTABLE = (
    "dialect", "briefing", "images", "image_edge_px", "image_patch_px", "image_tokens",
    "image_is_square", "max_tokens",
)  # fmt: skip
"""What a folder may say. Where data may go and what may be shown is the user's to say."""
_LARGEST_BYTES = 64 * 1024


def folder_settings(folder: Path) -> dict[str, Any]:
    """Fields of an entry for the model of a folder; none if it says nothing.

    Raises:
        ValueError: if its file cannot be read or says what is not a folder's to say.
    """
    path = folder / FILE
    if not path.is_file():
        return {}
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise ValueError(f"{path}: expected at most {_LARGEST_BYTES:,} bytes")
        found = parse_yaml(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(f"{path}: expected YAML: {error}") from None
    if found is None:
        return {}
    if not isinstance(found, dict):
        got = type(found).__name__
        raise ValueError(f"{path}: expected fields, got {got}")  # noqa: TRY004  # a file's fault
    strange = [str(key) for key in found if key not in SETTABLE]
    if strange:
        raise ValueError(f"{path}: expected {', '.join(SETTABLE)}, got {strange[0]!r:.60}")
    try:
        PlannerEntry.model_validate({"name": "own", "kind": "transformers", "model": "m", **found})
    except ValidationError as error:
        raise ValueError(f"{path}: {wrong_fields(error, PlannerEntry)}") from None
    return dict(found)


def with_folder_settings(fields: dict[str, Any], folder: Path) -> PlannerEntry:
    """The entry with these fields; what they leave open is as the model's folder says.

    Args:
        fields: of the entry.
        folder: where the model lies.

    Raises:
        ValueError: if the fields or the folder's file are wrong.
    """
    return PlannerEntry.model_validate({**folder_settings(folder), **fields, "model": str(folder)})
