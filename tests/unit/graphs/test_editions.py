"""A stage is a stage of an edition: what only one of them says is proved only by its name."""

from functools import cache

import pytest

from agents.vlm.claims import Known, statement_of
from agents.vlm.dialects import dialect_named
from agents.vlm.moves import RawSentence
from agents.vlm.offer import Offer
from agents.vlm.wording import FULL
from dxtrace.clinical import Case, CheckedSentence, Report, Sentence, Statement
from dxtrace.reasoning import Checker
from graphs.statements import check_statement
from graphs.workbench import default_workbench

# Two stations: N2 and IIIA by the 8th edition, N2b and IIIB by the 9th.
REPORT = (
    "CT chest. NSCLC. Solid mass of 35 mm in the right upper lobe. Ipsilateral mediastinal node "
    "stations 4R and 7 positive. No distant metastases."
)


@cache
def checker() -> Checker:
    bench = default_workbench()
    return Checker(bench.knowledge, bench.reader.read(REPORT).findings)


def marked(statement: Statement, question: str = "") -> CheckedSentence:
    case = Case(id="c-1", reports=(Report(text=REPORT),), question=question or None)
    reader = default_workbench().statement_reader
    return check_statement(reader, checker(), statement, case)[1][0]


def said(sentence: str, question: str = "") -> CheckedSentence:
    return marked(Statement(sentences=(Sentence(text=sentence),)), question)


@pytest.mark.parametrize(
    "sentence",
    [
        "Stage IIIA by the 8th edition.",
        "Stage IIIB by the 9th edition.",
        "Stage IIIB by the ninth edition.",
        "N2 by TNM 8.",
        "N2b by TNM 9.",
        "T2a.",
    ],
)
def test_a_sentence_that_names_its_edition_is_proved_by_it(sentence: str) -> None:
    assert said(sentence).mark == "entailed"


@pytest.mark.parametrize(
    "sentence",
    [
        "Stage IIIA by the 9th edition.",
        "Stage IIIB by TNM 8.",
        "Stage IIIA.",
        "Stage IIIB.",
        "Stage IIIA by the 8th edition and the 9th edition.",
    ],
)
def test_what_an_edition_excludes_is_never_proved(sentence: str) -> None:
    assert said(sentence).mark == "contradicted"


def test_a_contradiction_says_by_which_edition() -> None:
    why = said("Stage IIIA.").why
    assert "by Lung cancer TNM, 9th edition" in why
    assert "8th" not in why


def test_a_value_of_one_edition_alone_is_proved_with_its_name() -> None:
    assert said("N2b.").why == "by Lung cancer TNM, 9th edition"


def test_the_question_may_name_the_edition() -> None:
    proved = said("Stage IIIA.", "Which stage by TNM 8?")
    assert (proved.mark, proved.why) == ("entailed", "by Lung cancer TNM, 8th edition")


@pytest.mark.parametrize(
    ("concept", "value", "words", "mark"),
    [
        ("tnm_lung.stage", "IIIA", "It has spread.", "contradicted"),
        ("tnm_lung.stage", "IIIB", "It has spread.", "contradicted"),
        ("tnm_lung.stage", "IIIA", "Stage IIIA by TNM 8.", "entailed"),
        ("tnm_lung_8.stage", "IIIA", "Stage IIIA by TNM 8.", "entailed"),
        ("tnm_lung.n", "N2b", "N2b by TNM 9.", "entailed"),
        ("tnm_lung.t", "T2a", "T2a.", "entailed"),
    ],
)
def test_a_claim_without_an_edition_is_about_each(
    concept: str, value: str, words: str, mark: str
) -> None:
    raw = RawSentence(text=words, claims=[{"concept": concept, "value": value}])
    statement, problems = statement_of([raw], default_workbench().knowledge, Known())
    assert not problems
    assert marked(statement).mark == mark


def test_a_value_that_no_edition_has_is_refused() -> None:
    raw = RawSentence(text="N7.", claims=[{"concept": "tnm_lung.n", "value": "N7"}])
    _, (problem,) = statement_of([raw], default_workbench().knowledge, Known())
    assert "N2a" in problem
    assert "N7" in problem


def test_a_model_is_told_the_editions_of_what_it_may_claim() -> None:
    offered = FULL.system(
        Offer(), dialect_named("json"), default_workbench().knowledge,
        ["tnm_lung_8.stage", "tnm_lung_9.stage", "lung_rads.category"], "",
    )  # fmt: skip
    assert "tnm_lung_8.stage (Lung cancer TNM, 8th edition" in offered
    assert "tnm_lung_9.stage (Lung cancer TNM, 9th edition" in offered
    assert "- lung_rads.category: " in offered
