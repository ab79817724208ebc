"""The whole Indiana corpus through ``batch``: time, rate and memory.

``python benchmarks/batch_throughput.py [--workers 2] [--cases N]``. Memory is the resident size of
all worker processes together, sampled while it runs; flat means that the last quarter does not need
more than the second.
"""

import argparse
import itertools
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
SAMPLE_EVERY_S = 1.0
MIB = 1 << 20


def worker_memory_mib(process: psutil.Process) -> float:
    """Resident memory of a process and everything below it."""
    total = 0
    for member in (process, *process.children(recursive=True)):
        try:
            total += member.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total / MIB


def main() -> None:
    """Run the batch and print the figures."""
    from dxtrace.intake.indiana import indiana_manifest

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--cases", type=int, default=None)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        manifest = Path(folder) / "manifest.jsonl"
        lines = list(itertools.islice(indiana_manifest(), options.cases))
        manifest.write_bytes(b"".join(lines))
        command = [
            sys.executable, "-m", "dxtrace", "batch", str(manifest), "--out", f"{folder}/out",
            "--workers", str(options.workers),
        ]  # fmt: skip
        started = time.perf_counter()
        with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as run:  # noqa: S603 - our own command
            samples = watch(run)
        elapsed = time.perf_counter() - started
    print(f"{len(lines)} reports, {options.workers} workers: {elapsed:.0f} s, "
          f"{len(lines) / elapsed:.1f} reports/s")  # fmt: skip
    quarter = max(1, len(samples) // 4)
    second = statistics.mean(samples[quarter : 2 * quarter])
    last = statistics.mean(samples[-quarter:])
    print(f"memory of all processes, MiB: second quarter {second:.0f}, last quarter {last:.0f}, "
          f"peak {max(samples):.0f}")  # fmt: skip


def watch(run: "subprocess.Popen[bytes]") -> list[float]:
    """Sample the memory until the run ends."""
    process = psutil.Process(run.pid)
    samples = [worker_memory_mib(process)]
    while run.poll() is None:
        try:
            run.wait(SAMPLE_EVERY_S)
        except subprocess.TimeoutExpired:
            samples.append(worker_memory_mib(process))
    return samples


if __name__ == "__main__":
    main()
