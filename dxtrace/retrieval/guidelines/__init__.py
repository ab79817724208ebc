"""Guideline passages: their record, their index, search and citations."""

from dxtrace.retrieval.guidelines.citation import (
    CitedPassage,
    QuotationError,
    look_up,
    verify_citation,
    verify_quotation,
)
from dxtrace.retrieval.guidelines.index import Found, GuidelineIndex, Hit
from dxtrace.retrieval.guidelines.library import GuidelineLibrary
from dxtrace.retrieval.guidelines.passage import GuidelineDocument, GuidelinePassage
from dxtrace.retrieval.guidelines.record import DocumentRecord, Version
from dxtrace.retrieval.guidelines.route import Route

__all__ = [
    "CitedPassage",
    "DocumentRecord",
    "Found",
    "GuidelineDocument",
    "GuidelineIndex",
    "GuidelineLibrary",
    "GuidelinePassage",
    "Hit",
    "QuotationError",
    "Route",
    "Version",
    "look_up",
    "verify_citation",
    "verify_quotation",
]
