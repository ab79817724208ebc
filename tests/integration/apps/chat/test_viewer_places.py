"""Where things are: what is clicked on the screen is the voxel that tools get, in every space."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from dxtrace.clinical import Arguments, Box, Outcome, Point, ToolCall
from tests.integration.apps.chat.conftest import Open, Watched
from tests.integration.apps.chat.seen import largest_coloured_spot, largest_white_spot
from tests.viewed_phantoms import (
    LESION,
    Affine,
    Session,
    flipped,
    lesion_session,
    oblique,
    straight,
    write_volume,
)

pytestmark = pytest.mark.slow
SPACES = {"straight": straight(), "flipped": flipped(), "oblique": oblique(), "unknown": None}
PLANES = {"axial": 0, "coronal": 1, "sagittal": 2, "stored": 0}


def prompts(viewer: Watched, count: int) -> list[dict[str, Any]]:
    """What the page has heard, once there are that many prompts."""
    wanted = "heard.filter((m) => m.type === 'dxtrace.prompt')"
    viewer.page.wait_for_function(f"{wanted}.length >= {count}")
    heard: list[dict[str, Any]] = viewer.page.evaluate(wanted)
    return heard


def lesion_in_sight(viewer: Watched) -> Any:
    """Go to the lesion, with its mark off: where it is white on the screen."""
    viewer.page.evaluate("say({type: 'dxtrace.show', finding: 'f-Solid nodule'})")
    viewer.says("A: Solid nodule")
    surface = viewer.surface()
    expect(surface.locator(".ring")).to_have_count(1)
    viewer.frame.get_by_role("checkbox", name="A Solid nodule").uncheck()
    viewer.frame.get_by_role("slider", name="slice").focus()
    for key in ("ArrowRight", "ArrowLeft"):  # a slice further and back: the ring would cover it
        viewer.page.keyboard.press(key)
    expect(surface.locator(".letter, .ring")).to_have_count(0)
    return largest_white_spot(surface)


@pytest.mark.parametrize("drawing", ["niivue", "canvas"])
@pytest.mark.parametrize("space", SPACES)
def test_a_click_on_the_lesion_posts_its_index(
    open_viewer: Open, tmp_path: Path, space: str, drawing: str
) -> None:
    viewer = open_viewer(lesion_session(tmp_path, SPACES[space]), framed=True, drawing=drawing)
    planes = ["stored"] if space == "unknown" else ["axial", "coronal", "sagittal"]
    viewer.frame.get_by_role("radio", name="Point prompt").check()
    for number, plane in enumerate(planes, start=1):
        if plane != "stored":
            viewer.frame.get_by_role("radio", name=plane).check()
        spot = lesion_in_sight(viewer)
        viewer.surface().click(position={"x": spot.x, "y": spot.y})
        *_, last = prompts(viewer, number)
        assert (last["series"], last["kind"]) == ("now-0-1", "point")
        (at,) = last["at"]
        assert all(part.start <= n < part.stop for part, n in zip(LESION, at, strict=True)), plane
    expect(viewer.surface()).to_have_attribute("data-drawing", drawing)
    assert viewer.complaints == []


@pytest.mark.parametrize("space", ["straight", "flipped"])
def test_a_box_around_the_lesion_posts_its_corners(
    open_viewer: Open, tmp_path: Path, space: str
) -> None:
    viewer = open_viewer(lesion_session(tmp_path, SPACES[space]), framed=True)
    viewer.frame.get_by_role("radio", name="Box prompt").check()
    spot = lesion_in_sight(viewer)
    frame = viewer.surface().bounding_box()
    assert frame is not None
    pixel = spot.width / 5  # the lesion is 5 columns wide
    reach_x, reach_y = spot.width / 2 + pixel, spot.height / 2 + pixel
    mouse = viewer.page.mouse
    mouse.move(frame["x"] + spot.x + reach_x, frame["y"] + spot.y + reach_y)
    mouse.down()
    mouse.move(frame["x"] + spot.x, frame["y"] + spot.y)
    mouse.move(frame["x"] + spot.x - reach_x, frame["y"] + spot.y - reach_y)
    mouse.up()
    (posted,) = prompts(viewer, 1)
    low, high = posted["at"]
    assert posted["kind"] == "box"
    assert low[0] == high[0]
    assert LESION[0].start <= low[0] < LESION[0].stop
    assert np.abs(np.array(low[1:]) - [LESION[1].start - 1, LESION[2].start - 1]).max() <= 1
    assert np.abs(np.array(high[1:]) - [LESION[1].stop, LESION[2].stop]).max() <= 1
    assert all(a <= b for a, b in zip(low, high, strict=True))


@pytest.mark.parametrize("space", ["straight", "flipped"])
def test_what_experts_were_asked_about_is_shown_where_it_lies(
    open_viewer: Open, tmp_path: Path, space: str
) -> None:
    low, high = [part.start for part in LESION], [part.stop - 1 for part in LESION]
    middle = [(a + b) // 2 for a, b in zip(low, high, strict=True)]
    arguments = Arguments(
        boxes=(Box(low=tuple(low), high=tuple(high), series="now-0-1"),),
        points=(Point(at=tuple(middle), series="now-0-1"), Point(at=(0, 0, 0), series="before")),
    )
    seen = lesion_session(tmp_path, SPACES[space])
    assert seen.result is not None
    call = ToolCall(name="outliner", outcome=Outcome.OK, seconds=1.0, arguments=arguments)
    result = seen.result.model_copy(update={"tools": (call, call)})
    viewer = open_viewer(dataclasses.replace(seen, result=result), framed=True)
    expect(viewer.frame.locator(".mark.asked")).to_have_text(
        ["Point, asked of outlinerGo", "Box, asked of outlinerGo"]
    )
    spot = lesion_in_sight(viewer)
    surface = viewer.surface().bounding_box()
    for name in (".asked-box", ".asked-point"):
        viewer.frame.get_by_role("button", name=f"Go to {name[7:]}, asked of outliner").click()
        expect(viewer.surface().locator(name)).to_have_count(1)
        drawn = viewer.surface().locator(name).bounding_box()
        assert surface is not None
        assert drawn is not None
        off_x = drawn["x"] + drawn["width"] / 2 - surface["x"] - spot.x
        off_y = drawn["y"] + drawn["height"] / 2 - surface["y"] - spot.y
        assert max(abs(off_x), abs(off_y)) < spot.width / 2
    viewer.frame.get_by_role("slider", name="slice").focus()
    viewer.page.keyboard.press("Home")
    expect(viewer.surface().locator(".asked-box, .asked-point")).to_have_count(0)
    assert viewer.complaints == []


@pytest.mark.parametrize("drawing", ["niivue", "canvas"])
def test_a_zoomed_and_moved_image_still_posts_the_index(
    open_viewer: Open, tmp_path: Path, drawing: str
) -> None:
    viewer = open_viewer(lesion_session(tmp_path, oblique()), framed=True, drawing=drawing)
    lesion_in_sight(viewer)
    viewer.frame.get_by_role("button", name="Zoom in").click()
    viewer.surface().press("Shift+ArrowLeft")
    viewer.surface().press("Shift+ArrowDown")
    viewer.frame.get_by_role("radio", name="Point prompt").check()
    spot = largest_white_spot(viewer.surface())
    viewer.surface().click(position={"x": spot.x, "y": spot.y})
    (posted,) = prompts(viewer, 1)
    (at,) = posted["at"]
    assert all(part.start <= n < part.stop for part, n in zip(LESION, at, strict=True))


def test_a_point_is_set_by_keys_alone(open_viewer: Open, tmp_path: Path) -> None:
    viewer = open_viewer(lesion_session(tmp_path, straight()), framed=True)
    viewer.frame.get_by_role("radio", name="Point prompt").focus()
    viewer.page.keyboard.press("Space")
    viewer.surface().focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowUp", "Enter"):
        viewer.page.keyboard.press(key)
    (posted,) = prompts(viewer, 1)
    # The cross begins in the middle; rows and columns of this space run as on the screen.
    assert posted["at"] == [[5, 19, 26]]
    viewer.page.keyboard.press("Escape")
    expect(viewer.frame.get_by_role("radio", name="Window")).to_be_checked()


@pytest.mark.parametrize(
    ("space", "axial", "sagittal"),
    [
        ("straight", "R L A P", "A P S I"),
        ("flipped", "R L A P", "A P S I"),
        # Turned by 35 degrees towards the left: the screen's right is left, and back.
        ("oblique", "RA LP AL PR", "AL PR S I"),
        ("unknown", "", None),
    ],
)
def test_sides_are_those_of_the_patient(
    open_viewer: Open, tmp_path: Path, space: str, axial: str, sagittal: str | None
) -> None:
    viewer = open_viewer(lesion_session(tmp_path, SPACES[space]))
    expect(viewer.surface()).to_have_attribute("data-drawn", _any_slice())
    assert letters(viewer) == axial
    if sagittal is None:
        expect(viewer.panel().locator(".notes")).to_contain_text("side unknown")
        return
    viewer.frame.get_by_role("radio", name="sagittal").check()
    viewer.shows("sagittal 25")
    assert letters(viewer) == sagittal


@pytest.mark.parametrize("space", ["straight", "flipped"])
def test_the_picture_itself_lies_as_its_letters_say(
    open_viewer: Open, tmp_path: Path, space: str
) -> None:
    """The lesion lies to the array's high columns: to the left of a straight patient."""
    viewer = open_viewer(lesion_session(tmp_path, SPACES[space]), framed=True)
    spot = lesion_in_sight(viewer)
    frame = viewer.surface().bounding_box()
    assert frame is not None
    is_right_of_middle = spot.x > frame["width"] / 2
    is_above_middle = spot.y < frame["height"] / 2
    assert (is_right_of_middle, is_above_middle) == (
        (True, True) if space == "straight" else (False, False)
    )


