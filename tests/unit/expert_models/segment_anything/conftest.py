"""A folder with a tiny network's weights."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch = pytest.importorskip("torch", reason="needs the extra 'experts'")
    from tests.unit.expert_models.segment_anything import tiny_sam

    torch.set_num_threads(1)
    return tiny_sam.save_folder(tmp_path_factory.mktemp("sam"))
