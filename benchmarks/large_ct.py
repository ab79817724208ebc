"""A whole chest of 512 x 512 x 300 voxels: ``python -m benchmarks.large_ct``.

Seconds of processor, and the most memory used so far, for each step: lungs, nodules, and what is
measured of the nodules.
"""

import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.phantoms import Grid, render_chest
from benchmarks.phantoms.__main__ import random_chest
from dxtrace.clinical.volume import Volume
from expert_models.classical.lungs import segment_lungs
from expert_models.classical.nodule_expert import nodule_mask
from expert_models.classical.nodules import find_nodules
from tools.measurement import measure

GRID = Grid((300, 512, 512), (0.8, 0.6, 0.6), (-119.6, -153.3, -153.3))
SEED, NODULES = 3, 6
T = TypeVar("T")


def timed(name: str, work: Callable[[], T]) -> T:
    """Do it, and print what it took."""
    begun = time.process_time()
    done = work()
    seconds = time.process_time() - begun
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{name}: {seconds:.1f} s, {most:.0f} MiB", flush=True)
    return done


def phantom() -> Volume:
    """The picture."""
    return render_chest(random_chest(SEED, NODULES), GRID, SEED).volume


def main() -> None:
    """Print a line for each step."""
    # The phantom is made in a process of its own: the memory that takes does not count.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        volume = pool.submit(phantom).result()
    lungs = timed("lungs", lambda: segment_lungs(volume))
    found = timed("nodules", lambda: find_nodules(lungs))
    masks = [nodule_mask(n, f, lungs, volume) for n, f in enumerate(found, start=1)]
    timed(
        f"measurements of {len(masks)} nodules",
        lambda: [measure(m, volume) for m in masks],
    )


if __name__ == "__main__":
    main()
