"""Names that are known of a case are masked in its words; what reports say of findings stays."""

import pytest

from dxtrace.intake.known_names import hash_words, mask_known_names


@pytest.mark.parametrize(
    ("name", "text", "masked"),
    [
        (
            "John Smith 1",
            "John Smith was told; smith agreed.",
            "XXXX XXXXX was told; XXXXX agreed.",
        ),
        ("smith_john", "SMITH, JOHN: 1 nodule.", "XXXXX, XXXX: 1 nodule."),
        ("O'Brien", "O'Brien's effusion", "O'XXXXX's effusion"),
        ("Müller", "MÜLLER was seen.", "XXXXXX was seen."),
        ("case-4711", "Number 4711, 47 mm.", "Number XXXX, 47 mm."),
    ],
)
def test_a_name_is_masked_without_a_title(name: str, text: str, masked: str) -> None:
    assert mask_known_names(text, hash_words(name)) == masked


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("chest-ct-effusion-12", "Chest CT: small effusion, 12 mm."),
        ("left lung 120", "Left lung: 120 mm."),
        ("report", "This report is normal."),
        ("Small", "Small effusion."),
        ("Al-5", "Al agreed."),
    ],
)
def test_words_of_reports_short_words_and_measures_stay(name: str, text: str) -> None:
    assert mask_known_names(text, hash_words(name)) == text


def test_a_name_that_is_also_a_word_of_reports_is_masked_beside_the_rest_of_it() -> None:
    text = "John Small was told of a small effusion. Small, John."
    masked = "XXXX XXXXX was told of a small effusion. XXXXX, XXXX."
    assert mask_known_names(text, hash_words("Small^John")) == masked


def test_without_names_and_with_odd_text_nothing_happens() -> None:
    for text in ("", "lone \ud800 surrogate", "x" * 100_000):
        assert mask_known_names(text, ()) == text
        assert mask_known_names(text, hash_words("Smith")) == text
