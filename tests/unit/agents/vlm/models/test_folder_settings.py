"""A model's folder says how it wants to be asked; where data may go is the user's to say."""

from pathlib import Path

import pytest

from agents.vlm.models import configured_planners, resolve_planner


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "own"
    made.mkdir()
    (made / "planner.yaml").write_text("dialect: tokens\nbriefing: compact\nimages: 1\n")
    return made


@pytest.mark.parametrize("kind", ["transformers", "vllm"])
def test_a_folder_says_how_to_ask_its_model(folder: Path, kind: str) -> None:
    entry = resolve_planner(f"{kind}:{folder}")
    assert (entry.dialect, entry.briefing, entry.images) == ("tokens", "compact", 1)
    assert (entry.kind, entry.model, entry.max_tokens) == (kind, str(folder), 1024)


def test_a_folder_without_a_word_is_asked_as_any(tmp_path: Path) -> None:
    entry = resolve_planner(f"transformers:{tmp_path}")
    assert (entry.dialect, entry.briefing, entry.images) == ("auto", "full", 8)


def test_the_users_entry_goes_first(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "planners.yaml"
    file.write_text(
        "planners:\n  - {name: own, kind: transformers, model: own, dialect: json}\n"
        "  - {name: wrong, kind: transformers, model: own, dialect: latin}\n"
    )
    monkeypatch.setenv("DXTRACE_PLANNERS", str(file))
    entry = resolve_planner("own")
    assert (entry.dialect, entry.briefing, entry.model) == ("json", "compact", str(folder))
    assert "dialect" in configured_planners().problems["wrong"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("images_leave_the_house: true", "expected dialect, .* got 'images_leave_the_house'"),
        ("images_with_text: true", "got 'images_with_text'"),
        ("base_url: http://8.8.8.8/v1", "got 'base_url'"),
        ("[dialect]", "expected fields"),
        ("just words", "expected fields"),
        ("dialect: [", "expected YAML"),
        ("dialect: latin", "dialect"),
        ("images: many", "images"),
        ("dialect: json\ndialect: tokens", "dialect"),
        ("x" * 70_000, "at most 65,536 bytes"),
    ],
)
def test_what_is_not_a_folders_to_say_is_refused(folder: Path, text: str, said: str) -> None:
    (folder / "planner.yaml").write_text(text)
    with pytest.raises(ValueError, match=said) as raised:
        resolve_planner(f"transformers:{folder}")
    assert str(folder / "planner.yaml") in str(raised.value)


def test_an_empty_file_says_nothing(folder: Path) -> None:
    (folder / "planner.yaml").write_text("")
    assert resolve_planner(f"transformers:{folder}").briefing == "full"
