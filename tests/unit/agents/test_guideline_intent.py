import pytest

from agents.question_text import asks_for_guideline


@pytest.mark.parametrize(
    "question",
    [
        "What does Fleischner recommend for a 7 mm nodule?", "Which guideline applies?",
        "What are the CRAB criteria?", "What do the rules say on cysts?",
        "What is the cut-off of the cardiothoracic ratio?", "How is threshold growth defined?",
    ],
)  # fmt: skip
def test_questions_about_what_a_guideline_says(question: str) -> None:
    assert asks_for_guideline(question)


@pytest.mark.parametrize(
    "question",
    ["Is there a pleural effusion?", "Which Lung-RADS category?", "Has the nodule grown?", ""],
)
def test_questions_about_the_case_alone(question: str) -> None:
    assert not asks_for_guideline(question)
