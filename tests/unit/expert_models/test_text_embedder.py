import json
from pathlib import Path

import numpy as np
import pytest

from dxtrace.retrieval.errors import EmbedderUnavailable
from dxtrace.retrieval.minilm import MiniLm
from expert_models.text_embedder import TransformersEmbedder
from tests.unit.retrieval.small_models import write_bert

TEXTS = ("solid nodule of the lung", "kidney stone", "", "7 mm " * 40)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pytest.importorskip("transformers", reason="needs the extra 'experts'")
    return write_bert(tmp_path / "model")


def pool(folder: Path, **modes: bool) -> None:
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(modes))


def test_torch_and_numpy_give_the_same_vectors(folder: Path) -> None:
    ours, theirs = MiniLm(folder), TransformersEmbedder(folder)
    np.testing.assert_allclose(ours.embed(TEXTS), theirs.embed(TEXTS), atol=1e-5)
    assert theirs.dimension == 24


def test_the_first_token_is_pooled_where_the_folder_says_so(folder: Path) -> None:
    mean = TransformersEmbedder(folder)
    before = mean.fingerprint
    pool(folder, pooling_mode_cls_token=True, pooling_mode_mean_tokens=False)
    first = TransformersEmbedder(folder)
    assert np.abs(first.embed(TEXTS) - mean.embed(TEXTS)).max() > 0.001
    assert first.fingerprint != before


def test_what_cannot_be_computed_is_refused(folder: Path) -> None:
    (folder / "modules.json").write_text('[{"type": "sentence_transformers.models.Dense"}]')
    with pytest.raises(EmbedderUnavailable, match="Dense"):
        TransformersEmbedder(folder)


def test_an_unknown_pooling_is_refused(folder: Path) -> None:
    pool(folder, pooling_mode_max_tokens=True)
    with pytest.raises(EmbedderUnavailable, match="pooling_mode_max_tokens"):
        TransformersEmbedder(folder)


def test_no_folder_and_damaged_weights_are_named(folder: Path) -> None:
    with pytest.raises(EmbedderUnavailable, match=r"config\.json"):
        TransformersEmbedder(folder / "nothing")
    (folder / "model.safetensors").write_bytes(b"\x80\x04pickle")
    with pytest.raises(EmbedderUnavailable, match="cannot be loaded"):
        TransformersEmbedder(folder).embed(["nodule"])
