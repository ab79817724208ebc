"""Texts that try to give instructions, for tests of everything that takes in words of others."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True)
class Attack:
    """A text that tries to give instructions.

    Attributes:
        name: what it tries.
        text: the text.
        openly: whether a sign knows it.
        states: whether it states something of the patient besides, as a report may.
    """

    name: str
    text: str
    openly: bool = True
    states: bool = False


@cache
def attacks() -> tuple[Attack, ...]:
    """All of them."""
    raw = yaml.safe_load(Path(__file__).with_name("texts.yaml").read_text(encoding="utf-8"))
    return tuple(map(_attack, raw))


def _attack(given: dict[str, Any]) -> Attack:
    repeated = given["text"] * given.get("times", 1)
    return Attack(
        name=given["name"],
        text=repeated + given.get("then", ""),
        openly=given.get("openly", True),
        states=given.get("states", False),
    )


def attack_id(attack: Attack) -> str:
    """For pytest."""
    return attack.name
