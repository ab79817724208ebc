"""The case page: complete, honest, self-contained, and safe whatever the text holds."""

import re
from html import unescape

import pytest

from dxtrace.clinical import Case, Report, Result, Trace
from dxtrace.knowledge import load_knowledge
from dxtrace.reporting import render_case_report
from tests.unit.reporting.conftest import Reviewed

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'><b>"


def render(reviewed: Reviewed) -> str:
    return render_case_report(reviewed.result, case=reviewed.case, trace=reviewed.trace)


def visible(page: str) -> str:
    body = re.sub(r"(?s)<(title|style|svg).*?</\1>", " ", page)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def test_the_answer_comes_first_and_contradictions_before_conclusions(reviewed: Reviewed) -> None:
    text = visible(render(reviewed))
    order = ["Research use only", "c-001", "What follow-up?", "CT at 6 to 12 months.",
             "1 contradiction", "Conclusions", "What would settle it", "Statements checked",
             "Findings"]  # fmt: skip
    places = [text.index(words) for words in order]
    assert places == sorted(places)


def test_verdicts_and_presences_are_said_in_words(reviewed: Reviewed) -> None:
    text = visible(render(reviewed))
    for words in ("Proved", "Open", "Contradicted", "present", "absent", "indeterminate"):
        assert words in text


def test_a_proof_shows_findings_assumptions_rows_and_the_passage(reviewed: Reviewed) -> None:
    text = visible(render(reviewed))
    for words in (
        "solid nodule of 7 mm",
        "assumption assumed false: known cancer",
        "fleischner.solid:a",
        "One solid nodule of 6 to 8 mm: CT at 6 to 12 months.",
    ):
        assert words in text


def test_an_open_conclusion_shows_what_remains_and_what_would_settle_it(reviewed: Reviewed) -> None:
    text = visible(render(reviewed))
    assert "3 or 4A" in text
    assert "decides between 3 and 4A" in text


def test_a_tool_that_did_not_run_is_shown_with_its_reason(reviewed: Reviewed) -> None:
    assert re.search(r"ct_detector unavailable .*no weights", visible(render(reviewed)))


def test_a_contradicted_statement_is_quoted_as_it_stands_in_the_report(reviewed: Reviewed) -> None:
    assert "“ No nodule ." in visible(render(reviewed))


def test_words_link_to_findings_and_findings_to_words(reviewed: Reviewed) -> None:
    page = render(reviewed)
    for id_ in ("f1", "f2", "f3"):
        assert f'href="#{id_}"' in page
        assert f'id="{id_}"' in page
        assert f'href="#w0-{id_}"' in page
        assert f'id="w0-{id_}"' in page


def test_every_link_within_the_page_has_a_target_and_ids_are_unique(reviewed: Reviewed) -> None:
    page = render(reviewed)
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)


def test_the_page_loads_nothing_and_runs_nothing(reviewed: Reviewed) -> None:
    page = render(reviewed)
    assert "default-src 'none'" in page
    assert "<script" not in page
    assert not re.findall(r'(?:src|srcset)="|url\(|@import|<link', page)


def test_hostile_text_is_shown_as_text_wherever_it_stands(reviewed: Reviewed) -> None:
    data = reviewed.result.model_dump()
    data.update(id=HOSTILE, question=HOSTILE, error=HOSTILE)
    data["answer"]["text"] = HOSTILE
    data["answer"]["conclusions"][1]["title"] = HOSTILE
    data["answer"]["conclusions"][1]["reasons"][0]["text"] = HOSTILE
    data["answer"]["conclusions"][1]["reasons"][2]["citation"]["url"] = "javascript:alert(3)"
    data["findings"][0].update(text=HOSTILE, location=HOSTILE, attributes={HOSTILE: HOSTILE})
    data["contradictions"][0].update(claim=HOSTILE, explanation=HOSTILE)
    data["missing"][0].update(concept=HOSTILE, why=HOSTILE)
    data["tools"][0].update(name=HOSTILE, reason=HOSTILE)
    case = Case(id=HOSTILE, reports=(Report(text=HOSTILE, title=HOSTILE),), question=HOSTILE)
    trace = Trace(HOSTILE)
    trace.append("versions", {HOSTILE: HOSTILE})
    page = render_case_report(Result.model_validate(data), case=case, trace=trace, notes=(HOSTILE,))
    assert "<script" not in page
    assert "<img" not in page
    assert "javascript:" not in page
    assert HOSTILE in unescape(page)


def test_a_case_that_failed_says_why() -> None:
    result = Result(id="x", status="failed", error="line 3: expected JSON")
    text = visible(render_case_report(result, case=None, trace=Trace("x")))
    assert "This case failed" in text
    assert "line 3: expected JSON" in text


def test_keys_are_said_in_the_words_of_the_packs(reviewed: Reviewed) -> None:
    page = render_case_report(
        reviewed.result, case=reviewed.case, trace=reviewed.trace, knowledge=load_knowledge()
    )
    assert "Pulmonary nodule" in page


@pytest.mark.parametrize("count", [2000])
def test_a_long_report_with_many_findings_is_still_one_page(count: int) -> None:
    text = "No effusion. " * count
    findings = [
        {
            "id": f"f{n}", "concept": "pleural_effusion", "presence": "absent",
            "evidence": [{"tool": "t", "document": 0, "span": [13 * n, 13 * n + 11]}],
        }
        for n in range(count)
    ]  # fmt: skip
    result = Result.model_validate({"id": "x", "status": "answered", "findings": findings})
    case = Case(id="x", reports=(Report(text=text),))
    page = render_case_report(result, case=case, trace=Trace("x"))
    assert page.count('class="w absent"') == count + 1  # and one in the legend
