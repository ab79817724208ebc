from dataclasses import replace
from pathlib import Path

import pytest

from dxtrace.retrieval.guidelines.index import Candidate, question_signals
from dxtrace.retrieval.guidelines.library import Entry
from dxtrace.retrieval.guidelines.pack_vectors import shipped_vectors, write_vectors
from dxtrace.retrieval.guidelines.passage import GuidelineDocument, GuidelinePassage
from dxtrace.retrieval.guidelines.regions import (
    named_aspects,
    named_examinations,
    named_guidelines,
    named_regions,
    without_guidelines,
)
from dxtrace.retrieval.guidelines.relevance import (
    Calibration,
    QuestionSignals,
    Signals,
    load_calibration,
)
from dxtrace.retrieval.guidelines.route import Route
from dxtrace.retrieval.guidelines.shorthand import spelled_out
from tests.unit.retrieval.plain_embedder import PlainEmbedder

BOUNDS = Calibration(
    embedder="x", fitted="", covered=1, uncovered=1, weights={"constant": 0.0},
    question_weights={
        "best": 1.0, "unsaid": -1.0, "elsewhere": -1.0, "length": 0.5, "constant": -1.0,
    },
    bound=-2.0, gap=1.5, strong_from=0.4, fair_from=0.1, answered_wrongly=0, risk_at_most=1.0,
)  # fmt: skip


@pytest.mark.parametrize(
    ("scores", "count"),
    [
        ([], 0), ([-9.0], 1), ([3.0, 2.9, 2.8], 3), ([3.0, 1.4, 1.3], 1), ([3.0, 2.0, 0.4, 0.3], 2),
        ([3.0] * 9, 5),
    ],
)  # fmt: skip
def test_the_number_of_passages_is_that_of_the_query(scores: list[float], count: int) -> None:
    assert BOUNDS.chosen(scores, -1.9, 5) == count
    assert BOUNDS.chosen(scores, -2.1, 5) == 0


def test_a_question_is_judged_by_its_best_passage_and_what_that_leaves_unsaid() -> None:
    plain = QuestionSignals(best=1.0, unsaid=0.0, elsewhere=0.0, length=2.0)
    assert BOUNDS.question_score(plain) == pytest.approx(1.0)
    assert BOUNDS.question_score(replace(plain, unsaid=1.0)) < BOUNDS.question_score(plain)
    assert BOUNDS.question_score(replace(plain, elsewhere=1.0)) < BOUNDS.question_score(plain)


@pytest.mark.parametrize(
    ("relevance", "word"), [(0.02, "weak"), (0.1, "fair"), (0.39, "fair"), (0.4, "strong")]
)
def test_relevance_is_said_in_a_word(relevance: float, word: str) -> None:
    assert BOUNDS.strength(relevance) == word


def test_the_words_that_are_shipped_lie_above_the_bound() -> None:
    fitted = load_calibration()
    assert 0.02 < fitted.fair_from < fitted.strong_from < 0.9


def test_the_calibration_says_on_what_it_rests() -> None:
    fitted = load_calibration()
    assert fitted.fitted.startswith("20")
    assert fitted.covered >= 60
    assert fitted.uncovered >= 40
    assert fitted.answered_wrongly / fitted.uncovered < fitted.risk_at_most < 0.15


def test_parts_of_the_body_and_guidelines_are_told_by_their_names() -> None:
    assert named_regions("Nodule in the left breast") == {"breast"}
    assert named_regions("Is a chest film enough for the lungs?") == {"chest"}
    assert named_guidelines("EU-TIRADS 3 or Bosniak IIF?") == {"EU-TIRADS", "Bosniak"}
    assert "tirads" not in without_guidelines("EU-TIRADS 3").lower()


def test_what_a_question_is_after_is_told() -> None:
    assert "treatment" in named_aspects("Which dose of carbimazole?")
    assert named_aspects("How does Lung-RADS treat perifissural nodules?") == frozenset()
    assert named_aspects("Does an LR-5 need a biopsy before treatment?") == frozenset()
    assert "outlook" in named_aspects("What is the five-year survival of stage IIIA?")
    assert "other eye disease" in named_aspects("How is retinopathy of prematurity graded?")


def test_examinations_are_told_by_modality() -> None:
    assert named_examinations("Doppler ultrasound or a PET/CT?") == {"us", "pt", "ct"}
    assert named_examinations("What is the correct category?") == frozenset()


def test_an_examination_that_a_guideline_is_not_about_speaks_against_it() -> None:
    passage = GuidelinePassage(key="p", section="S", text="Washout counts on CT, not on PET.")
    liver = GuidelineDocument(key="li", title="Liver", modalities=("ct", "mr"), passages=(passage,))
    anything = liver.model_copy(update={"modalities": ()})
    signals = Signals(*[0.0] * 9)

    def elsewhere(question: str, document: GuidelineDocument) -> float:
        best = Candidate(Entry("r", document, passage), signals)
        return question_signals(question, 0.0, best).elsewhere

    assert elsewhere("Is ultrasound or endoscopy better in cirrhosis?", liver) == 2
    assert elsewhere("Does MRI or PET show washout?", liver) == 0
    assert elsewhere("Is ultrasound better in cirrhosis?", anything) == 0


def test_drugs_are_told_by_the_stems_of_their_names_and_other_words_are_not() -> None:
    drugs = "aflibercept venetoclax osimertinib apixaban cisplatin dexamethasone dapagliflozin"
    assert all(named_aspects(drug) == {"treatment"} for drug in drugs.split())
    words = "concept intercept spine virus cholesterol peptide platelet line stage"
    assert all("treatment" not in named_aspects(word) for word in words.split())


def test_shorthand_is_spelled_out_by_whole_words() -> None:
    assert spelled_out("GGO in NSCLC") == "ground-glass nodule in lung cancer"
    assert spelled_out("approach") == "approach"
    assert spelled_out("AML with inv(16)") == "acute myeloid leukaemia with CBFB::MYH11"
    assert spelled_out("threshold growth") == "threshold growth"


def test_a_case_restricts_and_the_question_prevails() -> None:
    liver = GuidelineDocument(key="li", title="Liver", modalities=("mr",), body_parts=("liver",))
    anything = GuidelineDocument(key="any", title="Response")
    chest_ct = Route(modalities=frozenset({"ct"}), body_parts=frozenset({"chest"}))
    assert not chest_ct.admits(liver)
    assert chest_ct.admits(anything)
    asked = Route(asked={"li": 1.0}, modalities=frozenset({"ct"}))
    assert asked.admits(liver)
    assert not Route(only=("any",), asked={"li": 1.0}).admits(liver)


def test_vectors_are_kept_for_their_embedder_only(tmp_path: Path) -> None:
    passage = GuidelinePassage(key="p", section="S", text="Text", asked=("What?", "When?"))
    document = GuidelineDocument(key="d", title="D", passages=(passage,))
    write_vectors(tmp_path / "v.npz", PlainEmbedder(), [document])
    assert len(shipped_vectors("plain-1", tmp_path / "v.npz")) == 3
    assert shipped_vectors("plain-2", tmp_path / "v.npz") == {}
    assert shipped_vectors("plain-1", tmp_path / "none.npz") == {}
