"""Packs are proved before they are used; what was proved is remembered by its fingerprint."""

import json
from pathlib import Path

from dxtrace.knowledge import KNOWLEDGE_FOLDER, Knowledge, KnowledgeError
from dxtrace.reasoning.proofs import prove_packs
from dxtrace.user_folders import cache_folder

RECORD = KNOWLEDGE_FOLDER / "proved.json"
PROVER_VERSION = "1"
"""Raised when the proofs themselves change, so that old records no longer count."""


def proof_key(knowledge: Knowledge) -> str:
    """What a proof holds for: the files as they are, and the prover."""
    return f"{PROVER_VERSION}:{knowledge.fingerprint}"


def ensure_proved(knowledge: Knowledge) -> None:
    """Prove the packs unless exactly these files were proved before.

    The packs that come with DxTrace carry their record (:data:`RECORD`). Packs that were changed
    are proved once, which takes some seconds, and remembered in the user's cache folder.

    Raises:
        KnowledgeError: with every problem and its counter-example.
    """
    key = proof_key(knowledge)
    if _recorded() == key or _cache_file(key).exists():
        return
    problems = [p for proof in prove_packs(knowledge) for p in proof.problems]
    if problems:
        raise KnowledgeError("packs", "; ".join(str(p) for p in problems))
    _remember(key)


def write_record(knowledge: Knowledge) -> None:
    """Record that these files are proved; to be called after :func:`prove_packs` found nothing."""
    RECORD.write_text(json.dumps({"proved": proof_key(knowledge)}) + "\n", encoding="utf-8")


def _recorded() -> str | None:
    try:
        found = json.loads(RECORD.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return str(found.get("proved")) if isinstance(found, dict) else None


def _cache_file(key: str) -> Path:
    return cache_folder() / "proved" / key.replace(":", "-")


def _remember(key: str) -> None:
    path = _cache_file(key)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    except OSError:
        # A read-only home only means that the packs are proved again next time.
        return
