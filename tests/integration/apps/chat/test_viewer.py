"""What a reader does with the viewer, in a real browser."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from apps.chat.viewer.viewed import Viewed
from dxtrace.clinical import Case
from dxtrace.intake import read_case
from tests.integration.apps.chat.conftest import Open, Watched
from tests.integration.apps.chat.seen import coloured_pixels, pixels_of
from tests.integration.apps.chat.viewer_site import Site
from tests.integration.conftest import EXAMPLES
from tests.processes import LIMIT_S
from tests.viewed_phantoms import (
    Session,
    lesion_mask,
    lesion_session,
    phantom,
    straight,
    write_volume,
)

pytestmark = pytest.mark.slow
HOSTILE = "<img src=x onerror=\"document.title='owned'\"><b>bold</b>"


def test_slices_follow_slider_wheel_and_keys(open_viewer: Open, tmp_path: Path) -> None:
    viewer = open_viewer(lesion_session(tmp_path, straight()))
    viewer.shows("axial 6")
    surface = viewer.surface()
    surface.hover()
    viewer.page.mouse.wheel(0, 120)
    viewer.shows("axial 7")
    surface.press("ArrowUp")
    viewer.shows("axial 6")
    surface.press("End")
    viewer.shows("axial 11")
    surface.press("PageUp")
    viewer.shows("axial 1")
    viewer.panel().get_by_role("slider").fill("4")
    viewer.shows("axial 4")
    expect(viewer.panel().locator(".slice-words")).to_have_text("Axial slice 5 of 12 from the head")
    surface.press("c")
    viewer.shows("coronal 20")
    viewer.frame.get_by_role("radio", name="sagittal").check()
    viewer.shows("sagittal 25")
    assert viewer.complaints == []


def brightness(viewer: Watched) -> int:
    """Of the picture beside its middle, where the phantom's body is."""
    pixels = pixels_of(viewer.surface())
    rows, columns = pixels.shape[:2]
    return int(pixels[rows // 2, columns * 4 // 10].mean())


LISTEN = """() => {
  window.drawn = new Promise((done) => addEventListener("dxtrace.drawn", done, { once: true }));
}"""
WAIT = """(limit) => Promise.race([
  window.drawn.then(() => true),
  new Promise((_, fail) => setTimeout(() => fail(new Error("nothing was drawn")), limit)),
])"""


def settled(viewer: Watched, act: Any) -> None:
    """Do something, and wait until the picture is drawn anew."""
    viewer.frame.evaluate(LISTEN)
    act()
    viewer.frame.evaluate(WAIT, LIMIT_S * 1000)


def test_windows_are_chosen_typed_and_dragged(open_viewer: Open, tmp_path: Path) -> None:
    viewer = open_viewer(lesion_session(tmp_path, straight()))
    viewer.shows("axial 6")
    preset = viewer.frame.get_by_label("Preset")
    level, width = viewer.frame.get_by_label("Level"), viewer.frame.get_by_label("Width")
    # Of the body (0 HU) in each window: (0 - low) / width of the gray scale.
    for name, grey in {"lung": 229, "soft_tissue": 102, "bone": 71, "brain": 0}.items():
        settled(viewer, lambda name=name: preset.select_option(name))
        assert abs(brightness(viewer) - grey) <= 3, name
    expect(level).to_have_value("40")
    expect(width).to_have_value("80")
    settled(viewer, lambda: (width.fill("2000"), width.press("Enter")))
    assert abs(brightness(viewer) - 122) <= 3
    expect(preset).to_have_value("free")
    width.fill("-5")
    width.press("Enter")
    viewer.says("a width above 0")
    viewer.surface().hover()
    viewer.page.mouse.down()
    box = viewer.surface().bounding_box()
    assert box is not None
    viewer.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] - 5)
    viewer.page.mouse.up()
    expect(level).not_to_have_value("40")
    assert viewer.complaints == []


def test_overlays_go_on_and_off_and_fill(open_viewer: Open, tmp_path: Path) -> None:
    session = Session(tmp_path)
    study = session.study(write_volume(tmp_path / "v.nii.gz", phantom(), straight()), name="now")
    series = study.series[0].id
    organ = np.zeros(phantom().shape, np.bool_)
    organ[4:11, 5:30, 8:45] = True
    masks = {"Solid nodule": (series, lesion_mask()), HOSTILE: (series, organ)}
    viewer = open_viewer(session.viewed(study, masks=masks))
    viewer.shows("axial 6")
    boxes = viewer.frame.locator("#marks .mark input")
    viewer.frame.get_by_role("button", name="Go to A").click()
    viewer.shows("axial 4")
    letters = viewer.surface().locator(".letter")
    expect(letters).to_have_text(["A", "B"])
    both = coloured_pixels(viewer.surface())
    settled(viewer, lambda: boxes.nth(2).uncheck())
    one = coloured_pixels(viewer.surface())
    assert 0 < one < both / 4
    expect(letters).to_have_text(["A"])
    settled(viewer, lambda: viewer.frame.get_by_label("Fill").fill("0"))
    edge = coloured_pixels(viewer.surface())
    assert 0 < edge < one + 50
    boxes.nth(0).check()
    settled(viewer, lambda: boxes.nth(0).uncheck())
    expect(letters).to_have_count(0)
    assert coloured_pixels(viewer.surface()) == 0
    assert viewer.page.title() == "Images of the case - DxTrace"
    expect(viewer.frame.locator("#marks b")).to_have_count(0)
    assert viewer.complaints == []


