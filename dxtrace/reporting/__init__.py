"""Pages that a clinician reads: one for each case, one for a whole batch."""

from dxtrace.reporting.batch_summary import BatchSummary, CaseRow, render_batch_summary
from dxtrace.reporting.case_report import render_case_report

__all__ = ["BatchSummary", "CaseRow", "render_batch_summary", "render_case_report"]
