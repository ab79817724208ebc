"""Models by name: those of the user's ``planners.yaml``, and those that a name says all of."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from agents.vlm.models.entry import PlannerEntry
from agents.vlm.models.folder_settings import with_folder_settings
from dxtrace.user_folders import config_folder
from expert_models.listed_entries import EntryList, load_listed
from expert_models.wrong_fields import wrong_fields

VARIABLE = "DXTRACE_PLANNERS"
_NAME = re.compile(r"[a-z][a-z0-9_.-]{0,63}")
_PROVIDER = re.compile(r"[a-z][a-z0-9_]*:(?!//)\S+")
ROUTER = "router"
_ROUTER_FOLDER = Path(__file__).parents[1] / "router"
_TAKEN = ("pathway", ROUTER)
_IN_FOLDERS = ("transformers", "vllm")
_FORMS = (
    "http(s)://host:port/v1 (#model where it serves several), transformers:FOLDER, vllm:FOLDER, "
    "provider:model"
)


def planners_file() -> Path:
    """The user's file: ``DXTRACE_PLANNERS``, or ``planners.yaml`` in the configuration folder."""
    named = os.environ.get(VARIABLE)
    return Path(named).expanduser() if named else config_folder() / "planners.yaml"


def configured_planners() -> EntryList[PlannerEntry]:
    """The entries of the user's file; none if there is no such file and none was named.

    The file has the one key ``planners``, a list of :class:`PlannerEntry`. A relative folder is
    meant from where the file lies.
    """
    path = planners_file()
    if not path.exists() and not os.environ.get(VARIABLE):
        return EntryList()
    return load_listed(path, "planners", lambda raw: _configured(raw, path.parent))


def resolve_planner(name: str) -> PlannerEntry:
    """The entry that a name means; nothing is opened or asked.

    Args:
        name: a name of the user's file, ``router`` for the model that comes with DxTrace, or
            ``http(s)://host:port/v1`` (with ``#model`` where it serves several),
            ``transformers:FOLDER``, ``vllm:FOLDER``, ``provider:model``.

    Raises:
        ValueError: if it means nothing, or the file's entry of that name is wrong.
    """
    found = configured_planners()
    if name in found.entries:
        return found.entries[name]
    if name in found.problems:
        raise ValueError(f"planner {name}: {found.problems[name]}")
    fields = _fields(name)
    if fields is None:
        known = ", ".join([*_TAKEN, *found.entries])
        problems = "".join(f"; {problem}" for problem in found.problems.values())
        raise ValueError(f"planner: expected {known}, or {_FORMS}; got {name!r}{problems}")
    try:
        if fields["kind"] in _IN_FOLDERS:
            return with_folder_settings({"name": name, **fields}, Path(fields["model"]))
        return PlannerEntry.model_validate({"name": name, **fields})
    except ValidationError as error:
        raise ValueError(f"planner {name}: {wrong_fields(error, PlannerEntry)}") from None
    except ValueError as error:
        raise ValueError(f"planner {name}: {error}") from None


def _fields(name: str) -> dict[str, Any] | None:
    if name == ROUTER:
        return {"kind": "transformers", "model": str(_ROUTER_FOLDER)}
    scheme, _, rest = name.partition(":")
    if scheme in ("http", "https"):
        address, _, model = name.partition("#")
        return {"kind": "endpoint", "base_url": address, "model": model}
    if scheme in _IN_FOLDERS and rest:
        return {"kind": scheme, "model": str(Path(rest).expanduser().absolute())}
    if _PROVIDER.fullmatch(name):
        return {"kind": "hosted", "model": name}
    return None


def _configured(raw: Any, base: Path) -> PlannerEntry:
    try:
        entry = PlannerEntry.model_validate(raw)
    except ValidationError as error:
        raise ValueError(wrong_fields(error, PlannerEntry)) from None
    if not _NAME.fullmatch(entry.name) or entry.name in _TAKEN:
        raise ValueError(
            f"name: expected lower-case letters, digits, '.', '_', '-' and not "
            f"{' or '.join(_TAKEN)}, got {entry.name!r}"
        )
    if entry.kind not in _IN_FOLDERS:
        return entry
    try:
        return with_folder_settings(raw, base / Path(entry.model).expanduser())
    except ValidationError as error:
        raise ValueError(wrong_fields(error, PlannerEntry)) from None
