"""Workbenches with tools of our own, for tests of the graph."""

from collections.abc import Callable
from typing import Any

from dxtrace.clinical import Case, Finding, Presence, Report
from dxtrace.knowledge import load_knowledge
from expert_models import ModelCard
from graphs.workbench import Workbench, default_workbench
from tools import Tool


def bench_with(*tools: Tool) -> Workbench:
    """The shipped packs and tools, and these tools besides."""
    bench = Workbench(load_knowledge())
    # The compiled reader is shared: it is the costly part, and tools do not change it.
    bench.__dict__["reader"] = default_workbench().reader
    for tool in tools:
        bench.registry.register(tool)
    return bench


def expert(name: str, function: Callable[[Case], Any], **card: Any) -> Tool:
    """A tool that looks at reports."""
    fields = {"produces": ("*",), "accepts": ("report",), **card}
    return Tool(ModelCard(name=name, **fields), function, origin="somebody")


def sees(concept: str, presence: str = "present", **fields: Any) -> Callable[[Case], list[Finding]]:
    """A tool's function that always finds the same."""

    def find(case: Case) -> list[Finding]:
        del case
        finding_id = fields.pop("id", f"tool-{concept}")
        return [Finding(id=finding_id, concept=concept, presence=Presence(presence), **fields)]

    return find


def report_case(text: str, question: str | None = None, **fields: Any) -> Case:
    """A case with one report."""
    return Case(id=fields.pop("id", "c-1"), reports=(Report(text=text),), question=question,
                **fields)  # fmt: skip
