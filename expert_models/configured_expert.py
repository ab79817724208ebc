"""An expert of an entry, as another process can build it again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expert_models.arguments import Arguments
from expert_models.families import ExpertEntry, build_expert
from expert_models.runtime.checksums import check_weights, hashes_of

if TYPE_CHECKING:
    from dxtrace.clinical import Case, Finding
    from expert_models.output import ExpertOutput


class ConfiguredExpert:
    """The expert of an entry: built by its family, its files compared before the first call.

    What goes to another process is the entry and the folder; the expert is built there.

    Args:
        entry: the entry, with a SHA-256 for every file.
        folder: where its files lie.

    Raises:
        ValueError: as :func:`~expert_models.families.build_expert`.
    """

    def __init__(self, entry: ExpertEntry, folder: Path) -> None:
        self._entry, self._folder = entry, folder
        self._expert: Any = build_expert(entry, folder)
        self._checked = False
        self.card = self._expert.card

    def __reduce__(self) -> tuple[Any, ...]:
        return ConfiguredExpert, (self._entry, self._folder)

    def run(
        self, case: Case, arguments: Arguments | None = None
    ) -> Iterable[Finding] | ExpertOutput:
        """Run the expert.

        Raises:
            ToolRefusal: if a file is missing or another one, and whatever the expert raises.
        """
        self._check_files()
        if self.card.arguments or self.card.prompts:
            found = self._expert.run(case, arguments or Arguments())
        else:
            found = self._expert.run(case)
        return found  # type: ignore[no-any-return]  # what a family returns is checked by the runner

    @property
    def run_many(self) -> Callable[[Sequence[Case]], Sequence[Any]] | None:
        """As :meth:`~expert_models.BatchExpertModel.run_many`, if the family has it."""
        run_many = getattr(self._expert, "run_many", None)
        if run_many is None:
            return None

        def checked(cases: Sequence[Case]) -> Sequence[Any]:
            self._check_files()
            return run_many(cases)  # type: ignore[no-any-return]  # checked by the runner

        return checked

    def _check_files(self) -> None:
        if not self._checked:
            check_weights(self._folder, hashes_of(self._entry.files))
            self._checked = True
