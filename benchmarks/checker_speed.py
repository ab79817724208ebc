"""How long the checker takes for one claim, one conclusion, one list of missing facts.

Run: ``python benchmarks/checker_speed.py [--cases 200] [--reports 200] [--slowest 3] [--cpu]``

Claims are those that the graph really checks: impression findings and stated categories of our own
cases and of the Indiana reports, where those are installed. Where a case states no category, every
reported output of the guideline is claimed with its first value. All packs are loaded. Building the
facts and the solver of a case counts towards its first claim.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter, process_time

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.decision_cases import read_cases
from dxtrace.clinical import Case, Claim, Finding, Report, Source
from dxtrace.intake import IntakeError
from dxtrace.intake.indiana import read_indiana
from dxtrace.reasoning import Checker
from graphs.workbench import Workbench, default_workbench

LIMIT_MS = 20.0


@dataclass
class Times:
    """Milliseconds of each kind of call, with what was called.

    Attributes:
        clock: what is measured: time on the clock, or of this process on a core. On an idle machine
            they are the same; on a busy one only the second says something about the program.
    """

    clock: Callable[[], float]
    taken: dict[str, list[tuple[float, str]]] = field(default_factory=dict)

    def add(self, kind: str, started: float, what: str) -> None:
        """Note a call that has just ended."""
        self.taken.setdefault(kind, []).append(((self.clock() - started) * 1000, what))

    def show(self, slowest: int) -> None:
        """Print the table, and the slowest calls."""
        print(f"\n{'':34}{'number':>8}{'median':>10}{'p95':>10}{'max':>10}   ms")
        for kind, calls in self.taken.items():
            ms = sorted(t for t, _ in calls)
            middle, late = ms[len(ms) // 2], ms[min(len(ms) - 1, int(len(ms) * 0.95))]
            print(f"{kind:34}{len(ms):>8}{middle:>10.2f}{late:>10.2f}{ms[-1]:>10.2f}")
        for kind, calls in self.taken.items():
            for taken, what in sorted(calls, reverse=True)[:slowest]:
                print(f"  {kind}: {taken:8.1f} ms  {what}")


def main() -> int:
    """Print the times; the exit status is 1 if the median of a claim is over the limit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--cases", type=int, default=200, help="number of our own cases")
    parser.add_argument("--reports", type=int, default=200, help="number of Indiana reports")
    parser.add_argument("--archive", type=Path, help="their archive, if it is not installed")
    parser.add_argument("--slowest", type=int, default=0, help="show the slowest calls")
    parser.add_argument("--cpu", action="store_true", help="time on a core, not on the clock")
    options = parser.parse_args()

    bench, times = default_workbench(), Times(process_time if options.cpu else perf_counter)
    own = [(c.case, c.pack) for c in read_cases()]
    step = max(1, len(own) // options.cases)
    for case, pack in own[::step][: options.cases]:
        time_case(bench, times, case, pack)
    for case in indiana_cases(options.archive, options.reports):
        time_case(bench, times, case, "chest_radiograph")
    times.show(options.slowest)
    claims = sorted(t for t, _ in times.taken["one claim, all"])
    median = claims[len(claims) // 2]
    print(f"\nmedian of a claim: {median:.2f} ms (limit {LIMIT_MS:g} ms)")
    return int(median > LIMIT_MS)


def time_case(bench: Workbench, times: Times, case: Case, pack: str) -> None:
    """Time every claim, conclusion and list of missing facts of a case."""
    findings = findings_of(bench, case)
    body = [f for f in findings if f.source is not Source.REPORT_IMPRESSION] or findings
    claims = claims_of(bench, case, findings, pack)
    checker: Checker | None = None
    for claim in claims:
        started = times.clock()
        if checker is None:
            checker = Checker(bench.knowledge, body)
        checker.check(claim)
        times.add("one claim, all", started, f"{case.id} {claim.concept}")
        times.add(f"one claim, {claim.kind}", started, f"{case.id} {claim.concept}")
    for output in reported(bench, pack):
        fresh = Checker(bench.knowledge, findings)
        started = times.clock()
        conclusion = fresh.conclude(output)
        times.add("conclusion, with a fresh solver", started, f"{case.id} {output}")
        if conclusion.value is None:
            started = times.clock()
            fresh.missing(output)
            times.add("missing facts of an open one", started, f"{case.id} {output}")


def findings_of(bench: Workbench, case: Case) -> list[Finding]:
    """What the built-in readers find."""
    readers = [t for t in bench.registry if t.origin == "built-in" and t.applicable(case) is None]
    return [*case.findings, *(f for tool in readers for f in tool.function(case))]


def claims_of(bench: Workbench, case: Case, findings: list[Finding], pack: str) -> list[Claim]:
    """The case's own claims; a category of the guideline if it claims none."""
    claims = list(bench.claim_reader.claims_of(case, findings))
    if any(c.kind == "category" for c in claims):
        return claims
    symbols = bench.knowledge.symbols
    for output in reported(bench, pack):
        values: tuple[str | bool, ...] = symbols.resolve(output, output).values or (True,)
        claims.append(Claim(id=f"x-{output}", kind="category", concept=output, value=values[0]))
    return claims


def reported(bench: Workbench, pack: str) -> list[str]:
    """The outputs that a guideline reports."""
    known = bench.knowledge.packs.get(pack)
    return [o.name for o in known.header.outputs if o.report] if known else []


def indiana_cases(archive: Path | None, number: int) -> Iterator[Case]:
    """Reports of the Indiana collection that are not held back for measuring, if at hand."""
    try:
        reports = [r for r in read_indiana(archive) if r.number % 5][:number]
    except IntakeError as error:
        print(f"without Indiana reports: {error}")
        return
    for report in reports:
        yield Case(id=f"indiana-{report.number}", reports=(Report(text=report.text),))


if __name__ == "__main__":
    raise SystemExit(main())