@pytest.mark.parametrize("space", SPACES)
def test_the_mark_lies_on_the_lesion(open_viewer: Open, tmp_path: Path, space: str) -> None:
    viewer = open_viewer(lesion_session(tmp_path, SPACES[space]), framed=True)
    white = lesion_in_sight(viewer)
    viewer.frame.get_by_role("checkbox", name="A Solid nodule").check()
    expect(viewer.surface().locator(".letter")).to_have_count(1)
    viewer.frame.get_by_label("Fill").fill("100")
    mark = largest_coloured_spot(viewer.surface())
    assert abs(mark.x - white.x) < white.width / 5
    assert abs(mark.y - white.y) < white.height / 4


def test_without_webgl_the_same_is_drawn_and_said(
    open_viewer: Open, browser: Browser, tmp_path: Path
) -> None:
    options = {"executable_path": browser_path(browser), "args": ["--no-sandbox", *NO_WEBGL]}
    plain = browser.browser_type.launch(**options)  # type: ignore[arg-type]
    try:
        session = lesion_session(tmp_path, flipped())
        viewer = open_viewer(session, framed=True, browser=plain, drawing="niivue")
        expect(viewer.panel().locator(".notes")).to_contain_text("no WebGL2")
        viewer.frame.get_by_role("radio", name="Point prompt").check()
        spot = lesion_in_sight(viewer)
        expect(viewer.surface()).to_have_attribute("data-drawing", "canvas")
        viewer.surface().click(position={"x": spot.x, "y": spot.y})
        (posted,) = prompts(viewer, 1)
        assert all(p.start <= n < p.stop for p, n in zip(LESION, posted["at"][0], strict=True))
    finally:
        plain.close()


