"""The summary page of a batch: what came out over all cases, and a way to each of them."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from dxtrace import RESEARCH_USE, __version__
from dxtrace.clinical.base import Frozen
from dxtrace.reporting.pages import own_script, page_environment

_MOST_FREQUENT = 40


class CaseRow(Frozen):
    """One case in the summary.

    Attributes:
        id: the case's id.
        status: answered, needs_input or failed.
        report: path of its HTML report, relative to the summary.
        line: how the answer begins, what is asked, or why it failed.
        contradictions: the contradicted statements, in words.
        open: how many conclusions are undecided.
    """

    id: str
    status: str
    report: str
    line: str
    contradictions: tuple[str, ...] = ()
    open: int = 0


@dataclass(frozen=True, slots=True)
class BatchSummary:
    """Everything that the summary shows.

    Attributes:
        manifest: what was reviewed.
        finished_at: when, ISO 8601.
        statuses: status to number of cases.
        rows: one for each case.
        conclusions: (title, value, verdict) to number of cases.
        findings: (concept name, presence) to number of cases.
        tools: (tool, outcome) to number of calls.
        failures: reason to number of cases.
    """

    manifest: str
    finished_at: str
    statuses: Counter[str]
    rows: tuple[CaseRow, ...]
    conclusions: Counter[tuple[str, str, str]]
    findings: Counter[tuple[str, str]]
    tools: Counter[tuple[str, str]]
    failures: Counter[str]

    def to_json_object(self) -> dict[str, Any]:
        """The summary as plain data."""
        return {
            "manifest": self.manifest,
            "finished_at": self.finished_at,
            "cases": len(self.rows),
            "statuses": dict(self.statuses),
            "contradictions": [
                {"id": row.id, "claims": list(row.contradictions)}
                for row in self.rows
                if row.contradictions
            ],
            "conclusions": [
                {"title": title, "value": value, "verdict": verdict, "cases": count}
                for (title, value, verdict), count in self.conclusions.most_common()
            ],
            "findings": [
                {"concept": concept, "presence": presence, "cases": count}
                for (concept, presence), count in self.findings.most_common()
            ],
            "tools": [
                {"name": name, "outcome": outcome, "calls": count}
                for (name, outcome), count in self.tools.most_common()
            ],
            "failures": [
                {"reason": reason, "cases": count} for reason, count in self.failures.most_common()
            ],
        }


def render_batch_summary(summary: BatchSummary) -> str:
    """The summary as one self-contained page; its only script filters the table."""
    script, script_source = own_script("summary.js")
    presence = {
        name: count for (name, what), count in summary.findings.items() if what == "present"
    }
    return page_environment().get_template("summary.html.j2").render(
        summary=summary,
        conclusions=sorted(summary.conclusions.items(), key=lambda c: (c[0][0], -c[1])),
        present=Counter(presence).most_common(_MOST_FREQUENT),
        disputed=[row for row in summary.rows if row.contradictions],
        script=script,
        script_source=script_source,
        research_use=RESEARCH_USE,
        version=__version__,
    )  # fmt: skip
