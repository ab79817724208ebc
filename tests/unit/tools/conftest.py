"""Experts in processes of their own do not outlive the tests that call them."""

from collections.abc import Iterator

import pytest

from tools.host import close_experts


@pytest.fixture(autouse=True, scope="module")
def _no_experts_left() -> Iterator[None]:
    yield
    close_experts()
