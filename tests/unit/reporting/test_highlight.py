"""Report text in pieces: nothing lost, every mark where its words are."""

from hypothesis import given
from hypothesis import strategies as st

from dxtrace.reporting.highlight import Mark, cut_into_pieces, quote_sentence

TEXT = st.text(min_size=1, max_size=60)


@given(
    TEXT,
    st.lists(
        st.tuples(st.integers(0, 59), st.integers(1, 60), st.sampled_from(["present", "absent"]))
    ),
)
def test_pieces_joined_are_the_text(text: str, spans: list[tuple[int, int, str]]) -> None:
    marks = [
        Mark(start, end, f"f{n}", look)
        for n, (start, end, look) in enumerate(spans)
        if start < end <= len(text)
    ]
    pieces = cut_into_pieces(text, marks)
    assert "".join(piece.text for piece in pieces) == text
    for mark in marks:
        marked = "".join(piece.text for piece in pieces if mark.id in piece.findings)
        assert marked == text[mark.start : mark.end]


def test_the_narrower_of_two_findings_gives_the_look() -> None:
    text = "No large effusion seen"
    marks = [Mark(0, 22, "f1", "present"), Mark(9, 17, "f2", "absent")]
    piece = next(p for p in cut_into_pieces(text, marks) if p.text == "effusion")
    assert piece.look == "absent"
    assert piece.findings == ("f2", "f1")


def test_each_finding_begins_once_though_it_has_words_in_two_places() -> None:
    marks = [Mark(0, 1, "f1", "present"), Mark(2, 3, "f1", "present")]
    assert [p.begins for p in cut_into_pieces("a b", marks)] == [("f1",), (), ()]


def test_a_quote_is_the_sentence_without_its_number() -> None:
    text = "FINDINGS: Clear.\nIMPRESSION: 1. Small left\npleural effusion, stable. 2. Normal heart."
    words = "pleural effusion"
    start = text.index(words)
    quote = quote_sentence(text, (start, start + len(words)))
    assert quote.before + quote.words + quote.after == "Small left pleural effusion, stable."
    assert quote.words == words
