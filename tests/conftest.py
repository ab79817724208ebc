"""What all tests share."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Checkpoints may restore our own types only; LangGraph reads this when it is imported.
os.environ.setdefault("LANGGRAPH_STRICT_MSGPACK", "true")

# What a developer configured and pulled is no part of the tests; subprocesses inherit this.
os.environ["XDG_CONFIG_HOME"] = os.environ["DXTRACE_WEIGHTS"] = str(
    Path(__file__).parent / "nothing_is_here"
)
os.environ.pop("DXTRACE_EXPERTS", None)
os.environ["XDG_DATA_HOME"] = tempfile.mkdtemp(prefix="dxtrace-tests-")
atexit.register(shutil.rmtree, os.environ["XDG_DATA_HOME"], ignore_errors=True)

# No timed tests: a busy machine must not make them fail.
settings.register_profile("dxtrace", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("dxtrace")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real images, which is no part of the project; without it, tests skip."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("DXTRACE_TEST_DATA") or beside)
    if not folder.is_dir():
        pytest.skip("no real images: set DXTRACE_TEST_DATA to their folder")
    return folder
