"""Which packages may import which, and what importing costs."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = (
    "z3", "langgraph", "langchain_core", "celpy", "torch", "transformers", "gradio", "chromadb",
    "numpy", "pydicom", "ray", "vllm",
)  # fmt: skip


def test_imports_go_down_only(capsys: pytest.CaptureFixture[str]) -> None:
    """The contracts of ``pyproject.toml``, as ``lint-imports`` checks them."""
    from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

    status = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
    assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out


def loaded_by(*arguments: str) -> set[str]:
    """The modules that a fresh Python has loaded after running something."""
    script = (
        "import atexit, sys\n"
        "atexit.register(lambda: print('LOADED', *sorted(sys.modules), file=sys.stderr))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script + arguments[0], *arguments[1:]],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    line = next(x for x in done.stderr.splitlines() if x.startswith("LOADED "))
    return set(line.split()[1:])


RUN = "import runpy; runpy.run_module('dxtrace', run_name='__main__', alter_sys=True)"


@pytest.mark.parametrize(
    ("script", "arguments"),
    [
        ("import dxtrace", ()),
        ("import dxtrace.clinical", ()),
        ("import graphs, tools, expert_models, agents", ()),
        (RUN, ("--help",)),
        (RUN, ("--version",)),
        (RUN, ("review", "--help")),
    ],
    ids=["import dxtrace", "import dxtrace.clinical", "import the packages", "--help", "--version",
         "review --help"],
)  # fmt: skip
def test_nothing_heavy_is_imported_before_it_is_needed(
    script: str, arguments: tuple[str, ...]
) -> None:
    loaded = loaded_by(script, *arguments)
    assert "dxtrace" in loaded or "graphs" in loaded
    assert {m for m in loaded if m.partition(".")[0] in HEAVY} == set()


def test_every_package_is_part_of_the_distribution() -> None:
    import tomllib

    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    included = config["tool"]["setuptools"]["packages"]["find"]["include"]
    packages = {p.parent.name for p in ROOT.glob("*/__init__.py")} - {"tests", "benchmarks"}
    assert packages == {name.rstrip("*") for name in included}
    contracts = config["tool"]["importlinter"]["root_packages"]
    assert packages == set(contracts)
