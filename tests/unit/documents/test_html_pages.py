import pytest

from dxtrace.documents.blocks import Heading, Paragraph, Table
from dxtrace.documents.html_pages import read_html


def texts(page: str) -> list[str]:
    return [b.text for b in read_html(page.encode()).blocks if isinstance(b, Heading | Paragraph)]


def test_only_what_a_reader_sees_is_read() -> None:
    page = """<html><head><style>p {}</style></head><body><nav>Menu</nav><h1>Cysts</h1>
    <script>document.write('run')</script><p>Seen.<!-- not seen --></p>
    <p hidden>Hidden</p><p style="display: none">Hidden</p>
    <template><p>Hidden</p></template>
    <h2>Sizes<span style="display:none">hidden</span></h2>
    <p>Also <b>seen</b>.</p><footer>End</footer>
    <noscript>No script</noscript><iframe src="http://127.0.0.1:9/x">frame</iframe></body></html>"""
    assert texts(page) == ["Cysts", "Seen.", "Sizes", "Also seen."]


def test_lists_keep_their_marks_and_numbers() -> None:
    page = "<ol start=3><li>three<li>four<ul><li>inner</ul></ol><ul><li>dot</ul>"
    assert texts(page) == ["3. three", "4. four", "• inner", "• dot"]


def test_raised_digits_stay_raised() -> None:
    assert texts("<p>10<sup>9</sup>/L, 5 mm<sup>2</sup>, the 5<sup>th</sup></p>") == [
        "10⁹/L, 5 mm², the 5th"
    ]


def test_cells_that_span_rows_are_repeated_and_columns_stay_in_line() -> None:
    page = """<table><caption>Intervals</caption><tr><th>Class<th colspan=2>Follow-up</tr>
    <tr><td rowspan=2>IIF<td>6 months<td>CT</tr><tr><td>12 months<td>MRI</tr></table>"""
    (table,) = read_html(page.encode()).blocks
    assert isinstance(table, Table)
    assert table.caption == "Intervals"
    assert table.rows == (
        ("Class", "Follow-up", ""), ("IIF", "6 months", "CT"), ("IIF", "12 months", "MRI"),
    )  # fmt: skip


def test_a_table_that_lays_out_a_page_is_read_as_text() -> None:
    page = (
        "<table><tr><td><h2>A</h2><p>one</p><td><table><tr><td>x<td>y<tr><td>1<td>2</table></table>"
    )
    blocks = read_html(page.encode()).blocks
    assert [type(b) for b in blocks] == [Heading, Paragraph, Table]


def test_absurd_spans_cost_nothing() -> None:
    page = "<table><tr><td colspan=999999999 rowspan=9999>a<td>b<tr><td>c<td>d</table>"
    assert len(str(read_html(page.encode()))) < 100_000


@pytest.mark.parametrize("depth", [500, 20_000])
def test_deep_nesting_is_read(depth: int) -> None:
    assert "deep" in " ".join(texts(f"{'<div>' * depth}deep{'</div>' * depth}<p>after"))


def test_metadata_is_taken_as_it_is_said() -> None:
    page = """<head><title>Site - Page</title><meta name="citation_title" content="Cyst guideline">
    <meta name="citation_publisher" content="A Society">
    <meta name="citation_doi" content="10.1000/x1">
    <meta name="citation_publication_date" content="2021/03/01">
    <link rel="license" href="https://creativecommons.org/licenses/by/4.0/"></head><p>x"""
    facts = read_html(page.encode()).facts
    assert (facts.title, facts.publisher, facts.year) == ("Cyst guideline", "A Society", 2021)
    assert facts.url == "https://doi.org/10.1000/x1"
    assert facts.licence == "https://creativecommons.org/licenses/by/4.0/"


def test_an_address_that_is_none_is_not_taken() -> None:
    page = '<link rel="canonical" href="javascript:alert(1)"><title>T</title><p>x'
    assert read_html(page.encode()).facts.url == ""


def test_the_encoding_that_a_page_states_is_used() -> None:
    page = '<meta charset="iso-8859-2"><p>Pęcherzyk żółciowy</p>'
    assert read_html(page.encode("iso-8859-2")).blocks[0] == Paragraph(text="Pęcherzyk żółciowy")
