"""``dxtrace experts``: pull, check, new, and what list and doctor say of entries."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from apps.commands import experts, experts_check, experts_new
from apps.commands.experts_pull import PullOptions, pull_expert
from apps.exit_status import ExitStatus, UsageError
from expert_models import ModelCard, entries
from expert_models.entries import load_entries
from expert_models.runtime import store
from tools import Tool, ToolRegistry

ROOT = Path(__file__).parents[3]
CONTENT = b"weights" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user with one entry that can be pulled from a local mirror, with no hash stated."""
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror" / "model.pt").write_bytes(CONTENT)
    entry = {
        "name": "tiny", "family": "segment_anything", "licence": "CC BY-NC 4.0, research only",
        "source": "the tests",
        "files": [{"url": (tmp_path / "mirror" / "model.pt").as_uri()}],
    }  # fmt: skip
    (tmp_path / "experts.yaml").write_text(json.dumps({"experts": [entry]}), encoding="utf-8")
    monkeypatch.setenv(entries.VARIABLE, str(tmp_path / "experts.yaml"))
    monkeypatch.setenv(store.VARIABLE, str(tmp_path / "weights"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def test_licence_and_size_are_shown_and_a_hash_is_asked_for(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert pull_expert("tiny", PullOptions()) is ExitStatus.CASE_FAILED
    out, err = capsys.readouterr()
    assert out == ""
    assert err.index("CC BY-NC 4.0, research only") < err.index("states no SHA-256")
    assert "size not stated" in err
    assert not (home / "weights" / "tiny").exists()


def test_what_was_accepted_is_printed_with_its_hash(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert pull_expert("tiny", PullOptions(accept=True)) is ExitStatus.OK
    out = capsys.readouterr().out
    assert SHA256 in out
    assert "accepted as it came" in out
    assert str(home / "weights" / "tiny") in out
    assert pull_expert("tiny", PullOptions()) is ExitStatus.OK
    assert "was here" in capsys.readouterr().out


def test_a_stated_hash_and_a_folder_in_place_of_the_network(home: Path) -> None:
    wrong = PullOptions(sha256=(f"model.pt={'0' * 64}",))
    assert pull_expert("tiny", wrong) is ExitStatus.CASE_FAILED
    right = PullOptions(sha256=(f"model.pt={SHA256.upper()}",), mirror=home / "mirror")
    assert pull_expert("tiny", right) is ExitStatus.OK


@pytest.mark.parametrize("text", ["model.pt", "=" + "0" * 64, "model.pt=abc", "m=" + "g" * 64])
@pytest.mark.usefixtures("home")
def test_what_is_no_hash_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="expected FILE=HEX"):
        pull_expert("tiny", PullOptions(sha256=(text,)))


@pytest.mark.usefixtures("home")
def test_an_entry_that_nobody_named_is_refused_with_a_hint() -> None:
    with pytest.raises(UsageError, match="did you mean 'tiny'"):
        pull_expert("tinny", PullOptions())


def test_list_and_show_say_what_is_not_pulled(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    catalogue = load_entries(home / "experts.yaml")
    monkeypatch.delenv(entries.VARIABLE)
    monkeypatch.setattr(experts, "catalogue_entries", lambda: catalogue)
    experts.list_experts()
    assert "tiny (catalogue): can be pulled: dxtrace experts pull tiny" in capsys.readouterr().out
    with pytest.raises(UsageError, match="not here yet: dxtrace experts pull tiny"):
        experts.find_tool("tiny")


def test_list_says_what_is_marked_and_what_no_planner_can_ask_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    registry = ToolRegistry()
    for card in (
        ModelCard(name="marker", marks=("left_lung", "right_lung")),
        ModelCard(name="both", produces=("pulmonary_nodule", "lung_nodul"), marks=("spot",)),
    ):
        registry.register(Tool(card, lambda _: [], "somebody"))
    monkeypatch.setattr(experts, "_registry", lambda: registry)
    experts.list_experts()
    out = capsys.readouterr().out
    assert "accepts report; marks left_lung, right_lung\n" in out
    assert "produces pulmonary_nodule, lung_nodul; marks spot\n" in out
    assert out.count("not in the vocabulary, so that no planner asks for it: lung_nodul") == 1


# -- new and check ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("new")
    experts_new.new_expert("lung_spots", out)
    return out / "lung_spots"


def test_a_new_expert_passes_its_check_untouched(
    package: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    assert experts_check.check_expert(str(package), None) is ExitStatus.OK
    out = capsys.readouterr().out
    assert "lung_spots 0.1.0 (lung-spots)" in out
    assert "1 findings: pulmonary_nodule; 1 masks" in out
    assert "FAIL" not in out


def test_a_new_experts_own_tests_pass_untouched(package: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"], cwd=package,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout


def test_a_promise_that_is_not_kept_ends_with_status_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    experts_new.new_expert("without_licence", tmp_path)
    module = tmp_path / "without_licence/src/without_licence/expert.py"
    module.write_text(module.read_text().replace('licence="Apache-2.0"', 'licence=""'))
    monkeypatch.setattr(sys, "path", [*sys.path])
    folder = str(tmp_path / "without_licence")
    assert experts_check.check_expert(folder, None) is ExitStatus.CASE_FAILED
    assert "FAIL  the card states licence: empty" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["Lungs", "my-expert", "1st", "import", "a/b", "..", ""])
def test_a_new_expert_needs_a_name(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected a snake_case name"):
        experts_new.new_expert(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_new_expert_replaces_nothing(package: Path) -> None:
    with pytest.raises(UsageError, match="is there already"):
        experts_new.new_expert("lung_spots", package.parent)


def test_a_package_without_experts_and_a_name_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\n')
    with pytest.raises(UsageError, match=r"expected \[project\.entry-points"):
        experts_check.check_expert(str(tmp_path), None)
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "x"\n[project.entry-points."dxtrace.experts"]\nx = "no_such_module:X"\n'
    )
    with pytest.raises(UsageError, match="no_such_module"):
        experts_check.check_expert(str(tmp_path), None)
    with pytest.raises(UsageError, match="no tool is named 'nobody_knows_it'"):
        experts_check.check_expert("nobody_knows_it", None)
