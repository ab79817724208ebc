"""Packs are proved before they are used, and the shipped record is that of the shipped packs."""

import json
import shutil
from pathlib import Path

import pytest

from dxtrace.knowledge import KNOWLEDGE_FOLDER, KnowledgeError, load_knowledge
from dxtrace.reasoning import ensure_proved
from dxtrace.reasoning.proof_record import RECORD, proof_key


def test_the_record_is_of_the_packs_that_are_shipped():
    recorded = json.loads(RECORD.read_text(encoding="utf-8"))["proved"]
    assert recorded == proof_key(load_knowledge()), (
        "the packs changed after they were proved: run 'dxtrace knowledge verify --record'"
    )


@pytest.fixture
def copied_knowledge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "knowledge"
    for part in ("concepts", "packs"):
        shutil.copytree(KNOWLEDGE_FOLDER / part, folder / part)
    return folder


def test_a_changed_pack_is_proved_once_and_remembered(copied_knowledge: Path, tmp_path: Path):
    table = next((copied_knowledge / "packs" / "recist" / "tables").glob("*.yaml"))
    table.write_text(table.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
    knowledge = load_knowledge(copied_knowledge)
    ensure_proved(knowledge)
    remembered = list((tmp_path / "cache" / "dxtrace" / "proved").iterdir())
    assert [p.name for p in remembered] == [proof_key(knowledge).replace(":", "-")]


def test_a_pack_that_is_refuted_is_not_used(copied_knowledge: Path):
    path = next((copied_knowledge / "packs" / "recist" / "tables").glob("*.yaml"))
    lines = path.read_text(encoding="utf-8").splitlines()
    first_row = next(i for i, line in enumerate(lines) if line.strip().startswith("- {row:"))
    path.write_text("\n".join(lines[:first_row] + lines[first_row + 1 :]), encoding="utf-8")
    with pytest.raises(KnowledgeError, match="gap"):
        ensure_proved(load_knowledge(copied_knowledge))
