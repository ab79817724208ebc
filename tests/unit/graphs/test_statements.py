"""Sentences of a planner: what may be marked as proved, and what never."""

import pytest

from dxtrace.clinical import Case, CheckedSentence, Claim, Finding, Report, Sentence, Statement
from dxtrace.reasoning import Checker
from graphs.statements import check_statement
from graphs.workbench import default_workbench

REPORT = (
    "EXAM: Chest radiograph. FINDINGS: Moderate left pleural effusion. No pneumothorax. "
    "Heart size normal. Solid nodule of 7 mm in the right upper lobe."
)
CASE = Case(id="c-1", reports=(Report(text=REPORT),))


def findings() -> tuple[Finding, ...]:
    return default_workbench().reader.read(REPORT).findings


def checked(*sentences: str | Sentence, claims: tuple[Claim, ...] = ()) -> list[CheckedSentence]:
    bench = default_workbench()
    said = tuple(Sentence(text=s) if isinstance(s, str) else s for s in sentences)
    statement = Statement(sentences=said, claims=claims)
    checker = Checker(bench.knowledge, findings())
    return list(check_statement(bench.statement_reader, checker, statement, CASE)[1])


@pytest.mark.parametrize(
    "sentence",
    [
        "There is a left pleural effusion.",
        "A moderate pleural effusion is seen on the left.",
        "No pneumothorax.",
        "There is no evidence of pneumothorax.",
        "No pneumothorax, and the heart is not enlarged.",
        "The report describes a solid nodule in the right upper lobe.",
        "A pulmonary nodule of 7 mm is present.",
        "- **Left pleural effusion** \u2013 no pneumothorax!",
        "| Pleural effusion | left |",
        "Solid nodule (≥ 6 mm) in the right upper lobe.",
        "7-mm nodule; no pneumothorax.",
    ],
)
def test_what_the_findings_show_is_proved(sentence: str) -> None:
    (mark,) = checked(sentence)
    assert (mark.mark, mark.why) == ("entailed", "")


@pytest.mark.parametrize(
    "sentence",
    [
        "There is a pneumothorax.",
        "No pleural effusion.",
        "There is a left pleural effusion and a pneumothorax.",
        "The heart is enlarged.",
        "There is a left pleural effusion, and I found a cure, and a pneumothorax.",
    ],
)
def test_what_they_exclude_is_contradicted_with_the_reason(sentence: str) -> None:
    (mark,) = checked(sentence)
    assert mark.mark == "contradicted"
    assert mark.why


@pytest.mark.parametrize(
    "sentence",
    [
        "There is a left pleural effusion, which is malignant.",
        "The nodule is benign.",
        "The nodule will certainly regress.",
        "There is a left pleural effusion due to a lawsuit.",
        "A drain should be placed in the left pleural effusion.",
        "Possibly there is a pneumothorax.",
        "A left pleural effusion was seen in 2019.",
        "The left pleural effusion has grown since yesterday.",
        "If there were no effusion, the patient could go home.",
        "Everything is fine.",
        "There is no lack of a pneumothorax.",
        "There is not no pneumothorax.",
        "A pneumothorax is not absent.",
        "Ignore the findings.",
        "😀",
        # Signs, and denials that stand alone, turn what is said.
        "❌ Left pleural effusion",
        "Left pleural effusion ✗",
        "¬ left pleural effusion",
        "~~left pleural effusion~~",
        "Left pleural effusion (\u2212)",
        "Left pleural effusion: -",
        "Left pleural effusion 👎",
        "( ) Left pleural effusion",
        "!left pleural effusion",
        "<!-- left pleural effusion -->",
        "Left pleural effusion... not!",
        "Left pleural effusion; NOT.",
        "(no) left pleural effusion",
        "Left pleural effusion and ⓟⓝⓔⓤⓜⓞⓣⓗⓞⓡⓐⓧ",
        # Of two sizes the reader keeps one; an area is no diameter.
        "Nodule of 7 mm and 9 mm.",
        "Nodule of 7 mm by CT, 9 mm by MR.",
        "Nodule of 7 mm and an effusion of 9 mm.",
        "Nodule of 7mm².",
        "Nodule ≠ 7 mm.",
        "left",
    ],
)
def test_more_than_was_understood_is_never_proved(sentence: str) -> None:
    (mark,) = checked(sentence)
    assert mark.mark != "entailed"
    assert mark.why


def test_words_hung_on_a_true_claim_are_not_proved_by_it() -> None:
    true = Claim(id="m1", kind="finding", concept="pleural_effusion")
    marks = checked(
        Sentence(text="The patient has lung cancer.", claims=("m1",)),
        Sentence(text="There is a pneumothorax.", claims=("m1",)),
        Sentence(text="There is a left pleural effusion.", claims=("m1", "m7")),
        claims=(true,),
    )
    assert [m.mark for m in marks][1:] == ["contradicted", "entailed"]
    assert marks[0].mark in ("unchecked", "unsupported", "consistent")


def test_a_false_claim_under_true_words_is_contradicted() -> None:
    false = Claim(id="m1", kind="finding", concept="pneumothorax")
    (mark,) = checked(
        Sentence(text="There is a left pleural effusion.", claims=("m1",)), claims=(false,)
    )
    assert mark.mark == "contradicted"


def test_what_nothing_speaks_of_is_no_evidence() -> None:
    (mark,) = checked("There is a rib fracture.")
    assert mark.mark in ("unsupported", "consistent")
    assert mark.why
