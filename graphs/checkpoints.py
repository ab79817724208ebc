"""Which types a checkpoint may hold; anything else is refused when it is read back."""

import inspect
from types import ModuleType

from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

import agents.intent
import agents.planner
import dxtrace.clinical
import graphs.state
import tools.runner


def state_serializer() -> JsonPlusSerializer:
    """A serializer that restores our own state types and nothing else."""
    modules = (dxtrace.clinical, agents.intent, agents.planner, graphs.state, tools.runner)
    allowed = {t for module in modules for t in _types_of(module)}
    return JsonPlusSerializer(allowed_msgpack_modules=sorted(allowed))


def _types_of(module: ModuleType) -> list[tuple[str, str]]:
    return [
        (t.__module__, t.__qualname__)
        for _, t in inspect.getmembers(module, inspect.isclass)
        if t.__module__.partition(".")[0] in ("dxtrace", "agents", "graphs", "tools")
    ]
