"""A differential diagnosis by analogy, as a tool; it finds nothing in the patient, and may not."""

from __future__ import annotations

from collections.abc import Callable

from dxtrace.clinical import Case, Differential
from dxtrace.retrieval.cases import LEAST_COUNTED, NEIGHBOURS, differential
from expert_models import ExpertOutput, ModelCard
from tools.similar_cases.searching import CaseSearch

DIFFERENTIAL = "differential"
Finders = Callable[[str], tuple[str, ...]]
"""Key of a concept to the names of the tools that could look for it."""


class DifferentialTool:
    """Says what similar cases were thought to be, and what would tell the candidates apart.

    Args:
        search: over the index of this machine.
        finders: of a case and a concept, which tools could look for it there.
    """

    card = ModelCard(
        name=DIFFERENTIAL,
        version="1",
        title="Differential diagnosis by analogy with similar cases",
        task=DIFFERENTIAL,
        accepts=("report",),
        produces=(),
        cost=1.0,
        licence="Apache-2.0",
        intended_use="candidates that a reader may think of; no finding of the patient",
        limits="counts what was written of other patients; no probability of any disease",
    )

    def __init__(self, search: CaseSearch, finders: Callable[[Case, str], tuple[str, ...]]) -> None:
        self._search, self._finders = search, finders

    def run(self, case: Case) -> ExpertOutput:
        """Candidates by the impressions of similar cases of other patients.

        Raises:
            ToolRefusal: if there is no index, or it cannot be used; the reason says what to do.
        """
        nearest = self._search.nearest(case, NEIGHBOURS, LEAST_COUNTED)
        found = differential(
            nearest.asked.findings, nearest.found, self._search.knowledge.vocabulary
        )
        found = with_finders(found, lambda concept: self._finders(case, concept))
        return ExpertOutput(differential=found, notes=nearest.notes)


def with_finders(given: Differential, finders: Finders) -> Differential:
    """The same, with the tools that could look for what is open."""
    return given.model_copy(
        update={
            "candidates": tuple(
                candidate.model_copy(
                    update={
                        "signs": tuple(
                            sign.model_copy(update={"tools": finders(sign.concept)})
                            if sign.standing == "open"
                            else sign
                            for sign in candidate.signs
                        )
                    }
                )
                for candidate in given.candidates
            )
        }
    )
