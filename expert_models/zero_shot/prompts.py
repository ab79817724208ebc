"""What an image-text model is asked: texts for and against each concept."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Literal, Self

import yaml
from pydantic import Field, ValidationError, model_validator

from dxtrace.clinical.base import Frozen
from dxtrace.knowledge.strict_yaml import parse_yaml

BUILT_IN = Path(__file__).parent / "chest_radiograph.yaml"
_LARGEST_FILE = 1024 * 1024
_PLACE = "{}"
_DIGEST = 12


class ConceptPrompts(Frozen):
    """Texts about one concept.

    Attributes:
        present: phrases for an image that shows it.
        absent: phrases for one that does not.
        lesion: whether the concept comes in lesions.
    """

    present: tuple[str, ...] = Field(min_length=1)
    absent: tuple[str, ...] = Field(min_length=1)
    lesion: bool = False


class PromptSet(Frozen):
    """A file of prompts.

    Attributes:
        title: what is looked at, in a line.
        frontal_chest: frontal radiographs of the chest; then the next four fields stay empty.
        modalities: DICOM modalities that the texts are about.
        body_parts: body parts, in lower case; empty for any.
        views: projections; empty for any.
        image: ``picture`` or ``stack``; None for either.
        templates: sentences with ``{}`` for the phrase. Each phrase is said in each.
        concepts: key of the concept to its texts.

    Raises:
        ValueError: if a template has no place for the phrase, or no modality is named.
    """

    title: str = Field(min_length=1)
    frontal_chest: bool = False
    modalities: tuple[str, ...] = ()
    body_parts: tuple[str, ...] = ()
    views: tuple[str, ...] = ()
    image: Literal["picture", "stack"] | None = None
    templates: tuple[str, ...] = Field(min_length=1)
    concepts: dict[str, ConceptPrompts] = Field(min_length=1)

    @model_validator(mode="after")
    def _validate(self) -> Self:
        without = [t for t in self.templates if t.count(_PLACE) != 1]
        if without:
            raise ValueError(f"templates: expected one {_PLACE} in each, got {without[0]!r}")
        contract = (self.modalities, self.body_parts, self.views, self.image)
        if self.frontal_chest and any(contract):
            raise ValueError("frontal_chest already says modalities, body_parts, views and image")
        if not self.frontal_chest and not self.modalities:
            raise ValueError("expected modalities, or frontal_chest: true")
        return self

    def sentences(self, phrases: tuple[str, ...]) -> list[str]:
        """Every phrase in every template."""
        return [t.replace(_PLACE, phrase) for phrase in phrases for t in self.templates]

    @property
    def digest(self) -> str:
        """Tells one set of prompts from another: scores of two cannot be compared."""
        return sha256(self.model_dump_json().encode()).hexdigest()[:_DIGEST]


def load_prompts(path: Path) -> PromptSet:
    """Load a file of prompts strictly.

    Raises:
        ValueError: if it is missing, no YAML, or has a key or value that is not expected.
    """
    if not path.is_file() or path.stat().st_size > _LARGEST_FILE:
        raise ValueError(f"expected prompts in {path.name}, got no such file")
    try:
        found = parse_yaml(path.read_text(encoding="utf-8"), trusted=path == BUILT_IN)
        return PromptSet.model_validate(found)
    except ValidationError as error:
        where = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:3])
        raise ValueError(f"{path.name}: {where}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path.name}: expected YAML: {error}") from None
