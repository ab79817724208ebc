"""Models by configuration and by name: what may be said, and what is said of what may not."""

import re
from pathlib import Path

import pytest

from agents.vlm.models import configured_planners, planners_file, resolve_planner
from agents.vlm.models.entries import VARIABLE

GOOD = "- {name: house, kind: endpoint, base_url: 'http://10.0.0.7:8000/v1', model: medgemma}\n"


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv(VARIABLE, raising=False)
    return tmp_path / "config" / "dxtrace" / "planners.yaml"


def write(path: Path, listed: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("planners:\n" + listed, encoding="utf-8")


def test_without_a_file_there_is_nothing_and_no_problem() -> None:
    assert not configured_planners().entries
    assert not configured_planners().problems


def test_a_configured_name_means_its_entry(config: Path) -> None:
    write(config, GOOD)
    assert planners_file() == config
    entry = resolve_planner("house")
    assert (entry.kind, entry.model) == ("endpoint", "medgemma")
    assert not entry.images_leave_the_house


def test_folders_lie_beside_the_file(config: Path) -> None:
    write(config, "- {name: own, kind: transformers, model: weights/own}\n")
    assert resolve_planner("own").model == str(config.parent / "weights" / "own")


def test_the_example_of_the_page_means_what_it_says(config: Path) -> None:
    page = Path(__file__).parents[5] / "docs" / "planners.md"
    (example,) = re.findall(r"(?ms)^```yaml\n(.*?)^```", page.read_text(encoding="utf-8"))
    config.parent.mkdir(parents=True)
    config.write_text(example, encoding="utf-8")
    found = configured_planners()
    assert not found.problems
    kinds = {name: entry.kind for name, entry in found.entries.items()}
    assert kinds == {"house": "endpoint", "own": "transformers", "far": "hosted"}


def test_a_named_file_must_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "mine.yaml"))
    assert "cannot be read" in configured_planners().problems["mine.yaml"]
    with pytest.raises(ValueError, match="cannot be read"):
        resolve_planner("house")


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("{name: bad, kind: endpoint}", "base_url: expected an address"),
        ("{name: bad, kind: endpoint, base_url: 'ftp://h/v1'}", r"expected http\(s\)"),
        ("{name: bad, kind: endpoint, base_url: 'http:///v1'}", r"expected http\(s\)"),
        ("{name: bad, kind: endpoint, base_url: 'http://h:99999/v1'}", "base_url: Port"),
        ("{name: bad, kind: endpoint, base_url: 'http://u:secret@h/v1'}", "name a key_variable"),
        ("{name: bad, kind: endpoint, base_url: 'http://h/v1?key=1'}", r"expected http\(s\)"),
        ("{name: bad, kind: vllm}", "model: expected a folder"),
        ("{name: bad, kind: vllm, model: x, base_url: 'http://h/v1'}", "base_url: expected no"),
        ("{name: bad, kind: vllm, model: x, key_variable: KEY}", "key_variable: expected none"),
        ("{name: bad, kind: hosted, model: some-model}", "expected provider:model"),
        ("{name: bad, kind: hosted, model: 'p:m', api_key: sk-1}", "no such field"),
        ("{name: bad, kind: hosted, model: 'p:m', key_variable: 'sk-1 2'}", "key_variable"),
        ("{name: bad, kind: magic, model: x}", "kind: expected 'endpoint'"),
        ("{name: bad, kind: vllm, modle: x}", "did you mean 'model'"),
        ("{name: bad, kind: vllm, model: x, images: -1}", "images: expected greater"),
        ("{name: bad, kind: vllm, model: x, max_tokens: 9000}", "less than context_tokens"),
        ("{name: bad, kind: vllm, model: x, timeout_s: .nan}", "timeout_s"),
        ("{name: bad, kind: vllm, model: x, samples: many}", "samples"),
    ],
)
def test_a_wrong_entry_says_what_was_expected_and_stops_no_other(
    config: Path, bad: str, reason: str
) -> None:
    write(config, f"{GOOD}- {bad}\n")
    assert resolve_planner("house").model == "medgemma"
    with pytest.raises(ValueError, match=f"planners.yaml, entry 2: .*{reason}"):
        resolve_planner("bad")


@pytest.mark.parametrize("name", ["pathway", "router", "Bad", "http://h/v1", "a b"])
def test_a_name_must_not_mean_something_else(config: Path, name: str) -> None:
    write(config, f"- {{name: '{name}', kind: vllm, model: x}}\n")
    assert "name: expected lower-case" in configured_planners().problems[name]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("models: []\n", "expected the one key 'planners'"),
        ("planners: {a: 1}\n", "expected a list"),
        ("- a\n", "expected the one key"),
        ("planners: [\n", "expected YAML"),
        ("planners: []\nplanners: []\n", "given twice"),
    ],
)
def test_a_file_that_is_no_list_of_planners_is_one_problem(
    config: Path, text: str, reason: str
) -> None:
    config.parent.mkdir(parents=True)
    config.write_text(text, encoding="utf-8")
    assert reason in configured_planners().problems["planners.yaml"]


@pytest.mark.parametrize(
    ("name", "kind", "model", "base_url"),
    [
        ("http://127.0.0.1:8000/v1", "endpoint", "", "http://127.0.0.1:8000/v1"),
        ("https://h/v1#google/medgemma-4b-it", "endpoint", "google/medgemma-4b-it", "https://h/v1"),
        ("transformers:/models/x", "transformers", "/models/x", None),
        ("vllm:/models/x", "vllm", "/models/x", None),
        ("openai:gpt-x", "hosted", "openai:gpt-x", None),
        ("google_genai:gemini-x", "hosted", "google_genai:gemini-x", None),
    ],
)
def test_a_name_can_say_all(name: str, kind: str, model: str, base_url: str | None) -> None:
    entry = resolve_planner(name)
    assert (entry.name, entry.kind, entry.model, entry.base_url) == (name, kind, model, base_url)


@pytest.mark.parametrize("name", ["", "hous", "transformers:", "http://", "ftp://h/v1", ":m"])
def test_a_name_that_means_nothing_is_refused_with_what_could_be_meant(
    config: Path, name: str
) -> None:
    write(config, GOOD)
    with pytest.raises(ValueError, match=r"expected pathway, router, house|expected http"):
        resolve_planner(name)
