"""What reviews share in a process: knowledge, reader, tools, planners; built once."""

from dataclasses import dataclass
from functools import cache, cached_property

from agents.answer_writer import AnswerWriter
from agents.pathway_planner import PathwayPlanner
from agents.planner import Planner
from agents.statement_reader import StatementReader
from dxtrace.knowledge import Knowledge, load_knowledge
from dxtrace.reasoning import ensure_proved
from tools import ToolRegistry
from tools.report_claims import ReportClaimReader
from tools.report_reader import ReportReader
from tools.standard import standard_registry

PATHWAY = "pathway"


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
    def statement_reader(self) -> StatementReader:
        """Reads what a planner says in its own words."""
        return StatementReader(self.knowledge, self.reader, self.claim_reader)

    @cached_property
    def registry(self) -> ToolRegistry:
        """The tools."""
        return standard_registry(self.knowledge, self.reader)

    @cached_property
    def writer(self) -> AnswerWriter:
        """Puts conclusions into words."""
        return AnswerWriter(self.knowledge)

    def without(self, names: frozenset[str]) -> "Workbench":
        """This workbench without some tools.

        Args:
            names: the tools that nobody can call; what reads reports is shared.
        """
        other = Workbench(self.knowledge)
        shared = ("reader", "claim_reader", "statement_reader", "writer")
        other.__dict__.update({part: getattr(self, part) for part in shared})
        other.__dict__["registry"] = self.registry.without(names)
        return other

    @cached_property
    def _planners(self) -> dict[str, Planner]:
        return {}

    def planner(self, name: str) -> Planner:
        """The planner with this name.

        Args:
            name: ``pathway``, or a model as :func:`agents.vlm.models.resolve_planner` names them.

        Raises:
            ValueError: if there is none.
        """
        if name not in self._planners:
            self._planners[name] = self._build(name)
        return self._planners[name]

    def _build(self, name: str) -> Planner:
        pathway = PathwayPlanner(self.knowledge, self.reader, self.registry)
        if name == PATHWAY:
            return pathway
        from agents.vlm import open_planner

        return open_planner(name, pathway)


@cache
def default_workbench() -> Workbench:
    """The workbench with the packs that come with DxTrace, proved before they are used.

    Raises:
        KnowledgeError: if a pack does not load or a proof fails.
    """
    knowledge = load_knowledge()
    ensure_proved(knowledge)
    return Workbench(knowledge)
