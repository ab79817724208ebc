"""Rules and findings as solver constraints: verdicts, conclusions, proofs about packs."""

from dxtrace.reasoning.checker import Checker
from dxtrace.reasoning.evidence import Conflict
from dxtrace.reasoning.proofs import PackProblem, PackProof, prove_packs

__all__ = ["Checker", "Conflict", "PackProblem", "PackProof", "prove_packs"]
