"""Experts by configuration: what a file may say, and what is said of what it may not."""

import json
import re
from pathlib import Path

import pytest

from expert_models import entries
from expert_models.entries import catalogue_entries, configured_entries, load_entries
from expert_models.families import FAMILIES, build_expert
from expert_models.monai_bundle.mapping import shipped_mapping

GOOD = "- {name: good, family: monai_bundle, folder: bundles/good}\n"


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv(entries.VARIABLE, raising=False)
    return tmp_path / "config" / "dxtrace" / "experts.yaml"


def written(path: Path, listed: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("experts:\n" + listed, encoding="utf-8")
    return path


def test_without_a_file_there_is_nothing_and_no_problem() -> None:
    found = configured_entries()
    assert not found.entries
    assert not found.problems


def test_the_users_file_is_found_and_its_folders_lie_beside_it(config: Path) -> None:
    written(config, GOOD)
    entry = configured_entries().entries["good"]
    assert entry.folder == config.parent / "bundles" / "good"


def test_a_named_file_must_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(entries.VARIABLE, str(tmp_path / "mine.yaml"))
    assert "cannot be read" in configured_entries().problems["mine.yaml"]
    written(tmp_path / "mine.yaml", GOOD)
    assert set(configured_entries().entries) == {"good"}


@pytest.mark.parametrize(
    ("bad", "name", "reason"),
    [
        ("- {name: Bad, family: monai_bundle}", "Bad", "name"),
        ("- {name: bad, family: mystery}", "bad", "family: expected one of monai_bundle"),
        ("- {name: bad, family: monai_bundle, fodler: x}", "bad", "fodler"),
        ("- {name: bad, famly: mcp}", "bad", "no such field: did you mean 'family'"),
        ("- {name: bad}", "bad", "family: expected a value, got nothing"),
        ("- {name: good, family: monai_bundle}", "good", "given twice"),
        ("- 3", "experts.yaml: entry 2", "entry 2"),
        ("- {name: bad, family: mcp, files: [{name: ../x}]}", "bad", "expected a path below"),
        ("- {name: bad, family: mcp, files: [{url: 'https://h/a.pt', sha256: abc}]}", "bad",
         "files.0.sha256"),
        ("- {name: bad, family: mcp, files: [{name: a.pt}, {name: A.pt}]}", "bad", "twice"),
    ],
)  # fmt: skip
def test_a_wrong_entry_is_named_and_takes_no_other_with_it(
    config: Path, bad: str, name: str, reason: str
) -> None:
    found = load_entries(written(config, f"{GOOD}{bad}\n"))
    assert set(found.entries) == {"good"}
    (problem,) = found.problems.items()
    assert problem[0] == name
    assert "experts.yaml, entry 2" in problem[1]
    assert reason in problem[1]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("experts: {a: 1}\n", "experts"),
        ("models: []\n", "models"),
        ("- a\n", "experts.yaml"),
        ("experts: []\nexperts: []\n", "given twice"),
        ("experts: [\n", "expected YAML"),
        ("experts: !!python/object/apply:os.getcwd []\n", "expected YAML"),
        ("[" * 5000, "nested too deeply"),
    ],
)
def test_a_file_that_is_no_list_of_experts_is_one_problem(
    config: Path, text: str, reason: str
) -> None:
    config.parent.mkdir(parents=True)
    config.write_text(text, encoding="utf-8")
    found = configured_entries()
    assert not found.entries
    assert reason in found.problems["experts.yaml"]


def test_bytes_that_are_no_text_and_files_that_are_too_long(config: Path) -> None:
    config.parent.mkdir(parents=True)
    config.write_bytes(b"experts: \xff")
    assert "expected YAML" in configured_entries().problems["experts.yaml"]
    config.write_bytes(b"#" * (1 << 20) + b"\nexperts: []")
    assert "at most" in configured_entries().problems["experts.yaml"]


def test_the_catalogue_says_licence_and_source_of_every_entry() -> None:
    found = catalogue_entries()
    assert not found.problems
    for entry in found.entries.values():
        assert entry.family in FAMILIES
        assert entry.licence, entry.name
        assert entry.source, entry.name
        assert entry.folder is None
        assert all(file.url.startswith("https://") for file in entry.files)


@pytest.mark.parametrize("name", sorted(catalogue_entries().entries))
def test_every_entry_of_the_catalogue_suits_its_family(name: str, tmp_path: Path) -> None:
    entry = catalogue_entries().entries[name]
    known = tuple(f.model_copy(update={"sha256": f.sha256 or "0" * 64}) for f in entry.files)
    if entry.family == "monai_bundle":
        mapping = shipped_mapping(entry.options["bundle"])
        assert mapping is not None
        classes = {"background", "spleen", *mapping.named_classes}
        image = {"type": "image", "modality": "CT", "num_channels": 1}
        channels = {str(i): c for i, c in enumerate(sorted(classes))}
        formats = {
            "inputs": {"image": image},
            "outputs": {"pred": {**image, "channel_def": channels}},
        }
        (tmp_path / "configs").mkdir()
        (tmp_path / "configs/metadata.json").write_text(
            json.dumps({"network_data_format": formats})
        )
        (tmp_path / "configs/inference.json").write_text("{}")
    card = build_expert(entry.model_copy(update={"files": known}), tmp_path).card
    assert card.name == name
    assert card.isolated
    assert card.memory_mb
    assert {w.path for w in card.weights} <= {f.path for f in entry.files}


def test_the_example_of_the_documents_loads(tmp_path: Path) -> None:
    text = (Path(__file__).parents[3] / "docs" / "experts.md").read_text(encoding="utf-8")
    blocks = re.findall(r"(?ms)^```(?:yaml)?\n(experts:\n.*?)^```", text)
    assert len(blocks) >= 2
    for block in blocks:
        (tmp_path / "experts.yaml").write_text(block, encoding="utf-8")
        found = load_entries(tmp_path / "experts.yaml")
        assert found.entries
        assert not found.problems
