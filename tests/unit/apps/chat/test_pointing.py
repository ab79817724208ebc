"""A place that was pointed at in the images, as a call of an expert that takes one."""

from typing import Any

import pytest

from apps.chat.pointing import place_words, prompt_request
from apps.chat.refusals import NotNowError
from dxtrace.clinical import Box, Case, Image, Point, Report, Series, Study
from expert_models import ModelCard
from tests.unit.tools import experts_that_take_arguments as experts
from tools import Tool, ToolRegistry

CASE = Case(
    id="c-1",
    reports=(Report(text="FINDINGS: Clear."),),
    studies=(
        Study(
            id="current",
            series=(Series(id="series-1", shape=(10, 20, 30), images=(Image(path="a"),)),),
        ),
    ),
)


def registry(*prompts: str) -> ToolRegistry:
    made = ToolRegistry()
    card: dict[str, Any] = {"prompts": prompts, "accepts": ("report",), "produces": ("*",)}
    made.register(Tool(ModelCard(name="segmenter", **card), experts.repeat))
    return made


def test_a_point_and_a_box_become_calls_with_their_indices() -> None:
    tools = registry("points", "boxes")
    point = prompt_request(tools, CASE, "series-1", "point", [[3, 4, 5]])
    assert point.tool == "segmenter"
    assert point.arguments.points == (Point(at=(3, 4, 5), series="series-1"),)
    box = prompt_request(tools, CASE, "series-1", "box", [[3, 9, 5], [3, 4, 25]])
    assert box.arguments.boxes == (Box(low=(3, 4, 5), high=(3, 9, 25), series="series-1"),)
    assert (
        place_words("series-1", "point", [[3, 4, 5]])
        == "What is at this point of series-1: 3, 4, 5?"
    )


@pytest.mark.parametrize("corners", [[[10, 0, 0]], [[0, 20, 0]], [[0, 0, 30]], [[1, 2]]])
def test_a_place_outside_of_the_images_is_refused(corners: list[list[int]]) -> None:
    with pytest.raises(NotNowError, match="not in the images"):
        prompt_request(registry("points"), CASE, "series-1", "point", corners)
    with pytest.raises(NotNowError, match="not in the images"):
        prompt_request(registry("points"), CASE, "series-9", "point", [[0, 0, 0]])


@pytest.mark.parametrize(
    ("kind", "corners"),
    [
        ("point", []), ("point", [[-1, 0, 0]]), ("point", [["1", 0, 0]]), ("point", [[1.5, 0, 0]]),
        ("box", [[0, 0, 0]]), ("box", [[0, 0, 0], [1, 1]]), ("line", [[0, 0, 0]]),
    ],
)  # fmt: skip
def test_what_is_no_place_is_refused(kind: str, corners: list[list[Any]]) -> None:
    with pytest.raises(NotNowError, match="no point and no box"):
        prompt_request(registry("points", "boxes"), CASE, "series-1", kind, corners)


def test_where_no_expert_takes_points_it_is_said() -> None:
    with pytest.raises(NotNowError, match="No expert here"):
        prompt_request(registry("boxes"), CASE, "series-1", "point", [[3, 4, 5]])
