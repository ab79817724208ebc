"""Similar cases as tools: analogies for whoever reads the answer, evidence for nobody."""

from tools.similar_cases.collection import CaseSettings, case_record, open_index
from tools.similar_cases.differential import DIFFERENTIAL, DifferentialTool, with_finders
from tools.similar_cases.exemplars import BUDGET, COUNT, EXEMPLARS, ExemplarTool
from tools.similar_cases.searching import CaseSearch, Nearest
from tools.similar_cases.tool import SIMILAR_CASES, SimilarCaseTool

__all__ = [
    "BUDGET",
    "COUNT",
    "DIFFERENTIAL",
    "EXEMPLARS",
    "SIMILAR_CASES",
    "CaseSearch",
    "CaseSettings",
    "DifferentialTool",
    "ExemplarTool",
    "Nearest",
    "SimilarCaseTool",
    "case_record",
    "open_index",
    "with_finders",
]
