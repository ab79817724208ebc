"""Plain words: for everything that the shipped packs speak of, and for nothing else."""

import pytest

from dxtrace.knowledge import load_knowledge
from dxtrace.knowledge.lay_words import lay_words

_LONGEST_WORDS = 14


def test_every_concept_that_a_patient_may_read_of_has_plain_words() -> None:
    concepts = load_knowledge().vocabulary.concepts
    spoken_of = {c.key for c in concepts.values() if c.kind != "context"}
    assert set(lay_words().concepts) == spoken_of


def test_every_reported_output_has_a_title_and_its_values_exist() -> None:
    outputs = [output for _, output in load_knowledge().outputs.values() if output.report]
    words = lay_words().outputs
    assert set(words) == {output.public_name for output in outputs}
    for name, lay in words.items():
        known = {v.key for o in outputs if o.public_name == name for v in o.values}
        assert set(lay.values) <= (known or {"true", "false"}), name
        # Where one value has plain words, all have: half a scale would mislead.
        assert not lay.values or not known or set(lay.values) == known, name


@pytest.mark.parametrize("output", ["lung_rads.s_modifier", "icdr.dme"])
def test_yes_and_no_are_said_of_outputs_that_hold_or_not(output: str) -> None:
    yes, no = (lay_words().value(output, value) for value in (True, False))
    assert yes
    assert no
    assert yes != no


def test_words_are_short_and_no_two_concepts_share_them() -> None:
    said = [concept.say for concept in lay_words().concepts.values()]
    assert max(len(words.split()) for words in said) <= _LONGEST_WORDS
    twice = {words for words in said if said.count(words) > 1}
    assert twice == set()
