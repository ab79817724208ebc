"""What every expert offers."""

from collections.abc import Iterable, Sequence
from typing import Protocol, runtime_checkable

from dxtrace.clinical import Case, Finding
from expert_models.card import ModelCard
from expert_models.errors import RetryableError, ToolRefusal
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


@runtime_checkable
class BatchExpertModel(ExpertModel, Protocol):
    """An expert that answers several cases in one pass, for example of a network.

    The method is optional. The runner calls it for an *isolated* expert when calls without
    arguments wait for it together, a few at a time; their time limits then count together.
    """

    def run_many(
        self, cases: Sequence[Case]
    ) -> Sequence[Iterable[Finding] | ExpertOutput | ToolRefusal | RetryableError]:
        """Report what is found in each case, in order: what ``run`` would return or raise.

        If it raises, or answers another number of cases, each case goes to ``run`` by itself.
        """
        ...
