"""Similar cases: an index over findings, report text and images."""

from dxtrace.retrieval.cases.bound import LEAST, LEAST_COUNTED
from dxtrace.retrieval.cases.differential import NEIGHBOURS, differential
from dxtrace.retrieval.cases.diversity import diverse
from dxtrace.retrieval.cases.index import CaseIndex
from dxtrace.retrieval.cases.rebuild import Rebuilt, drop_copies, lost_copies, rebuild
from dxtrace.retrieval.cases.record import Added, CaseFilter, CaseRecord, Neighbour
from dxtrace.retrieval.cases.vectors import IMAGE

__all__ = [
    "IMAGE",
    "LEAST",
    "LEAST_COUNTED",
    "NEIGHBOURS",
    "Added",
    "CaseFilter",
    "CaseIndex",
    "CaseRecord",
    "Neighbour",
    "Rebuilt",
    "differential",
    "diverse",
    "drop_copies",
    "lost_copies",
    "rebuild",
]
