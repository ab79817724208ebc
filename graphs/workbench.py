"""What reviews share in a process: knowledge, reader, tools, planners; built once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from agents.vlm import VlmPlanner

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

    def without(self, names: frozenset[str]) -> Workbench:
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
    def _pathway(self) -> PathwayPlanner:
        return PathwayPlanner(self.knowledge, self.reader, self.registry)

    @cached_property
    def _models(self) -> dict[str, VlmPlanner]:
        return {}

    def planner(self, name: str) -> Planner:
        """The planner with this name; a model whose entry was changed since is opened anew.

        Args:
            name: ``pathway``, or a model as :func:`agents.vlm.models.resolve_planner` names them.

        Raises:
            ValueError: if there is none.
        """
        if name == PATHWAY:
            return self._pathway
        from agents.vlm import open_planner
        from agents.vlm.models import resolve_planner

        known = self._models.get(name)
        if known is None or known.entry != resolve_planner(name):
            known = self._models[name] = open_planner(name, self._pathway)
        return known


@cache
def default_workbench() -> Workbench:
    """The workbench with the packs that come with DxTrace, proved before they are used.

    Raises:
        KnowledgeError: if a pack does not load or a proof fails.
    """
    knowledge = load_knowledge()
    ensure_proved(knowledge)
    return Workbench(knowledge)
