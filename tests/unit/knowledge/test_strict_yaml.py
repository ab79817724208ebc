"""Strict YAML: what YAML's own loaders let pass is refused with its place."""

import pytest
import yaml

from dxtrace.knowledge.strict_yaml import parse_yaml


def test_plain_documents_are_read() -> None:
    assert parse_yaml("a: 1\nb: [x, y]\n") == {"a": 1, "b": ["x", "y"]}


def test_a_merged_key_may_be_overridden() -> None:
    text = "base: &b {size: 6, unit: mm}\nnodule:\n  <<: *b\n  size: 8\n"
    assert parse_yaml(text)["nodule"] == {"size": 8, "unit": "mm"}


@pytest.mark.parametrize(
    ("text", "said", "line"),
    [
        ("a: 1\nb: 2\na: 3\n", "'a' is given twice", 3),
        ("x:\n  a: 1\n  a: 2\n", "'a' is given twice", 3),
        ("a: 1\n? [b, c]\n: 2\n", "expected a simple key", 2),
        ("a: !!python/object/apply:os.getcwd []\n", "could not determine a constructor", 1),
    ],
)
def test_refusals_name_the_line(text: str, said: str, line: int) -> None:
    with pytest.raises(yaml.MarkedYAMLError) as caught:
        parse_yaml(text)
    assert said in str(caught.value)
    assert caught.value.problem_mark is not None
    assert caught.value.problem_mark.line + 1 == line


def test_an_impossible_date_is_an_error_of_yaml() -> None:
    with pytest.raises(yaml.YAMLError):
        parse_yaml("date: 2026-13-45\n")


def test_deep_nesting_is_an_error_of_yaml() -> None:
    with pytest.raises(yaml.YAMLError):
        parse_yaml("[" * 100_000)
