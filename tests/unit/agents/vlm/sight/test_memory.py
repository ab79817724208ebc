"""A sight is made once, and anew when anything that it is made of has changed."""

import os
from pathlib import Path

import numpy as np
import pytest

from agents.vlm.sight import SightBudget, pictures_for
from agents.vlm.sight.memory import SightMemory
from agents.vlm.sight.picture import Picture, Sight
from dxtrace.clinical import Case
from dxtrace.intake import read_case
from tests.unit.agents.vlm.sight.scans import nodule
from tests.unit.intake.imaging.samples import write_nifti


@pytest.fixture
def case(tmp_path: Path) -> Case:
    values = np.random.default_rng(0).integers(0, 900, (20, 24, 16)).astype(np.int16)
    return read_case(write_nifti(tmp_path / "a.nii", values, np.eye(4))).case


def test_the_same_is_not_drawn_twice(case: Case) -> None:
    assert pictures_for(case) is pictures_for(case)


def test_another_question_finding_or_budget_is_another_sight(case: Case) -> None:
    first = pictures_for(case)
    assert pictures_for(case, question="T2?") is not first
    assert pictures_for(case, findings=[nodule(None)]) is not first
    assert pictures_for(case, budget=SightBudget(max_pictures=1)) is not first


def test_a_changed_file_is_read_again(case: Case, tmp_path: Path) -> None:
    first = pictures_for(case)
    path = tmp_path / "a.nii"
    values = np.random.default_rng(1).integers(0, 900, (20, 24, 16)).astype(np.int16)
    before = path.stat()
    write_nifti(path, values, np.eye(4))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1_000_000))
    again = pictures_for(case)
    assert [p.png for p in again.pictures] != [p.png for p in first.pictures]


def test_a_file_that_is_gone_is_said_and_not_remembered(case: Case, tmp_path: Path) -> None:
    pictures_for(case)
    (tmp_path / "a.nii").unlink()
    assert pictures_for(case).pictures == ()


def test_old_sights_go_when_there_is_no_room() -> None:
    memory = SightMemory(most_bytes=25)
    sights = {n: Sight((Picture(bytes(10), 1, 1, str(n), 1),)) for n in range(3)}
    made: list[int] = []

    def look(number: int) -> Sight:
        def make() -> Sight:
            made.append(number)
            return sights[number]

        return memory.recall(number, make)

    for number in (0, 1, 0, 2, 0, 1):
        assert look(number) is sights[number]
    assert made == [0, 1, 2, 1]
