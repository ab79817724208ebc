"""How long the command line takes to answer: ``python benchmarks/startup.py``.

Prints the median of several runs, in a warm file cache, with byte-code compiled first.
"""

import compileall
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
RUNS = 7
COMMANDS = (["--version"], ["--help"], ["batch", "--help"], ["knowledge", "list"], ["doctor"])


def seconds(arguments: list[str]) -> float:
    """One run of a command."""
    started = time.perf_counter()
    subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "dxtrace", *arguments], check=True, capture_output=True, cwd=ROOT
    )
    return time.perf_counter() - started


def main() -> None:
    """Print the table."""
    for package in ("dxtrace", "apps", "graphs", "agents", "tools", "expert_models"):
        compileall.compile_dir(ROOT / package, quiet=1)
    for arguments in COMMANDS:
        seconds(arguments)
        median = statistics.median(seconds(arguments) for _ in range(RUNS))
        print(f"dxtrace {' '.join(arguments):<16} {median:6.2f} s")


if __name__ == "__main__":
    main()
