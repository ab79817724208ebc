"""The summary of a batch."""

from collections import Counter
from html import unescape

from dxtrace.reporting import BatchSummary, CaseRow, render_batch_summary

HOSTILE = "<script>alert(1)</script>"


def summary(rows: tuple[CaseRow, ...]) -> BatchSummary:
    return BatchSummary(
        manifest="m.jsonl",
        finished_at="2026-05-01T10:00:00+00:00",
        statuses=Counter(row.status for row in rows),
        rows=rows,
        conclusions=Counter({("Lung-RADS", "4A", "entailed"): 2}),
        findings=Counter({("Pleural effusion", "present"): 3, ("Pneumothorax", "absent"): 9}),
        tools=Counter({("report_reader", "ok"): 3}),
        failures=Counter({"expected JSON": 1}),
    )


ROWS = (
    CaseRow(id="a", status="answered", report="reports/a.html", line="Lung-RADS: 4A",
            contradictions=("No nodule",), open=1),
    CaseRow(id="b", status="failed", report="reports/b.html", line="expected JSON"),
)  # fmt: skip


def test_counts_failures_and_contradictions_lead_to_their_cases() -> None:
    page = render_batch_summary(summary(ROWS))
    for words in ("<b>2</b>cases", "<b>1</b>failed", "expected JSON", "“No nodule”", "4A"):
        assert words in page
    assert page.count('href="reports/a.html"') == 2
    assert '<tr class="answered disputed open">' in page


def test_only_what_is_present_is_counted_as_present() -> None:
    page = render_batch_summary(summary(ROWS))
    assert "Pleural effusion" in page
    assert "Pneumothorax" not in page


def test_hostile_text_is_text_and_file_names_are_quoted() -> None:
    row = CaseRow(id=HOSTILE, status="answered", report='reports/a "b".html', line=HOSTILE)
    page = render_batch_summary(summary((row,)))
    assert HOSTILE not in page
    assert HOSTILE in unescape(page)
    assert 'href="reports/a%20%22b%22.html"' in page


def test_the_only_script_allowed_is_ours() -> None:
    page = render_batch_summary(summary(ROWS))
    assert "script-src 'sha256-" in unescape(page)
    assert page.count("<script>") == 1
