"""Similar cases as a tool: an analogy for whoever reads the answer, evidence for nobody."""

from tools.similar_cases.collection import CaseSettings, case_record, open_index
from tools.similar_cases.tool import SIMILAR_CASES, SimilarCaseTool

__all__ = ["SIMILAR_CASES", "CaseSettings", "SimilarCaseTool", "case_record", "open_index"]
