from pathlib import Path

import pytest

from dxtrace.retrieval.endpoint import EndpointEmbedder
from dxtrace.retrieval.errors import EmbedderUnavailable
from expert_models.text_embedder import TransformersEmbedder
from tests.unit.retrieval.small_models import write_bert
from tools.embedder import configured_embedder


def test_the_setting_names_the_embedder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DXTRACE_EMBEDDER", str(write_bert(tmp_path)))
    assert isinstance(configured_embedder(), TransformersEmbedder)
    monkeypatch.setenv("DXTRACE_EMBEDDER", "http://localhost:1/v1#bge")
    embedder = configured_embedder()
    assert isinstance(embedder, EndpointEmbedder)
    assert embedder.fingerprint == "bge@http://localhost:1/v1"
    assert configured_embedder() is embedder


def test_a_setting_that_names_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DXTRACE_EMBEDDER", "/no/such/folder")
    with pytest.raises(EmbedderUnavailable, match="/no/such/folder"):
        configured_embedder()
