"""Lesions of the current examination and of an earlier one: which is which, and has it grown.

Who marks lesions is asked for the same on the newest earlier examination that fits its contract.
Both studies are laid over each other, lesions are paired, and what is measured of each pair on
both becomes growth, the same way for every expert.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from dxtrace.clinical import Case, Concept, Finding, Study
from expert_models import ModelCard, matching_series
from tools.marks import SourceVolumes

if TYPE_CHECKING:
    from dxtrace.clinical.volume import Mask

    _Lesion = tuple[Finding, Mask]

CHANGE = "change"
"""The attribute that says how a lesion changed; open where nobody can tell."""


@dataclass(frozen=True)
class Marked:
    """What an expert marked in one examination.

    Attributes:
        findings: measured findings.
        masks: checked masks.
        volumes: the images that they lie on.
        day: of the examination, if it is known.
    """

    findings: tuple[Finding, ...]
    masks: tuple[Mask, ...]
    volumes: SourceVolumes
    day: date | None = None

    def lesions(self, concepts: Mapping[str, Concept]) -> list[_Lesion]:
        """The lesions that have a mask."""
        found = []
        for finding in self.findings:
            concept = concepts.get(finding.concept)
            masks = [m for m in self.masks if m.finding == finding.id and m.voxels.any()]
            if concept is not None and concept.kind == "lesion" and len(masks) == 1:
                found.append((finding, masks[0]))
        return found


def current_day(case: Case) -> date | None:
    """The day of the current examination, if it is known."""
    return max((s.day for s in case.studies if s.day and not s.is_prior), default=None)


def earlier_study(card: ModelCard, case: Case) -> Study | None:
    """The newest earlier examination with images that fit a card."""
    today = current_day(case)
    earlier = [s for s in case.studies if s.is_prior or (s.day and today and s.day < today)]
    earlier.sort(key=lambda s: (s.day is not None, s.day or date.min), reverse=True)
    return next((s for s in earlier if matching_series(card, _of(case, s))), None)


def case_of(case: Case, study: Study) -> Case:
    """The case as it was at an earlier examination: its images and the patient, nothing said."""
    return _of(case, study).model_copy(update={"reports": (), "findings": (), "observations": ()})


def _of(case: Case, study: Study) -> Case:
    return case.model_copy(update={"studies": (study.model_copy(update={"is_prior": False}),)})


def add_growth(
    now: Marked, then: Marked, concepts: Mapping[str, Concept]
) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """Add to each lesion what was measured of it earlier, and how it changed.

    A lesion without a counterpart is not called new: that nothing was marked there earlier does not
    say that nothing was there. Its change is left open.

    Args:
        now: the current examination.
        then: the earlier one.
        concepts: the vocabulary: which concepts are lesions.

    Returns:
        The current findings, and notes for a reader.
    """
    earlier = then.lesions(concepts)
    notes: list[str] = []
    changed: dict[str, Finding] = {}
    for key, current in _by_concept(now.lesions(concepts)).items():
        before = [x for x in earlier if x[0].concept == key]
        pairs = _pairs(current, before, now.volumes, then.volumes, notes)
        days = _days(now, then)
        for number, (finding, _) in enumerate(current):
            match = pairs.get(number)
            changed[finding.id] = (
                _open(finding) if match is None else _grown(finding, before[match][0], days)
            )
        notes += [
            f"{f.id} of the earlier examination has no counterpart now, which does not say that it "
            f"is gone"
            for i, (f, _) in enumerate(before)
            if i not in pairs.values()
        ]
    return tuple(changed.get(f.id, f) for f in now.findings), tuple(notes)


def _by_concept(lesions: Sequence[_Lesion]) -> dict[str, list[_Lesion]]:
    found: dict[str, list[_Lesion]] = {}
    for lesion in lesions:
        found.setdefault(lesion[0].concept, []).append(lesion)
    return found


def _pairs(
    current: Sequence[_Lesion], before: Sequence[_Lesion], now: SourceVolumes,
    then: SourceVolumes, notes: list[str],
) -> dict[int, int]:  # fmt: skip
    """For each current lesion that has one, its counterpart; notes say how that was found."""
    from tools.measurement import RegistrationError, match_lesions, register

    if not before:
        notes.append("nothing is marked in the earlier examination, so change stays open")
        return {}
    masks = [[mask for _, mask in side] for side in (current, before)]
    try:
        alignment = register(now.volume_of(masks[0][0]), then.volume_of(masks[1][0]))
        found = match_lesions(masks[0], masks[1], alignment)
    except (RegistrationError, ValueError) as error:
        notes.append(f"not compared with the earlier examination: {error}")
        return {}
    pairs = {p.current: p.prior for p in found if p.current is not None and p.prior is not None}
    for pair in found:
        if pair.current in pairs and pair.distance_mm is not None:
            notes.append(
                f"{current[pair.current][0].id} is {before[pairs[pair.current]][0].id} of the "
                f"earlier examination: {pair.distance_mm:.0f} mm apart after {alignment.method}"
            )
        elif pair.current is not None:
            notes.append(f"{current[pair.current][0].id}: nothing was marked at its place earlier")
    return pairs


def _days(now: Marked, then: Marked) -> int | None:
    days = (now.day - then.day).days if now.day and then.day else 0
    return days if days > 0 else None


def _grown(finding: Finding, before: Finding, days: int | None) -> Finding:
    from tools.measurement import measure_growth

    growth = measure_growth(finding.measurements, before.measurements, days)
    return finding.model_copy(update={"measurements": (*finding.measurements, *growth)})


def _open(finding: Finding) -> Finding:
    """The finding with its change left open: nobody may take it for unchanged or new."""
    if CHANGE in finding.attributes:
        return finding
    return finding.model_copy(update={"attributes": {**finding.attributes, CHANGE: ()}})
