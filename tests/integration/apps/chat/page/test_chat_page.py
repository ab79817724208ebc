"""The chat page as a visitor uses it, in a real browser."""

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from dxtrace.clinical import Trace
from tests.integration.apps.chat.page.chat_site import ChatSite
from tests.integration.apps.chat.page.conftest import Visit
from tests.integration.conftest import EXAMPLES
from tests.openai_server import openai_server

REPORT = EXAMPLES / "chest_ct_report.txt"
ANSWER = ".dx-last .dx-answer .lead"
PHONE = {"width": 390, "height": 844}
MARKUP = """EXAM: CT chest. FINDINGS: Solid nodule of 7 mm in the right upper lobe.
<img src=x onerror="alert('markup')"> ${alert('template')} {{ constructor }}
<script>alert(1)</script> [link](javascript:alert(2)) **bold** IMPRESSION: <b>Nodule</b>."""


def drop(page: Page, *files: Path) -> None:
    page.locator("input[data-files][multiple]").first.set_input_files(list(files))


def answered(page: Page) -> None:
    expect(page.locator(ANSWER).first).to_be_visible()
    expect(page.locator("#dx-stop")).to_be_disabled()


def ask(page: Page, question: str) -> None:
    page.locator("#dx-question textarea").fill(question)
    page.locator("#dx-question textarea").press("Enter")


def serious(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{v['id']}: {v['nodes'][0]['html']}" for v in found
            if v["impact"] in ("serious", "critical")]  # fmt: skip


def test_from_dropping_a_report_to_the_proved_answer(site: ChatSite, visit: Visit) -> None:
    page = visit(site.address)
    expect(page.get_by_text("Research use only.")).to_be_visible()
    drop(page, REPORT)
    answered(page)
    expect(page.locator(".dx-recognised")).to_contain_text("Report")
    conclusion = page.locator(".dx-last .conclusion").first
    expect(conclusion.locator(".mark")).to_have_text("Proved")
    proof = conclusion.get_by_text("Proof: ")
    proof.focus()
    page.keyboard.press("Enter")
    expect(conclusion.locator(".reasons li").first).to_be_visible()
    expect(conclusion.locator(".passages q").first).to_be_visible()
    steps = page.locator(".dx-last .dx-steps")
    expect(steps.locator("li").first).not_to_be_visible()
    steps.locator("summary").click()
    expect(steps).to_contain_text("report_reader ok")
    expect(page.locator(".contradictions")).to_contain_text("Small left pleural effusion")


def test_follow_ups_and_a_reload_show_the_same_session(site: ChatSite, visit: Visit) -> None:
    page = visit(site.address)
    page.get_by_role("button", name="Report of a chest CT").click()
    answered(page)
    ask(page, "Is there a pleural effusion?")
    expect(page.locator(".dx-last .dx-asked")).to_contain_text("Is there a pleural effusion?")
    answered(page)
    expect(page.locator(".dx-last")).to_contain_text("No: pleural effusion is absent")
    assert re.search(r"\?session=[0-9a-f]{32}$", page.url)
    page.reload()
    answered(page)
    expect(page.locator(".dx-turn")).to_have_count(2)


def test_a_reload_in_the_middle_shows_what_runs_and_then_its_answer(
    site: ChatSite, visit: Visit
) -> None:
    page = visit(site.address)
    page.locator("input[webkitdirectory]").set_input_files(str(EXAMPLES / "nodule-ct"))
    expect(page.locator(".dx-running")).to_be_visible()
    expect(page).to_have_url(re.compile("session="))
    page.reload()
    answered(page)
    expect(page.locator(".dx-turn")).to_have_count(1)
    expect(page.locator(".dx-recognised")).to_contain_text("CT series-1")


