"""What an answer earns: honest ones more than each way to look good without being so."""

from pathlib import Path

import pytest

from dxtrace.clinical import CallRequest, Claim, Presence
from graphs.teacher import Conversation, Exchange, Reward, Teacher, read_settings
from graphs.teacher.settings import SettingsError, default_settings
from tests.unit.graphs.benches import bench_with, expert, report_case, sees
from tests.unit.graphs.teacher.conversations import (
    HONEST,
    QUESTION,
    REPORT,
    SEARCH,
    case,
    conversation,
    findings,
    teacher,
)

VOCABULARY_OF_THE_CHEST = (
    "effusion", "pneumothorax", "pneumonia", "atelectasis", "fibrosis", "emphysema", "mass",
    "consolidation", "lymphadenopathy", "fracture", "pericardial effusion", "hernia", "nodule",
)  # fmt: skip


def reward(*answers: str, **fields: object) -> Reward:
    return teacher().score(conversation(*answers, **fields))  # type: ignore[arg-type]


def test_an_honest_complete_answer_earns_nearly_all() -> None:
    honest = reward(HONEST)
    assert honest.total > 0.95
    assert honest.conflicts == ()
    assert {s.standing for s in honest.turns[0].statements} == {"entailed"}
    assert all(e.met for e in honest.expected)


@pytest.mark.parametrize(
    ("trick", "answer"),
    [
        ("an empty answer", ""),
        ("nothing but blanks", " \n "),
        ("endless hedging", " ".join(f"There may be {x}." for x in VOCABULARY_OF_THE_CHEST)),
        ("undetermined, always", "Undetermined."),
        ("a proved fact many times", "There is a 7 mm nodule in the right upper lobe. " * 20),
        ("the answer many times", f"{HONEST} " * 20),
        ("a copy of the report", REPORT),
        ("the report's body and the answer", f"{REPORT} {HONEST}"),
        ("all denials", " ".join(f"No {x}." for x in VOCABULARY_OF_THE_CHEST)),
        ("the answer and all denials",
         HONEST + " ".join(f" No {x}." for x in VOCABULARY_OF_THE_CHEST)),
        ("the proved denials beside the answer",
         f"{HONEST} No pleural effusion. No pneumothorax. The heart is not enlarged."),
        ("a claim and its opposite", f"{HONEST} There is no nodule."),
        ("every value", f"{HONEST} No routine follow-up is needed for the nodule. "
         "Optional CT at 12 months. CT at 3 to 6 months, then consider CT at 18 to 24 months."),
        ("prose that nobody can read", "As an experienced reader I weighed all of it with care. "
         * 20 + HONEST),
        ("what is proved in words that say more",
         "There is a 7 mm solid nodule in the right upper lobe due to a rare tropical parasite. "
         "CT at 6 to 12 months, then consider CT at 18 to 24 months."),
        ("a correction of nothing", f"Correction: there is a right pleural effusion. {HONEST}"),
        ("a false claim under a heading that reports use for history",
         f"{HONEST}\nFINDINGS: There is a right pleural effusion."),
    ],
    ids=lambda x: x[:40].replace(" ", "-"),
)  # fmt: skip
def test_tricks_earn_less_than_the_honest_answer(trick: str, answer: str) -> None:
    assert reward(answer).total < reward(HONEST).total - 0.01, trick


def test_tricks_do_not_beat_a_plain_short_answer_either() -> None:
    short = reward("CT at 6 to 12 months, then consider CT at 18 to 24 months.").total
    for answer in ("", REPORT, "There may be a nodule.", "There is a 7 mm nodule. " * 9):
        assert reward(answer).total < short - 0.2


def test_a_false_answer_earns_less_than_none() -> None:
    false = reward("No routine follow-up is needed for the nodule.")
    assert false.total < reward("").total
    (statement,) = false.turns[0].statements
    assert statement.standing == "contradicted"
    assert any(r.kind == "row" for r in statement.because)
    assert "7 mm" in false.explained()