def test_a_single_image_of_unknown_spacing_posts_row_and_column(
    open_viewer: Open, tmp_path: Path
) -> None:
    from PIL import Image

    pixels = np.zeros((60, 80), np.uint8)
    pixels[10:20, 50:65] = 255
    Image.fromarray(pixels).save(tmp_path / "film.png")
    session = Session(tmp_path)
    study = session.study(tmp_path / "film.png", name="film")
    viewer = open_viewer(session.viewed(study, masks={}), framed=True)
    viewer.shows("stored 0")
    viewer.frame.get_by_role("radio", name="Point prompt").check()
    spot = largest_white_spot(viewer.surface())
    viewer.surface().click(position={"x": spot.x, "y": spot.y})
    (posted,) = prompts(viewer, 1)
    expect(viewer.panel().locator(".notes")).to_contain_text("nothing is measured in millimetres")
    expect(viewer.panel().locator(".scale")).to_be_hidden()
    row, column = posted["at"][0]
    assert 10 <= row < 20
    assert 50 <= column < 65


def test_the_liver_of_a_real_ct_lies_to_the_right_of_the_patient(
    open_viewer: Open, shared_data: Path, tmp_path: Path
) -> None:
    from dxtrace.intake.imaging import describe_images, load_volume

    session = Session(tmp_path)
    folder = shared_data / "ct_abdomen"
    study = session.study(folder / "ct.nii.gz", name="ct")
    (labels,) = describe_images(folder / "reference_segmentation.nii.gz").series
    liver = load_volume(labels).voxels == 5
    viewer = open_viewer(
        session.viewed(study, masks={"Liver": (study.series[0].id, liver)}), framed=True
    )
    viewer.frame.get_by_label("Fill").fill("100")
    for plane in ("axial", "coronal"):
        viewer.frame.get_by_role("radio", name=plane).check()
        viewer.page.evaluate("say({type: 'dxtrace.show', finding: 'f-Liver'})")
        expect(viewer.surface().locator(".letter")).to_have_count(1)
        spot = largest_coloured_spot(viewer.surface())
        frame = viewer.surface().bounding_box()
        assert frame is not None
        assert viewer.surface().locator(".edge.left").inner_text() == "R"
        assert spot.x < frame["width"] / 2
        if plane == "coronal":
            assert viewer.surface().locator(".edge.top").inner_text() == "S"
            assert spot.y < frame["height"] / 2


NO_WEBGL = ("--disable-gpu", "--disable-3d-apis", "--disable-software-rasterizer")


def browser_path(browser: Browser) -> str:
    import shutil

    assert browser.is_connected()
    return str(shutil.which("chromium"))


def letters(viewer: Watched) -> str:
    surface = viewer.surface()
    sides = ("left", "right", "top", "bottom")
    return " ".join(surface.locator(f".edge.{side}").inner_text() for side in sides).strip()


def _any_slice() -> Any:
    import re

    return re.compile(r"\w+ \d+")


def test_affines_of_the_phantoms_are_as_they_say(tmp_path: Path) -> None:
    """The spaces above are read as written, with the array as it is."""
    from dxtrace.intake.imaging import describe_images, load_volume

    for name, affine in SPACES.items():
        known: Affine | None = affine
        voxels = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
        (series,) = describe_images(write_volume(tmp_path / f"{name}.nii", voxels, known)).series
        volume = load_volume(series)
        assert np.array_equal(volume.voxels, voxels)
        if known is not None:
            assert np.allclose(np.array(volume.geometry.affine), np.array(known), atol=1e-4)
