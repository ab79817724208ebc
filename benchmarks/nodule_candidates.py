"""Nodules found in synthetic chests: ``python -m benchmarks.nodule_candidates [SCANS] [FIRST]``.

``FIRST`` is the seed of the first scan; the criteria were set with seeds 0 to 7.

Every scan holds one nodule per lobe, of 6 to 20 mm, solid, ground-glass or part-solid by turns. A
nodule counts as found if a candidate of ours overlaps it with Dice 0.3 or more; every other
candidate is a false one, *indeterminate* ones included.
"""

import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.phantoms import LOBES, Chest, Grid, Scan, chest_parts, render_chest
from benchmarks.phantoms.chest import chest_nodule
from benchmarks.phantoms.nodule import Kind
from dxtrace.clinical import Presence
from expert_models.classical.lungs import segment_lungs
from expert_models.classical.nodules import find_nodules

KINDS: tuple[Kind, ...] = ("solid", "ground_glass", "part_solid")
SIZES_MM = (6.0, 20.0)
SPACING = (1.25, 0.75, 0.75)
FOUND_DICE = 0.3
VOLUME_OFF = 0.1


@dataclass
class Tally:
    """What was found over all scans."""

    true: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    right_composition: int = 0
    open_composition: int = 0
    clear: int = 0
    clear_false: int = 0
    volume_errors: list[float] = field(default_factory=list)
    false: list[int] = field(default_factory=list)


def draw_scan(seed: int) -> Scan:
    """A chest with a nodule in every lobe."""
    rng = np.random.default_rng(seed)
    nodules = []
    for number, lobe in enumerate(LOBES):
        kind, diameter = KINDS[(number + seed) % len(KINDS)], float(rng.uniform(*SIZES_MM))
        core = diameter / 2 if kind == "part_solid" else None
        name = f"nodule_{number + 1}"
        nodules.append(chest_nodule(name, lobe, diameter, kind, seed * 10 + number, core))
    chest = Chest(chest_parts(seed), tuple(nodules))
    return render_chest(chest, Grid.around(*chest.bounds(), SPACING), seed)


def count(scan: Scan, tally: Tally) -> None:
    """Find the nodules of one scan and add up."""
    lungs = segment_lungs(scan.volume)
    found = find_nodules(lungs)
    masks = [n.mask(lungs) for n in found]
    used: set[int] = set()
    for index, nodule in enumerate(scan.nodules):
        true = scan.true_mask(index).voxels
        tally.true[nodule.kind] += 1
        scores = [2 * (m & true).sum() / (m.sum() + true.sum()) for m in masks]
        best = int(np.argmax(scores)) if scores else -1
        if best < 0 or scores[best] < FOUND_DICE:
            continue
        used.add(best)
        tally.found[nodule.kind] += 1
        tally.clear += found[best].presence is Presence.PRESENT
        tally.right_composition += found[best].composition == nodule.kind
        tally.open_composition += found[best].composition is None
        volume = float(masks[best].sum()) * lungs.volume.voxel_mm3
        tally.volume_errors.append(abs(volume / nodule.truth.volume - 1))
    false = [n for i, n in enumerate(found) if i not in used]
    tally.false.append(len(false))
    tally.clear_false += sum(n.presence is Presence.PRESENT for n in false)


def main() -> None:
    """Print sensitivity, false candidates a scan, and how well the outlines fit."""
    scans = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0  # noqa: PLR2004
    tally, started = Tally(), 0.0
    for seed in range(first, first + scans):
        scan = draw_scan(seed)
        begun = time.process_time()
        count(scan, tally)
        started += time.process_time() - begun
    hits = tally.found.total()
    print(f"{scans} scans: {hits} of {tally.true.total()} nodules of 6 mm and more found "
          f"({hits / tally.true.total():.1%}); false candidates a scan: mean "
          f"{np.mean(tally.false):.2f}, most {max(tally.false)}; {started / scans:.1f} s of "
          f"processor a scan")  # fmt: skip
    print(f"  called present: {tally.clear} of the nodules found, {tally.clear_false} of the "
          f"{sum(tally.false)} false candidates")  # fmt: skip
    for kind in KINDS:
        print(f"  {kind}: {tally.found[kind]} of {tally.true[kind]}")
    print(f"  composition right {tally.right_composition}, open {tally.open_composition}, wrong "
          f"{hits - tally.right_composition - tally.open_composition}; volume of the mask within "
          f"10 %: {np.mean(np.array(tally.volume_errors) <= VOLUME_OFF):.1%}")  # fmt: skip


if __name__ == "__main__":
    main()
