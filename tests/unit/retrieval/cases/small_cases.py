"""Small cases, and an embedder that needs no weights."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from dxtrace.clinical import Finding, Laterality, Presence, SimilarCase
from dxtrace.knowledge import load_knowledge
from dxtrace.retrieval.cases import CaseIndex, CaseRecord

DIMENSION = 64


class WordEmbedder:
    """A bag of words, each at a place of its own."""

    name = "words"
    dimension = DIMENSION

    def __init__(self, fingerprint: str = "words-1") -> None:
        self.fingerprint = fingerprint
        self.asked = 0

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Count words."""
        self.asked += len(texts)
        rows = np.full((len(texts), DIMENSION), 1e-3, np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.lower().split():
                row[crc32(word.encode()) % DIMENSION] += 1
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def finding(concept: str, presence: str = "present", side: str = "", **further: Any) -> Finding:
    """A finding of today."""
    return Finding(
        id=f"{concept}-{presence}-{side}", concept=concept, presence=Presence(presence),
        laterality=Laterality(side) if side else None, **further,
    )  # fmt: skip


def record(name: str, *findings: Finding, **fields: Any) -> CaseRecord:
    """A case of the index, shown to all under its own name."""
    given = {"source": f"made#{name}", "shown": name, "report": f"Report of {name}.", **fields}
    return CaseRecord(id=name, findings=findings, **given)


def open_small(folder: Path, embedder: WordEmbedder | None = None, **options: Any) -> CaseIndex:
    """An index with the shipped vocabulary."""
    vocabulary = load_knowledge().vocabulary
    return CaseIndex(folder, vocabulary, embedder=embedder or WordEmbedder(), **options)


def nearest(index: CaseIndex, case: CaseRecord, **options: Any) -> tuple[SimilarCase, ...]:
    """The nearest cases, also those that are not similar enough to be called so."""
    return index.search(case, least=0.0, **options)


EFFUSION_LEFT = record(
    "left", finding("pleural_effusion", side="left"), finding("pneumothorax", "absent")
)
EFFUSION_RIGHT = record("right", finding("pleural_effusion", side="right"))
PNEUMOTHORAX = record("air", finding("pneumothorax", side="left"))
CARDIOMEGALY = record("heart", finding("cardiomegaly"))
SOME = (EFFUSION_LEFT, EFFUSION_RIGHT, PNEUMOTHORAX, CARDIOMEGALY)