def test_what_the_checker_leaves_open_is_best_said_to_be_open() -> None:
    about = case(REPORT, sex="F")
    honest = reward(
        "Undetermined. What is the age of the patient? What is the risk of lung cancer? "
        "Is there smoking?",
        about=about,
    )
    guess = reward("CT at 6 to 12 months, then consider CT at 18 to 24 months.", about=about)
    assert honest.total > 0.9
    assert guess.total < 0.3
    assert guess.turns[0].statements[0].standing == "consistent"
    assert [e.kind for e in honest.expected if e.met].count("gap") == 3


def test_asking_is_also_read_from_calls() -> None:
    about = case(REPORT, sex="F")
    words = reward("Undetermined.", about=about)
    asked = reward("Undetermined.", about=about, asks=("patient.age",))
    assert asked.completeness > words.completeness


def test_openness_about_nothing_in_particular_counts_by_what_is_open() -> None:
    about = report_case("Adequate aspirate with particles. Blasts 22% of nucleated cells.")
    question = "What is the conclusion of the marrow?"

    def of(answer: str) -> Reward:
        return reward(answer, about=about, question=question)

    named = of("Conclusion of the marrow pathway: acute leukaemia. "
               "Myeloma-defining event: undetermined.")  # fmt: skip
    vague = of("Undetermined.")
    assert [s.worth for s in named.turns[0].statements] == [1, 1]
    assert vague.turns[0].statements[0].worth < 0.5
    assert vague.total < 0.3 < named.total


def test_open_is_wrong_where_it_is_proved() -> None:
    (statement,) = reward("This cannot be determined.").turns[0].statements
    assert statement.standing == "wrongly_open"
    assert statement.worth < 0


@pytest.mark.parametrize(
    ("question", "answer", "standing"),
    [
        ("Is there a pleural effusion?", "No.", "entailed"),
        ("Is there a pleural effusion?", "Yes.", "contradicted"),
        ("Is there no pleural effusion?", "Yes.", "entailed"),
        ("Is there a left nodule?", "Yes.", "contradicted"),
        ("Is there a solid nodule in the right upper lobe?", "Yes.", "entailed"),
        ("Is there a solid nodule in the right upper lobe?", "No.", "contradicted"),
        ("Is there pneumonia?", "No.", "unsupported"),
        ("Is there pneumonia?", "Undetermined.", "left_open"),
    ],
)
def test_yes_and_no_are_answers(question: str, answer: str, standing: str) -> None:
    (statement,) = reward(answer, question=question).turns[0].statements
    assert statement.standing == standing


def test_a_silent_contradiction_costs_and_a_correction_does_not() -> None:
    wrong = "There is a right pleural effusion."
    silent = reward(wrong, "There is no pleural effusion.")
    corrected = reward(wrong, "I was wrong: there is no pleural effusion.")
    assert silent.consistency == -0.5
    assert corrected.consistency == 0
    assert [c.corrected for c in corrected.conflicts] == [True]
    assert corrected.total > silent.total
    assert "contradicts itself" in silent.explained()


def test_going_back_and_forth_costs_even_with_apologies() -> None:
    turns = [
        "There is a right pleural effusion.",
        "Correction: there is no pleural effusion.",
        "Correction: there is a right pleural effusion.",
        "Correction: there is no pleural effusion.",
    ]
    assert reward(*turns).consistency < 0


def test_a_contradiction_by_a_rule_is_seen() -> None:
    found = reward("The lungs are clear.", "There is a consolidation.", question="")
    assert found.consistency < 0
    (conflict,) = found.conflicts
    assert conflict.rules


def test_what_was_given_is_not_rewarded_and_binds() -> None:
    def after(answer: str, before: str) -> Reward:
        given = Exchange(question=QUESTION, answer=before, given=True)
        now = Exchange(question="Is there a pleural effusion?", answer=answer)
        about = case()
        return teacher().score(
            Conversation(case=about, findings=findings(about), exchanges=(given, now))
        )

    agrees = after("No.", "There is no pleural effusion.")
    silent = after("No.", "There is a right pleural effusion.")
    assert len(agrees.turns) == 1
    assert agrees.validity == silent.validity
    assert silent.consistency < agrees.consistency == 0


