"""The review graph: intake, plan, call, gather, check; then revise, plan again, ask, or answer."""

from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from graphs.nodes import ReviewNodes
from graphs.situation import ReviewContext
from graphs.state import ReviewState

ReviewGraph = CompiledStateGraph[ReviewState, ReviewContext, ReviewState, ReviewState]


def build_review_graph(
    nodes: ReviewNodes, checkpointer: BaseCheckpointSaver[Any] | None = None
) -> ReviewGraph:
    """Compile the graph.

    Args:
        nodes: what each node does.
        checkpointer: keeps the state after each step; needed for asking and resuming.
    """
    graph: StateGraph[ReviewState, ReviewContext, ReviewState, ReviewState] = StateGraph(
        ReviewState, context_schema=ReviewContext
    )
    for name in ("intake", "plan", "call", "gather", "check", "revise", "ask", "weigh", "answer"):
        graph.add_node(name, getattr(nodes, name))
    graph.add_edge(START, "intake")
    graph.add_conditional_edges("intake", nodes.after_intake, ["plan", "gather"])
    graph.add_conditional_edges("plan", nodes.dispatch, ["call", "gather"])
    graph.add_edge("call", "gather")
    graph.add_conditional_edges("gather", nodes.after_gather, ["check", "plan"])
    graph.add_conditional_edges(
        "check", nodes.after_check, ["revise", "plan", "ask", "weigh", "answer"]
    )
    graph.add_conditional_edges("weigh", nodes.after_weigh, ["check", "answer"])
    graph.add_edge("revise", "check")
    graph.add_edge("ask", "gather")
    graph.add_edge("answer", END)
    return graph.compile(checkpointer=checkpointer)