def test_a_finding_is_corrected_and_the_answer_follows(site: ChatSite, visit: Visit) -> None:
    page = visit(site.address)
    page.get_by_role("button", name="Report of a chest CT").click()
    answered(page)
    nodule = page.locator(".dx-finding").filter(has_text="Pulmonary nodule").first
    nodule.get_by_text("Correct", exact=True).click()
    nodule.get_by_role("button", name="Apply").click()
    expect(page.locator("#dx-findings [role=alert]")).to_contain_text("who corrects")
    page.get_by_label("Corrections by").fill("Dr. A")
    nodule.get_by_label("mm").fill("4")
    nodule.get_by_label("mm").press("Enter")
    expect(page.locator(".dx-changes")).to_contain_text("is now optional CT at 12 months")
    answered(page)
    expect(page.locator(".dx-last .dx-asked")).to_contain_text("by Dr. A")
    expect(page.get_by_label("Corrections by")).to_have_value("Dr. A")
    nodule = page.locator(".dx-finding").filter(has_text="Pulmonary nodule").first
    expect(nodule).to_contain_text("corrected by Dr. A")


def test_what_the_graph_asks_is_answered_on_the_page(site: ChatSite, visit: Visit) -> None:
    page = visit(site.address)
    page.get_by_role("button", name="Report of a chest radiograph").click()
    pending = page.locator(".dx-pending")
    expect(pending).to_contain_text("pulmonary vascular congestion")
    page.reload()
    pending.get_by_role("button", name="no", exact=True).click()
    expect(page.locator(".dx-turn")).to_have_count(2)
    pending_or_answer = page.locator(".dx-pending, .dx-last .dx-answer .lead")
    expect(pending_or_answer.first).to_be_visible()
    if pending.is_visible():
        pending.get_by_role("button", name="I do not know").click()
    answered(page)
    expect(pending).to_have_count(0)


def test_what_is_taken_away_is_what_was_shown(site: ChatSite, visit: Visit, tmp_path: Path) -> None:
    page = visit(site.address)
    page.get_by_role("button", name="Report of a chest CT").click()
    answered(page)
    page.get_by_role("tab", name="Take away").click()
    taken = {}
    for name in ("Report (HTML)", "Trace (JSON)", "Everything (zip)", "DiagnosticReport"):
        with page.expect_download() as download:
            page.get_by_role("link", name=name).click()
        taken[name] = tmp_path / download.value.suggested_filename
        download.value.save_as(taken[name])
    Trace.read(taken["Trace (JSON)"]).verify()
    assert "Fleischner 2017 recommendation" in taken["Report (HTML)"].read_text()
    assert taken["Everything (zip)"].read_bytes()[:2] == b"PK"
    assert '"DiagnosticReport"' in taken["DiagnosticReport"].read_text()


def test_a_broken_file_is_refused_in_words_and_the_page_goes_on(
    site: ChatSite, visit: Visit, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"PK\x03\x04 and then nothing")
    page = visit(site.address)
    drop(page, broken)
    expect(page.locator("#dx-bringing [role=alert]:visible")).to_contain_text("damaged")
    page.locator("#dx-paste-text").fill(REPORT.read_text())
    page.get_by_role("button", name="Review this text").click()
    answered(page)


def test_what_is_too_large_is_refused_before_it_is_sent(
    site: ChatSite, visit: Visit, tmp_path: Path
) -> None:
    large = tmp_path / "ct.nii"
    with large.open("wb") as stream:
        stream.truncate(500_000_000)
    page = visit(site.address)
    sent: list[str] = []
    page.on("request", lambda r: sent.append(r.url) if r.method == "PUT" else None)
    drop(page, large)
    expect(page.locator("[data-refusal]:visible")).to_contain_text("500 MB")
    expect(page.locator("[data-refusal]:visible")).to_contain_text("at most 20 MB")
    assert sent == []


def test_two_visitors_never_see_each_others_cases(site: ChatSite, visit: Visit) -> None:
    one, two = visit(site.address), visit(site.address)
    one.get_by_role("button", name="Report of a chest CT").click()
    two.get_by_role("button", name="Thyroid nodule").click()
    answered(one)
    answered(two)
    expect(one.locator(".dx-last")).to_contain_text("Fleischner")
    expect(two.locator(".dx-last")).to_contain_text("TI-RADS")
    two.goto(one.url)
    expect(two.get_by_text("another visitor's")).to_be_visible()
    assert "Fleischner" not in two.locator("body").inner_text()
    session = one.url.partition("session=")[2]
    for path in (f"session/{session}/take/report", f"view/{session}/"):
        assert two.request.get(site.address + path).status == 404
        assert one.request.get(site.address + path).ok
    assert two.request.delete(f"{site.address}session/{session}").status == 404


