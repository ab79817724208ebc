"""Sizes as intervals: rounding, means, growth; a value only if it holds over the whole interval."""

from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dxtrace.clinical import Conclusion, Measurement
from dxtrace.knowledge import Knowledge, load_knowledge
from dxtrace.reasoning import Checker
from dxtrace.reasoning.quantities import derived_measurement
from tests.unit.reasoning.cases import found

LOW_RISK = found("lung_cancer_risk", attributes={"level": "low"})
ADULT = found("patient", years={"age": 60})
ACTIONS = {
    "small": "NO_ROUTINE_FOLLOWUP",
    "middle": "CT_6_12M_THEN_CONSIDER_18_24M",
    "large": "CT_3M_PET_BIOPSY",
}
ORDER = ("small", "middle", "large")


def fleischner(knowledge: Knowledge, **nodule: Any) -> Conclusion:
    """The recommendation for one solid nodule of a low-risk adult."""
    attributes = {"composition": "solid", **nodule.pop("attributes", {})}
    spot = found("pulmonary_nodule", lesion="n1", attributes=attributes, **nodule)
    return Checker(knowledge, [ADULT, LOW_RISK, spot]).conclude("fleischner.recommendation")


def band(size: Fraction) -> str:
    """The Fleischner size band of an exact size: rounded half up, then below 6, to 8, above."""
    rounded = floor(size + Fraction(1, 2))
    return "small" if rounded < 6 else "middle" if rounded <= 8 else "large"


@pytest.mark.parametrize(
    ("nodule", "wanted"),
    [
        ({"mm": {"diameter": "5.4"}}, "small"),
        ({"mm": {"diameter": "5.49"}}, "small"),
        ({"mm": {"diameter": "5.5"}}, "middle"),
        ({"mm": {"diameter": 6}}, "middle"),
        ({"mm": {"diameter": 8}}, "middle"),
        ({"mm": {"diameter": "8.4"}}, "middle"),
        ({"mm": {"diameter": "8.5"}}, "large"),
        ({"mm": {"diameter": "8.6"}}, "large"),
        ({"cm": {"diameter": "0.84"}}, "middle"),
        ({"cm": {"diameter": "0.86"}}, "large"),
        # the mean decides, rounded after averaging: (9.5 + 7.3) / 2 = 8.4
        ({"mm": {"long_axis": "9.5", "short_axis": "7.3"}}, "middle"),
        ({"mm": {"long_axis": "9.5", "short_axis": "7.6"}}, "large"),
        ({"mm": {"long_axis": 6, "short_axis": 4}}, "small"),
        ({"mm": {"long_axis": 7, "short_axis": 4}}, "middle"),
        ({"mm3": {"volume": 99}}, "small"),
        ({"mm3": {"volume": 100}}, "middle"),
        ({"mm3": {"volume": 250}}, "middle"),
        ({"mm3": {"volume": 251}}, "large"),
    ],
)
def test_fleischner_bands_with_the_rounding_of_the_guideline(
    shipped: Knowledge, nodule: dict[str, Any], wanted: str
) -> None:
    conclusion = fleischner(shipped, **nodule)
    assert conclusion.value == ACTIONS[wanted]
    assert conclusion.verdict == "entailed"


@pytest.mark.parametrize(
    ("ends", "wanted"),
    [
        (("5.4", "6.6"), ["small", "middle"]),
        (("5.0", "5.4"), ["small"]),
        (("5.5", "8.4"), ["middle"]),
        (("8.4", "8.6"), ["middle", "large"]),
        (("5", "12"), ["small", "middle", "large"]),
        ((None, "5.4"), ["small"]),
        ((None, "6"), ["small", "middle"]),
        (("8.5", None), ["large"]),
        (("8", None), ["middle", "large"]),
    ],
)
def test_a_recommendation_only_if_it_holds_over_the_whole_interval(
    shipped: Knowledge, ends: tuple[str | None, str | None], wanted: list[str]
) -> None:
    conclusion = fleischner(shipped, mm={"mean_diameter": ends})
    possible = {ACTIONS[w] for w in wanted}
    if len(possible) == 1:
        assert conclusion.value == possible.pop()
        assert conclusion.possible is None
    else:
        assert conclusion.value is None
        assert conclusion.verdict == "consistent"
        assert set(conclusion.possible or ()) == possible


@settings(max_examples=25)
@given(
    low=st.integers(0, 1200).map(lambda n: Decimal(n) / 100),
    width=st.integers(0, 400).map(lambda n: Decimal(n) / 100),
)
def test_what_remains_is_exactly_what_the_interval_reaches(low: Decimal, width: Decimal) -> None:
    first, last = (band(Fraction(x)) for x in (low, low + width))
    reached = ORDER[ORDER.index(first) : ORDER.index(last) + 1]
    conclusion = fleischner(load_knowledge(), mm={"mean_diameter": (low, low + width)})
    values = set(conclusion.possible or ()) or {conclusion.value}
    assert values == {ACTIONS[b] for b in reached}


