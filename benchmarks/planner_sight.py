"""What a model is shown of real and synthetic cases: ``python -m benchmarks.planner_sight DATA``.

For each case and budget: seconds for the first look, for the same again (remembered) and the most
memory so far; pictures, tokens and bytes. ``DATA`` is the folder with the public sets that the
script names; without it only the example and what is made up is looked at.
"""

import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image as Pillow

from agents.vlm.sight import Sight, SightBudget, pictures_for
from dxtrace.clinical import Case, Study
from dxtrace.intake import read_case
from dxtrace.intake.imaging import forget_volumes

BUDGETS = {
    "12 of 896": SightBudget(),
    "4 of 448": SightBudget(max_pictures=4, max_edge_px=448),
    "2 of 128": SightBudget(max_pictures=2, max_edge_px=128, patch_px=16),
}
EXAMPLE = Path("examples/nodule-ct")
REAL = {
    "CT abdomen, 20 x 512 x 512 (DICOM)": ("ct_abdomen/dicom", None),
    "CT heart, 112 x 102 x 122": ("ct_chest_cropped/ct.nii.gz", None),
    "MR brain, 25 x 256 x 256": ("mr_brain/brain1_image.nrrd", None),
    "radiograph, 640 x 599": ("cxr_hannover/images/006f3a8a.png", None),
    "smear, cells counted": ("bccd/JPEGImages/BloodImage_00000.jpg", "How many platelets?"),
}


def cases(data: Path | None, folder: Path) -> Iterator[tuple[str, Case]]:
    """Names and cases."""
    example = read_case(EXAMPLE).case
    yield "nodule-ct, 96 x 217 x 301", example
    yield "nodule-ct with a prior", _with_prior(example)
    for name, (path, question) in REAL.items():
        if data is None:
            continue
        case = read_case(data / path).case
        yield name, case.model_copy(update={"question": question})
    film = np.random.default_rng(0).integers(0, 4096, (5000, 4000)).astype(np.uint16)
    Pillow.fromarray(film).save(folder / "film.tif")
    case = read_case(folder / "film.tif").case
    yield "film, 4000 x 5000, in parts", case.model_copy(update={"question": "Any fine lines?"})


def _with_prior(case: Case) -> Case:
    """The same scan once more, as an earlier examination."""
    (study,) = case.studies
    earlier = tuple(s.model_copy(update={"id": f"prior-{s.id}"}) for s in study.series)
    prior = Study(id="prior", is_prior=True, series=earlier)
    return case.model_copy(update={"studies": (prior, study)})


def look(case: Case, budget: SightBudget) -> tuple[Sight, float]:
    """A look, and how long it took."""
    begun = time.perf_counter()
    sight = pictures_for(case, budget=budget)
    return sight, time.perf_counter() - begun


def main() -> None:
    """Print a line for each case and budget."""
    data = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    with tempfile.TemporaryDirectory() as folder:
        for name, case in cases(data, Path(folder)):
            for called, budget in BUDGETS.items():
                forget_volumes()
                sight, seconds = look(case, budget)
                _, again = look(case, budget)
                size = sum(len(p.png) for p in sight.pictures) / 1e6
                most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
                print(
                    f"| {name} | {called} | {len(sight.pictures)} | {sight.tokens} | {size:.1f} MB "
                    f"| {seconds:.1f} s | {again * 1000:.1f} ms | {most:.0f} MiB |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
