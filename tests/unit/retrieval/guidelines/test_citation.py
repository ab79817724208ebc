import pytest

from dxtrace.retrieval.guidelines import QuotationError, verify_quotation

PASSAGE = "More than 0.50 is enlarged; 0.50 itself is normal."


@pytest.mark.parametrize(
    ("quote", "span"),
    [(PASSAGE, None), (PASSAGE, (0, len(PASSAGE))), ("0.50", (10, 14)), ("0.50 itself", (28, 39))],
)
def test_words_that_stand_there_are_verified(quote: str, span: tuple[int, int] | None) -> None:
    verify_quotation(PASSAGE, quote, span)


@pytest.mark.parametrize(
    ("quote", "span"),
    [
        ("more than 0.50", None), ("More  than", None), ("0.5 itself", None), ("", None),
        (" ", None), ("0.50", (0, 4)), ("0.50", (10, 15)), ("0.50", (-40, -36)),
        ("0.50", (14, 10)), (PASSAGE + "!", (0, len(PASSAGE) + 1)), ("enlarged", (19, 26)),
    ],
)  # fmt: skip
def test_any_other_character_fails(quote: str, span: tuple[int, int] | None) -> None:
    with pytest.raises(QuotationError):
        verify_quotation(PASSAGE, quote, span)