def test_a_session_that_another_tab_removed_is_said_to_be_gone(
    site: ChatSite, visit: Visit
) -> None:
    page = visit(site.address)
    page.get_by_role("button", name="Report of a chest CT").click()
    answered(page)
    other = page.context.new_page()
    other.goto(page.url)
    answered(other)
    page.get_by_role("button", name="Remove this session now").click()
    expect(page.get_by_role("heading", name="Bring a case")).to_be_visible()
    ask(other, "Is there a pleural effusion?")
    expect(other.locator("#dx-bringing [role=alert]:visible")).to_contain_text("not here any more")
    drop(other, REPORT)
    answered(other)


def test_a_killed_server_goes_on_where_it_was(own_site: ChatSite, visit: Visit) -> None:
    page = visit(own_site.address)
    page.get_by_role("button", name="Chest CT with two nodules").click()
    expect(page.locator(".dx-running .dx-live li").first).to_be_visible()
    own_site.kill()
    own_site.start()
    page.goto(page.url)
    answered(page)
    expect(page.locator(".dx-last")).to_contain_text("Fleischner 2017 recommendation")
    ask(page, "Is there a nodule?")
    expect(page.locator(".dx-turn")).to_have_count(2)
    answered(page)


def test_stopping_ends_the_work_and_says_so(own_site: ChatSite, visit: Visit) -> None:
    page = visit(own_site.address)
    page.get_by_role("button", name="Chest CT with two nodules").click()
    expect(page.locator(".dx-live .running", has_text="ct_lung_nodules")).to_be_visible()
    page.get_by_role("button", name="Stop", exact=True).click()
    answered_or_said = page.locator(".dx-turn")
    expect(answered_or_said).to_contain_text("You stopped this")
    expect(page.locator(".dx-failed")).to_contain_text("ct_lung_nodules")


def test_words_of_a_report_are_text_and_never_markup(site: ChatSite, visit: Visit) -> None:
    page = visit(site.address)
    page.locator("#dx-paste-text").fill(MARKUP)
    page.get_by_role("button", name="Review this text").click()
    expect(page.locator(".dx-turn")).to_have_count(1)
    page.locator(".dx-documents summary").click()
    shown = page.locator(".dx-documents .text").inner_text()
    for words in (
        "<img src=x",
        "${alert('template')}",
        "{{ constructor }}",
        "<script>",
        "**bold**",
    ):
        assert words in shown
    assert page.locator(".dx-talk img, .dx-talk script, .dx-findings img").count() == 0


def test_the_log_holds_nothing_of_a_case(own_site: ChatSite, visit: Visit, tmp_path: Path) -> None:
    named = tmp_path / "Muller_Hans.txt"
    named.write_text(REPORT.read_text())
    page = visit(own_site.address)
    drop(page, named)
    answered(page)
    ask(page, "Is there a pleural effusion?")
    expect(page.locator(".dx-turn")).to_have_count(2)
    session = page.url.partition("session=")[2]
    page.request.get(f"{own_site.address}session/{session}/take/nothing")
    page.close()
    assert own_site.interrupt() == 0
    for words in ("Muller", "effusion", "nodule", session, "Traceback"):
        assert words not in own_site.log


@pytest.mark.parametrize("width", [1280, PHONE["width"]])
def test_it_is_usable_and_accessible_at_both_widths(
    site: ChatSite, visit: Visit, width: int
) -> None:
    page = visit(site.address, viewport={"width": width, "height": 844})
    assert serious(page) == []
    page.get_by_role("button", name="Report of a chest CT").click()
    answered(page)
    for tab in ("Findings", "Evidence", "Take away", "Settings"):
        page.get_by_role("tab", name=tab).click()
        expect(page.locator("[role=tabpanel]:visible")).to_have_count(1)
        assert serious(page) == []
    too_wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert too_wide <= 0


