"""Experts that the user configured (``experts.yaml``) and the catalogue of well-known ones."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from dxtrace.user_folders import config_folder
from expert_models.families import FAMILIES, ExpertEntry
from expert_models.listed_entries import EntryList, load_listed
from expert_models.wrong_fields import wrong_fields

VARIABLE = "DXTRACE_EXPERTS"
CATALOGUE = Path(__file__).parent / "catalogue.yaml"


def experts_file() -> Path:
    """The user's file: the one that ``DXTRACE_EXPERTS`` names, or ``experts.yaml`` of the user."""
    named = os.environ.get(VARIABLE)
    return Path(named).expanduser() if named else config_folder() / "experts.yaml"


def configured_entries() -> EntryList[ExpertEntry]:
    """The entries of the user's file; none if there is no such file and none was named."""
    path = experts_file()
    if not path.exists() and not os.environ.get(VARIABLE):
        return EntryList()
    return load_entries(path)


def catalogue_entries() -> EntryList[ExpertEntry]:
    """The entries that come with DxTrace."""
    return load_entries(CATALOGUE, trusted=True)


def load_entries(path: Path, *, trusted: bool = False) -> EntryList[ExpertEntry]:
    """Load a file of entries strictly; one that is wrong does not take the others with it.

    Args:
        path: a YAML file with the one key ``experts``, a list of :class:`ExpertEntry`. A relative
            ``folder`` is meant from where the file lies.
        trusted: it is one of the package's own files.
    """
    return load_listed(path, "experts", lambda raw: _entry(raw, path.parent), trusted=trusted)


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
