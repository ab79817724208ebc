"""Files of entries that users write: one list under one key, each entry judged for itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import yaml

from dxtrace.knowledge.strict_yaml import parse_yaml

_LARGEST_FILE = 1024 * 1024


class Named(Protocol):
    """Something with a name that is unique in its file."""

    @property
    def name(self) -> str:
        """The name."""
        ...


Entry = TypeVar("Entry", bound=Named)


@dataclass(frozen=True)
class EntryList(Generic[Entry]):
    """The entries of a file, and what is wrong with the others.

    Attributes:
        entries: by name, in the order of the file.
        problems: name of an entry, or of the file, to what is wrong with it.
    """

    entries: Mapping[str, Entry] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)


def load_listed(
    path: Path, key: str, parse: Callable[[Any], Entry], *, trusted: bool = False
) -> EntryList[Entry]:
    """Load a file of entries strictly; one that is wrong does not take the others with it.

    Args:
        path: a YAML file with one key, a list.
        key: that key.
        parse: an entry of the list to what it means; raises ``ValueError`` for a wrong one.
        trusted: it is one of the package's own files.
    """
    try:
        listed = _listed(path, key, trusted=trusted)
    except ValueError as error:
        return EntryList(problems={path.name: str(error)})
    entries: dict[str, Entry] = {}
    problems: dict[str, str] = {}
    for number, raw in enumerate(listed, 1):
        name = str(raw.get("name") or "") if isinstance(raw, dict) else ""
        label = name or f"{path.name}: entry {number}"
        try:
            entry = parse(raw)
        except ValueError as error:
            problems[label] = f"{path.name}, entry {number}: {error}"
            continue
        if entry.name in entries:
            problems[label] = f"{path.name}, entry {number}: {label} is given twice"
            continue
        entries[entry.name] = entry
    return EntryList(entries, problems)


def _listed(path: Path, key: str, *, trusted: bool) -> list[Any]:
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise ValueError(f"expected at most {_LARGEST_FILE:,} bytes")
        found = parse_yaml(path.read_text(encoding="utf-8"), trusted=trusted)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror or error}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: expected YAML: {error}") from None
    if found is None:
        return []
    if not isinstance(found, dict) or set(found) - {key}:
        got = ", ".join(map(repr, found)) if isinstance(found, dict) else type(found).__name__
        raise ValueError(f"{path}: expected the one key {key!r}, a list of entries, got {got}")
    listed = found.get(key)
    if listed is not None and not isinstance(listed, list):
        raise ValueError(f"{path}: {key}: expected a list of entries, got {listed!r:.60}")
    return listed or []
