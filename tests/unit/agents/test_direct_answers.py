"""A question is answered as it was asked: no word of it is passed over."""

import pytest

from dxtrace.clinical import Case, Report
from graphs import review

_CT = "CT chest. FINDINGS: "


def answer(question: str, text: str) -> str:
    case = Case(id="c", reports=(Report(text=text),), question=question, patient={"age": 60})
    return review(case).answer.text


@pytest.mark.parametrize(
    ("question", "text", "begins"),
    [
        # a condition that nobody here can judge
        ("Is the nodule benign?", _CT + "20 mm spiculated nodule in the right upper lobe.",
         "Undetermined: “benign” was not understood"),
        ("Is the endotracheal tube malpositioned?", "Endotracheal tube 4 cm above the carina.",
         "Undetermined: “malpositioned”"),
        ("Is surgery indicated for the pneumothorax?", "Small right pneumothorax.",
         "Undetermined: “surgery indicated”"),
        ("What is the capital of France?", "Lungs clear.", "Undetermined: the question"),
        # features
        ("Is the pneumothorax large?", "Tiny right apical pneumothorax.", "No"),
        ("Is there a large pleural effusion?", "Small left pleural effusion.", "No"),
        ("Is there a large pleural effusion?", "Large left pleural effusion.", "Yes"),
        ("Is there a large pleural effusion?", "Left pleural effusion.", "Undetermined"),
        ("Is there a large pleural effusion?", "No pleural effusion.", "No"),
        # sizes are no comparison
        ("Is there a nodule larger than 8 mm?", _CT + "7 mm solid nodule, right upper lobe.", "No"),
        ("Is there a nodule larger than 5 mm?", _CT + "7 mm solid nodule, right upper lobe.",
         "Yes"),
        ("Is the nodule bigger than 1 cm?", "Thyroid ultrasound. 2.6 cm nodule in the right lobe.",
         "Yes: thyroid"),
        # sites and sides
        ("Is there opacity in the left lower lobe?", "Left lower lobe opacity.", "Yes"),
        ("Is there opacity in the left lower lobe?", "Left upper lobe opacity.", "Undetermined"),
        ("Is there a nodule in the left lung?", _CT + "7 mm nodule in the right upper lobe.", "No"),
        ("Is there a fracture of the left ribs?", "Right clavicle fracture.", "Undetermined"),
        # change and absence
        ("Has the pneumothorax resolved?", "Large right pneumothorax.", "No"),
        ("Has the pneumothorax resolved?", "No pneumothorax.", "Yes"),
        ("Has the effusion increased?", "Left pleural effusion is smaller than on the prior.",
         "No"),
        ("Is there a pneumothorax or not?", "Right pneumothorax.", "Yes"),
        ("No pneumothorax, right?", "Left pneumothorax.", "No"),
        ("Is there either an effusion or a pneumothorax?", "Left pleural effusion.", "Yes"),
        # partial denials and statements that exclude each other
        ("Is there a nodule?", _CT + "No new nodules.", "Undetermined"),
        ("Is there pneumonia?", "Findings are not typical of pneumonia.", "Undetermined"),
        ("Is there a pneumothorax?", "No pneumothorax. Heart normal. Right pneumothorax.",
         "Undetermined"),
        # which, where, how many
        ("Which lobe is the nodule in?", _CT + "7 mm nodule in the right upper lobe.",
         "What is stated: pulmonary nodule: right upper lobe"),
        ("Why is there no pneumothorax?", "Right pneumothorax.", "What is stated: pneumothorax"),
    ],
)  # fmt: skip
def test_no_word_of_a_question_is_passed_over(question: str, text: str, begins: str) -> None:
    assert answer(question, text).startswith(begins)


@pytest.mark.parametrize(
    ("question", "word"),
    [
        ("Is it at least Lung-RADS 3?", "Yes"),
        ("Is it Lung-RADS 4A or higher?", "Yes"),
        ("Is it above Lung-RADS 4A?", "No"),
        ("Is it at most Lung-RADS 3?", "No"),
    ],
)
def test_bounds_go_by_the_order_of_the_values(question: str, word: str) -> None:
    text = "LDCT screening, baseline. 9 mm solid nodule in the right upper lobe."
    assert answer(question, text).startswith(word)


def test_a_level_is_given_beside_the_recommendation_asked_about() -> None:
    text = (
        "Thyroid ultrasound. 26 mm solid isoechoic nodule, wider than tall, smooth margin, no "
        "echogenic foci."
    )
    words = answer("Is FNA recommended by TI-RADS?", text)
    assert words.startswith("Yes")
    assert "TR3" in words
