"""How much images count is measured on the cases themselves."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from dxtrace.retrieval.cases import CaseIndex, CaseRecord
from dxtrace.retrieval.cases.image_agreement import LEAST, UNMEASURED, ImageAgreement
from tests.unit.retrieval.cases.small_cases import WordEmbedder, finding, open_small, record

CONCEPTS = ("pleural_effusion", "pneumothorax", "cardiomegaly", "scoliosis", "pneumonia")
EYES = "eyes-1"
Vectors = NDArray[np.float32]


def cases(count: int, **fields: object) -> list[CaseRecord]:
    return [
        record(f"c{n}", finding(CONCEPTS[n % len(CONCEPTS)]), report="", **fields)
        for n in range(count)
    ]


def around(centres: Vectors, count: int, spread: float) -> Vectors:
    """Vectors around these, in turn."""
    rng = np.random.default_rng(3)
    rows = np.array([centres[n % len(centres)] for n in range(count)])
    rows = rows + spread * rng.normal(size=rows.shape)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def filled(folder: Path, records: list[CaseRecord], vectors: Vectors) -> CaseIndex:
    index = open_small(folder, image_embedder=EYES)
    index.add(records, {r.source: v for r, v in zip(records, vectors, strict=True)})
    index.tidy()
    return index


def test_images_that_go_with_the_findings_count_and_others_do_not(tmp_path: Path) -> None:
    records = cases(200)
    telling = filled(tmp_path / "a", records, around(np.eye(5, 16), 200, 0.05))
    blind = filled(tmp_path / "b", records, around(np.ones((1, 16)), 200, 0.1))
    assert telling.image_agreement().agreement > 0.9
    assert blind.image_agreement().agreement < 0.1
    assert blind.image_agreement().typical > 0.9


def test_images_that_say_nothing_change_no_order_that_findings_make(tmp_path: Path) -> None:
    records = cases(100)
    vectors = around(np.ones((1, 16)), 101, 0.1)
    index = filled(tmp_path, records, vectors[:-1])
    asked = record("asked", finding("pneumothorax"), report="")
    first = index.neighbours(asked, top=20, image=vectors[-1])
    assert all(n.record.findings[0].concept == "pneumothorax" for n in first)
    assert all(n.parts["image"] <= 0.01 * n.likeness for n in first)
    assert {n.ranks.get("image", 1) for n in first} <= set(range(1, 101))


def test_among_cases_alike_in_findings_images_decide(tmp_path: Path) -> None:
    records = cases(100)
    index = filled(tmp_path, records, around(np.eye(5, 16), 100, 0.05))
    asked = record("asked", report="")
    first = index.neighbours(asked, top=5, image=np.eye(5, 16, dtype=np.float32)[2])
    assert {n.record.findings[0].concept for n in first} == {"cardiomegaly"}


def test_with_few_cases_nothing_is_measured(tmp_path: Path) -> None:
    records = cases(LEAST - 1)
    index = filled(tmp_path, records, around(np.eye(5, 16), LEAST - 1, 0.05))
    assert index.image_agreement() == UNMEASURED


def test_images_of_one_patient_do_not_make_a_model_look_good(tmp_path: Path) -> None:
    """Twins have the same findings and the same image; between patients images say nothing."""
    pairs = [
        record(f"{n}-{twin}", finding(CONCEPTS[n % 5]), report="",
               identities=frozenset({f"patient:{n}"}))
        for n in range(80)
        for twin in range(2)
    ]  # fmt: skip
    patients = around(np.ones((1, 16)), 80, 0.5)
    index = filled(tmp_path, pairs, np.repeat(patients, 2, axis=0))
    assert index.image_agreement().agreement < 0.2


def test_it_is_measured_again_when_enough_have_come(tmp_path: Path) -> None:
    vectors = around(np.eye(5, 16), 160, 0.05)
    records = cases(160)
    index = filled(tmp_path, records[:80], vectors[:80])
    assert index.image_agreement().cases == 80
    for upto, expected in ((100, 80), (160, 160)):
        index.add(
            records[:upto], {r.source: v for r, v in zip(records, vectors, strict=False)}
        )  # fmt: skip
        index.tidy()
        assert index.image_agreement().cases == expected


def test_images_come_to_cases_that_were_added_without(tmp_path: Path) -> None:
    records = cases(3)
    open_small(tmp_path).add(records)
    index = open_small(tmp_path, image_embedder=EYES)
    vectors = around(np.eye(5, 16), 3, 0.05)
    given = {r.source: v for r, v in zip(records, vectors, strict=True)}
    assert index.add(records, given).changed == 3
    assert index.add(records, given).same == 3
    assert index.count_vectors("image") == 3


@pytest.mark.parametrize(
    ("cosine", "expected"), [(0.9, 0.0), (0.95, 0.5), (1.0, 1.0), (0.2, 0.0), (1.2, 1.0)]
)
def test_a_cosine_counts_by_what_it_is_above_chance(cosine: float, expected: float) -> None:
    measured = ImageAgreement(agreement=1.0, typical=0.9, cases=100)
    assert measured.likeness(cosine) == pytest.approx(expected)


def test_a_rebuild_with_another_model_drops_the_vectors_of_the_old_one(tmp_path: Path) -> None:
    from dxtrace.knowledge import load_knowledge
    from dxtrace.retrieval.cases import rebuild

    records = cases(3)
    filled(tmp_path, records, around(np.eye(5, 16), 3, 0.05)).close()
    vocabulary = load_knowledge().vocabulary
    kept = rebuild(tmp_path, vocabulary, embedder=WordEmbedder(), image_embedder=EYES)
    assert kept.kept == 3
    index = open_small(tmp_path, image_embedder=EYES)
    assert index.count_vectors("image") == 3
    index.close()
    rebuild(tmp_path, vocabulary, embedder=WordEmbedder(), image_embedder="eyes-2")
    assert open_small(tmp_path, image_embedder="eyes-2").count_vectors("image") == 0
