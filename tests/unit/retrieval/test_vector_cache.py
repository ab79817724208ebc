from pathlib import Path

import numpy as np

from dxtrace.retrieval.vector_cache import CachedEmbedder, text_hash
from tests.unit.retrieval.plain_embedder import PlainEmbedder


def test_a_text_is_embedded_once_also_by_the_next_process(tmp_path: Path) -> None:
    first, second = PlainEmbedder(), PlainEmbedder()
    before = CachedEmbedder(first, tmp_path / "v.sqlite").embed(["a nodule", "a mass", "a nodule"])
    assert first.embedded == ["a nodule", "a mass"]
    after = CachedEmbedder(second, tmp_path / "v.sqlite").embed(["a mass", "a nodule", "fresh"])
    assert second.embedded == ["fresh"]
    np.testing.assert_array_equal(after[:2], before[[1, 0]])


def test_another_embedder_shares_nothing(tmp_path: Path) -> None:
    CachedEmbedder(PlainEmbedder(), tmp_path / "v.sqlite").embed(["a nodule"])
    other = PlainEmbedder("plain-2")
    CachedEmbedder(other, tmp_path / "v.sqlite").embed(["a nodule"])
    assert other.embedded == ["a nodule"]


def test_what_came_with_the_program_is_not_embedded(tmp_path: Path) -> None:
    embedder = PlainEmbedder()
    known = {text_hash("a nodule"): np.eye(1, 64, dtype=np.float32)[0]}
    assert CachedEmbedder(embedder, tmp_path / "v", known).embed(["a nodule"])[0, 0] == 1
    assert embedder.embedded == []


def test_a_damaged_cache_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "v.sqlite"
    path.write_bytes(b"no database" * 500)
    embedder = PlainEmbedder()
    for _ in range(3):
        assert CachedEmbedder(embedder, path).embed(["a nodule"]).shape == (1, 64)
    assert len(embedder.embedded) == 2


def test_a_folder_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    made = CachedEmbedder(PlainEmbedder(), tmp_path / "file" / "v.sqlite").embed(["a nodule"])
    assert made.shape == (1, 64)
