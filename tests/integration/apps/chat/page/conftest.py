"""The chat page, served and opened."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.integration.apps.chat.page.chat_site import ChatSite

pytest.importorskip("gradio", reason="the extra ui is not installed")

Visit = Callable[..., Page]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChatSite]:
    running = ChatSite(tmp_path_factory.mktemp("chat"), "--max-upload-mb", "20").start()
    yield running
    running.kill()


@pytest.fixture
def own_site(tmp_path: Path) -> Iterator[ChatSite]:
    """A server that a test may kill."""
    running = ChatSite(tmp_path).start()
    yield running
    running.kill()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """Open the page as a new visitor; afterwards nothing odd must have happened."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def opened(address: str, **options: object) -> Page:
        context = browser.new_context(**options)  # type: ignore[arg-type]  # a test's own words
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.on("request", lambda r: _is_foreign(r.url) and complaints.append(r.url))
        page.goto(address)
        expect(page.locator("#dx-bringing .dx-bring")).to_be_visible()
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def _is_foreign(url: str) -> bool:
    return not url.startswith(("http://127.0.0.1", "data:", "blob:"))
