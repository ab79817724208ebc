"""``dxtrace experts calibrate``: thresholds for an expert's scores, from labelled cases."""

import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from apps.batch.manifest_source import resolve_manifest
from apps.commands.experts import find_tool
from apps.exit_status import ExitStatus, UsageError
from dxtrace.clinical import Finding, Outcome
from dxtrace.intake import IntakeError, IntakeLimits
from dxtrace.intake.labelled import LabelledCase, read_labelled_case
from expert_models.scores import Calibration, ConceptCalibration, plain_version
from tools import Tool, run_tool

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class CalibrateRequest:
    """The command's arguments, as ``dxtrace experts calibrate --help`` explains them."""

    name: str
    manifest: str
    out: Path
    dataset: str
    sensitivity: float
    specificity: float
    confidence: float
    data_root: Path | None


@dataclass
class _Collected:
    """Scores by concept and truth.

    Attributes:
        scales: concept to what its score is.
        scores: (concept, truth) to the scores.
        scored: number of cases with a score.
        failed: number of cases without one.
    """

    scales: dict[str, str] = field(default_factory=dict)
    scores: dict[tuple[str, bool], list[float]] = field(default_factory=dict)
    scored: int = 0
    failed: int = 0

    def add(self, labelled: LabelledCase, findings: tuple[Finding, ...]) -> bool:
        """Note the scores of a case; of several for a concept, the highest."""
        best: dict[str, float] = {}
        for finding in findings:
            if finding.score is None or finding.concept not in labelled.labels:
                continue
            scale = self.scales.setdefault(finding.concept, finding.score.scale)
            if scale != finding.score.scale:
                raise UsageError(f"{finding.concept}: scores on two scales, {scale} and another")
            before = best.get(finding.concept, finding.score.value)
            best[finding.concept] = max(before, finding.score.value)
        for concept, value in best.items():
            self.scores.setdefault((concept, labelled.labels[concept]), []).append(value)
        return bool(best)


def calibrate_expert(request: CalibrateRequest) -> ExitStatus:
    """Score the labelled cases, fit thresholds and write them.

    Returns:
        ``CASE_FAILED`` if some cases gave no score.

    Raises:
        UsageError: if the expert gives no scores, or no case gave one.
    """
    tool = find_tool(request.name)
    if tool.card.weights_sha256 is None:
        raise UsageError(f"{request.name} has no weights: there is nothing to calibrate")
    found = _collect(tool, request)
    if not found.scored:
        raise UsageError(f"{request.manifest}: no case gave a score for a concept that it labels")
    calibration = Calibration(
        expert=tool.card.name,
        version=plain_version(tool.card),
        weights_sha256=tool.card.weights_sha256,
        dataset=request.dataset,
        cases=found.scored,
        date=datetime.now(UTC).date().isoformat(),
        sensitivity=request.sensitivity,
        specificity=request.specificity,
        confidence=request.confidence,
        concepts={c: _fit(c, found, request) for c in sorted(found.scales)},
    )
    try:
        request.out.write_text(calibration.model_dump_json(indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {request.out}: {error.strerror}") from None
    _print(calibration, found, request.out)
    return ExitStatus.CASE_FAILED if found.failed else ExitStatus.OK


def _collect(tool: Tool, request: CalibrateRequest) -> _Collected:
    source = resolve_manifest(request.manifest)
    limits = IntakeLimits(data_root=request.data_root)
    found = _Collected()
    for line in source.read(limits):
        try:
            labelled = read_labelled_case(line, base=source.base, limits=limits)
        except IntakeError as error:
            reason = str(error)
        else:
            run = run_tool(tool, labelled.case)
            reason = f"{run.call.outcome.value}: {run.call.reason}"
            if run.call.outcome is Outcome.OK:
                if found.add(labelled, run.findings):
                    found.scored += 1
                    continue
                reason = "no score for a concept that it labels"
        found.failed += 1
        sys.stderr.write(f"{line.id}: {reason}\n")
    return found


def _fit(concept: str, found: _Collected, request: CalibrateRequest) -> ConceptCalibration:
    import numpy as np

    from expert_models.scores.fitting import fit_concept

    def scores(truth: bool) -> "NDArray[np.float64]":
        return np.asarray(found.scores.get((concept, truth), []), np.float64)

    return fit_concept(
        found.scales[concept],
        scores(True),
        scores(False),
        sensitivity=request.sensitivity,
        specificity=request.specificity,
        confidence=request.confidence,
    )


def _print(calibration: Calibration, found: _Collected, out: Path) -> None:
    for concept, fitted in calibration.concepts.items():
        auc = "" if fitted.auc is None else f", AUC {fitted.auc:.3f}"
        print(f"{concept} ({fitted.positives} with, {fitted.negatives} without{auc})")
        for point, words, rate in (
            (fitted.present, "present from", "specificity"),
            (fitted.absent, "absent below", "sensitivity"),
        ):
            if point is not None:
                print(
                    f"  {words} {point.threshold:.4g}: {rate} {point.rate:.3f} "
                    f"({point.low:.3f} to {point.high:.3f})"
                )
        for reason in fitted.why_open:
            print(f"  {reason}")
    print(f"{found.scored} cases used, {found.failed} without a score; written: {out}")
