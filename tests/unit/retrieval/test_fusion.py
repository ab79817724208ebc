import pytest

from dxtrace.retrieval.fusion import fuse_rankings


def test_what_both_lists_have_comes_before_what_one_has() -> None:
    assert next(iter(fuse_rankings([["a", "b", "c"], ["d", "b", "e"]]))) == "b"


def test_scores_are_those_of_the_paper() -> None:
    assert fuse_rankings([["a", "b"], ["b"]], constant=60) == {
        "b": pytest.approx(1 / 62 + 1 / 61), "a": pytest.approx(1 / 61),
    }  # fmt: skip


def test_weights_decide() -> None:
    assert list(fuse_rankings([["a"], ["b"]], weights=(1.0, 2.0))) == ["b", "a"]
    assert fuse_rankings([]) == {}
