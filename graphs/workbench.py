"""What reviews share in a process: knowledge, reader, tools, planners; built once."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property

from agents.answer_writer import AnswerWriter
from agents.pathway_planner import PathwayPlanner
from dxtrace.knowledge import Knowledge, load_knowledge
from dxtrace.reasoning import ensure_proved
from tools import ToolRegistry
from tools.report_claims import ReportClaimReader
from tools.report_reader import ReportReader
from tools.standard import standard_registry

PLANNERS: dict[str, Callable[["Workbench"], PathwayPlanner]] = {
    "pathway": lambda bench: PathwayPlanner(bench.knowledge, bench.reader, bench.registry),
}


@dataclass(frozen=True, eq=False)
class Workbench:
    """Knowledge and the tools that are compiled from it."""

    knowledge: Knowledge

    @cached_property
    def reader(self) -> ReportReader:
        """The report reader."""
        return ReportReader(self.knowledge)

    @cached_property
    def claim_reader(self) -> ReportClaimReader:
        """Finds what reports claim."""
        return ReportClaimReader(self.knowledge, self.reader)

    @cached_property
    def registry(self) -> ToolRegistry:
        """The tools."""
        return standard_registry(self.knowledge, self.reader)

    @cached_property
    def writer(self) -> AnswerWriter:
        """Puts conclusions into words."""
        return AnswerWriter(self.knowledge)

    @cached_property
    def _planners(self) -> dict[str, PathwayPlanner]:
        return {}

    def planner(self, name: str) -> PathwayPlanner:
        """The planner with this name.

        Raises:
            ValueError: if there is none.
        """
        if name not in PLANNERS:
            raise ValueError(f"planner: expected one of {', '.join(PLANNERS)}, got {name!r}")
        if name not in self._planners:
            self._planners[name] = PLANNERS[name](self)
        return self._planners[name]


@cache
def default_workbench() -> Workbench:
    """The workbench with the packs that come with DxTrace, proved before they are used.

    Raises:
        KnowledgeError: if a pack does not load or a proof fails.
    """
    knowledge = load_knowledge()
    ensure_proved(knowledge)
    return Workbench(knowledge)
