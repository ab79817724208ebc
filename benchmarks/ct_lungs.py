"""CT lungs against reference lobes: ``python -m benchmarks.ct_lungs [FOLDER]``.

FOLDER holds the project's real images (default: ``../shared/data`` beside the checkout, or
DXTRACE_TEST_DATA). Prints Dice per scan for both lungs, left (labels 10, 11) and right (12 to 14)
of TotalSegmentator v2, and what a scan without lungs gives.
"""

import os
import sys
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from dxtrace.intake.imaging import describe_images, load_volume
from expert_models import ToolRefusal
from expert_models.classical.lungs import segment_lungs

LEFT, RIGHT = (10, 11), (12, 13, 14)
SCANS = (
    ("ct_abdomen/ct.nii.gz", "ct_abdomen/reference_segmentation.nii.gz"),
    ("ct_abdomen/dicom", "ct_abdomen/dicom_reference_segmentation.nii.gz"),
    ("ct_chest_cropped/ct.nii.gz", None),
)


def data_folder(arguments: list[str]) -> Path:
    """The folder named on the command line, in the environment, or beside the checkout."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    return Path(arguments[0] if arguments else os.environ.get("DXTRACE_TEST_DATA", beside))


def dice(found: NDArray[np.bool_], true: NDArray[np.bool_]) -> float:
    """Twice the overlap over the sum; not a number if both are empty."""
    total = int(found.sum()) + int(true.sum())
    return 2 * int((found & true).sum()) / total if total else float("nan")


def reference(path: Path) -> NDArray[np.uint8]:
    """Labels with axes (slice, row, column) in the order that intake gives the image."""
    series = describe_images(path).series[0]
    return np.asarray(load_volume(series).voxels)


def report(image: Path, labels_path: Path | None) -> str:
    """One line for one scan."""
    volume = load_volume(describe_images(image).series[0])
    labels = reference(labels_path) if labels_path else None
    in_scan = "no reference" if labels is None else f"{np.isin(labels, LEFT + RIGHT).sum()} voxels"
    started = time.perf_counter()
    try:
        lungs = segment_lungs(volume)
    except ToolRefusal as refusal:
        return f"reference lung {in_scan}; abstained: {refusal}"
    seconds = time.perf_counter() - started
    right, left = (lungs.volume.turn.undo(m) for m in (lungs.right, lungs.left))
    litres = [m.sum() * lungs.volume.voxel_mm3 / 1e6 for m in (right, left)]
    line = f"right {litres[0]:.2f} L, left {litres[1]:.2f} L, cut off: {lungs.cut_off or 'no'}"
    if labels is not None:
        both = dice(right | left, np.isin(labels, LEFT + RIGHT))
        sides = dice(left, np.isin(labels, LEFT)), dice(right, np.isin(labels, RIGHT))
        line = f"Dice {both:.4f} (left {sides[0]:.4f}, right {sides[1]:.4f}); {line}"
    return f"{line}; {seconds:.1f} s"


def main() -> None:
    """Print a line per scan."""
    folder = data_folder(sys.argv[1:])
    for image, labels in SCANS:
        print(f"{image}: {report(folder / image, folder / labels if labels else None)}")


if __name__ == "__main__":
    main()
