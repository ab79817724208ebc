"""What a person corrects of what was found, and what an answer says otherwise because of it."""

from typing import Self

from pydantic import Field, model_validator

from dxtrace.clinical.base import Frozen
from dxtrace.clinical.measurement import Measurement
from dxtrace.clinical.states import Laterality, Presence


class Correction(Frozen):
    """A person's word on a finding. It stands in the place of what the finding said.

    Attributes:
        finding: id of the finding.
        by: who corrects it, as that person wants to be named in the trace.
        presence: whether it is there.
        laterality: its side.
        measurements: sizes, in the place of those of the same kind.
        rejected: the finding is not what it was taken for, as a mask on the wrong place: nothing is
            known of it any more.
        why: the reason, in that person's words.

    Raises:
        ValueError: if it changes nothing, or both rejects and changes.
    """

    finding: str = Field(min_length=1)
    by: str = Field(default="user", min_length=1)
    presence: Presence | None = None
    laterality: Laterality | None = None
    measurements: tuple[Measurement, ...] = ()
    rejected: bool = False
    why: str = ""

    @model_validator(mode="after")
    def _validate_change(self) -> Self:
        changes = bool(self.presence or self.laterality or self.measurements)
        if changes == self.rejected:
            raise ValueError(
                f"correction of {self.finding}: expected a presence, a side or a size, or that it "
                f"is rejected, got {'both' if changes else 'none of these'}"
            )
        return self


class Change(Frozen):
    """A conclusion of an earlier answer that is another one now.

    Attributes:
        concept: the conclusion's name, as in :class:`Conclusion`.
        title: what a reader calls it.
        before: what the earlier answer said.
        now: what holds now; None if it is open.
        lesion: the lesion that it is about.
        because: the corrections and the new findings that lie between, by id.
    """

    concept: str
    title: str
    before: str
    now: str | None
    lesion: str | None = None
    because: tuple[str, ...] = ()
