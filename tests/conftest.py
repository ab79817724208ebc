"""What all tests share."""

import atexit
import os
import shutil
import signal
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Checkpoints may restore our own types only; LangGraph reads this when it is imported.
os.environ.setdefault("LANGGRAPH_STRICT_MSGPACK", "true")

# What a developer configured, pulled and kept is no part of the tests, nor what another run of
# them does at the same time; subprocesses inherit this.
_OURS = Path(tempfile.mkdtemp(prefix="dxtrace-tests-"))
atexit.register(shutil.rmtree, _OURS, ignore_errors=True)
for _name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "DXTRACE_WEIGHTS"):
    os.environ[_name] = str(_OURS / _name.lower())
os.environ.pop("DXTRACE_EXPERTS", None)

# What is started in the background ignores Ctrl-C, and so would all that tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

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
