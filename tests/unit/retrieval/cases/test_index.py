"""Adding cases and finding similar ones."""

from pathlib import Path

import numpy as np
import pytest

from dxtrace.clinical import Context, Finding, SimilarCase
from dxtrace.retrieval.cases import Added, CaseFilter
from dxtrace.retrieval.errors import EmbedderMismatch
from tests.unit.retrieval.cases.small_cases import (
    SOME,
    WordEmbedder,
    finding,
    nearest,
    open_small,
    record,
)

ASKED = record("asked", finding("pleural_effusion", side="left"), report="Asked.")


def ids(found: tuple[SimilarCase, ...]) -> list[str]:
    return [case.id for case in found]


def test_the_case_with_the_same_finding_on_the_same_side_comes_first(tmp_path: Path) -> None:
    index = open_small(tmp_path)
    index.add(SOME)
    assert ids(nearest(index, ASKED, top=2)) == ["left", "right"]


def test_results_are_no_findings_and_say_what_is_shared_and_what_differs(tmp_path: Path) -> None:
    index = open_small(tmp_path)
    index.add(SOME)
    first, second = nearest(index, ASKED, top=2)
    assert not isinstance(first, Finding)
    assert [(c.concept, c.standing) for c in first.comparisons] == [
        ("pleural_effusion", "shared"), ("pneumothorax", "there"),
    ]  # fmt: skip
    (differing,) = second.comparisons
    assert (differing.standing, differing.here, differing.there) == (
        "differs", "present: left", "present: right",
    )  # fmt: skip


def test_what_is_past_or_unknown_makes_no_case_similar(tmp_path: Path) -> None:
    index = open_small(tmp_path)
    past = finding("pleural_effusion", side="left", context=Context.HISTORY)
    index.add([record("past", past), record("unknown", finding("pleural_effusion", "unknown"))])
    assert all(c.standing == "here" for case in nearest(index, ASKED) for c in case.comparisons)


def test_adding_twice_changes_nothing_and_a_new_content_replaces_the_old(tmp_path: Path) -> None:
    index = open_small(tmp_path)
    assert index.add(SOME) == Added(new=4)
    assert index.add(SOME) == Added(same=4)
    changed = SOME[0].model_copy(update={"findings": (finding("cardiomegaly"),)})
    assert index.add([changed]) == Added(changed=1)
    assert len(index) == 4
    assert ids(nearest(index, ASKED, top=1)) == ["right"]


def test_the_same_patient_study_or_text_is_never_found(tmp_path: Path) -> None:
    index = open_small(tmp_path)
    same = finding("pleural_effusion", side="left")
    index.add([
        record("same patient", same, identities=frozenset({"patient:1", "text:a"})),
        record("same study", same, identities=frozenset({"pixels:9"})),
        record("same words", same, report=" asked. "),
        record("other", same, identities=frozenset({"patient:2"})),
    ])  # fmt: skip
    asked = ASKED.model_copy(update={"identities": frozenset({"patient:1", "pixels:9"})})
    assert ids(nearest(index, asked, top=10)) == ["other"]


def test_a_case_of_the_index_does_not_find_itself_even_without_text(tmp_path: Path) -> None:
    index = open_small(tmp_path)
    cases = [record(n, finding("cardiomegaly"), report="") for n in ("one", "two")]
    index.add(cases)
    assert ids(nearest(index, cases[0])) == ["two"]


def test_who_somebody_is_cannot_be_read_from_the_file(tmp_path: Path) -> None:
    index = open_small(tmp_path)
    index.add([record("a", identities=frozenset({"patient:SMITH^JOHN"}))])
    index.close()
    assert not any(b"SMITH" in file.read_bytes() for file in tmp_path.iterdir())


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        (CaseFilter(modality="dx"), {"film"}),
        (CaseFilter(modality="CR"), {"film"}),
        (CaseFilter(modality="MR"), set()),
        (CaseFilter(body_part="Chest"), {"film", "scan"}),
        (CaseFilter(sex="F"), {"scan"}),
        (CaseFilter(age=(50, 70)), {"film"}),
        (CaseFilter(age=(50, 70), sex="F"), set()),
    ],
)
def test_filters(tmp_path: Path, only: CaseFilter, expected: set[str]) -> None:
    index = open_small(tmp_path)
    index.add([
        record("film", finding("cardiomegaly"), modality="DX", body_part="chest", age=60, sex="M"),
        record("scan", finding("cardiomegaly"), modality="CT", body_part="chest", age=30, sex="F"),
        record("nothing known", finding("cardiomegaly")),
    ])  # fmt: skip
    assert set(ids(nearest(index, ASKED, only=only, top=10))) == expected


def test_words_find_a_case_without_findings(tmp_path: Path) -> None:
    index = open_small(tmp_path)
    index.add([record("a", report="sarcoidosis with hilar nodes"), record("b", report="a cast")])
    (first, *_) = nearest(index, record("q", report="known sarcoidosis"))
    assert first.id == "a"
    assert first.ranks["words"] == 1


