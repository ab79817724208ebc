"""Experts that the user configured (``experts.yaml``) and the catalogue of well-known ones."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from dxtrace.clinical.base import Frozen
from dxtrace.knowledge.strict_yaml import parse_yaml
from dxtrace.user_folders import config_folder
from expert_models.families import FAMILIES, ExpertEntry
from expert_models.wrong_fields import wrong_fields

VARIABLE = "DXTRACE_EXPERTS"
CATALOGUE = Path(__file__).parent / "catalogue.yaml"
_LARGEST_FILE = 1024 * 1024


class _File(Frozen):
    experts: tuple[Any, ...] = ()


@dataclass(frozen=True)
class EntryList:
    """The entries of a file, and what is wrong with the others.

    Attributes:
        entries: by name, in the order of the file.
        problems: name of an entry, or of the file, to what is wrong with it.
    """

    entries: Mapping[str, ExpertEntry] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)


def experts_file() -> Path:
    """The user's file: the one that ``DXTRACE_EXPERTS`` names, or ``experts.yaml`` of the user."""
    named = os.environ.get(VARIABLE)
    return Path(named).expanduser() if named else config_folder() / "experts.yaml"


def configured_entries() -> EntryList:
    """The entries of the user's file; none if there is no such file and none was named."""
    path = experts_file()
    if not path.exists() and not os.environ.get(VARIABLE):
        return EntryList()
    return load_entries(path)


def catalogue_entries() -> EntryList:
    """The entries that come with DxTrace."""
    return load_entries(CATALOGUE, trusted=True)


def load_entries(path: Path, *, trusted: bool = False) -> EntryList:
    """Load a file of entries strictly; one that is wrong does not take the others with it.

    Args:
        path: a YAML file with the one key ``experts``, a list of :class:`ExpertEntry`. A relative
            ``folder`` is meant from where the file lies.
        trusted: it is one of the package's own files.
    """
    try:
        listed = _listed(path, trusted=trusted)
    except ValueError as error:
        return EntryList(problems={path.name: str(error)})
    entries: dict[str, ExpertEntry] = {}
    problems: dict[str, str] = {}
    for number, raw in enumerate(listed, 1):
        name = str(raw.get("name") or "") if isinstance(raw, dict) else ""
        label = name or f"{path.name}: entry {number}"
        try:
            entry = _entry(raw, path.parent)
        except ValueError as error:
            problems[label] = f"{path.name}, entry {number}: {error}"
            continue
        if entry.name in entries:
            problems[label] = f"{path.name}, entry {number}: {label} is given twice"
            continue
        entries[entry.name] = entry
    return EntryList(entries, problems)


def _listed(path: Path, *, trusted: bool) -> tuple[Any, ...]:
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise ValueError(f"expected at most {_LARGEST_FILE:,} bytes")
        found = parse_yaml(path.read_text(encoding="utf-8"), trusted=trusted)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror or error}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: expected YAML: {error}") from None
    try:
        return _File.model_validate({} if found is None else found).experts
    except ValidationError as error:
        raise ValueError(f"{path}: {wrong_fields(error, _File)}") from None


def _entry(raw: Any, base: Path) -> ExpertEntry:
    try:
        entry = ExpertEntry.model_validate(raw)
    except ValidationError as error:
        raise ValueError(wrong_fields(error, ExpertEntry)) from None
    if entry.family not in FAMILIES:
        raise ValueError(f"family: expected one of {', '.join(FAMILIES)}, got {entry.family!r}")
    if entry.folder is None:
        return entry
    return entry.model_copy(update={"folder": base / entry.folder.expanduser()})
