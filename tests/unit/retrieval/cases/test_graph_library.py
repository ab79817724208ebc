"""Libraries that are loaded after the graphs' work as ever."""

import subprocess
import sys
from importlib.util import find_spec

import pytest

GRAPHS = "from dxtrace.retrieval.cases.graph_library import graph_class; graph_class()(ndim=4)\n"
SOLVER = """
import z3
x, solver = z3.Real("x"), z3.Solver()
solver.add(x == z3.Q(12345, 100))
print(solver.check(), solver.model()[x])
"""
COMPILER = """
import torch.distributed.optim
print("compiled")
"""


def printed(code: str) -> str:
    """What a new process prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_solver_writes_its_numbers() -> None:
    assert printed(GRAPHS + SOLVER) == "sat 2469/20"


@pytest.mark.skipif(find_spec("torch") is None, reason="needs the extra 'experts'")
def test_compiling_a_script_ends() -> None:
    assert printed(GRAPHS + COMPILER) == "compiled"
