"""A tool that a planner can call: a card and a function."""

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from dxtrace.clinical import Case, Finding
from expert_models import Arguments, ExpertOutput, ModelCard
from expert_models.contract import age_reason, arguments_reason, check_images

ToolFunction = (
    Callable[[Case], "Iterable[Finding] | ExpertOutput"]
    | Callable[[Case, Arguments], "Iterable[Finding] | ExpertOutput"]
)
NO_ARGUMENTS = Arguments()
BUILT_IN = "built-in"


@dataclass(frozen=True, slots=True)
class Tool:
    """A named function over a case, and over arguments if it has a parameter for them.

    Attributes:
        card: what it accepts and produces.
        function: the function itself.
        origin: where it comes from: ``built-in`` or the distribution that registered it.

    Raises:
        ValueError: if the card lists arguments or prompts, and the function does not take them.
    """

    card: ModelCard
    function: ToolFunction
    origin: str = BUILT_IN

    def __post_init__(self) -> None:
        if (self.card.arguments or self.card.prompts) and not takes_arguments(self.function):
            raise ValueError(
                f"{self.card.name}: its card lists arguments or prompts; expected a function of "
                f"(case, arguments)"
            )

    def applicable(self, case: Case, arguments: Arguments = NO_ARGUMENTS) -> str | None:
        """Why the tool does not apply to the case, or cannot be called so; None if it can.

        Decided from what the case has and the card says, before anything is loaded.
        """
        return self.unfit(case) or arguments_reason(self.card, case, arguments)

    def unfit(self, case: Case) -> str | None:
        """Why no call of the tool applies to the case, whatever its arguments; None if one can."""
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


def takes_arguments(function: ToolFunction) -> bool:
    """Whether a function over a case has a second parameter, for arguments."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # some functions in native code do not say
        return False
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    further = [p for p in signature.parameters.values() if p.kind in kinds][1:]
    # A parameter that has a default and another name is the author's own.
    return bool(further) and (
        further[0].name == "arguments" or further[0].default is further[0].empty
    )


def call_function(function: ToolFunction, case: Case, arguments: Arguments) -> Any:
    """Call a tool's function; what it returns is checked by the runner."""
    call: Callable[..., Any] = function
    return call(case, arguments) if takes_arguments(function) else call(case)
