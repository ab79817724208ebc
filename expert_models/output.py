"""What an expert that looks at images gives back."""

from __future__ import annotations

from dataclasses import dataclass

from dxtrace.clinical import Differential, Finding, QuotedPassage, SimilarCase
from dxtrace.clinical.volume import Mask


@dataclass(frozen=True)
class ExpertOutput:
    """Findings, and the masks that they rest on.

    An expert that only reports findings returns them plainly. The runner measures every mask that
    belongs to a finding, in one and the same way for all experts, and adds the measurements to that
    finding; an expert need not measure.

    Attributes:
        findings: what was found.
        masks: what was marked.
        notes: what a reader should know, such as "the apex of the lung is cut off".
        passages: guideline text; a quotation that its passage does not hold is left out.
        similar: cases that are like this one; they say nothing of this patient.
        differential: what similar cases were thought to be; likewise.
    """

    findings: tuple[Finding, ...] = ()
    masks: tuple[Mask, ...] = ()
    notes: tuple[str, ...] = ()
    passages: tuple[QuotedPassage, ...] = ()
    similar: tuple[SimilarCase, ...] = ()
    differential: Differential | None = None
