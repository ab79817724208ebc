"""Sections, sentences and exact offsets."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dxtrace.clinical import Source
from tests.unit.tools.report_reader.reading import found, only
from tools.report_reader import ReportReader
from tools.report_reader.layout import Part, split_sentences
from tools.report_reader.phrases import fold


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("FINDINGS: Clear.\nIMPRESSION: Normal.", ["findings", "impression"]),
        ("Findings: Clear. Impression: Normal.", ["findings", "impression"]),
        ("FINDINGS\nClear.\n\nCONCLUSION\nNormal.", ["findings", "impression"]),
        ("CLINICAL HISTORY: cough. TECHNIQUE: CT. FINDINGS: Clear. ASSESSMENT: Normal.",
         ["history", "technique", "findings", "impression"]),
        ("CT CHEST\nCOMPARISON: none\nFINDINGS: Clear.", ["body", "comparison", "findings"]),
        ("Lungs are clear.", ["body"]),
        ("**FINDINGS:** Clear.\n**IMPRESSION:** Normal.", ["findings", "impression"]),
    ],
)  # fmt: skip
def test_sections(reader: ReportReader, text: str, names: list[str]) -> None:
    assert [s.name for s in reader.read(text).sections] == names


def test_source_follows_the_section(reader: ReportReader) -> None:
    text = "INDICATION: cough\nFINDINGS: Small effusion.\nIMPRESSION: Effusion."
    sources = [f.source for f in found(reader, text, "pleural_effusion")]
    assert sources == [Source.REPORT_FINDINGS, Source.REPORT_IMPRESSION]


def test_without_headings_everything_is_findings(reader: ReportReader) -> None:
    finding = only(reader, "Small effusion.", "pleural_effusion")
    assert finding.source is Source.REPORT_FINDINGS


def sentences(text: str) -> list[str]:
    part = Part("body", Source.REPORT_FINDINGS, "current", 0, len(text))  # type: ignore[arg-type]
    return [text[s.start : s.end] for s in split_sentences(text, part)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A 1.5 cm nodule. No effusion.", ["A 1.5 cm nodule.", "No effusion."]),
        ("Discussed with Dr. Smith. Clear.", ["Discussed with Dr. Smith.", "Clear."]),
        ("Opacity, e.g. pneumonia. Clear.", ["Opacity, e.g. pneumonia.", "Clear."]),
        ("1. Nodule. 2. Effusion.", ["1. Nodule.", "2. Effusion."]),
        ("A nodule in the\nright lung.", ["A nodule in the\nright lung."]),
        ("Lungs clear\nHeart normal", ["Lungs clear", "Heart normal"]),
        ("- clear lungs\n- no effusion", ["- clear lungs", "- no effusion"]),
        ("XXXX opacity in XXXX. Clear.", ["XXXX opacity in XXXX.", "Clear."]),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


def test_spans_hold_the_words(reader: ReportReader) -> None:
    text = (
        "FINDINGS: Heart is mildly\nenlarged. There is a 1.5 cm  nodule in the RUL \u2013 stable."
    )
    for finding in reader.read(text).findings:
        span = finding.evidence[0].span
        assert span is not None
        assert " ".join(text[slice(*span)].split()) == finding.text


def test_spans_hold_in_text_whose_lower_case_is_longer(reader: ReportReader) -> None:
    text = "\u0130\u0130\u0130 FINDINGS: pleural effusion."
    span = only(reader, text, "pleural_effusion").evidence[0].span
    assert span is not None
    assert text[slice(*span)] == "pleural effusion"


REPORT_WORDS = st.sampled_from(
    [
        "no", "small", "7", "mm", "x", "5", "cm", "nodule", "right", "upper", "lobe", "and", "or",
        "effusion", ",", ".", ";", ":", "\n", "IMPRESSION:", "FINDINGS:", "possible", "versus",
        "(", ")", "increased", "from", "to", "the", "it", "measures", "#", "1.", "solid", "lungs",
        "clear", "?", "-", "XXXX",
    ]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(max_size=300), st.lists(REPORT_WORDS, max_size=50).map(" ".join)))
def test_any_text_is_read_and_every_span_lies_in_it(reader: ReportReader, text: str) -> None:
    reading = reader.read(text)
    for finding in reading.findings:
        for evidence in finding.evidence:
            assert evidence.span is not None
            start, end = evidence.span
            assert 0 <= start < end <= len(text)
    for section in reading.sections:
        assert 0 <= section.start <= section.end <= len(text)


@given(st.text())
def test_folding_keeps_the_length(text: str) -> None:
    assert len(fold(text)) == len(text)


def test_a_sentence_without_end_is_cut_between_words(reader: ReportReader) -> None:
    text = "nodule and " * 2000
    assert max(len(s) for s in sentences(text)) <= 1000
    spans = [e.span for f in reader.read(text).findings for e in f.evidence]
    assert {text[slice(*span)] for span in spans if span} == {"nodule"}
