"""What patients call what the packs speak of."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pydantic import Field

from dxtrace.clinical.base import Frozen
from dxtrace.knowledge.strict_yaml import parse_yaml

_FILE = Path(__file__).parent / "lay_words.yaml"


class LayConcept(Frozen):
    """A concept in plain words.

    Attributes:
        say: a phrase with its article, for a list or after "there is".
        doubt: what the plain words lose; a clinician should look at it.
    """

    say: str = Field(min_length=1)
    doubt: str = ""


class LayOutput(Frozen):
    """A pack's output in plain words.

    Attributes:
        title: what it is about.
        values: value key to words; values without entry keep the pack's own words.
    """

    title: str = Field(min_length=1)
    values: dict[str, str] = Field(default_factory=dict)


class LayWords(Frozen):
    """All plain words.

    Attributes:
        concepts: by the concept's key.
        outputs: by the output's public name.
    """

    concepts: dict[str, LayConcept]
    outputs: dict[str, LayOutput]

    def value(self, output: str, value: str | bool) -> str | None:
        """A value of an output in plain words; None if there are none."""
        words = self.outputs.get(output)
        key = str(value).lower() if isinstance(value, bool) else value
        return words.values.get(key) if words else None


@cache
def lay_words() -> LayWords:
    """The plain words that come with DxTrace."""
    return LayWords.model_validate(parse_yaml(_FILE.read_text(encoding="utf-8"), trusted=True))
