"""Blood cells against boxes drawn by people: ``python -m benchmarks.blood_cells [FOLDER]``.

The images of BCCD (MIT, Shenggan/BCCD_Dataset) by name: every second one, from the first, served to
choose constants (``--tuning`` reports on them); the others are held out and reported on here. A box
counts as found if one of ours of that class overlaps it with IoU 0.5 or more, each used once. Many
red cells in the images have no box, so that the precision for red cells is a lower bound.
"""

import sys
import xml.etree.ElementTree as ET
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.ct_lungs import data_folder
from expert_models import ToolRefusal
from expert_models.classical.blood_cells import find_cells

KINDS = {"RBC": "red_cell", "WBC": "white_cell", "Platelets": "platelet"}
OVERLAP = 0.5

Box = tuple[int, int, int, int]
Counts = dict[str, tuple[int, int, int]]


def read_boxes(path: Path) -> list[tuple[str, Box]]:
    """Kind and box (top, left, bottom, right) of each annotation."""
    boxes = []
    for item in ET.parse(path).getroot().iter("object"):  # noqa: S314 - as above
        found = item.find("bndbox")
        assert found is not None  # noqa: S101 - the format has one
        edges = [int(float(found.findtext(k) or 0)) for k in ("ymin", "xmin", "ymax", "xmax")]
        boxes.append((KINDS[item.findtext("name") or ""], (*edges[:2], *edges[2:])))
    return boxes  # type: ignore[return-value] - four numbers


def overlap(a: Box, b: Box) -> float:
    """Intersection over union."""
    height, width = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if height <= 0 or width <= 0:
        return 0.0
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b))
    return height * width / (areas - height * width)


def matches(found: list[Box], true: list[Box]) -> int:
    """Pairs of boxes that overlap enough, best first, each box used once."""
    pairs = sorted(
        ((overlap(a, b), i, j) for i, a in enumerate(found) for j, b in enumerate(true)),
        reverse=True,
    )
    used_found: set[int] = set()
    used_true: set[int] = set()
    for value, i, j in pairs:
        if value >= OVERLAP and i not in used_found and j not in used_true:
            used_found.add(i)
            used_true.add(j)
    return len(used_found)


def compare(image: Path) -> tuple[bool, Counts]:
    """Whether the image was read, and per kind: boxes matched, found, true."""
    true = read_boxes(image.parents[1] / "Annotations" / f"{image.stem}.xml")
    try:
        cells = find_cells(np.asarray(Image.open(image).convert("RGB"))).cells
    except ToolRefusal:
        return False, {k: (0, 0, sum(t == k for t, _ in true)) for k in KINDS.values()}
    counts = {}
    for kind in KINDS.values():
        ours = [c.box for c in cells if c.kind == kind]
        theirs = [box for t, box in true if t == kind]
        counts[kind] = (matches(ours, theirs), len(ours), len(theirs))
    return True, counts


def main() -> None:
    """Print precision and recall per class."""
    arguments = [a for a in sys.argv[1:] if a != "--tuning"]
    images = sorted((data_folder(arguments) / "bccd" / "JPEGImages").glob("*.jpg"))
    chosen = images[0 if "--tuning" in sys.argv else 1 :: 2]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        results = list(pool.map(compare, chosen, chunksize=8))
    print(f"{len(chosen)} images, {sum(not read for read, _ in results)} refused")
    for kind in KINDS.values():
        hit, found, true = np.sum([counts[kind] for _, counts in results], axis=0)
        print(f"{kind}: precision {hit / max(1, found):.3f}, recall {hit / max(1, true):.3f} "
              f"({hit} of {true} boxes, {found} found)")  # fmt: skip


if __name__ == "__main__":
    main()
