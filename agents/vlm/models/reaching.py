"""Whether a model could be asked: nothing of any case is sent, and no model is loaded."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from agents.vlm.models.entry import PlannerEntry
from agents.vlm.models.errors import PlannerRefused, PlannerUnavailable
from agents.vlm.models.explaining import place_of
from agents.vlm.models.opening import refuse_to_leave

_MOST_NAMED = 12
_LONGEST_S = 10.0
_NEEDED = {
    "transformers": (("torch", "transformers"), "dxtrace[experts]"),
    "vllm": (("vllm",), "dxtrace[vllm]"),
}


def refuse_unreachable(entry: PlannerEntry) -> None:
    """Refuse a model that could not be asked just now.

    An endpoint is asked which models it serves; a hosted one is set up and not called; of one in
    this process, its folder and its library are looked for.

    Args:
        entry: the model.

    Raises:
        PlannerUnavailable: if it cannot be reached, or something is not installed.
        PlannerRefused: if case data would leave the house without permission, it wants a key, or it
            serves no such model.
    """
    refuse_to_leave(entry)
    if entry.kind == "endpoint":
        quick = {"retries": 0, "timeout_s": min(entry.timeout_s, _LONGEST_S)}
        _refuse_unserved(entry.model_copy(update=quick))
    elif entry.kind == "hosted":
        from agents.vlm.models.hosted import open_hosted

        open_hosted(entry)
    else:
        _refuse_without_folder(entry)


def served_models(entry: PlannerEntry) -> tuple[str, ...]:
    """The models that an endpoint says it serves; none for other kinds, or if it does not tell.

    Raises:
        PlannerUnavailable: if it cannot be reached.
        PlannerRefused: if it does not tell and the entry names no model either.
    """
    if entry.kind != "endpoint":
        return ()
    from agents.vlm.models.endpoint import connect, list_models

    try:
        return tuple(list_models(entry, connect(entry)))
    except PlannerRefused:
        if entry.model:
            return ()  # it may answer all the same
        raise


def _refuse_unserved(entry: PlannerEntry) -> None:
    if not entry.model:
        from agents.vlm.models.endpoint import open_endpoint

        open_endpoint(entry)  # looks for the only one that is served
        return
    served = served_models(entry)
    if served and entry.model not in served:
        names = ", ".join(served[:_MOST_NAMED])
        raise PlannerRefused(f"{place_of(entry)}: there is no such model, it serves {names}")


def _refuse_without_folder(entry: PlannerEntry) -> None:
    if not Path(entry.model).is_dir():
        raise PlannerUnavailable(
            f"{entry.name}: expected a model's folder, got none at {entry.model}"
        )
    libraries, extra = _NEEDED[entry.kind]
    missing = [name for name in libraries if importlib.util.find_spec(name) is None]
    if missing:
        raise PlannerUnavailable(
            f"{entry.name}: {', '.join(missing)} not installed: pip install '{extra}'"
        )
