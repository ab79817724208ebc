"""Tables and lists in plain text, as the report reader spells them out."""

from tools.report_reader.tables import load_speller

TABLE = """Target lesions   Baseline   Nadir   Current
1. Liver         40 mm      32 mm   45 mm
Sum              70         60      75
Non-target: stable."""


def test_every_cell_gets_its_column_and_a_unit() -> None:
    spelled = load_speller().spell(TABLE)
    assert "Target lesion 1: Liver" in spelled.text
    assert "baseline 70 mm, nadir 60 mm, current 75 mm" in spelled.text


def test_spans_lead_back_to_the_report() -> None:
    spelled = load_speller().spell(TABLE)
    start = spelled.text.index("nadir 60 mm") + len("nadir ")
    first, last = spelled.span(start, start + 2)
    assert TABLE[first:last] == "60"


def test_a_named_row_leads_back_to_its_line() -> None:
    spelled = load_speller().spell(TABLE)
    start = spelled.text.index("Target lesion 1")
    first, last = spelled.span(start, start + len("Target lesion 1"))
    assert TABLE[first:last].startswith("1. Liver")


def test_short_forms_are_written_out_only_in_a_response_report() -> None:
    speller = load_speller()
    assert "baseline 40 mm" in speller.spell("SLD 30 mm (BL 40 mm).").text
    other = "Nodule 5 mm, BL opacity.\n1. Baseline / current: 4 / 5 mm"
    assert speller.spell(other).text == other
