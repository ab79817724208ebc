"""The solver in programs of several threads.

z3 keeps all formulas of a process in one context, and a context is no place for two threads at once
(Z3 API, "Multi-threading"): whoever uses it holds the lock. Formulas that a thread drops while
another solves are given back later, as ``Z3_enable_concurrent_dec_ref`` provides.
"""

import threading
from collections.abc import Callable
from functools import cache, wraps
from typing import ParamSpec, TypeVar

import z3

P = ParamSpec("P")
T = TypeVar("T")
_lock = threading.RLock()


def one_at_a_time(function: Callable[P, T]) -> Callable[P, T]:
    """A function that uses the solver, called by one thread at a time."""

    @wraps(function)
    def alone(*args: P.args, **kwargs: P.kwargs) -> T:
        with _lock:
            _let_others_drop_formulas()
            return function(*args, **kwargs)

    return alone


@cache
def _let_others_drop_formulas() -> None:
    z3.Z3_enable_concurrent_dec_ref(z3.main_ctx().ref())
