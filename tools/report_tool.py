"""The report reader as a tool: every report of a case to findings."""

from collections.abc import Iterator

from dxtrace.clinical import Case, Context, Evidence, Finding, Report
from expert_models import ModelCard
from tools.lesion_matching import match_lesions
from tools.quotation import quote_around
from tools.report_reader import ReportReader


class ReportTool:
    """Reads the reports of a case.

    Args:
        reader: the reader, compiled once.
    """

    card = ModelCard(
        name="report_reader",
        version="1",
        title="Findings, measurements and statements in report text",
        accepts=("report",),
        produces=("*",),
        cost=0.2,
        licence="Apache-2.0",
        intended_use="English radiology, ophthalmology and marrow reports",
        limits="reads what is written; knows no patient; English only",
    )

    def __init__(self, reader: ReportReader) -> None:
        self.reader = reader

    def run(self, case: Case) -> Iterator[Finding]:
        """Findings of every report; those of prior reports are marked as prior."""
        read = [(r.is_prior, list(self._read(i, r))) for i, r in enumerate(case.reports)]
        yield from match_lesions(read, self.reader.concepts)

    def _read(self, position: int, report: Report) -> Iterator[Finding]:
        prefix = f"r{position + 1}" if position else ""
        for number, finding in enumerate(self.reader.read(report.text, document=position).findings):
            where = finding.evidence[0].span if finding.evidence else None
            yield finding.model_copy(
                update={
                    "id": f"{prefix}f{number + 1}",
                    "text": quote_around(report.text, where) if where else finding.text,
                    "context": _context_of(report, finding),
                    "evidence": tuple(_in_document(e, position) for e in finding.evidence),
                }
            )


def _context_of(report: Report, finding: Finding) -> Context:
    current = finding.context is Context.CURRENT
    return Context.PRIOR if report.is_prior and current else finding.context


def _in_document(evidence: Evidence, position: int) -> Evidence:
    return evidence.model_copy(update={"document": position})
