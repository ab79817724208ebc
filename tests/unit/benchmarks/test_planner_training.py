"""What a planner of our own is taught, and how it is examined."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import islice

import pytest
from langchain_core.messages import AIMessage, BaseMessage

from agents.vlm.dialects import dialect_named
from agents.vlm.wording import AS_WELL, ASKED_FOR, ASKED_FOR_SEVERAL, CompactWording
from benchmarks.own_planner import Answered, answered, figures, held_out_lessons
from benchmarks.planner_training.invented import invented_name, invented_word, is_held_out
from benchmarks.planner_training.lessons import DIALECT, Lesson, School, question_reader
from benchmarks.planner_training.pictures import KINDS, SIDE_PX, picture_of
from benchmarks.planner_training.subjects import Subject, question_on, readable_subjects
from benchmarks.planner_training.surroundings import STANDING
from graphs.workbench import Workbench, default_workbench

KEYS = (
    "pneumothorax", "pleural_effusion", "pulmonary_nodule", "emphysema", "consolidation",
    "rib_fracture", "honeycombing", "bronchiectasis", "pulmonary_embolism", "lung_cavity",
    "mediastinal_mass", "mucoid_impaction", "crazy_paving", "renal_mass", "pleural_scar",
    "hyperlucent_lung", "atelectasis", "cardiomegaly", "adrenal_nodule", "pulmonary_scar",
    "diaphragm_elevation", "mosaic_attenuation", "calcified_lymph_nodes", "hiatal_hernia",
    "pulmonary_edema", "scoliosis", "osteopenia", "reticulation", "ground_glass_opacity",
    "tracheostomy_tube", "azygos_lobe", "coronary_artery_calcification", "pulmonary_fibrosis",
)  # fmt: skip


@pytest.fixture(scope="module")
def bench() -> Workbench:
    return default_workbench()


@pytest.fixture(scope="module")
def subjects(bench: Workbench) -> tuple[Subject, ...]:
    names = CompactWording(bench.knowledge, lambda _: ()).names
    known = [key for key in KEYS if key in names]
    return tuple(readable_subjects(bench, dict(names), known))


@pytest.fixture(scope="module")
def school(bench: Workbench, subjects: tuple[Subject, ...]) -> School:
    return School(bench, subjects, question_reader(bench))


@pytest.fixture(scope="module")
def held_out(bench: Workbench, school: School) -> School:
    return School(bench, school.subjects, school.asked, held_out=True)


def words_of(lesson: Lesson) -> str:
    texts = []
    for message in lesson.messages:
        content = message.content if isinstance(message.content, list) else [message.content]
        texts += [c if isinstance(c, str) else c.get("text", "") for c in content]
    return "\n".join(texts)


def thoughts(lesson: Lesson) -> list[str]:
    """What it looks up, without the words in front."""
    return re.split(f"^(?:{ASKED_FOR}|{ASKED_FOR_SEVERAL}|{AS_WELL})", lesson.thought, flags=re.M)[
        1:
    ]


def knows_all(lessons: list[Lesson]) -> Callable[[list[BaseMessage]], AIMessage]:
    """A model that says what it should."""
    answers = {id(lesson.messages): lesson.answer for lesson in lessons}
    return lambda messages: AIMessage(content=answers[id(messages)])


def test_names_are_either_taught_or_held_out() -> None:
    rng = random.Random(1)  # noqa: S311  # no secret
    for invented in (invented_name, invented_word):
        taught = {invented(rng, held_out=False) for _ in range(300)}
        kept = {invented(rng, held_out=True) for _ in range(300)}
        assert not {t.lower() for t in taught} & {k.lower() for k in kept}
        assert all(map(is_held_out, kept))
        assert len(taught) > 250


def test_no_wording_is_both_taught_and_held_out() -> None:
    rng = random.Random(1)  # noqa: S311  # no secret
    for kind in ("find", "mark", "both"):
        asked = {
            part: {question_on(rng, kind, held_out=part, x="X", y="Y", w="W") for _ in range(200)}
            for part in (False, True)
        }
        assert not asked[False] & asked[True]


def test_a_name_that_is_read_as_something_else_is_not_asked_about(bench: Workbench) -> None:
    names = {"pneumothorax": "pneumothorax", "emphysema": "subcutaneous emphysema"}
    found = readable_subjects(bench, names, names)
    assert [s.concept for s in found] == ["pneumothorax"]


def test_the_same_number_gives_the_same_lesson(school: School) -> None:
    assert [words_of(school.lesson(n)) for n in range(10)] == [
        words_of(school.lesson(n)) for n in range(10)
    ]
    assert len({words_of(school.lesson(n)) for n in range(10)}) == 10


def test_what_should_be_said_is_what_the_planner_reads(school: School) -> None:
    kinds = set()
    for number in range(150):
        lesson = school.lesson(number)
        kinds.add(lesson.kind)
        move = dialect_named(DIALECT).read(AIMessage(content=lesson.answer), lesson.offer)
        assert not move.problems
        assert tuple(move.calls) == lesson.calls
        assert bool(move.sentences) != bool(lesson.calls)
        for line in lesson.answer.splitlines() if lesson.calls else ():
            assert line in words_of(lesson), "the call stands in the prompt"
    assert kinds == {"call", "none", "answer", "look"}


def test_a_wrong_answer_is_in_the_prompt_and_what_was_found_is_thought(school: School) -> None:
    lessons = [school.lesson(n) for n in range(200)]
    wrong = [x for x in lessons if words_of(x).rstrip().endswith("does not help.")]
    assert wrong
    for lesson in wrong:
        assert lesson.kind == "answer"
        for line in thoughts(lesson):
            assert line.strip() in words_of(lesson), "the finding's own line, not what was said"


def test_thoughts_are_looked_up_and_are_neither_said_nor_called(school: School) -> None:
    for lesson in (x for n in range(150) if (x := school.lesson(n)).kind != "look"):
        shown = words_of(lesson)
        for line in "\n".join(thoughts(lesson)).splitlines():
            looked_up, _, ending = line.partition(": ")
            assert looked_up in shown
            assert ending in ("new", "nothing") or line in shown
        move = dialect_named(DIALECT).read(AIMessage(content=lesson.written), lesson.offer)
        assert tuple(move.calls) == lesson.calls
        said = " ".join(s.text for s in move.sentences)
        assert said == lesson.answer.replace("\n", " ") * (not lesson.calls)


def test_who_is_asked_for_two_things_thinks_of_the_second_as_it_is_listed(school: School) -> None:
    asked_twice = replace(school, two=1.0)
    lessons = [x for n in range(150) if len((x := asked_twice.lesson(n)).calls) == 2]
    assert len(lessons) > 2
    for lesson in lessons:
        second = re.findall(f"; {AS_WELL}(.+)", words_of(lesson))[-1]
        assert f"\n{AS_WELL}{second}: <" in lesson.thought
        assert lesson.thought.startswith(ASKED_FOR_SEVERAL)


def test_held_out_lessons_have_held_out_names_only(held_out: School) -> None:
    for lesson in held_out_lessons(held_out, 40):
        experts = [c for c in lesson.offer.cards if c not in STANDING]
        assert experts
        assert all(is_held_out(card.name) for card in experts)
        assert all(is_held_out(w) for card in lesson.offer.cards for w in card.arguments)


def test_the_examination_has_its_shares(held_out: School) -> None:
    kinds = [lesson.kind for lesson in held_out_lessons(held_out, 40)]
    assert {k: kinds.count(k) for k in set(kinds)} == {"call": 20, "none": 12, "answer": 8}


def test_who_knows_all_passes(bench: Workbench, held_out: School) -> None:
    lessons = list(held_out_lessons(held_out, 30))
    say = knows_all(lessons)
    done = [answered(say, lesson, bench) for lesson in lessons]
    lines = list(figures(done))
    assert lines[0].startswith("right expert and right arguments: 100.0% (15 of 15)")
    assert lines[1].startswith("right 'no expert needed': 100.0% (9 of 9)")
    assert lines[2].startswith("final answers entailed or marked: 100.0% (15 of 15)")
    marks = {s.mark for a in done for s in a.sentences}
    assert "entailed" in marks
    assert "contradicted" not in marks


@pytest.mark.parametrize(
    "said", ["", "<nobody()>", "There is a pneumothorax", "<a(", "[proved] It is fine.", "x" * 9000]
)
def test_who_always_says_the_same_does_not_pass(
    bench: Workbench, held_out: School, said: str
) -> None:
    lessons = [x for x in islice(held_out_lessons(held_out, 20), 20) if x.kind == "call"]
    done = [answered(lambda _: AIMessage(content=said), x, bench) for x in lessons]
    assert not any(a.is_right for a in done)
    assert all(a.is_shown_with_marks for a in done if not a.move.calls)


def test_a_right_expert_with_wrong_arguments_is_wrong(bench: Workbench, school: School) -> None:
    lesson = next(x for n in range(200) if (x := school.lesson(n)).calls and x.calls[0].arguments)
    wrong = lesson.answer.replace("<", "<something else, ", 1)
    done: Answered = answered(lambda _: AIMessage(content=wrong), lesson, bench)
    assert not done.is_right


def test_a_question_about_a_picture_alone_is_not_examined(bench: Workbench, school: School) -> None:
    look = next(x for n in range(400) if (x := school.lesson(n)).kind == "look")
    with pytest.raises(ValueError, match="expected one about a case"):
        answered(lambda _: AIMessage(content="Yes."), look, bench)


def test_an_empty_examination_has_no_figures() -> None:
    assert next(figures([])) == "right expert and right arguments: none asked"


@pytest.mark.parametrize("modality", list(KINDS))
def test_pictures_of_a_kind_differ(modality: str) -> None:
    made = [picture_of(modality, seed) for seed in range(4)]
    assert len({p.png for p in made}) == 4
    assert {(p.width, p.height) for p in made} == {(SIDE_PX, SIDE_PX)}
