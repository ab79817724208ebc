"""What every expert offers."""

from collections.abc import Iterable
from typing import Protocol, runtime_checkable

from dxtrace.clinical import Case, Finding
from expert_models.card import ModelCard
from expert_models.output import ExpertOutput


@runtime_checkable
class ExpertModel(Protocol):
    """An expert with a card.

    ``run`` looks at a case and reports findings. An expert whose card lists ``arguments`` or
    ``prompts`` has a second parameter, ``run(case, arguments)``, for
    :class:`~expert_models.Arguments`; they are empty if the call asks for nothing in particular,
    and only ever what the card takes. ``run`` raises :class:`~expert_models.ToolRefusal` when
    it cannot say anything about this case, :class:`~expert_models.RetryableError` when trying again
    may help. It never returns *absent* for something that it could not look at.
    """

    card: ModelCard

    def run(self, case: Case) -> Iterable[Finding] | ExpertOutput:
        """Report what is found in the case, with masks if there are any."""
        ...
