"""How much each thing counts in the reward: a data file, strictly read."""

import math
import re
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import Field, ValidationError, model_validator

from dxtrace.clinical.base import Frozen
from dxtrace.knowledge.strict_yaml import parse_yaml

_SECTIONS = ("parts", "statements", "turns", "consistency", "calls", "completeness", "copying")


class SettingsError(ValueError):
    """A file of weights that is none; the message says what is wrong in it."""


class Weight(Frozen):
    """A part's share of the whole, and the reason for it."""

    weight: float = Field(ge=0, le=1)
    why: str = Field(min_length=1)


class Worth(Frozen):
    """What something is worth, and the reason for it."""

    worth: float
    why: str = Field(min_length=1)


class RewardSettings(Frozen):
    """``reward.yaml``: weights with their reasons, and the words of openness and correction.

    Attributes:
        parts: validity, completeness, calls and consistency.
        statements: by standing.
        turns: silence and sentences that could not be read.
        consistency: conflicts between statements.
        calls: by standing.
        completeness: by what is expected.
        copying: when an answer counts as a copy of the report.
        assumed: words with which a sentence begins that tells what it assumes, as patterns.
        open: words by which a sentence leaves something open, as patterns.
        correction: words by which a sentence takes something back, as patterns.
    """

    parts: dict[str, Weight]
    statements: dict[str, Worth]
    turns: dict[str, Worth]
    consistency: dict[str, Worth]
    calls: dict[str, Worth]
    completeness: dict[str, Worth]
    copying: dict[str, Worth]
    assumed: tuple[str, ...]
    open: tuple[str, ...]
    correction: tuple[str, ...]

    @model_validator(mode="after")
    def _validate_range(self) -> Self:
        """The parts that can be earned make 1, so that the reward lies from -1 to 1."""
        earned = sum(self.parts[p].weight for p in ("validity", "completeness", "calls"))
        lost = self.parts["validity"].weight + self.parts["calls"].weight
        lost += self.parts["consistency"].weight
        if not math.isclose(earned, 1) or (lost > 1 and not math.isclose(lost, 1)):
            raise ValueError(
                f"parts: expected validity + completeness + calls = 1 and validity + calls + "
                f"consistency at most 1, got {earned:g} and {lost:g}"
            )
        worths = [w.worth for s in (self.statements, self.calls) for w in s.values()]
        if not all(-1 <= w <= 1 for w in worths):
            raise ValueError("statements, calls: expected worths from -1 to 1")
        return self

    def worth(self, section: str, key: str) -> float:
        """What something is worth."""
        found: Worth = getattr(self, section)[key]
        return found.worth

    def weight(self, part: str) -> float:
        """A part's share of the whole."""
        return self.parts[part].weight

    @cached_property
    def assumed_words(self) -> re.Pattern[str]:
        """Finds words by which a sentence tells what it assumes."""
        return _any_of(self.assumed)

    @cached_property
    def open_words(self) -> re.Pattern[str]:
        """Finds words by which a sentence leaves something open."""
        return _any_of(self.open)

    @cached_property
    def correction_words(self) -> re.Pattern[str]:
        """Finds words by which a sentence takes something back."""
        return _any_of(self.correction)


def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(r"\b(?:" + "|".join(patterns) + r")\b", re.IGNORECASE)


@cache
def default_settings() -> RewardSettings:
    """The weights that come with DxTrace."""
    text = files("graphs.teacher").joinpath("reward.yaml").read_text(encoding="utf-8")
    return RewardSettings.model_validate(parse_yaml(text, trusted=True))


def read_settings(path: Path) -> RewardSettings:
    """Weights from a file; what it leaves out is as in the file that comes with DxTrace.

    Raises:
        SettingsError: if it is no YAML mapping, names something unknown, or does not add up.
    """
    try:
        raw = parse_yaml(path.read_text(encoding="utf-8"))
        if not isinstance(raw, dict):
            raise SettingsError(f"{path}: expected a mapping, got {type(raw).__name__}")
        merged = _merged(default_settings().model_dump(), raw)
        settings = RewardSettings.model_validate(merged)
        for pattern in (*settings.assumed, *settings.open, *settings.correction):
            re.compile(pattern)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise SettingsError(f"{path}: {place}: {first['msg']}") from None
    except (yaml.YAMLError, UnicodeDecodeError, re.error) as error:
        raise SettingsError(f"{path}: {error}") from None
    return settings


def _merged(known: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    for section, entries in given.items():
        if section not in known:
            raise SettingsError(f"expected one of {', '.join(known)}, got {section!r}")
        if section not in _SECTIONS:
            known[section] = entries
            continue
        for key, entry in (entries if isinstance(entries, dict) else {"": entries}).items():
            if key not in known[section]:
                raise SettingsError(
                    f"{section}: expected one of {', '.join(known[section])}, got {key!r}"
                )
            known[section][key] = entry
    return known
