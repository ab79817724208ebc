import json
from pathlib import Path
from typing import Any

import pytest

from dxtrace.clinical import Evidence, Presence
from expert_models import ModelCard, OperatingPoint, WeightsFile
from expert_models.scores import (
    Decision,
    ScoredConcept,
    calibrated_card,
    decide,
    load_calibration,
    score_finding,
)

CARD = ModelCard(
    name="scorer",
    version="1",
    weights=(WeightsFile(sha256="a" * 64, name="w.pt"),),
    operating_points=(
        OperatingPoint(concept="pneumonia", threshold=0.5, scale="logit", source="package"),
    ),
)


def content(**changes: Any) -> dict[str, Any]:
    def point(threshold: float) -> dict[str, float]:
        return {"threshold": threshold, "rate": 0.97, "low": 0.95, "high": 0.99}

    fitted = {"scale": "logit", "positives": 300, "negatives": 400}
    return {
        "expert": "scorer", "version": "1", "weights_sha256": "a" * 64, "dataset": "ours",
        "cases": 700, "date": "2026-01-02", "sensitivity": 0.95, "specificity": 0.95,
        "confidence": 0.95,
        "concepts": {"pneumonia": {**fitted, "present": point(2.0), "absent": point(-1.0)}},
        **changes,
    }  # fmt: skip


def written(folder: Path, **changes: Any) -> Path:
    path = folder / "calibration.json"
    path.write_text(json.dumps(content(**changes)))
    return path


@pytest.mark.parametrize(
    ("value", "presence", "point"),
    [
        (2.0, Presence.PRESENT, 2.0),
        (0.7, Presence.INDETERMINATE, 2.0),
        (-1.0, Presence.INDETERMINATE, 2.0),
        (-1.1, Presence.ABSENT, -1.0),
    ],
)
def test_between_its_thresholds_a_score_decides_nothing(
    tmp_path: Path, value: float, presence: Presence, point: float
) -> None:
    calibration = load_calibration(written(tmp_path), CARD)
    finding = score_finding(
        ScoredConcept("pneumonia", value, "logit"), decide(calibration, "pneumonia", "logit"),
        Evidence(tool="scorer"), "s1",
    )  # fmt: skip
    assert finding.presence is presence
    assert finding.certainty == "stated"
    assert finding.score is not None
    assert (finding.score.value, finding.score.operating_point) == (value, point)


@pytest.mark.parametrize(("concept", "scale"), [("pneumonia", "sigmoid"), ("effusion", "logit")])
def test_what_was_not_fitted_is_read_as_without_a_calibration(
    tmp_path: Path, concept: str, scale: str
) -> None:
    calibration = load_calibration(written(tmp_path), CARD)
    package = Decision(present_at=0.5, certainty="probable")
    assert decide(calibration, concept, scale, package) == package
    assert decide(None, concept, scale).presence(9) is Presence.INDETERMINATE


def test_the_card_shows_the_thresholds_and_where_they_come_from(tmp_path: Path) -> None:
    card = calibrated_card(CARD, load_calibration(written(tmp_path), CARD))
    assert [p.threshold for p in card.operating_points] == [2.0, -1.0]
    assert "ours (700 cases, 2026-01-02)" in card.operating_points[0].source
    assert "specificity 0.970 (0.950 to 0.990)" in card.operating_points[0].source
    # Results are kept by version: with another calibration they are other results.
    other = load_calibration(written(tmp_path, dataset="another"), CARD)
    assert len({CARD.version, card.version, calibrated_card(CARD, other).version}) == 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weights_sha256": "b" * 64}, "fitted for weights_sha256"),
        ({"expert": "other"}, "fitted for expert other"),
        ({"version": "2"}, "fitted for version 2"),
        ({"sensitivity": 1.5}, "sensitivity"),
        ({"cases": 0}, "cases"),
        ({"extra": 1}, "extra"),
    ],
)
def test_calibrations_of_something_else_are_refused(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        load_calibration(written(tmp_path, **changes), CARD)


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", '{"expert": NaN}', "\x80"])
def test_files_that_are_no_calibration_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "calibration.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError, match="is no calibration"):
        load_calibration(path, CARD)


def test_thresholds_in_the_wrong_order_are_refused(tmp_path: Path) -> None:
    wrong = content()
    wrong["concepts"]["pneumonia"]["absent"]["threshold"] = 3.0
    path = tmp_path / "calibration.json"
    path.write_text(json.dumps(wrong))
    with pytest.raises(ValueError, match="present to begin where absent ends"):
        load_calibration(path, CARD)
