"""An expert as a class, and two things that are none."""

from collections.abc import Iterator

from dxtrace.clinical import Case, Finding, Laterality, Presence
from expert_models import ModelCard


class EffusionExpert:
    """Reports a right pleural effusion for every case that has an image or a report."""

    card = ModelCard(
        name="effusion_expert",
        version="1.2.3",
        title="Always finds an effusion",
        accepts=("report", "image"),
        produces=("pleural_effusion",),
        licence="Apache-2.0",
        intended_use="tests",
    )

    def run(self, case: Case) -> Iterator[Finding]:
        """One finding; its source is not said, as authors may forget to."""
        yield Finding(
            id=f"effusion-{case.id}", concept="pleural_effusion", presence=Presence.PRESENT,
            laterality=Laterality.RIGHT,
        )  # fmt: skip


NOT_AN_EXPERT = 42


class _Impostor(EffusionExpert):
    card = EffusionExpert.card.model_copy(update={"name": "report_reader"})


IMPOSTOR = _Impostor()
