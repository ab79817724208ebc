"""Which tools there are: built in, registered in this process, or from other packages."""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from importlib.metadata import entry_points

from pydantic import ValidationError

from dxtrace.clinical import Case
from expert_models import ExpertModel, ModelCard
from expert_models.wrong_fields import wrong_fields
from tools.tool import Tool, ToolFunction

ENTRY_POINT_GROUP = "dxtrace.experts"
log = logging.getLogger(__name__)


class ToolRegistry:
    """Tools by name."""

    def __init__(self) -> None:
        self._tools: dict[str, Tool] = {}
        self.problems: dict[str, str] = {}

    def register(self, tool: Tool) -> None:
        """Add a tool.

        Raises:
            ValueError: if another tool has the name.
        """
        known = self._tools.get(tool.card.name)
        if known is not None and known.function is not tool.function:
            raise ValueError(
                f"a tool named {tool.card.name!r} is already registered ({known.origin})"
            )
        self._tools[tool.card.name] = tool

    def __iter__(self) -> Iterator[Tool]:
        """The tools, cheapest first."""
        return iter(sorted(self._tools.values(), key=lambda t: (t.card.cost, t.card.name)))

    def get(self, name: str) -> Tool | None:
        """The tool with this name, if there is one."""
        return self._tools.get(name)

    def without(self, names: frozenset[str]) -> "ToolRegistry":
        """The same tools but those of these names."""
        other = ToolRegistry()
        other._tools = {n: t for n, t in self._tools.items() if n not in names}
        other.problems = dict(self.problems)
        return other

    def finders(self, case: Case, concept: str) -> tuple[str, ...]:
        """Names of the tools that report a concept and can be called on a case, cheapest first."""
        return tuple(
            tool.card.name
            for tool in self
            if concept in tool.card.produces and tool.applicable(case) is None
        )

    def load_entry_points(self) -> None:
        """Register what other installed packages offer; what cannot be loaded is remembered."""
        for point in entry_points(group=ENTRY_POINT_GROUP):
            origin = point.dist.name if point.dist else point.value
            try:
                with redirect_stdout(sys.stderr):
                    self.register(as_tool(point.load(), origin))
            except (Exception, SystemExit) as error:  # noqa: BLE001  # a broken plug-in must not stop the others
                reason = _reason(error)
                log.warning("expert %s of %s cannot be loaded: %s", point.name, origin, reason)
                self.problems[point.name] = reason


def _reason(error: BaseException) -> str:
    if isinstance(error, ValidationError) and error.title == ModelCard.__name__:
        return wrong_fields(error, ModelCard, "card")
    return f"{type(error).__name__}: {error}"


def as_tool(found: object, origin: str) -> Tool:
    """What a package offers, as a tool.

    Args:
        found: an expert, a class of one, or a function with ``@expert_tool``.
        origin: the package.

    Raises:
        TypeError: if it is none of these.
    """
    if isinstance(found, Tool):
        return Tool(found.card, found.function, origin)
    expert = found() if isinstance(found, type) else found
    if isinstance(expert, ExpertModel):
        return Tool(expert.card, expert.run, origin)
    raise TypeError(
        f"expected an ExpertModel, a class of one, or a function with @expert_tool, got {found!r}"
    )


_registered: list[Tool] = []


def expert_tool(card: ModelCard) -> Callable[[ToolFunction], Tool]:
    """Register a function over a case as a tool.

    Args:
        card: what it accepts and produces.

    Returns:
        A decorator; the decorated name then is the :class:`Tool`.
    """

    def register(function: ToolFunction) -> Tool:
        tool = Tool(card, function, getattr(function, "__module__", "registered"))
        _registered.append(tool)
        return tool

    return register


def registered_tools() -> tuple[Tool, ...]:
    """Tools registered by :func:`expert_tool` in this process."""
    return tuple(_registered)
