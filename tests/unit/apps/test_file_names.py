"""Case ids as file names: safe, unique, stable."""

import re

from hypothesis import given
from hypothesis import strategies as st

from apps.file_names import FileNames


def names(*ids: str) -> list[str]:
    given_names = FileNames()
    return [given_names.allocate(id_) for id_ in ids]


def test_plain_ids_stay_as_they_are() -> None:
    assert names("c-001", "Case_2.b") == ["c-001", "Case_2.b"]


def test_ids_that_differ_only_in_case_get_different_files() -> None:
    first, second = names("abc", "ABC")
    assert first == "abc"
    assert second.casefold() != "abc"


@given(st.lists(st.text(min_size=1, max_size=300), max_size=20))
def test_any_ids_give_safe_names_that_never_clash(ids: list[str]) -> None:
    given_names = names(*ids)
    assert len({name.casefold() for name in given_names}) == len(ids)
    for name in given_names:
        assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name)
        assert len(name) <= 120
    assert names(*ids) == given_names


def test_hostile_and_reserved_ids_stay_in_their_folder() -> None:
    for name in names(
        "../../etc/passwd", "/etc/passwd", "..", "CON", "nul.txt", "a/b", "a\\b", "x."
    ):
        assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*[A-Za-z0-9]", name)
        assert name.partition(".")[0].upper() not in {"CON", "NUL"}
