"""What a wheel brings along for the chat page."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from apps.chat.examples import example_cases
from tests.integration.conftest import ROOT
from tests.processes import LIMIT_S

_PACKED = ("dxtrace", "expert_models", "tools", "agents", "graphs", "apps", "examples")
_LARGEST_MB = 20


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built of a copy: building leaves files in the sources."""
    folder = tmp_path_factory.mktemp("wheel")
    sources = folder / "sources"
    for name in _PACKED:
        unwanted = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, sources / name, symlinks=True, ignore=unwanted)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, sources)
    build = f"from setuptools import build_meta; build_meta.build_wheel({str(folder)!r})"
    subprocess.run(
        [sys.executable, "-c", build], cwd=sources, check=True, capture_output=True, timeout=LIMIT_S
    )
    [built] = folder.glob("*.whl")
    return built


def test_it_holds_the_examples_that_the_page_offers(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    offered = example_cases()
    assert len(offered) >= 5
    for example in offered:
        there = tmp_path / example.path.relative_to(ROOT)
        wanted = [p for p in example.path.rglob("*") if p.is_file()] or [example.path]
        for path in wanted:
            copied = there / path.relative_to(example.path)
            assert copied.read_bytes() == path.read_bytes()


def test_it_stays_small(wheel: Path) -> None:
    assert wheel.stat().st_size < _LARGEST_MB * 1_000_000