def test_structured_claims_are_judged_beside_the_words() -> None:
    false = Claim(id="m1", kind="finding", concept="pneumothorax")
    unknown = Claim(id="m2", kind="finding", concept="dragon", presence=Presence.PRESENT)
    value = Claim(id="m3", kind="category", concept="fleischner.recommendation", value="NEVER")
    judged = reward(HONEST, claims=(false, unknown, value)).turns[0].statements
    assert [s.standing for s in judged[-3:]] == ["contradicted", "invalid", "invalid"]
    assert "dragon" in judged[-2].problem


@pytest.mark.parametrize(
    ("calls", "standing"),
    [
        (SEARCH, "needed"),
        ((), "not_called"),
        ((*SEARCH, *SEARCH), "repeated"),
        ((CallRequest(tool="crystal_ball"), *SEARCH), "unknown"),
        ((CallRequest(tool="lung_sac"), *SEARCH), "refused"),
        ((CallRequest(tool="chest_gaze"), *SEARCH), "unneeded"),
    ],
)
def test_calls_are_judged(calls: tuple[CallRequest, ...], standing: str) -> None:
    bench = bench_with(
        expert("lung_sac", sees("pneumonia"), accepts=("image",), produces=("pneumonia",)),
        expert("chest_gaze", sees("hernia"), produces=("hiatal_hernia",)),
    )
    own = Teacher(bench=bench)
    judged = own.score(conversation(HONEST, calls=calls))
    best = own.score(conversation(HONEST))
    assert standing in {c.standing for c in judged.judged_calls}
    assert judged.calls < best.calls or standing == "needed"


def test_no_expert_needed_is_right_only_for_who_says_something() -> None:
    question = "Is there a pleural effusion?"
    assert reward("No.", question=question).calls == 1
    assert reward("", question=question).calls == 0
    needless = reward("No.", question=question, calls=SEARCH)
    assert needless.calls < 1


@pytest.mark.parametrize(
    "answer",
    ["[" * 3000, "<" * 3000, "No " * 3000, "\x00\ud800", "7 mm " * 2000, "1. " * 2000, "?" * 5000],
)
def test_hostile_answers_are_scored(answer: str) -> None:
    assert -1 <= reward(answer).total < reward(HONEST).total


def test_rewards_are_the_same_again_and_in_other_processes() -> None:
    wanted = [conversation(HONEST), conversation(""), conversation("There is no nodule.")]
    own = [teacher().score(c) for c in wanted]
    with Teacher(workers=2) as others:
        assert others.score_batch(wanted) == own
        assert others.score_batch([]) == []
    assert [teacher().score(c) for c in wanted] == own


def test_a_new_checker_after_many_questions_says_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("graphs.teacher.grounds._RENEWED_AFTER", 1)
    assert Teacher().score(conversation(HONEST)) == reward(HONEST)


def test_wrong_numbers_of_workers_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1, got 0"):
        Teacher(workers=0)
    with pytest.raises(ValueError, match="not sent to other processes"):
        Teacher(workers=2, bench=bench_with())


def test_weights_come_from_a_file_and_have_reasons(tmp_path: Path) -> None:
    file = tmp_path / "reward.yaml"
    file.write_text("statements:\n  unsupported: {worth: -0.9, why: we want none of it}\n")
    strict = Teacher(settings=read_settings(file))
    answer = conversation("There is pneumonia.", question="Is there pneumonia?")
    assert strict.score(answer).validity == -0.9
    assert default_settings().statements["unsupported"].worth == -0.2


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("statements: {lies: {worth: 1, why: no}}", "got 'lies'"),
        ("part: {}", "got 'part'"),
        ("[1]", "expected a mapping"),
        ("parts: {validity: {weight: 0.9, why: more}}", "= 1"),
        ("statements: {entailed: {worth: 3, why: more}}", "from -1 to 1"),
        ("statements: {entailed: {worth: 1}}", "why"),
        ("open: ['(']", "unterminated"),
        ("a: [", "expected"),
    ],
)
def test_wrong_weights_are_refused(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "reward.yaml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=problem):
        read_settings(file)
