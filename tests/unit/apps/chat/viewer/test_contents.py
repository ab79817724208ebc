"""The list of what there is to see, before any pixel is read."""

from datetime import date
from pathlib import Path

import pytest

from apps.chat.viewer.contents import describe_contents, refusal_of
from apps.chat.viewer.viewed import Viewed
from dxtrace.clinical import Case, Image, Series, Study
from tests.viewed_phantoms import lesion_session, straight


def test_series_are_numbered_in_the_order_of_the_case(tmp_path: Path) -> None:
    one = (Image(path=tmp_path / "a.png", modality="CR", view="pa"),)
    case = Case(
        id="c",
        studies=(
            Study(
                id="old", day=date(2025, 5, 1), is_prior=True,
                series=(Series(id="x", modality="CR", images=one), Series(id="empty")),
            ),
            Study(id="new", series=(Series(id="y", description="Chest, low dose", images=one),)),
        ),
    )  # fmt: skip
    listed = describe_contents(Viewed(case, None, tmp_path))["series"]
    assert [(s["number"], s["id"], s["isPrior"]) for s in listed] == [
        (0, "x", True),
        (2, "y", False),
    ]
    assert [s["title"] for s in listed] == ["CR, pa, 2025-05-01, prior", "Chest, low dose, pa"]
    assert str(tmp_path) not in str(listed)


def test_findings_lead_to_their_masks(tmp_path: Path) -> None:
    viewed = lesion_session(tmp_path, straight(), prior=True)
    (place,) = describe_contents(viewed)["findings"]
    assert viewed.result is not None
    (mask,) = viewed.result.artifacts
    assert place == {"finding": "f-Solid nodule", "series": 1, "marks": [mask.path]}


@pytest.mark.parametrize(
    ("shape", "is_colour", "refused"),
    [
        (None, False, False),
        ((600, 512, 512), False, False),
        ((2000, 512, 512), False, True),
        ((14_000, 14_000), True, False),
        ((19_000, 200), True, True),
    ],
)
def test_what_a_browser_cannot_hold_is_refused(
    shape: tuple[int, ...] | None, is_colour: bool, refused: bool
) -> None:
    reason = refusal_of(shape, is_colour=is_colour)
    assert bool(reason) == refused
    assert not refused or "too large for the browser" in reason