def test_a_prior_stands_beside_and_follows(open_viewer: Open, site: Site, tmp_path: Path) -> None:
    site.asked.clear()
    viewer = open_viewer(lesion_session(tmp_path, straight(), prior=True))
    viewer.shows("axial 6")
    assert any("series/1/volume" in path for path in site.asked)
    assert not any("series/0/volume" in path for path in site.asked)  # the prior comes first
    viewer.frame.locator("#beside").select_option(index=1)
    viewer.shows("axial 6", "Beside")
    viewer.surface().press("PageUp")
    viewer.shows("axial 0")
    viewer.shows("axial 0", "Beside")
    viewer.surface("Beside").press("s")
    viewer.shows("sagittal 25")
    viewer.shows("sagittal 25", "Beside")
    viewer.frame.get_by_label("Linked").uncheck()
    viewer.surface("Beside").press("ArrowDown")
    viewer.shows("sagittal 26", "Beside")
    viewer.shows("sagittal 25")
    viewer.frame.get_by_label("Linked").check()
    viewer.surface().press("ArrowDown")
    viewer.shows("sagittal 26")
    viewer.shows("sagittal 27", "Beside")  # a slice apart, as they were left
    viewer.frame.locator("#beside").select_option("")
    expect(viewer.surface("Beside")).to_be_hidden()
    assert viewer.complaints == []


def test_the_page_shows_findings_and_brings_new_marks(
    open_viewer: Open, site: Site, tmp_path: Path
) -> None:
    session = lesion_session(tmp_path, straight())
    assert session.result is not None
    before = session.result.model_copy(update={"artifacts": (), "findings": ()})
    viewer = open_viewer(Viewed(session.case, before, session.files), framed=True)
    expect(viewer.frame.locator("#marks")).to_contain_text("nothing is marked")
    viewer.page.evaluate("say({type: 'dxtrace.show', finding: 'f-Solid nodule'})")
    viewer.says("no place in an image")
    site.sessions[tmp_path.name] = session
    viewer.page.evaluate("say({type: 'dxtrace.refresh'})")
    expect(viewer.frame.locator("#marks")).to_contain_text("Solid nodule")
    viewer.page.evaluate("say({type: 'dxtrace.show', finding: 'f-Solid nodule'})")
    viewer.shows("axial 4")
    expect(viewer.surface().locator(".ring")).to_have_count(1)
    assert viewer.complaints == []


def test_values_are_those_of_intake(open_viewer: Open, tmp_path: Path) -> None:
    """DICOM stores unsigned numbers here; the viewer says Hounsfield units."""
    case = read_case(EXAMPLES / "nodule-ct" / "case.yaml").case
    viewer = open_viewer(Viewed(case, None, tmp_path))
    viewer.shows("axial 48")
    viewer.surface().hover(position={"x": 300, "y": 4})
    value = viewer.panel().locator(".value")
    expect(value).to_contain_text("HU at slice 4")
    assert -1100 < float(value.inner_text().split()[0]) < -900  # air around the patient


def test_what_cannot_be_shown_is_said(open_viewer: Open, tmp_path: Path) -> None:
    nothing = open_viewer(Viewed(Case(id="c"), None, tmp_path))
    nothing.says("There are no images in this case")
    session = lesion_session(tmp_path, straight(), prior=True)
    assert session.case is not None
    session.case.studies[1].series[0].images[0].path.write_bytes(b"no image any more")
    viewer = open_viewer(session)
    viewer.says("cannot be shown")
    viewer.panel().get_by_label("Series").select_option("0")
    viewer.shows("axial 6")


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_is_accessible_and_fits(open_viewer: Open, tmp_path: Path, width: int) -> None:
    session = lesion_session(tmp_path, straight(), prior=True)
    viewer = open_viewer(session, viewport={"width": width, "height": 800})
    viewer.shows("axial 6")
    viewer.frame.locator("#beside").select_option(index=1)
    viewer.shows("axial 6", "Beside")
    found = Axe().run(viewer.page).response["violations"]
    assert [v["id"] for v in found if v["impact"] in ("serious", "critical")] == []
    assert viewer.frame.evaluate("document.documentElement.scrollWidth") <= width
    seen = viewer.surface().bounding_box()
    assert seen is not None
    assert seen["width"] > 300
    assert seen["height"] > 250


def test_all_controls_are_reached_by_tab(open_viewer: Open, tmp_path: Path) -> None:
    viewer = open_viewer(lesion_session(tmp_path, straight(), prior=True))
    viewer.shows("axial 6")
    reached = set()
    for _ in range(30):
        viewer.page.keyboard.press("Tab")
        reached.add(viewer.frame.evaluate(
            "(document.activeElement.id || document.activeElement.name ||"
            " document.activeElement.className || document.activeElement.tagName)"
        ))  # fmt: skip
    wanted = {
        "plane", "preset", "level", "width", "tool", "zoom-in", "zoom-out", "fit", "beside",
        "link", "surface active", "opacity",
    }  # fmt: skip
    assert {w.split()[0] for w in wanted} <= {r.split()[0] for r in reached}


def test_another_site_cannot_steer_it(open_viewer: Open, tmp_path: Path) -> None:
    viewer = open_viewer(lesion_session(tmp_path, straight()))
    viewer.shows("axial 6")
    viewer.frame.evaluate("postMessage({type: 'dxtrace.show', finding: 'f-Solid nodule'}, '*')")
    viewer.surface().press("End")
    viewer.shows("axial 11")  # a message that was heard would have come first
    expect(viewer.surface().locator(".ring")).to_have_count(0)
    expect(viewer.frame.locator("#message")).not_to_contain_text("Solid nodule")
