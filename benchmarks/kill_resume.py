"""Kill a batch at random moments and count what is left: ``python benchmarks/kill_resume.py``.

Every round kills the whole run (SIGKILL) after a random time and starts it again with the same
output folder; at the end it runs to completion. Prints cases, results, repeated and missing ids,
broken traces and pages.
"""

import argparse
import collections
import itertools
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))


def main() -> None:
    """Run the trial and print what came out; ends with status 1 if anything is lost."""
    from dxtrace.clinical import Trace
    from dxtrace.intake.indiana import indiana_manifest

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--longest", type=float, default=15.0, help="seconds before a kill")
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args()
    moments = random.Random(options.seed)  # noqa: S311 - not for secrets
    with tempfile.TemporaryDirectory() as folder:
        manifest, out = Path(folder) / "manifest.jsonl", Path(folder) / "out"
        lines = list(itertools.islice(indiana_manifest(), options.cases))
        manifest.write_bytes(b"".join(lines))
        for number in range(options.kills):
            done = run_for(manifest, out, moments.uniform(1.0, options.longest))
            print(f"kill {number + 1}: {done} results so far")
        run_for(manifest, out, None)
        results = [json.loads(line) for line in (out / "results.jsonl").open()]
        counted = collections.Counter(r["id"] for r in results)
        wanted = {json.loads(line)["id"] for line in lines}
        for result in results:
            Trace.read(out / result["trace"])
        pages = sum((out / r["report"]).read_text().endswith("</html>") for r in results)
    repeated = [i for i, n in counted.items() if n > 1]
    print(f"{len(wanted)} cases, {len(results)} results, {len(repeated)} repeated, "
          f"{len(wanted - set(counted))} missing, {len(results)} traces intact, "
          f"{pages} pages whole")  # fmt: skip
    sys.exit(bool(repeated or wanted != set(counted) or pages != len(results)))


def run_for(manifest: Path, out: Path, seconds: float | None) -> int:
    """Run the batch, killed after so many seconds; the number of result lines then."""
    command = [sys.executable, "-m", "dxtrace", "batch", str(manifest), "--out", str(out)]
    with subprocess.Popen(  # noqa: S603 - our own command
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as run:
        try:
            run.wait(seconds)
        except subprocess.TimeoutExpired:
            run.kill()
    results = out / "results.jsonl"
    return sum(1 for _ in results.open("rb")) if results.exists() else 0


if __name__ == "__main__":
    main()
