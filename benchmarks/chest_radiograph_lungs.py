"""Dice of the lung segmenter on patients whom it has not seen.

    python -m benchmarks.chest_radiograph_lungs --data ../shared/data/cxr_hannover [--split NAME]

The outlines lie on the central square of their radiograph; where an outline is cut off by that
square nobody knows how the lung goes on, and those pixels are not counted.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.lung_training.radiographs import Radiograph, read_radiographs, split_of
from dxtrace.file_hash import read_sha256
from expert_models.lung_segmenter.bundle import BUNDLE, WEIGHTS
from expert_models.lung_segmenter.frontal import why_not_frontal
from expert_models.lung_segmenter.lungs import Lungs, segment
from expert_models.lung_segmenter.network import LungNetwork

GOAL = 0.95


def dice(marked: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """Overlap of two masks, 0 to 1."""
    return float(2 * (marked & truth).sum() / max(1, marked.sum() + truth.sum()))


def scores(lungs: Lungs, radiograph: Radiograph) -> tuple[float, float, float]:
    """Dice of both lungs together, of the right and of the left one, where the truth is known."""
    known = radiograph.known
    right, left = lungs.right & known, lungs.left & known
    truth = radiograph.lungs & known
    return dice(right | left, truth.any(axis=0)), dice(right, truth[0]), dice(left, truth[1])


def main() -> None:
    """Print Dice by image and patient, and the mean over patients."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--data", type=Path, default=Path("../shared/data/cxr_hannover"))
    options.add_argument("--bundle", type=Path, default=BUNDLE)
    options.add_argument("--split", default="held_out")
    given = options.parse_args()
    radiographs = list(read_radiographs(given.data))
    split = split_of({r.patient for r in radiographs})
    network = LungNetwork(read_sha256(given.bundle / WEIGHTS), given.bundle)
    by_patient: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    seconds = []
    print(f"{'patient':10}{'image':10}{'view':6}{'both':>7}{'right':>7}{'left':>7}  doubt")
    for radiograph in (r for r in radiographs if split[r.patient] == given.split):
        started = time.perf_counter()
        lungs = segment(radiograph.pixels.astype(np.float32), network)
        seconds.append(time.perf_counter() - started)
        found = scores(lungs, radiograph)
        by_patient[radiograph.patient].append(found)
        values = "".join(f"{value:7.3f}" for value in found)
        note = why_not_frontal(lungs) or ""
        print(
            f"{radiograph.patient:10}{radiograph.image:10}{radiograph.projection:6}{values}"
            f"  {lungs.doubt:.3f} {note}"
        )
    means = np.array([np.mean(found, axis=0) for found in by_patient.values()])
    print(f"\n{'patient':10}{'images':>7}{'both':>7}{'right':>7}{'left':>7}")
    for patient, mean in zip(by_patient, means, strict=True):
        values = "".join(f"{value:7.3f}" for value in mean)
        print(f"{patient:10}{len(by_patient[patient]):7}{values}")
    overall = means.mean(axis=0)
    print(
        f"\nmean over {len(means)} patients: both {overall[0]:.4f}, right {overall[1]:.4f}, "
        f"left {overall[2]:.4f}; worst patient {means[:, 0].min():.4f}; "
        f"{np.median(seconds):.2f} s an image; goal {GOAL}: "
        f"{'reached' if overall[0] >= GOAL else 'missed'}"
    )


if __name__ == "__main__":
    main()
