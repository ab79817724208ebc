"""Slices, overlays and prompts of the viewer in a real browser."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.integration.apps.chat.conftest import Open
from tests.viewed_phantoms import lesion_session, straight

pytestmark = pytest.mark.slow


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
