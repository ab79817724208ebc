"""Conditions: how CEL text is understood, and which part of CEL packs may use."""

import pytest

from dxtrace.knowledge.expression import Expression, ExpressionError, parse_expression


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a.x > 6.0 && !(b.present || has(c.y))", {"a.x", "b.present", "c.y"}),
        ('a.kind in ["x", "y"]', {"a.kind"}),
        ("lesion.exists(n, n.size > 6.0)", {"lesion.present", "lesion.size"}),
        ("lesion.filter(n, pack.band == 'x').size() >= 2", {"lesion.present", "pack.band"}),
        ("lesion.map(t, t.size).sum() > other.size", {"lesion.present", "lesion.size",
                                                      "other.size"}),
        ("a.x ? b.x : c.x", {"a.x", "b.x", "c.x"}),
        ("round_half_up(a.x, 1) > max(a.y, magnitude(a.z))", {"a.x", "a.y", "a.z"}),
        ("true", set()),
    ],
)  # fmt: skip
def test_every_name_of_a_condition_is_found(text: str, names: set[str]) -> None:
    assert parse_expression(text).names() == names


def test_precedence_is_that_of_cel() -> None:
    tree = parse_expression("a.x || b.x && !c.x")
    assert tree.op == "or"
    assert [part.op for part in tree.args if isinstance(part, Expression)] == ["name", "and"]
    difference = parse_expression("a.x - b.x - c.x > 2.0").args[0]
    assert isinstance(difference, Expression)
    first = difference.args[0]
    assert isinstance(first, Expression)
    assert (difference.op, first.op) == ("-", "-")


def test_numbers_are_kept_exactly_as_written() -> None:
    number = parse_expression("a.x < 0.1").args[1]
    assert number == Expression("number", ("0.1",))


@pytest.mark.parametrize(
    "text",
    [
        "", "a.x >", "a.x > 6.0 and b.x", "a.x = 6.0", "(a.x > 6.0", "6.0 < a.x < 8.0 <",
        "a[0] > 6.0", "{'a': 1}", "a.x.matches('.*')", "size(a.x) > 2", "unknown(a.x)",
        "has(a.x, b.x)", "has(6.0)", "round_half_up()", "max(a.x)", "lesion.exists(n)",
        "lesion.filter(n, n.x).sum()", "lesion.map(n, n.x).size()", "a.x > b'bytes'",
    ],
)  # fmt: skip
def test_what_packs_may_not_use_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse_expression(text)


def test_a_syntax_error_names_its_place() -> None:
    with pytest.raises(ExpressionError, match="line 1, column 7"):
        parse_expression("a.x > && b.x")


def test_a_tree_comes_back_from_plain_data() -> None:
    tree = parse_expression('lesion.exists(n, n.x > 6.0 && n.kind != "b") || has(a.b)')
    assert Expression.from_data(tree.to_data()) == tree
