"""Radiology and pathology report text to findings, driven by the vocabulary."""

from tools.report_reader.reader import ReportReader
from tools.report_reader.reading import ReportReading, Section

__all__ = ["ReportReader", "ReportReading", "Section"]
