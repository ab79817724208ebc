"""What a planner can call: tools, their registry, and the runner that executes calls."""

from tools.artifacts import ArtifactStore
from tools.cancellation import Cancellation
from tools.registry import ENTRY_POINT_GROUP, ToolRegistry, expert_tool, registered_tools
from tools.runner import ToolRun, run_tool
from tools.tool import Tool

__all__ = [
    "ENTRY_POINT_GROUP",
    "ArtifactStore",
    "Cancellation",
    "Tool",
    "ToolRegistry",
    "ToolRun",
    "expert_tool",
    "registered_tools",
    "run_tool",
]
