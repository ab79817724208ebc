"""Structured input that the vocabulary does not know is refused by name."""

from typing import Any

import pytest

from dxtrace.clinical import Case
from dxtrace.intake import IntakeError, check_case
from dxtrace.intake.case_builder import build_case
from dxtrace.intake.case_fields import validate_case_fields
from dxtrace.intake.limits import IntakeLimits
from dxtrace.knowledge import load_knowledge
from tests.integration.conftest import ROOT


def checked(**fields: Any) -> Case:
    read = validate_case_fields(fields)
    case = build_case(read, case_id="c", base=ROOT, limits=IntakeLimits())
    return check_case(case, load_knowledge())


def nodule(**fields: Any) -> Case:
    return checked(findings=[{"concept": "pulmonary_nodule", **fields}])


def test_what_fits_passes_and_gets_its_id_of_the_finding_model() -> None:
    case = nodule(
        attributes={"composition": "solid", "spiculated": True, "count": 3},
        measurements=[
            {"kind": "diameter", "value": 0.7, "unit": "cm"},
            {"kind": "prior_mean_diameter", "value": 5, "unit": "mm"},
        ],
    )
    assert case.findings[0].oifm_id == "OIFM_CDE_000195"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (
            {"concept": "pulmonary_noduel"},
            r"findings\[0\]\.concept: .* did you mean 'pulmonary_nod",
        ),
        ({"attributes": {"composit": "solid"}}, "did you mean 'composition'"),
        ({"attributes": {"composition": "sloid"}}, "did you mean 'solid'"),
        ({"attributes": {"composition": ["solid", "ground_glass"]}}, "expected one value, got 2"),
        ({"attributes": {"spiculated": "yes"}}, "expected true or false, got 'yes'"),
        ({"attributes": {"count": 2.5}}, r"expected a whole number, got 2\.5"),
        ({"attributes": {"count": -1}}, "expected a number from"),
        ({"attributes": {"mean_diameter": "big"}}, "expected a number in mm, got 'big'"),
        ({"measurements": [{"kind": "diameter", "value": 7, "unit": "mL"}]}, "expected a length"),
        ({"measurements": [{"kind": "diameter", "value": 7, "unit": "kg"}]}, "unknown unit 'kg'"),
        ({"measurements": [{"kind": "diametre", "value": 7, "unit": "mm"}]}, "mean 'diameter'"),
    ],
)
def test_what_does_not_fit_is_named(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(IntakeError, match=said) as raised:
        nodule(**fields)
    assert raised.value.case_id == "c"


@pytest.mark.parametrize(
    ("measurement", "said"),
    [
        ({"value": 0}, r"measurements\[0\]\.value: expected more than 0 mm, got 0"),
        ({"value": -7}, r"\.value: expected more than 0 mm, got -7"),
        ({"value": 1e308}, r"\.value: expected at most 3000 mm, got 1E\+308 mm"),
        ({"low": 2, "high": 4000}, r"\.high: expected at most 3000 mm"),
        ({"low": -1, "high": 4}, r"\.low: expected more than 0"),
        ({"kind": "mean_diameter", "value": 21, "unit": "cm"}, "at most 200 mm, got 21 cm"),
        ({"kind": "prior_interval", "value": 5000, "unit": "mo"}, "at most 1200 mo"),
        ({"kind": "volume", "value": 0, "unit": "mm3"}, "more than 0 mm3"),
    ],
)
def test_a_size_that_nothing_has_is_refused(measurement: dict[str, Any], said: str) -> None:
    with pytest.raises(IntakeError, match=said):
        nodule(measurements=[{"kind": "diameter", "unit": "mm", **measurement}])


@pytest.mark.parametrize("size", [0, -1, 1e308])
def test_a_size_given_as_an_attribute_is_no_different(size: float) -> None:
    with pytest.raises(IntakeError, match=r"attributes\.mean_diameter: expected .* mm, got"):
        nodule(attributes={"mean_diameter": size})


def test_sizes_at_the_ends_of_what_is_possible_pass() -> None:
    for value in ("0.1", "200"):
        nodule(measurements=[{"kind": "mean_diameter", "value": value, "unit": "mm"}])
    nodule(measurements=[{"kind": "diameter", "low": 0, "high": 6, "unit": "mm"}])
    gone = {"current_sum": 0, "baseline_sum": 40}
    checked(findings=[{"concept": "response_assessment", "attributes": gone}])


@pytest.mark.parametrize("value", [-1, 1e308])
def test_a_laboratory_value_that_nobody_has_is_refused(value: float) -> None:
    calcium = {"name": "Calcium", "code": "17861-6", "unit": "mmol/L", "value": value}
    with pytest.raises(IntakeError, match=r"observations\[0\]\.value: expected a number from 0"):
        checked(observations=[calcium])


def test_a_laboratory_value_in_an_impossible_unit_is_refused() -> None:
    calcium = {"name": "Calcium", "code": "17861-6", "value": 11}
    for unit in ("mg/dL", "mmol/L"):
        checked(observations=[{**calcium, "unit": unit}])
    with pytest.raises(IntakeError, match=r"observations\[0\]\.unit: .* for Calcium, got 'mm'"):
        checked(observations=[{**calcium, "unit": "mm"}])


def test_an_unknown_pack_is_refused() -> None:
    with pytest.raises(IntakeError, match="did you mean 'fleischner'"):
        checked(packs=["fleishner"], reports=[{"text": "Clear."}])
