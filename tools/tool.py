"""A tool that a planner can call: a card and a function."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from dxtrace.clinical import Case, Finding
from expert_models import ModelCard

ToolFunction = Callable[[Case], Iterable[Finding]]
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
            "image": any(s.images for study in case.studies for s in study.series),
        }
        if not any(has[kind] for kind in self.card.accepts):
            return f"expected a case with {' or '.join(self.card.accepts)}"
        return self._image_reason(case) if self.card.accepts == ("image",) else None

    def _image_reason(self, case: Case) -> str | None:
        found = {s.modality for study in case.studies for s in study.series}
        wanted = set(self.card.modalities)
        if wanted and None not in found and not found & wanted:
            return f"expected modality {' or '.join(sorted(wanted))}, got {sorted(map(str, found))}"
        return None
