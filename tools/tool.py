"""A tool that a planner can call: a card and a function."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from dxtrace.clinical import Case, Finding
from expert_models import ExpertOutput, ModelCard
from expert_models.contract import age_reason, check_images

ToolFunction = Callable[[Case], "Iterable[Finding] | ExpertOutput"]
BUILT_IN = "built-in"


@dataclass(frozen=True, slots=True)
class Tool:
    """A named function over a case, with its card.

    Attributes:
        card: what it accepts and produces.
        function: the function itself.
        origin: where it comes from: ``built-in`` or the distribution that registered it.
    """

    card: ModelCard
    function: ToolFunction
    origin: str = BUILT_IN

    def applicable(self, case: Case) -> str | None:
        """Why the tool does not apply to the case, or None if it does.

        Decided from what the case has, before anything is loaded.
        """
        has = {
            "report": bool(case.reports),
            "observation": bool(case.observations),
            "patient": case.patient.model_dump(exclude_none=True) != {},
            "image": has_images(case),
        }
        if not any(has[kind] for kind in self.card.accepts):
            return f"expected a case with {' or '.join(self.card.accepts)}"
        reason = age_reason(self.card, case)
        words = any(has[kind] for kind in self.card.accepts if kind != "image")
        # Who can read the report need not fit the images, too; images are then chosen by the same
        # contract (expert_models.matching_series).
        return reason if reason is not None or words else check_images(self.card, case).reason


def has_images(case: Case) -> bool:
    """Whether there is any image to look at."""
    return any(series.images for study in case.studies for series in study.series)