def test_open_ends_exclude_the_end_itself(small: Knowledge) -> None:
    def holds(condition: str, **ends: Any) -> bool:
        size = {"kind": "mean_diameter", "unit": "mm", **ends}
        spot = found("spot", lesion="s").model_copy(
            update={"measurements": (Measurement.model_validate(size),)}
        )
        return Checker(small, [spot]).holds(condition)

    below = "spot.all(s, s.size < 6.0)"
    assert holds(below, high=6, high_open=True)
    assert not holds(below, high=6)
    above = "spot.all(s, s.size > 6.0)"
    assert holds(above, low=6, low_open=True)
    assert not holds(above, low=6)


@pytest.mark.parametrize(
    ("kind", "given", "wanted"),
    [
        ("mean_diameter", {"long_axis": "9.5", "short_axis": "7.3"}, ("8.4", "8.4")),
        ("mean_diameter", {"diameter": 7}, (7, 7)),
        ("mean_diameter", {"mean_diameter": 8, "long_axis": 12, "short_axis": 6}, (8, 8)),
        # three axes: the plane of the mean is not known
        ("mean_diameter", {"long_axis": 10, "short_axis": 8, "third_axis": 6}, (8, 9)),
        ("mean_diameter", {"long_axis": 10}, (10, 10)),
        ("largest_dimension", {"long_axis": 12, "short_axis": 6}, (12, 12)),
        ("largest_dimension", {"diameter": 9}, (9, 9)),
        ("smallest_dimension", {"long_axis": 12, "short_axis": 6}, (6, 6)),
        ("solid_mean_diameter", {"solid_long_axis": 6, "solid_short_axis": 4, "long_axis": 20},
         (5, 5)),
        ("prior_mean_diameter", {"prior_long_axis": 6, "prior_short_axis": 4}, (5, 5)),
        ("mean_diameter", {"prior_diameter": 4, "solid_diameter": 3}, None),
        ("volume", {"diameter": 7}, None),
    ],
)  # fmt: skip
def test_derived_sizes(kind: str, given: dict[str, Any], wanted: tuple[Any, Any] | None) -> None:
    sizes = [Measurement(kind=k, value=Decimal(v), unit="mm") for k, v in given.items()]
    interval = derived_measurement(kind, sizes, "mm")
    if wanted is None:
        assert interval is None
    else:
        assert interval is not None
        assert (interval.low, interval.high) == tuple(Fraction(w) for w in wanted)


@given(a=st.decimals("0.1", 100, places=1), b=st.decimals("0.1", 100, places=1))
def test_a_mean_lies_between_its_axes(a: Decimal, b: Decimal) -> None:
    sizes = [
        Measurement(kind="long_axis", value=max(a, b), unit="mm"),
        Measurement(kind="short_axis", value=min(a, b), unit="mm"),
    ]
    mean = derived_measurement("mean_diameter", sizes, "cm")
    assert mean is not None
    assert mean.low == mean.high == Fraction(a + b) / 20


# -- growth ------------------------------------------------------------------------------------


def lung_rads(knowledge: Knowledge, **nodule: Any) -> Conclusion:
    spot = found("pulmonary_nodule", lesion="n1", **nodule)
    exam = found("exam", attributes={"modality": "ct", "screening": True})
    return Checker(knowledge, [ADULT, exam, spot]).conclude("lung_rads.category")


def test_growth_against_a_prior_raises_the_category(shipped: Knowledge) -> None:
    """More than 1.5 mm within 12 months is growth (Lung-RADS v2022)."""
    solid = {"composition": "solid"}
    prior = {"prior_interval": 12}
    same = lung_rads(shipped, attributes=solid, months=prior,
                     mm={"mean_diameter": 7, "prior_mean_diameter": 7})  # fmt: skip
    grown = lung_rads(shipped, attributes=solid, months=prior,
                      mm={"mean_diameter": 7, "prior_mean_diameter": 5})  # fmt: skip
    assert same.value == "2"
    assert grown.value == "4A"


def test_a_prior_report_states_the_prior_size(shipped: Knowledge) -> None:
    """What the earlier report calls its size is the prior size of the same lesion."""
    exam = found("exam", attributes={"modality": "ct", "screening": True})
    now = found("pulmonary_nodule", lesion="n1", attributes={"composition": "solid"},
                mm={"mean_diameter": 7}, months={"prior_interval": 12}, id="now")  # fmt: skip
    then = found("pulmonary_nodule", lesion="n1", context="prior", mm={"mean_diameter": 5},
                 id="then")  # fmt: skip
    checker = Checker(shipped, [ADULT, exam, now, then])
    assert checker.conclude("lung_rads.category").value == "4A"


def test_a_prior_lesion_alone_is_no_lesion_of_today(shipped: Knowledge) -> None:
    then = found("pulmonary_nodule", lesion="n1", context="prior", mm={"mean_diameter": 5})
    checker = Checker(shipped, [then])
    assert not checker.holds("pulmonary_nodule.present")
    assert not checker.holds("pulmonary_nodule.exists(n, n.mean_diameter > 0.0)")
