"""What the orchestration adds to the model's and the tools' own time, beside a bare LangGraph loop.

Run: ``python benchmarks/overhead.py [--reviews 30] [--steps 8]``

A model that answers at once calls one expert a step, each time for something else, and then says
one sentence. The same model and the same expert's function run in the review graph and in the
smallest LangGraph loop that calls tools (a node for the model, a node for the tools), one after the
other in one process. From the time of each review the time inside of the model and of the expert is
taken away; what is left is what the orchestration adds: planning, contract, cache, provenance,
findings, trace, prompts, and the check, which is also shown alone. A step is what lies between two
words of the model; the mean is that of the whole review, its beginning and end included. Processor
time says more than the clock on a machine with other work.
"""

from __future__ import annotations

import argparse
import itertools
import operator
import statistics
import sys
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter, process_time
from typing import Annotated, Any, TypedDict

sys.path.insert(0, str(Path(__file__).parents[1]))

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langgraph.graph import END, START, StateGraph

from agents.pathway_planner import PathwayPlanner
from agents.vlm import TalkBudget, VlmPlanner
from agents.vlm.models import PlannerEntry
from dxtrace.clinical import Arguments, Case, Finding, Presence, Report
from expert_models import ModelCard
from graphs.nodes import ReviewNodes
from graphs.review_graph import build_review_graph
from graphs.settings import Settings
from graphs.situation import ReviewContext
from graphs.workbench import Workbench, default_workbench
from tools import Tool

LIMIT_MS = 10.0
EXPERT = "spotter"
TEXT = "EXAM: CT chest. FINDINGS: Solid nodule of 7 mm in the right upper lobe. No effusion."


@dataclass
class Clock:
    """Seconds inside of parts of a review, by name."""

    inside: dict[str, float] = field(default_factory=dict)
    steps: list[float] = field(default_factory=list)
    spoke: float | None = None
    tools_before: float = 0.0

    def add(self, part: str, started: float) -> None:
        """Add the time since a part was entered."""
        self.inside[part] = self.inside.get(part, 0.0) + perf_counter() - started

    def speaks(self) -> None:
        """The model is asked: a step has ended."""
        tools = self.inside.get("tools", 0.0)
        if self.spoke is not None:
            self.steps.append(perf_counter() - self.spoke - (tools - self.tools_before))
        self.tools_before = tools

    def spoken(self) -> None:
        """The model has answered: a step begins."""
        self.spoke = perf_counter()


CLOCK = Clock()
ASKED = itertools.count()


class InstantModel(BaseChatModel):
    """Calls the expert for something else in each step, then answers."""

    steps: int

    @property
    def _llm_type(self) -> str:
        return "instant"

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        """Take tools; what they are does not matter to it."""
        return self.bind(tools=tools, **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,  # noqa: ARG002 - the hook of every chat model
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **_: Any,
    ) -> ChatResult:
        CLOCK.speaks()
        started = perf_counter()
        said = sum(isinstance(m, AIMessage) for m in messages)
        if said < self.steps:
            args = {"phrases": [f"thing {next(ASKED)}"]}  # nothing comes from the cache
            call = {"name": EXPERT, "args": args, "id": f"c{said}", "type": "tool_call"}
            message = AIMessage(content="", tool_calls=[call])
        else:
            message = AIMessage(content="There is a nodule.")
        CLOCK.add("model", started)
        CLOCK.spoken()
        return ChatResult(generations=[ChatGeneration(message=message)])


def spot(case: Case, arguments: Arguments) -> list[Finding]:
    """An expert that finds one thing at once."""
    started = perf_counter()
    found = Finding(
        id=f"spot-{arguments.phrases[0]}", concept="pulmonary_nodule",
        presence=Presence.INDETERMINATE, text=case.id,
    )  # fmt: skip
    CLOCK.add("tools", started)
    return [found]


class TimedNodes(ReviewNodes):
    """The nodes, with the time of the check."""

    def judge(self, state: Any) -> dict[str, Any]:
        """Judge, timed."""
        started = perf_counter()
        outcome = super().judge(state)
        CLOCK.add("check", started)
        return outcome


