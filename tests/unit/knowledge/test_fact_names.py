"""What would settle a question is named as a clinician would."""

import re

import pytest

from dxtrace.clinical import MissingFact
from dxtrace.knowledge import load_knowledge
from dxtrace.knowledge.fact_names import missing_in_words, offered, plain

VOCABULARY = load_knowledge().vocabulary
FACTS = [
    f"{concept.key}.{attribute.key}"
    for concept in VOCABULARY.concepts.values()
    for attribute in concept.attributes
    if attribute.asked_as != ""
]


@pytest.mark.parametrize("fact", FACTS)
def test_every_attribute_has_a_name_that_reads_on(fact: str) -> None:
    words = missing_in_words(VOCABULARY, fact)
    assert "_" not in words
    assert re.match(r"[a-zA-Z]{3,}|T |N |M ", words), words
    odd = r"^(?:called|given|enlarged|involved by|in an|definite|prominent|where of|not|no) "
    assert not re.match(odd, words)
    assert not re.search(r"\b(\w{4,}) of the \1\b", words)
    if VOCABULARY.attribute(*fact.split(".")).type == "boolean":
        assert "whether" in words or not re.search(r"(?:ed|ing|able) of the ", words)


def test_a_fact_is_named_with_its_concept() -> None:
    named = [
        missing_in_words(VOCABULARY, f)
        for f in ("pulmonary_nodule.composition", "patient.age", "pleural_effusion.present",
                  "pleural_effusion.left", "lung_cancer_risk.level")
    ]  # fmt: skip
    assert named == [
        "composition of the pulmonary nodule", "age of the patient",
        "whether there is pleural effusion", "whether there is pleural effusion on the left",
        "risk of lung cancer (low or high)",
    ]  # fmt: skip


def test_what_only_reading_fills_is_not_asked_for() -> None:
    facts = ("pulmonary_nodule.tiny", "lung_staging.n", "pulmonary_nodule.mean_diameter")
    missing = [MissingFact(concept=fact, why="it decides") for fact in facts]
    assert [m.concept for m in offered(VOCABULARY, missing)] == ["pulmonary_nodule.mean_diameter"]
    assert offered(VOCABULARY, missing[:1]) == tuple(missing[:1])


def test_abbreviations_keep_their_capitals() -> None:
    assert plain("Pulmonary Nodule on MRI") == "pulmonary nodule on MRI"
    assert plain("Chronic hepatitis B") == "chronic hepatitis B"
