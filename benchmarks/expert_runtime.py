"""What experts in processes of their own cost, and survive.

``python -m benchmarks.expert_runtime [--case CASE] [--experts NAME ...]``. Every call goes through
the runner, with the result cache off.
"""

import argparse
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.runtime_experts import LIMIT_S, Expert
from dxtrace.clinical import Case, Outcome, Report
from dxtrace.intake import read_case
from graphs import review_with_trace
from graphs.workbench import Workbench, default_workbench
from tools import Tool, ToolRun, run_tool
from tools.host import close_experts

ROOT = Path(__file__).parents[1]
CASE = Case(id="benchmark", reports=(Report(text="FINDINGS: Clear."),))
LOAD_S, WORK_S = 2.0, 0.05
WAITS_S = (1.0, 1.5, 2.0, 3.0)


def tool(name: str, does: str = "work", seconds: float = 0.0, load_s: float = 0.0) -> Tool:
    """An expert as a tool."""
    expert = Expert(name, does, seconds, load_s)
    return Tool(expert.card, expert.run, "benchmark")


def timed(one: Tool, case: Case = CASE) -> tuple[float, ToolRun]:
    """Seconds of a call, and the call."""
    started = time.perf_counter()
    run = run_tool(one, case, reuse=False)
    return time.perf_counter() - started, run


def residency() -> None:
    """The second call against the first."""
    one = tool("resident", seconds=WORK_S, load_s=LOAD_S)
    first, *later = [timed(one)[0] for _ in range(6)]
    second = statistics.median(later)
    print(f"an expert that loads for {LOAD_S:g} s and answers in {WORK_S:g} s")
    print(f"  first {first:.2f} s, later {second:.3f} s: {second / first:.3f}")


def real_residency(names: list[str], case: Case) -> None:
    """The same with experts that come with DxTrace."""
    for name in names:
        one = default_workbench().registry.get(name)
        if one is None:
            continue
        first, run = timed(one, case)
        later = [timed(one, case)[0] for _ in range(3)]
        second = statistics.median(later)
        ended = (
            "" if run.call.outcome is Outcome.OK else f" ({run.call.outcome}: {run.call.reason})"
        )
        print(f"  {name}: first {first:.2f} s, later {second:.2f} s: {second / first:.2f}{ended}")


def parallel() -> None:
    """Four experts at the same time; they wait, so that this holds on any number of cores."""
    tools = [tool(f"waits_{n}", seconds=seconds) for n, seconds in enumerate(WAITS_S)]
    with ThreadPoolExecutor(len(tools)) as threads:
        list(threads.map(timed, tools))  # started
        slowest = max(timed(one)[0] for one in tools)
        started = time.perf_counter()
        list(threads.map(timed, tools))
        together = time.perf_counter() - started
    print(f"four experts that wait {', '.join(f'{s:g}' for s in WAITS_S)} s")
    print(f"  together {together:.2f} s, slowest alone {slowest:.2f} s: {together / slowest:.2f}")


def survival() -> None:
    """A case with an expert that hangs, one that crashes, one that takes all memory."""
    good = tool("good")
    bench = Workbench(default_workbench().knowledge)
    bench.__dict__["reader"] = default_workbench().reader
    for one in (good, tool("crashes", "crash"), tool("greedy", "take_memory")):
        bench.registry.register(one)
    started = time.perf_counter()
    run = timed(tool("alone", "hang"))[1]
    over = time.perf_counter() - started - LIMIT_S
    print(
        f"an expert that hangs: {run.call.outcome}, {over:.2f} s after its limit of {LIMIT_S:g} s"
    )
    bench.registry.register(tool("hangs", "hang"))
    result = review_with_trace(CASE, bench=bench).result
    print(f"a case with experts that hang, crash and take all memory: {result.status}")
    for call in result.tools:
        print(f"  {call.name}: {call.outcome} {call.reason}")
    again = timed(good)[1].call.outcome
    print(f"  the next call: {again}")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", type=Path, default=ROOT / "examples" / "nodule-ct")
    parser.add_argument("--experts", nargs="*", default=["ct_lungs", "ct_lung_nodules"])
    given = parser.parse_args()
    default_workbench()
    residency()
    parallel()
    survival()
    print(f"experts that come with DxTrace, on {given.case.name}")
    real_residency(given.experts, read_case(given.case).case)
    close_experts()


if __name__ == "__main__":
    main()
