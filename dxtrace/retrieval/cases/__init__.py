"""Similar cases: an index over findings, report text and images."""

from dxtrace.retrieval.cases.differential import NEIGHBOURS, differential
from dxtrace.retrieval.cases.diversity import diverse
from dxtrace.retrieval.cases.index import Added, CaseIndex
from dxtrace.retrieval.cases.lists import IMAGE
from dxtrace.retrieval.cases.rebuild import Rebuilt, rebuild
from dxtrace.retrieval.cases.record import CaseFilter, CaseRecord, Neighbour

__all__ = [
    "IMAGE",
    "NEIGHBOURS",
    "Added",
    "CaseFilter",
    "CaseIndex",
    "CaseRecord",
    "Neighbour",
    "Rebuilt",
    "differential",
    "diverse",
    "rebuild",
]
