"""Knowledge for tests of the checker."""

import pytest

from dxtrace.knowledge import Knowledge, load_knowledge
from tests.unit.small_packs import small_knowledge


@pytest.fixture(scope="session")
def shipped() -> Knowledge:
    """The packs that come with DxTrace."""
    return load_knowledge()


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Knowledge:
    """The small made-up pack."""
    return small_knowledge(tmp_path_factory.mktemp("small"))
