"""The compiled reader is shared: it is the costly part."""

import pytest

from agents.intent import QuestionReader
from graphs.workbench import Workbench, default_workbench


@pytest.fixture(scope="session")
def bench() -> Workbench:
    """The shipped knowledge and tools."""
    return default_workbench()


@pytest.fixture(scope="session")
def questions(bench: Workbench) -> QuestionReader:
    """Understands questions."""
    return QuestionReader(bench.knowledge, bench.reader)
