"""What phrases describe, as findings with their outlines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dxtrace.clinical import Case, Evidence, Finding, Presence, Source
from dxtrace.clinical.finding import Score
from expert_models.arguments import Arguments
from expert_models.card import ModelCard
from expert_models.current_images import current_series
from expert_models.errors import ToolRefusal
from expert_models.grounding.lesions import Lesion, linked, without_doubles
from expert_models.output import ExpertOutput

if TYPE_CHECKING:
    from dxtrace.clinical.volume import Mask, Volume
    from dxtrace.reporting.windows import CtWindow
    from expert_models.grounding.segmenter import PhraseSegmenter, Region


@dataclass(frozen=True)
class PhraseSettings:
    """How an expert of this kind works.

    Attributes:
        phrases: concept to the phrases that it is looked for with.
        floor: scores below this are left out where no operating point says otherwise.
        slice_step: every so many slices of a stack are looked at; None for single pictures only.
        window: the window of CT; None goes by the body part.
        most_regions: so many things are reported for one concept or phrase, the best.
    """

    phrases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    floor: float = 0.3
    slice_step: int | None = None
    window: CtWindow | None = None
    most_regions: int = 20


@dataclass(frozen=True)
class _Sought:
    """What is looked for: phrases, and the concept that they stand for, if any."""

    phrases: tuple[str, ...]
    concept: str | None

    @property
    def words(self) -> str:
        return " or ".join(repr(phrase) for phrase in self.phrases)


class PhraseExpert:
    """Looks for what phrases describe: those of the call, or those of its concepts.

    A score says how well a region matches words. Only an operating point on the card, with its
    source, makes a match *present*, with mere likelihood: a threshold that somebody wrote down has
    not been shown to hold here. Without one a match is *indeterminate*. No match says nothing:
    these models were not made to tell that something is absent.

    Args:
        card: the card; its operating points decide, its ``arguments`` are the concepts.
        make: makes the segmenter, at the first call.
        settings: how it works.
    """

    def __init__(
        self, card: ModelCard, make: Callable[[], PhraseSegmenter], settings: PhraseSettings
    ) -> None:
        self.card = card
        self._make, self._settings = make, settings
        self._segmenter: PhraseSegmenter | None = None

    def run(self, case: Case, arguments: Arguments) -> ExpertOutput:
        """Look for phrases in the images of the current examination that fit the card.

        Raises:
            ToolRefusal: if there is nothing to look for or to look at, or the model's files are not
                what they must be.
        """
        from dxtrace.intake.imaging import load_volume

        sought = self._sought(arguments)
        volume = load_volume(current_series(self.card, case)[0])
        findings: list[Finding] = []
        masks: list[Mask] = []
        notes = []
        for number, one in enumerate(sought, start=1):
            floor = self._floor(one)
            lesions, how = self._lesions(volume, one, floor)
            notes += how
            if not lesions:
                notes.append(
                    f"no match for {one.words} at {floor:g} or above; that excludes nothing"
                )
            for lesion in lesions[: self._settings.most_regions]:
                name = f"{one.concept or f'phrase_{number}'}_{len(masks) + 1}"
                finding = self._finding(name, lesion, one, volume)
                findings += [finding] if finding else []
                masks.append(_mask(name, lesion, volume, finding))
        return ExpertOutput(tuple(findings), tuple(masks), tuple(dict.fromkeys(notes)))

    def _sought(self, arguments: Arguments) -> list[_Sought]:
        concept_of = {
            phrase.casefold(): concept
            for concept, phrases in self._settings.phrases.items()
            for phrase in phrases
        }
        sought = [_Sought((p,), concept_of.get(p.casefold())) for p in arguments.phrases]
        concepts = arguments.classes or (() if arguments.phrases else tuple(self._settings.phrases))
        sought += [_Sought(self._settings.phrases[concept], concept) for concept in concepts]
        if not sought:
            raise ToolRefusal("expected a phrase to look for")
        return sought

    def _floor(self, sought: _Sought) -> float:
        point = self.card.operating_point(sought.concept) if sought.concept else None
        return self._settings.floor if point is None else point.threshold

    def _lesions(
        self, volume: Volume, sought: _Sought, floor: float
    ) -> tuple[list[Lesion], list[str]]:
        """What was found, and notes of what had to be done for it."""
        from expert_models.slice_pictures import brightness_of, rgb_slice, slice_count

        if self._segmenter is None:
            self._segmenter = self._make()
        brightness = brightness_of(volume, self._settings.window)
        found: dict[int, list[Region]] = {}
        notes: list[str] = []
        for index in range(0, slice_count(volume), self._settings.slice_step or 1):
            picture = rgb_slice(volume, index, brightness)
            regions = self._segmenter.segment(picture, sought.phrases, floor=floor)
            notes += regions.notes
            found[index] = without_doubles([r for r in regions.found if r.score >= floor])
        return linked(found), notes

    def _finding(
        self, name: str, lesion: Lesion, sought: _Sought, volume: Volume
    ) -> Finding | None:
        if sought.concept is None or self._segmenter is None:
            return None
        point = self.card.operating_point(sought.concept)
        id_ = f"{self.card.name}:{volume.series}:{name}"
        return Finding(
            id=id_,
            concept=sought.concept,
            presence=Presence.INDETERMINATE if point is None else Presence.PRESENT,
            certainty="stated" if point is None else "probable",
            score=Score(
                value=lesion.best.score,
                scale=self._segmenter.scale,
                operating_point=None if point is None else point.threshold,
            ),
            lesion=id_,
            source=Source.TOOL,
            evidence=(Evidence(tool=self.card.name, version=self.card.version),),
            text=f"a region matches {lesion.best.phrase!r}"
            + ("" if point is not None else "; no operating point says what its score means"),
        )


def _mask(name: str, lesion: Lesion, volume: Volume, finding: Finding | None) -> Mask:
    import numpy as np

    from dxtrace.clinical.volume import Mask
    from expert_models.slice_pictures import on_grid

    voxels = np.zeros(volume.spatial_shape, np.bool_)
    for index, region in lesion.regions.items():
        voxels |= on_grid(region.mask, index, volume)
    best = lesion.best
    return Mask(
        name=name,
        voxels=voxels,
        geometry=volume.geometry,
        series=volume.series,
        title=best.phrase,
        concept=finding.concept if finding else None,
        finding=finding.id if finding else None,
        attributes={"phrase": best.phrase, "score": f"{best.score:.3f}"},
    )
