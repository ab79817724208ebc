"""A batch and a review of one case do not write into one folder at once."""

from pathlib import Path

import pytest

from apps.batch.store import ResultStore
from apps.exit_status import UsageError
from apps.output_claims import only_review_of


def test_no_review_beside_a_batch(tmp_path: Path) -> None:
    review = only_review_of("case", tmp_path)
    with (
        ResultStore(tmp_path),
        pytest.raises(UsageError, match=r"a batch is writing to .*: wait for it"),
        review,
    ):
        pytest.fail("the folder is held")
    with only_review_of("case", tmp_path):
        pass


def test_no_batch_beside_a_review(tmp_path: Path) -> None:
    ResultStore(tmp_path).__exit__(None, None, None)
    with (
        only_review_of("case", tmp_path),
        pytest.raises(UsageError, match=r"^a review is writing to"),
    ):
        ResultStore(tmp_path)
    with ResultStore(tmp_path):
        pass


def test_reviews_of_other_cases_go_on(tmp_path: Path) -> None:
    with only_review_of("one", tmp_path), only_review_of("other", tmp_path):
        pass
