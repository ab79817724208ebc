"""Strict loading of the vocabulary and the packs."""

from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from dxtrace.clinical.concept import Concept
from dxtrace.knowledge.errors import KnowledgeError
from dxtrace.knowledge.knowledge import Knowledge
from dxtrace.knowledge.schema import Pack, PackHeader, Passage, Rule, Table
from dxtrace.knowledge.strict_yaml import parse_yaml
from dxtrace.knowledge.vocabulary import Vocabulary

KNOWLEDGE_FOLDER = Path(__file__).parent
Model = TypeVar("Model", bound=BaseModel)


@cache
def load_knowledge(folder: Path = KNOWLEDGE_FOLDER) -> Knowledge:
    """Load every concept and pack below a folder (``concepts/``, ``packs/``).

    Raises:
        KnowledgeError: naming the file, the place and what was expected.
    """
    vocabulary = load_vocabulary(folder / "concepts")
    packs = [load_pack(p.parent) for p in sorted((folder / "packs").glob("*/pack.yaml"))]
    return Knowledge(
        vocabulary=vocabulary, packs={p.id: p for p in packs}, fingerprint=_fingerprint(folder)
    )


def _fingerprint(folder: Path) -> str:
    """SHA-256 over every concept and pack file with its name, line ends normalised."""
    digest = sha256()
    for root in ("concepts", "packs"):
        for path in sorted((folder / root).rglob("*.yaml")):
            content = path.read_bytes().replace(b"\r\n", b"\n")
            digest.update(f"{path.relative_to(folder).as_posix()}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()


def load_vocabulary(folder: Path) -> Vocabulary:
    """Load the concept files of a folder.

    Raises:
        KnowledgeError: on an invalid concept, or a key that two files give.
    """
    concepts: dict[str, Concept] = {}
    for path in sorted(folder.glob("*.yaml")):
        for concept in _read_list(path, Concept, "key"):
            if concept.key in concepts:
                raise KnowledgeError(_short(path), f"the concept {concept.key!r} is given twice")
            concepts[concept.key] = concept
    return Vocabulary(concepts)


def load_pack(folder: Path) -> Pack:
    """Load one pack folder; names are not resolved yet (see :class:`Knowledge`).

    Raises:
        KnowledgeError: on an unknown key, a missing field or a repeated name.
    """
    header = _validated(PackHeader, _read_yaml(folder / "pack.yaml"), _short(folder / "pack.yaml"))
    if header.id != folder.name:
        raise KnowledgeError(_short(folder), f"expected the id {folder.name!r}, got {header.id!r}")
    files: dict[str, str] = {}
    tables = [
        _located(_validated(Table, raw, _short(path)), "table", path, files)
        for path in _files(folder / "tables")
        for raw in _documents(path)
    ]
    rules = _located_list(folder / "rules", Rule, "rule", files)
    passages = _located_list(folder / "passages", Passage, "passage", files)
    return Pack(
        header=header,
        tables=tuple(tables),
        rules=tuple(rules),
        passages=tuple(passages),
        files=files,
    )


def _located_list(
    folder: Path, model: type[Model], name: str, files: dict[str, str]
) -> list[Model]:
    return [
        _located(item, name, path, files)
        for path in _files(folder)
        for item in _read_list(path, model, name)
    ]


def _located(item: Model, name: str, path: Path, files: dict[str, str]) -> Model:
    key = f"{name}:{getattr(item, name)}"
    if key in files:
        raise KnowledgeError(_short(path), f"the {name} {getattr(item, name)!r} is given twice")
    files[key] = _short(path)
    return item


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.yaml"))


def _short(path: Path) -> str:
    """The path from ``packs/`` or ``concepts/`` on, as people name it."""
    parts = path.parts
    for root in ("packs", "concepts"):
        if root in parts:
            return "/".join(parts[len(parts) - 1 - parts[::-1].index(root) :])
    return path.name


def _read_yaml(path: Path) -> Any:
    try:
        return parse_yaml(path.read_text(encoding="utf-8"), trusted=True)
    except FileNotFoundError:
        raise KnowledgeError(_short(path), "the file is missing") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise KnowledgeError(_short(path), f"not readable YAML: {error}") from error


def _documents(path: Path) -> Iterator[Any]:
    data = _read_yaml(path)
    yield from data if isinstance(data, list) else [data]


def _read_list(path: Path, model: type[Model], name: str) -> list[Model]:
    data = _read_yaml(path)
    if not isinstance(data, list):
        raise KnowledgeError(_short(path), f"expected a list of entries, got {type(data).__name__}")
    return [
        _validated(model, raw, f"{_short(path)} {raw.get(name) if isinstance(raw, dict) else raw}")
        for raw in data
    ]


def _validated(model: type[Model], raw: Any, where: str) -> Model:
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(p) for p in e['loc']) or 'entry'}: {e['msg']} (got {e['input']!r:.80})"
            for e in error.errors()
        )
        raise KnowledgeError(where, problems) from error