def test_odd_words_break_no_query(tmp_path: Path) -> None:
    index = open_small(tmp_path)
    index.add(SOME)
    hostile = 'NEAR("a" OR b) AND * ^ - " \' ; DROP TABLE cases; \x00 {col}: ü 中文'
    odd = finding("pleural_effusion", location='"left" OR base*', side="left")
    assert nearest(index, record("q", odd, report=hostile), top=1)[0].id == "left"
    assert len(index) == 4


def test_another_embedder_is_refused(tmp_path: Path) -> None:
    open_small(tmp_path).close()
    with pytest.raises(EmbedderMismatch, match="words-1, not with words-2"):
        open_small(tmp_path, WordEmbedder("words-2"))


def test_an_index_without_embedder_finds_by_findings_and_words(tmp_path: Path) -> None:
    from dxtrace.knowledge import load_knowledge
    from dxtrace.retrieval.cases import CaseIndex

    index = CaseIndex(tmp_path, load_knowledge().vocabulary)
    index.add(SOME)
    (first,) = nearest(index, ASKED, top=1)
    assert set(first.ranks) == {"findings"}


def test_images_alone_find_similar_ones(tmp_path: Path) -> None:
    index = open_small(tmp_path, image_embedder="eyes-1")
    east, west = np.eye(2, 8, dtype=np.float32)
    cases = [record("east", report=""), record("west", report="")]
    index.add(cases, {cases[0].source: east, cases[1].source: west})
    (first, *_) = nearest(index, record("q", report=""), image=west)
    assert (first.id, first.ranks["image"]) == ("west", 1)


def test_the_likeness_of_two_cases_is_the_same_whatever_is_filtered(tmp_path: Path) -> None:
    index = open_small(tmp_path)
    words = "Small left pleural effusion"
    index.add([
        *(record(f"n{n}", finding("cardiomegaly"), report=f"{words}, left, case {n}.", sex="F")
          for n in range(300)),
        record("right", finding("pleural_effusion", side="right"), report=f"{words}?", sex="M"),
    ])  # fmt: skip
    asked = record("q", finding("pleural_effusion", side="left"), report=f"{words}.")
    (alone,) = nearest(index, asked, only=CaseFilter(sex="M"))
    (among, *_) = nearest(index, asked)
    assert (among.id, among.similarity, among.parts) == (alone.id, alone.similarity, alone.parts)
    assert 0 < among.similarity <= 1


def test_the_same_case_again_has_a_likeness_of_one(tmp_path: Path) -> None:
    index = open_small(tmp_path)
    twin = finding("pleural_effusion", side="left")
    index.add([*SOME, record("twin", twin, report="Small effusion on the left.")])
    (first, *_) = index.search(record("q", twin, report="Small effusion: on the left."))
    assert first.id == "twin"
    assert first.similarity == pytest.approx(1, abs=0.01)
    assert first.in_words == "very similar"


def test_what_is_not_similar_enough_is_no_similar_case(tmp_path: Path) -> None:
    index = open_small(tmp_path)
    effusion = finding("pleural_effusion", side="left")
    index.add([
        record("other", finding("cardiomegaly"), report="Small left pleural effusion"),
        record("of other words", effusion, report="Cursory remarks."),
        record("without report", effusion, report=""),
    ])  # fmt: skip
    asked = record("q", effusion, report="Small left pleural effusion.")
    assert ids(index.search(asked)) == ["without report"]
    assert index.search(record("q", finding("scoliosis"), report="Thoracic scoliosis.")) == ()


def test_cases_of_another_part_of_the_body_are_found_only_if_asked_for(tmp_path: Path) -> None:
    index = open_small(tmp_path)
    fracture, text = finding("fracture"), "A displaced fracture"
    index.add([
        record("rib", fracture, report=f"{text}: rib.", body_part="chest"),
        record("wrist", fracture, report=f"{text}: wrist.", body_part="extremity"),
        record("somewhere", fracture, report=f"{text}."),
    ])  # fmt: skip
    asked = record("q", fracture, report=f"{text} there.", body_part="extremity")
    assert set(ids(index.search(asked))) == {"wrist", "somewhere"}
    assert ids(index.search(asked, only=CaseFilter(body_part="chest"))) == ["rib"]
    assert len(index.search(asked.model_copy(update={"body_part": None}))) == 3


def test_a_case_is_called_by_a_number_that_stays_and_tells_nothing(tmp_path: Path) -> None:
    index = open_small(tmp_path)
    index.add([record("John Smith", finding("cardiomegaly"), shown="")])
    (case,) = index.records("John Smith")
    assert case.shown.startswith("case-")
    changed = case.model_copy(update={"shown": "", "report": "Another report."})
    assert index.add([changed]) == Added(changed=1)
    (again,) = index.records(case.shown)
    assert (again.id, again.report) == ("John Smith", "Another report.")
    other = open_small(tmp_path / "other")
    other.add([record("John Smith", finding("cardiomegaly"), shown="")])
    assert not list(other.records(case.shown))
