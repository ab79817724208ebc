"""What a call asks for: given to an expert that takes it, refused before the call otherwise."""

from typing import Any

import pytest

from dxtrace.clinical import Case, Finding, Image, Outcome, Presence, Report, Series, Study
from expert_models import Arguments, Box, ModelCard, Point
from tests.unit.tools import experts_that_take_arguments as experts
from tools import Tool, run_tool

IMAGES = Study(id="st", series=(Series(id="s-1", modality="CT", images=(Image(path="x.dcm"),)),))
CASE = Case(id="c-1", reports=(Report(text="FINDINGS: Gas."),), studies=(IMAGES,))
PHRASE = Arguments(phrases=("gas under the diaphragm",))
ALL = ("phrases", "points", "boxes", "everything")


def tool(function: Any = experts.repeat, **card: Any) -> Tool:
    fields = {"name": "expert", "accepts": ("report",), "produces": ("gas",), "prompts": ALL}
    return Tool(ModelCard(**{**fields, **card}), function, origin="somebody")


@pytest.mark.parametrize("isolated", [False, True])
def test_an_expert_with_a_second_parameter_gets_them(isolated: bool) -> None:
    run = run_tool(tool(isolated=isolated), CASE, PHRASE)
    assert run.call.outcome is Outcome.OK, run.call.reason
    assert run.findings[0].text == "gas under the diaphragm"
    assert run.call.arguments == PHRASE


def test_without_any_it_gets_empty_ones() -> None:
    run = run_tool(tool(), CASE)
    assert (run.call.outcome, run.findings[0].text) == (Outcome.OK, "")
    assert run.call.model_dump(mode="json")["arguments"] == {}


def test_a_parameter_of_the_authors_own_stays_his() -> None:
    def count(case: Case, most: int = 3) -> list[Finding]:
        return [Finding(id=case.id, concept="gas", presence=Presence.PRESENT, text=str(most))]

    assert run_tool(tool(count, prompts=()), CASE).findings[0].text == "3"


@pytest.mark.parametrize(
    ("card", "arguments", "reason"),
    [
        ({"prompts": ()}, PHRASE, "it cannot be called with phrases: it takes none"),
        (
            {"prompts": ("points", "boxes")},
            Arguments(everything=True),
            "it cannot be called with everything: it takes points or boxes",
        ),
        (
            {"arguments": ("liver", "spleen")},
            Arguments(classes=("lung",)),
            "it cannot be called for the class 'lung': expected one of liver, spleen",
        ),
        (
            {"prompt_needed": True, "arguments": ("liver",)},
            Arguments(classes=("liver",)),
            "it does nothing by itself: expected phrases or points or boxes or everything",
        ),
        (
            {"accepts": ("image",)},
            Arguments(points=(Point(at=(1, 2), series="s-9"),)),
            "a point or box lies on series 's-9': expected one that fits, s-1",
        ),
    ],
)
def test_what_the_card_does_not_take_is_refused_before_the_call(
    card: dict[str, Any], arguments: Arguments, reason: str
) -> None:
    run = run_tool(tool(experts.never, **card), CASE, arguments)
    assert run.call.outcome is Outcome.NOT_APPLICABLE
    assert reason in run.call.reason


def test_a_box_on_a_series_that_fits_is_taken() -> None:
    box = Arguments(boxes=(Box(low=(1, 2), high=(3, 4), series="s-1"),))
    assert run_tool(tool(accepts=("image",)), CASE, box).call.outcome is Outcome.OK


def test_a_card_with_prompts_needs_a_function_that_takes_them() -> None:
    with pytest.raises(ValueError, match=r"expected a function of \(case, arguments\)"):
        tool(lambda case: [], prompts=("points",))  # noqa: ARG005 - the parameter that is there


@pytest.mark.parametrize("at", [(1,), (1, 2, 3, 4), (1, -2), (1.5, 2)])
def test_a_point_that_is_no_array_index_is_refused(at: Any) -> None:
    with pytest.raises(ValueError, match=r"at"):
        Point(at=at)
