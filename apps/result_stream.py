"""Standard output for results alone: whatever else is printed goes to standard error."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import TextIO


@contextmanager
def results_on_stdout() -> Iterator[TextIO]:
    """Keep standard output for what is written to the stream that is given.

    Inside, Python's ``print`` and what libraries and child processes write to file descriptor 1 go
    to standard error: an expert that prints does not break the results.
    """
    sys.stdout.flush()
    try:
        descriptor, errors = sys.stdout.fileno(), sys.stderr.fileno()
    except (io.UnsupportedOperation, AttributeError):  # replaced by something without a file
        results = sys.stdout
        with redirect_stdout(sys.stderr):
            yield results
        return
    kept = os.dup(descriptor)
    os.dup2(errors, descriptor)
    try:
        with (
            os.fdopen(os.dup(kept), "w", encoding=sys.stdout.encoding or "utf-8") as results,
            redirect_stdout(sys.stderr),
        ):
            yield results
    finally:
        os.dup2(kept, descriptor)
        os.close(kept)
