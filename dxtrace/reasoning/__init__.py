"""Rules and findings as solver constraints: verdicts, conclusions, proofs about packs."""

from dxtrace.reasoning.checker import Checker
from dxtrace.reasoning.evidence import Conflict
from dxtrace.reasoning.proof_record import ensure_proved, write_record
from dxtrace.reasoning.proofs import PackProblem, PackProof, prove_packs

__all__ = [
    "Checker",
    "Conflict",
    "PackProblem",
    "PackProof",
    "ensure_proved",
    "prove_packs",
    "write_record",
]
