"""The tool that looks for similar cases. It finds nothing in the patient, and may not."""

from __future__ import annotations

from dxtrace.clinical import Case
from expert_models import ExpertOutput, ModelCard
from tools.similar_cases.searching import CaseSearch

SIMILAR_CASES = "similar_cases"
_TOP = 5


class SimilarCaseTool:
    """Looks for cases like the one that is reviewed.

    Args:
        search: over the index of this machine.
    """

    card = ModelCard(
        name=SIMILAR_CASES,
        version="1",
        title="Cases like this one, from the case index",
        task=SIMILAR_CASES,
        accepts=("report",),
        produces=(),
        cost=1.0,
        licence="Apache-2.0",
        intended_use="analogies, such as for a differential diagnosis; no finding of the patient",
        limits="likeness of findings and words; says nothing of outcome or probability",
    )

    def __init__(self, search: CaseSearch) -> None:
        self._search = search

    def run(self, case: Case) -> ExpertOutput:
        """The most similar cases of other patients.

        Raises:
            ToolRefusal: if there is no index, or it cannot be used; the reason says what to do.
        """
        nearest = self._search.nearest(case, _TOP)
        return ExpertOutput(similar=self._search.shown(nearest), notes=nearest.notes)
