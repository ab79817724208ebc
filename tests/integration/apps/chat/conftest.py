"""The viewer in a real browser, and what it did."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Frame, Locator, Page, expect

from apps.chat.viewer.viewed import Viewed
from tests.integration.apps.chat.viewer_site import Site, serving


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with serving() as running:
        yield running


@dataclass
class Watched:
    """The viewer in a page, alone or in a frame of another, and everything odd that it did."""

    page: Page
    frame: Frame
    complaints: list[str] = field(default_factory=list)

    def shows(self, what: str, title: str = "Image") -> None:
        """Wait until a slice is drawn: ``axial 4``."""
        expect(self.surface(title)).to_have_attribute("data-drawn", what)

    def surface(self, title: str = "Image") -> Locator:
        return self.panel(title).locator(".surface")

    def panel(self, title: str = "Image") -> Locator:
        named = self.frame.get_by_role("heading", name=title, exact=True)
        return self.frame.locator(".panel").filter(has=named)

    def says(self, words: str) -> None:
        expect(self.frame.locator("#message")).to_contain_text(words)


Open = Callable[..., Watched]


@pytest.fixture
def open_viewer(site: Site, browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """Open the viewer of what may be seen; alone, or with a page around it that it talks to."""
    pages: list[Page] = []

    def opened(viewed: Viewed, *, framed: bool = False, **options: Any) -> Watched:
        name = tmp_path.name
        query = f"?drawing={options.pop('drawing', '')}"
        site.sessions[name] = viewed
        page = (options.pop("browser", None) or browser).new_page(**options)
        pages.append(page)
        complaints: list[str] = []
        page.on("console", lambda m: m.type == "error" and complaints.append(m.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.on("request", lambda r: _is_foreign(r.url) and complaints.append(r.url))
        page.goto(site.host(name, query) if framed else site.page(name, query))
        frame = page.main_frame
        if framed:
            handle = page.wait_for_selector("iframe")
            assert handle is not None
            inner = handle.content_frame()
            assert inner is not None
            frame = inner
            page.wait_for_function("heard.some((m) => m.type === 'dxtrace.ready')")
        return Watched(page, frame, complaints)

    yield opened
    for page in pages:
        page.close()


def _is_foreign(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme not in ("data", "blob") and parts.hostname != "127.0.0.1"
