"""The pages in a real browser: they run nothing foreign, fetch nothing, and work by keyboard."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.integration.conftest import EXAMPLES, Run

pytestmark = pytest.mark.slow
HOSTILE = (
    "FINDINGS: No effusion. <script>document.title='owned'</script>"
    "<img src=x onerror=\"document.title='owned'\"> IMPRESSION: Effusion."
)


class Watched:
    """A page and everything suspicious that it did."""

    def __init__(self, page: Page, path: Path) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        page.on("request", self._note_request)
        page.goto(path.as_uri())

    def _note_request(self, request: object) -> None:
        url = str(getattr(request, "url", ""))
        if not url.startswith("file://"):
            self.complaints.append(url)


@pytest.fixture(scope="module")
def batch_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("batch")


@pytest.fixture
def reviewed(batch_folder: Path, dxtrace: Run) -> Path:
    out = batch_folder / "out"
    if not out.exists():
        lines = (EXAMPLES / "manifest.jsonl").read_text()
        hostile = {"id": "<b>hostile</b>", "reports": [{"text": HOSTILE}]}
        (batch_folder / "m.jsonl").write_text(lines + json.dumps(hostile) + "\n{broken\n")
        dxtrace("batch", batch_folder / "m.jsonl", "--out", out, "--workers", "2")
    return out


def page_of(out: Path, case_id: str) -> Path:
    results = [json.loads(line) for line in (out / "results.jsonl").open()]
    return out / next(r["report"] for r in results if r["id"] == case_id)


def test_a_case_page_is_quiet_and_opens_proofs_by_keyboard(
    reviewed: Path, browser: Browser
) -> None:
    watched = Watched(browser.new_page(), page_of(reviewed, "thyroid-ultrasound"))
    page = watched.page
    expect(page.locator("h1")).to_have_text("thyroid-ultrasound")
    proof = page.locator(".conclusion details").first
    expect(proof.locator(".reasons")).to_be_hidden()
    proof.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(proof.locator(".reasons")).to_be_visible()
    words = page.locator("a.w").first
    target = words.get_attribute("href")
    words.click()
    expect(page).to_have_url(re.compile(f"{re.escape(str(target))}$"))
    expect(page.locator(f'[id="{str(target)[1:]}"]')).to_be_visible()
    assert watched.complaints == []


def test_hostile_text_is_shown_and_not_run(reviewed: Path, browser: Browser) -> None:
    watched = Watched(browser.new_page(), page_of(reviewed, "<b>hostile</b>"))
    assert "owned" not in watched.page.title()
    shown = watched.page.locator(".source .text").inner_text()
    assert "<script>document.title='owned'</script>" in shown
    assert watched.page.locator("img").count() == 0
    assert watched.complaints == []


def test_pages_work_without_scripts_on_a_telephone(reviewed: Path, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(page_of(reviewed, "lung-screening").as_uri())
    expect(page.locator("#answer")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.goto((reviewed / "summary.html").as_uri())
    expect(page.locator("#cases tbody tr")).to_have_count(7)


def test_the_summary_filters_and_leads_to_the_case(reviewed: Path, browser: Browser) -> None:
    watched = Watched(browser.new_page(), reviewed / "summary.html")
    page = watched.page
    page.fill("#search", "retina")
    rows = page.locator("#cases tbody tr:visible")
    expect(rows).to_have_count(1)
    page.fill("#search", "")
    page.get_by_label("failed").check()
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("expected JSON")
    page.get_by_label("all").check()
    page.get_by_role("link", name="marrow").first.click()
    expect(page.locator("h1")).to_have_text("marrow")
    assert watched.complaints == []
