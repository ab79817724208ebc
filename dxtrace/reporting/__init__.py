"""What people and other programs get: pages, pictures and segmentations."""

from dxtrace.reporting.batch_summary import BatchSummary, CaseRow, render_batch_summary
from dxtrace.reporting.case_report import render_case_report
from dxtrace.reporting.page_pictures import PagePicture, read_pictures

__all__ = [
    "BatchSummary",
    "CaseRow",
    "PagePicture",
    "read_pictures",
    "render_batch_summary",
    "render_case_report",
]
