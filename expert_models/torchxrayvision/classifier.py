"""A classifier of torchxrayvision as an expert."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dxtrace.clinical import Case, Evidence
from expert_models.card import ModelCard
from expert_models.errors import ToolRefusal
from expert_models.frontal_chest import load_frontal_chest
from expert_models.output import ExpertOutput
from expert_models.runtime.checksums import check_weights, hashes_of
from expert_models.runtime.pretrained import single_weights
from expert_models.scores import (
    UNDECIDED,
    Calibration,
    Decision,
    ScoredConcept,
    decide,
    score_finding,
)
from expert_models.torchxrayvision.networks import (
    CONCEPTS,
    LESIONS,
    MIDDLE,
    SCALED,
    SIGMOID,
    classifiers,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from expert_models.torchxrayvision.pixels import Prepared

_PACKAGE_POINT = Decision(present_at=MIDDLE, certainty="probable")


@dataclass(frozen=True, eq=False)
class _Seen:
    """A radiograph that can be scored."""

    series: str
    prepared: Prepared


class RadiographClassifier:
    """Scores the pathologies that a network was trained for. Loaded at the first call.

    Args:
        card: its card, with its weights.
        network: its name in the package.
        folder: where its weights lie.
        calibration: thresholds fitted for it, if there are any.
        device: a torch device; None takes a GPU where there is one.
    """

    def __init__(
        self,
        card: ModelCard,
        network: str,
        folder: Path,
        calibration: Calibration | None,
        device: str | None,
    ) -> None:
        self.card = card
        self._name, self._network = network, classifiers()[network]
        self._folder, self._calibration, self._device = folder, calibration, device
        self._loaded: Any = None

    def run(self, case: Case) -> ExpertOutput:
        """Score a frontal chest radiograph of the current examination.

        Raises:
            ToolRefusal: if there is none, or the weights are missing or others.
        """
        (answer,) = self.run_many([case])
        if isinstance(answer, ToolRefusal):
            raise answer
        return answer

    def run_many(self, cases: Sequence[Case]) -> list[ExpertOutput | ToolRefusal]:
        """As :meth:`run` for each case, in one pass of the network."""
        import numpy as np

        seen = [self._prepared(case) for case in cases]
        squares = [s.prepared.square for s in seen if isinstance(s, _Seen)]
        scores = iter(self._ready()(np.stack(squares)) if squares else ())
        return [self._output(s, next(scores)) if isinstance(s, _Seen) else s for s in seen]

    def _prepared(self, case: Case) -> _Seen | ToolRefusal:
        from expert_models.torchxrayvision.pixels import prepare

        try:
            volume = load_frontal_chest(self.card, case)
            return _Seen(volume.series, prepare(volume, self._network.resolution))
        except ToolRefusal as refusal:
            return refusal

    def _output(self, seen: _Seen, sigmoids: NDArray[np.float32]) -> ExpertOutput:
        evidence = Evidence(
            tool=self.card.name, version=self.card.version, weights_sha256=self.card.weights_sha256
        )
        findings = []
        for (name, point), sigmoid in zip(self._network.outputs, sigmoids, strict=True):
            if name not in CONCEPTS:
                continue
            scored = _scored(CONCEPTS[name], float(sigmoid), point)
            otherwise = UNDECIDED if point is None else _PACKAGE_POINT
            decision = decide(self._calibration, scored.concept, scored.scale, otherwise)
            findings.append(score_finding(scored, decision, evidence, seen.series))
        return ExpertOutput(findings=tuple(findings), notes=seen.prepared.notes)

    def _ready(self) -> Any:
        if self._loaded is None:
            from expert_models.torchxrayvision.loading import load_classifier

            check_weights(self._folder, hashes_of(self.card.weights))
            path = self._folder / single_weights(self.card.weights).path
            outputs = len(self._network.outputs)
            self._loaded = load_classifier(self._name, outputs, path, self._device)
        return self._loaded


def _scored(concept: str, sigmoid: float, point: float | None) -> ScoredConcept:
    """The package's scaled output, or the bare sigmoid where there is no operating point.

    The package gives 0.5 for those, which would look like a score at the operating point.
    """
    lesion = concept in LESIONS
    if point is None:
        return ScoredConcept(concept, sigmoid, SIGMOID, lesion)
    return ScoredConcept(concept, scale_by_operating_point(sigmoid, point), SCALED, lesion)


def scale_by_operating_point(sigmoid: float, point: float) -> float:
    """The package's ``op_norm``: two straight lines that meet at 0.5 in the operating point."""
    if sigmoid < point:
        return sigmoid / (2 * point)
    return 1 - (1 - sigmoid) / (2 * (1 - point))
