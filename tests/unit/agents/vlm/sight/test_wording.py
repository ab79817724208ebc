"""Words of questions and findings, and what they ask to see."""

import pytest

from agents.vlm.sight import SightBudget, pictures_for
from agents.vlm.sight.wording import ct_windows, names, wording
from dxtrace.clinical import Presence
from dxtrace.clinical.volume import Volume
from dxtrace.knowledge import load_knowledge
from tests.unit.agents.vlm.sight.scans import case_of, chest, loader, nodule, placed, series


def test_every_concept_of_the_table_is_in_the_vocabulary() -> None:
    known = load_knowledge().vocabulary.concepts
    table = wording()
    listed = [c for w in (*table.windows.values(), table.detail) for c in w.concepts]
    assert [c for c in listed if c not in known] == []


def test_the_words_of_the_table_are_in_lower_case() -> None:
    table = wording()
    listed = [w for words in (*table.windows.values(), table.detail) for w in words.words]
    assert listed == [w.lower().strip() for w in listed]


@pytest.mark.parametrize(
    ("part", "question", "concepts", "windows"),
    [
        ("chest", "", [], ["lung", "soft_tissue"]),
        ("chest", "Is there a RIB fracture?", [], ["bone", "lung", "soft_tissue"]),
        ("chest", "Enlarged lymph nodes?", [], ["soft_tissue", "lung"]),
        ("head", "", [], ["brain", "bone"]),
        (None, "", [], ["soft_tissue"]),
        (None, "", ["emphysema"], ["lung", "soft_tissue"]),
        ("chest", "What?", ["pleural_effusion"], ["soft_tissue", "lung"]),
    ],
)
def test_windows_follow_the_question_then_what_was_found_then_the_part(
    part: str | None, question: str, concepts: list[str], windows: list[str]
) -> None:
    assert ct_windows(part, question, concepts) == windows


@pytest.mark.parametrize(
    ("question", "word", "is_there"),
    [("Spiculated?", "spicul", True), ("how   many", "how many", True), ("a caliber", "lib", False),
     ("T2", "t2", True), ("", "t2", False), ("pre-lung", "lung", True)],
)  # fmt: skip
def test_words_are_beginnings_of_words(question: str, word: str, is_there: bool) -> None:
    assert names(question, word) is is_there


def test_what_is_denied_asks_for_no_window() -> None:
    absent = nodule(None, presence=Presence.ABSENT)
    case = case_of(series("series-1"))
    abdomen = Volume(chest().voxels, placed(), modality="CT", unit="HU", body_part="abdomen")
    sight = pictures_for(case, findings=[absent], load=loader(series_1=abdomen))
    assert not any("Lung window" in p.caption for p in sight.pictures)


def test_the_sequences_of_an_mr_are_each_named_and_the_one_asked_for_comes_first() -> None:
    shape = (20, 40, 40)
    volumes = {
        f"series_{n}": Volume(chest().voxels[:20, :40, :40] + 1000, placed(), modality="MR")
        for n in range(1, 5)
    }
    many = [
        series(f"series-{n}", shape, modality="MR", sequence=s)
        for n, s in enumerate(("t1", "t1c", "t2", "flair"), start=1)
    ]
    sight = pictures_for(
        case_of(*many, question="Are there lesions on FLAIR?"), load=loader(**volumes),
        budget=SightBudget(max_pictures=4),
    )  # fmt: skip
    captions = [p.caption for p in sight.pictures]
    for said, caption in zip(
        ("series-4 (4 of 4), MR, FLAIR", "series-1 (1 of 4), MR, T1-weighted",
         "series-2 (2 of 4), MR, T1-weighted after a contrast agent",
         "series-3 (3 of 4), MR, T2-weighted"),
        captions, strict=True,
    ):  # fmt: skip
        assert f"Current examination, {said}." in caption