def review_graph(steps: int) -> Any:
    """The review graph with the instant model as its planner."""
    shared = default_workbench()
    bench = Workbench(shared.knowledge)
    bench.__dict__["reader"] = shared.reader
    card = ModelCard(
        name=EXPERT, accepts=("report",), produces=("pulmonary_nodule",), prompts=("phrases",),
        prompt_needed=True,
    )  # fmt: skip
    bench.registry.register(Tool(card, spot))
    pathway = PathwayPlanner(bench.knowledge, bench.reader, bench.registry)
    entry = PlannerEntry(name="instant", kind="transformers", model="/", dialect="tools", images=0)
    budget = TalkBudget(turns=steps + 2)
    planner = VlmPlanner(entry, pathway, lambda: InstantModel(steps=steps), budget)
    return build_review_graph(TimedNodes(bench, planner, Settings(time_limit_s=3600)))


class BareState(TypedDict):
    """Messages, and nothing else."""

    messages: Annotated[list[BaseMessage], operator.add]


def bare_graph(steps: int, case: Case) -> Any:
    """The smallest loop of a model and its tools."""
    model = InstantModel(steps=steps).bind_tools(
        [{"type": "function", "function": {"name": EXPERT}}]
    )

    def ask(state: BareState) -> dict[str, Any]:
        return {"messages": [model.invoke(state["messages"])]}

    def call(state: BareState) -> dict[str, Any]:
        last = state["messages"][-1]
        results = []
        for wanted in getattr(last, "tool_calls", []):
            found = spot(case, Arguments.model_validate(wanted["args"]))
            results.append(ToolMessage(content=str(found), tool_call_id=wanted["id"]))
        return {"messages": results}

    def more(state: BareState) -> str:
        return "call" if getattr(state["messages"][-1], "tool_calls", []) else END

    graph = StateGraph(BareState)
    graph.add_node("ask", ask)
    graph.add_node("call", call)
    graph.add_edge(START, "ask")
    graph.add_conditional_edges("ask", more, ["call", END])
    graph.add_edge("call", "ask")
    return graph.compile()


def timed(run: Any, steps: int) -> dict[str, float]:
    """Milliseconds a step that a run adds to model and tools, and those of the check."""
    CLOCK.inside, CLOCK.steps, CLOCK.spoke, CLOCK.tools_before = {}, [], None, 0.0
    started, processor = perf_counter(), process_time()
    run()
    whole, processor = perf_counter() - started, process_time() - processor
    own = whole - CLOCK.inside.get("model", 0.0) - CLOCK.inside.get("tools", 0.0)
    per_step = 1000 / (steps + 1)  # the answer is a step, too
    check = CLOCK.inside.get("check", 0.0)
    return {
        "median": statistics.median(CLOCK.steps) * 1000, "all": own * per_step,
        "check": check * per_step,
        "processor": processor * per_step,
    }  # fmt: skip


def main() -> int:
    """Print the table; 1 if the orchestration adds more than the limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reviews", type=int, default=30)
    parser.add_argument("--steps", type=int, default=8)
    options = parser.parse_args()
    case = Case(id="c-1", reports=(Report(text=TEXT),), question="Is there a nodule?")
    ours, bare = review_graph(options.steps), bare_graph(options.steps, case)
    config = {"recursion_limit": 10_000}

    def review() -> None:
        ours.invoke({"case": case}, config, context=ReviewContext(deadline=perf_counter() + 3600))

    def loop() -> None:
        bare.invoke({"messages": [HumanMessage(content=case.question or "")]}, config)

    review()
    loop()
    taken = [
        (timed(review, options.steps), timed(loop, options.steps)) for _ in range(options.reviews)
    ]
    median = statistics.median
    print(f"{options.reviews} reviews of {options.steps} calls and an answer; ms a step, median")
    rows = {
        "bare loop, a step": [b["median"] for _, b in taken],
        "bare loop, mean": [b["all"] for _, b in taken],
        "bare loop, mean, processor": [b["processor"] for _, b in taken],
        "DxTrace, a step": [o["median"] for o, _ in taken],
        "DxTrace, mean": [o["all"] for o, _ in taken],
        "DxTrace, mean, processor": [o["processor"] for o, _ in taken],
        "DxTrace, of it the check": [o["check"] for o, _ in taken],
    }
    for name, values in rows.items():
        print(f"  {name:28}{median(values):8.2f}   (longest {max(values):.2f})")
    added = median(rows["DxTrace, a step"])
    print(f"wanted: at most {LIMIT_MS:g} ms a step; {'reached' if added <= LIMIT_MS else 'missed'}")
    return 0 if added <= LIMIT_MS else 1


if __name__ == "__main__":
    sys.exit(main())