def test_the_keyboard_alone_is_enough(site: ChatSite, visit: Visit) -> None:
    page = visit(site.address)

    def tab_to(words: str) -> None:
        for _ in range(80):
            page.keyboard.press("Tab")
            focused = page.evaluate("document.activeElement?.innerText || ''")
            if words in focused:
                return
        pytest.fail(f"no key leads to {words!r}")

    tab_to("Report of a chest CT")
    page.keyboard.press("Enter")
    answered(page)
    tab_to("Proof: ")
    page.keyboard.press("Enter")
    expect(page.locator(".dx-last .reasons li").first).to_be_visible()
    page.get_by_role("tab", name="Findings").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("tab", name="Evidence")).to_have_attribute("aria-selected", "true")


def test_settings_are_kept_and_wrong_ones_are_refused(site: ChatSite, visit: Visit) -> None:
    page = visit(site.address)
    page.get_by_role("tab", name="Settings").click()
    page.get_by_label("Planning steps at most").fill("99")
    page.get_by_role("button", name="Save settings").click()
    expect(page.locator("#dx-settings [role=alert]")).to_contain_text("max_steps")
    page.get_by_label("Planning steps at most").fill("2")
    page.locator("input[name='expert:guideline_search']").uncheck()
    page.get_by_role("button", name="Save settings").click()
    expect(page).to_have_url(re.compile("session="))
    page.reload()
    page.get_by_role("tab", name="Settings").click()
    expect(page.get_by_label("Planning steps at most")).to_have_value("2")
    expect(page.locator("input[name='expert:guideline_search']")).not_to_be_checked()


def test_a_model_that_cannot_be_reached_is_refused_and_one_that_can_plans(
    site: ChatSite, visit: Visit
) -> None:
    page = visit(site.address)
    page.get_by_role("tab", name="Settings").click()
    expect(
        page.get_by_label("Planner", exact=True).locator("option[value=router]")
    ).to_be_attached()
    alert = page.locator("#dx-settings [role=alert]")
    with openai_server(lambda _: "The nodule is of 7 mm.") as server:
        page.get_by_label("s address").fill(server.url)
        page.get_by_label("its name").fill("another")
        page.get_by_role("button", name="Save settings").click()
        expect(alert).to_contain_text("it serves scripted")
        page.get_by_label("s address").fill("https://8.8.8.8/v1")
        page.get_by_role("button", name="Save settings").click()
        expect(alert).to_contain_text("images_leave_the_house")
        page.get_by_label("s address").fill(server.url)
        page.get_by_role("button", name="Save settings").click()
        expect(page.get_by_label("Planner", exact=True)).to_have_value(server.url)
        expect(alert).to_have_count(0)
        page.get_by_role("button", name="Report of a chest CT").click()
        answered(page)
        assert server.requests
        page.get_by_text("In plain words, as for patients").click()
        page.get_by_label("In another language").select_option("fr")
        page.get_by_role("button", name="Translate", exact=True).click()
        beside = page.locator(".dx-translation")
        expect(beside).to_contain_text("Français, not checked")
        expect(beside.locator("tbody tr").first).to_contain_text("Left out: it was not translated.")
        assert serious(page) == []
    page.get_by_role("button", name="Save settings").click()
    expect(page.locator("#dx-settings [role=status]")).to_contain_text("Saved")
    expect(alert).to_have_count(0)


def test_a_session_is_removed_at_once_on_request(site: ChatSite, visit: Visit) -> None:
    page = visit(site.address)
    page.get_by_role("button", name="Thyroid nodule").click()
    answered(page)
    session = page.url.partition("session=")[2]
    assert (site.state / session).is_dir()
    page.get_by_role("button", name="Remove this session now").click()
    expect(page.get_by_role("heading", name="Bring a case")).to_be_visible()
    assert not (site.state / session).exists()
