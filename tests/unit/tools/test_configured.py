"""Experts of ``experts.yaml`` and of the catalogue among the tools."""

import hashlib
import json
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("monai", reason="needs the extra 'experts'")
pytest.importorskip("ignite", reason="needs the extra 'experts'")

import numpy as np

from dxtrace.clinical import Case, Image, Outcome, Series, Study
from expert_models import entries
from expert_models.runtime import store
from expert_models.runtime.store import PullRequest, WeightsStore
from tests.unit.expert_models.monai_bundle.tiny_bundle import make_bundle
from tools import ToolRegistry, run_tool
from tools.configured import load_configured

HERE = {"isolated": False}  # a worker would import monai anew in each test
FILES = ("configs/metadata.json", "configs/inference.json", "models/model.pt")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv(entries.VARIABLE, str(tmp_path / "experts.yaml"))
    monkeypatch.setenv(store.VARIABLE, str(tmp_path / "weights"))
    return tmp_path


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bundle(tmp_path_factory.mktemp("zoo") / "tiny_spleen")


def configure(home: Path, *listed: dict[str, object]) -> ToolRegistry:
    (home / "experts.yaml").write_text(json.dumps({"experts": listed}), encoding="utf-8")
    registry = ToolRegistry()
    load_configured(registry)
    return registry


def ct(folder: Path) -> Case:
    import nibabel

    voxels = np.full((16, 24, 24), -100, np.int16)
    voxels[4:12, 6:18, 6:18] = 60
    nibabel.save(nibabel.Nifti1Image(voxels, np.eye(4)), folder / "ct.nii")
    image = Image(path=folder / "ct.nii", modality="CT", body_part="abdomen")
    series = Series(id="s1", modality="CT", images=(image,))
    return Case(id="c", studies=(Study(id="s", series=(series,)),))


def of_files(bundle: Path, **changes: object) -> dict[str, object]:
    files = [
        {
            "name": name,
            "url": (bundle / name).as_uri(),
            "sha256": hashlib.sha256((bundle / name).read_bytes()).hexdigest(),
        }
        for name in FILES
    ]
    return {"name": "tiny", "family": "monai_bundle", "files": files, "options": HERE, **changes}


def test_a_bundle_in_a_folder_is_a_tool_that_runs(home: Path, bundle: Path) -> None:
    registry = configure(
        home,
        {
            "name": "tiny", "family": "monai_bundle", "folder": str(bundle),
            "options": {"body_parts": ["abdomen"], "leave_out": ["spleen tumor"]},  # in a worker
        },
    )  # fmt: skip
    tool = registry.get("tiny")
    assert tool is not None
    assert tool.origin == "experts.yaml"
    run = run_tool(tool, ct(home))
    assert run.call.outcome is Outcome.OK
    assert tool.card.marks == ("spleen",)


def test_an_expert_goes_to_another_process_and_is_built_there(home: Path, bundle: Path) -> None:
    tool = configure(home, {"name": "tiny", "family": "monai_bundle", "folder": str(bundle)}).get(
        "tiny"
    )
    assert tool is not None
    run_tool(tool, ct(home))  # what it has loaded stays here
    assert pickle.loads(pickle.dumps(tool.function)).__self__.card == tool.card  # noqa: S301  # our own


def test_a_pulled_bundle_is_a_tool_and_an_unpulled_one_says_so(home: Path, bundle: Path) -> None:
    described = of_files(bundle)
    registry = configure(home, described)
    assert registry.get("tiny") is None
    assert "dxtrace experts pull" in registry.problems["tiny"]
    entry = entries.configured_entries().entries["tiny"]
    WeightsStore.default().pull(entry, PullRequest())
    registry = configure(home, described)
    assert not registry.problems
    tool = registry.get("tiny")
    assert tool is not None
    assert run_tool(tool, ct(home)).call.outcome is Outcome.OK


def test_files_that_were_swapped_in_the_store_are_not_loaded(home: Path, bundle: Path) -> None:
    described = of_files(bundle)
    configure(home, described)
    entry = entries.configured_entries().entries["tiny"]
    WeightsStore.default().pull(entry, PullRequest())
    config = home / "weights/tiny/configs/inference.json"
    config.write_text(config.read_text().replace("import os", "import os, this"))
    tool = configure(home, described).get("tiny")
    assert tool is not None
    run = run_tool(tool, ct(home))
    assert run.call.outcome is Outcome.ABSTAINED
    assert "configs/inference.json" in run.call.reason


def test_broken_entries_stop_no_other(home: Path, bundle: Path) -> None:
    registry = configure(
        home,
        {"name": "empty", "family": "monai_bundle", "folder": str(home)},
        {"name": "odd", "family": "monai_bundle", "folder": str(bundle), "options": {"views": 3}},
        {"name": "Wrong", "family": "monai_bundle"},
        {"name": "gone", "family": "segment_anything", "folder": str(home / "nowhere")},
        {"name": "tiny", "family": "monai_bundle", "folder": str(bundle)},
    )
    assert [t.card.name for t in registry] == ["tiny"]
    assert set(registry.problems) == {"empty", "odd", "Wrong", "gone"}
    assert "configs/metadata.json" in registry.problems["empty"]
    assert "options.views" in registry.problems["odd"]
    assert f"expected a folder, got none at {home / 'nowhere'}" in registry.problems["gone"]


def test_the_registry_does_not_load_torch(home: Path, bundle: Path) -> None:
    configure(home, {"name": "tiny", "family": "monai_bundle", "folder": str(bundle)})
    script = (
        "import sys; from tools import ToolRegistry; from tools.configured import load_configured;"
        "r = ToolRegistry(); load_configured(r); assert r.get('tiny');"
        "print([m for m in ('torch', 'monai', 'transformers', 'numpy') if m in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True,
        cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert run.stdout.strip() == "[]"
