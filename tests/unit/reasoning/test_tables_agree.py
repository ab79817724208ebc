"""For complete inputs the solver concludes what a plain reading of the tables gives."""

from fractions import Fraction
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dxtrace.knowledge import Knowledge, load_knowledge
from dxtrace.knowledge.expression import parse_expression
from dxtrace.reasoning import Checker
from tests.unit.reasoning.plain_evaluation import (
    Place,
    PlainEvaluator,
    World,
    WorldMaker,
    findings_of,
)
from tests.unit.small_packs import small_knowledge

SHIPPED = load_knowledge()
WHOLE_CASE = [n for n, (_, o) in SHIPPED.outputs.items() if o.for_each is None]


def physical(knowledge: Knowledge, evaluator: PlainEvaluator, pack: str) -> bool:
    """Whether a world keeps to what the packs state about the world."""
    for constraint in knowledge.packs[pack].header.constraints:
        node = parse_expression(constraint.expr)
        number = len(evaluator.world.lesions.get(constraint.for_each or "", []))
        places = [Place({constraint.for_each: i}) for i in range(number)]
        try:
            if not all(evaluator(node, p) for p in places or [Place()]):
                return False
        except (KeyError, IndexError):
            continue  # it speaks of facts that do not bear on this output
    return True


@pytest.mark.parametrize("output", WHOLE_CASE)
@settings(max_examples=4)
@given(seed=st.integers(0, 2**32))
def test_every_shipped_conclusion_is_the_value_of_the_one_row_that_holds(
    output: str, seed: int
) -> None:
    random, maker = Random(seed), WorldMaker(SHIPPED, output)  # noqa: S311  # made-up cases
    for _ in range(6):
        world = maker.world(random)
        evaluator = PlainEvaluator(SHIPPED, world)
        if not physical(SHIPPED, evaluator, SHIPPED.outputs[output][0].id):
            continue
        checker = Checker(SHIPPED, findings_of(SHIPPED, world))
        if checker.conflicts or checker.base.problems:
            assert not checker.base.problems
            continue  # a made-up case that some rule excludes
        expected = evaluator.output(output)
        if expected is not None:  # no lesion, and the pack gives no value for that
            conclusion = checker.conclude(output)
            assert (conclusion.value, conclusion.verdict.value) == (expected, "entailed"), world
            assert conclusion.because
        return


@settings(max_examples=40)
@given(data=st.data())
def test_any_condition_means_the_same_to_solver_and_reader(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Conditions made up from all operators, over one spot with known values."""
    condition = data.draw(CONDITIONS)
    lesion = {
        "size": data.draw(st.fractions(0, 20, max_denominator=20)),
        "prior_size": data.draw(st.fractions(0, 20, max_denominator=20)),
        "rough": data.draw(st.booleans()),
        "composition": data.draw(st.sampled_from(["solid", "soft", "mixed"])),
        "marks": data.draw(st.sampled_from([["dots"], ["lines"], ["dots", "lines"]])),
        "count": Fraction(data.draw(st.integers(1, 3))),
        "left": True,
        "right": False,
    }
    world = World({"spot.present": True, "gas.present": True}, {"spot": [lesion]})
    knowledge = small(tmp_path_factory)
    expected = PlainEvaluator(knowledge, world)(parse_expression(condition), Place())
    checker = Checker(knowledge, findings_of(knowledge, world))
    assert checker.holds(condition) == expected
    assert checker.holds(f"!({condition})") == (not expected)


_SMALL: list[Knowledge] = []


def small(tmp_path_factory: pytest.TempPathFactory) -> Knowledge:
    if not _SMALL:
        folder: Path = tmp_path_factory.mktemp("small")
        _SMALL.append(small_knowledge(folder))
    return _SMALL[0]


NUMBERS = st.recursive(
    st.sampled_from(["s.size", "s.prior_size"]),
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from("+-"), inner),
        st.builds("({} * {}.5)".format, inner, st.integers(0, 3)),
        st.builds("({} / {}.0)".format, inner, st.integers(1, 7)),
        st.builds("round_half_up({})".format, inner),
        st.builds("round_half_up({}, 1)".format, inner),
        st.builds("{}({}, {})".format, st.sampled_from(["max", "min"]), inner, inner),
        st.builds("(s.rough ? {} : {})".format, inner, inner),
        st.builds("-{}".format, inner),
    ),
    max_leaves=4,
)  # fmt: skip
ATOMS = st.one_of(
    st.builds("{} {} {}".format, NUMBERS, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]),
              NUMBERS),
    st.sampled_from(
        ["s.rough", 's.composition == "solid"', 's.composition != "soft"',
         's.composition in ["soft", "mixed"]', '"dots" in s.marks', "has(s.rough)",
         '(s.rough ? "a" : "b") == "a"', "gas.present", "s.rough == gas.present"]
    ),
)  # fmt: skip
BODIES = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds("!({})".format, inner),
        st.builds("({} && {})".format, inner, inner),
        st.builds("({} || {})".format, inner, inner),
        st.builds("({} ? {} : {})".format, inner, inner, inner),
    ),
    max_leaves=4,
)
CONDITIONS = st.one_of(
    st.builds("spot.exists(s, {})".format, BODIES),
    st.builds("spot.all(s, {})".format, BODIES),
    st.builds("spot.filter(s, {}).size() >= {}".format, BODIES, st.integers(0, 3)),
    st.builds("spot.map(s, {}).sum() > {}.0".format, NUMBERS, st.integers(0, 20)),
)
