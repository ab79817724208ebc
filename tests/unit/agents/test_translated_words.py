"""What is noticed in a translation: numbers, sides, negations."""

import pytest

from agents.translated_words import says_otherwise, translation_words

SAME = [
    ("de", "a small round spot in the lung on the left, 7 mm in size",
     "ein kleiner runder Fleck in der Lunge links, 7 mm groß"),
    ("de", "between 1.5 and 2.5 mm in size", "zwischen 1,5 und 2,5 mm groß"),
    ("de", "Not clear yet:", "Noch unklar:"),
    ("fr", "It is not there.", "Ce n’est pas là."),  # noqa: RUF001 - as it is written
    ("fr", "on the right", "à droite"),
    ("es", "no doctor has checked it", "ningún médico lo ha comprobado"),
    ("it", "on both sides", "su entrambi i lati"),
    ("nl", "fluid around the left lung", "vocht rond de linkerlong"),
    ("pl", "on the right; probably 3 mm", "po prawej; prawdopodobnie 3 mm"),
    ("pt", "What was not found:", "O que não foi encontrado:"),
    ("ru", "It is not there, on the left.", "Слева этого нет."),
]  # fmt: skip
OTHERWISE = [
    ("de", "7 mm in size", "17 mm groß", "other numbers"),
    ("de", "after 6 to 12 months", "nach sechs bis 12 Monaten", "other numbers"),
    ("de", "in the left lung", "in der rechten Lunge", "“left”"),
    ("de", "in the left lung", "in der Lunge", "“left”"),
    ("de", "in the lung", "im linken Lungenflügel", "“left”"),
    ("de", "It is not there.", "Es ist da.", "negation"),
    ("de", "It is there.", "Es ist nicht da.", "negation"),
    ("de", "on both sides", "auf der Seite", "“both”"),
    ("de", "Please talk to your doctor.", "Please talk to your doctor.", "still English"),
    ("de", "It is there.", "  ", "not translated"),
    ("de", "It is there.", "Es ist da. " + "Nehmen Sie sofort Tabletten. " * 4, "says more"),
    ("ru", "on the right", "слева", "“left”"),
]


@pytest.mark.parametrize(("language", "english", "translated"), SAME)
def test_a_faithful_translation_is_shown(language: str, english: str, translated: str) -> None:
    assert says_otherwise(english, translated, language) == ""


@pytest.mark.parametrize(("language", "english", "translated", "what"), OTHERWISE)
def test_other_numbers_sides_and_negations_are_noticed(
    language: str, english: str, translated: str, what: str
) -> None:
    assert what in says_otherwise(english, translated, language)


def test_every_language_tells_left_from_right_and_yes_from_no() -> None:
    for words in translation_words().languages.values():
        assert words.name
        assert words.english
        assert not set(words.left) & set(words.right)
        assert words.negation
