"""Similar cases: an index over findings, report text and images."""

from dxtrace.retrieval.cases.index import Added, CaseIndex
from dxtrace.retrieval.cases.rebuild import Rebuilt, rebuild
from dxtrace.retrieval.cases.record import CaseFilter, CaseRecord

__all__ = ["Added", "CaseFilter", "CaseIndex", "CaseRecord", "Rebuilt", "rebuild"]
