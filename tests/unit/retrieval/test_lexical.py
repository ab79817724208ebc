import pytest

from dxtrace.retrieval.lexical import LexicalIndex
from dxtrace.retrieval.words import words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("oedema", "edema"), ("haemorrhages", "hemorrhage"), ("tumours", "tumor"),
        ("0.50", "0.5"), ("categorise", "categorize"), ("metastases", "metastasis"),
        ("fibres", "fiber"), ("biopsies", "biopsy"), ("anaemia", "anemia"),
        ("\uff2c\uff32\uff15", "lr5"), ("naïve", "naive"),
    ],
)  # fmt: skip
def test_one_word_is_written_in_one_way(one: str, other: str) -> None:
    assert words(one) == words(other)


def test_a_sign_and_its_number_are_one_word_however_written() -> None:
    assert all("lr5" in words(text) for text in ("LR-5", "LR 5", "lr5"))
    assert "at10" not in words("at 10 mm")


def test_a_shared_word_scores_and_a_rare_one_more() -> None:
    index = LexicalIndex(["solid nodule", "part-solid nodule", "spongiform nodule", ""])
    scores = index.scores("Is the spongiform nodule benign?")
    assert scores.argmax() == 2
    assert scores[3] == 0
    assert len(index) == len(scores) == 4


@pytest.mark.parametrize("texts", [[], ["", "the"], ["nodule"]])
@pytest.mark.parametrize("query", ["", "the", "unheard"])
def test_nothing_shared_scores_nothing(texts: list[str], query: str) -> None:
    assert not LexicalIndex(texts).scores(query).any()
