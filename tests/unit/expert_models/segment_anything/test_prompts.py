import pytest

from expert_models import Arguments, Box, Point, ToolRefusal
from expert_models.segment_anything.prompts import series_asked, targets_of

STACK, PLANE = (6, 40, 50), (40, 50)


def test_a_box_over_slices_is_a_box_in_each_of_them() -> None:
    (target,) = targets_of(Arguments(boxes=(Box(low=(2, 5, 6), high=(4, 9, 8)),)), STACK)
    assert [p.index for p in target.prompts] == [2, 3, 4]
    assert {p.box for p in target.prompts} == {(5, 6, 9, 8)}


def test_points_in_a_box_refine_it_and_the_others_are_one_more_thing() -> None:
    arguments = Arguments(
        boxes=(Box(low=(5, 5), high=(20, 20)),),
        points=(
            Point(at=(10, 10)),
            Point(at=(6, 6), inside=False),
            Point(at=(30, 30)),
            Point(at=(35, 35)),
        ),
    )
    box, points = targets_of(arguments, PLANE)
    assert box.prompts[0].points == ((10, 10, True), (6, 6, False))
    assert points.name == "points"
    assert points.prompts[0].points == ((30, 30, True), (35, 35, True))


def test_a_plane_may_be_pointed_at_in_a_stack_of_one_slice() -> None:
    (target,) = targets_of(Arguments(points=(Point(at=(3, 4)),)), (1, 40, 50))
    assert target.prompts[0].index == 0


@pytest.mark.parametrize(
    ("at", "why"),
    [((6, 0, 0), "inside the image"), ((0, 40, 0), "inside the image"), ((3, 4), "of a stack")],
)
def test_what_lies_outside_the_image_is_refused(at: tuple[int, ...], why: str) -> None:
    with pytest.raises(ToolRefusal, match=why):
        targets_of(Arguments(points=(Point(at=at),)), STACK)


def test_only_points_that_are_not_on_the_thing_are_refused() -> None:
    with pytest.raises(ToolRefusal, match="on the thing itself"):
        targets_of(Arguments(points=(Point(at=(1, 2, 3), inside=False),)), STACK)


def test_one_call_marks_one_series() -> None:
    both = Arguments(points=(Point(at=(1, 2), series="a"), Point(at=(1, 2), series="b")))
    with pytest.raises(ToolRefusal, match="one series"):
        series_asked(both)
