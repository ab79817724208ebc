"""Corrections as people type them."""

import pytest

from apps.corrections import read_correction
from apps.exit_status import UsageError
from dxtrace.clinical import Laterality, Presence


def test_a_presence_a_side_and_sizes() -> None:
    read = read_correction("f2 = present, left, 1.2 cm, 8 mm short axis", "Dr A")
    assert (read.finding, read.by) == ("f2", "Dr A")
    assert read.presence is Presence.PRESENT
    assert read.laterality is Laterality.LEFT
    assert [(m.kind, m.value, m.unit) for m in read.measurements] == [
        ("diameter", 12, "mm"), ("short_axis", 8, "mm"),
    ]  # fmt: skip


def test_a_rejection() -> None:
    assert read_correction("f2=rejected", "user").rejected


@pytest.mark.parametrize(
    "text",
    ["f2", "=absent", "f2=", "f2=banana", "f2=rejected, present", "f2=-3 mm", "f2=4 parsec", ""],
)
def test_what_is_no_correction_says_what_was_expected(text: str) -> None:
    with pytest.raises(UsageError, match=r"--correct: .*expected"):
        read_correction(text, "user")
