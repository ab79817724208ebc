"""What a model is shown of real and synthetic cases: ``python -m benchmarks.planner_sight DATA``.

For each case and budget: pictures, tokens and bytes, seconds of processor for the first look and
for the same again (remembered), and the most memory so far. ``DATA`` is the folder with the public
sets that the script names; without it only the example and what is made up is looked at.
"""

import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Pillow

sys.path.insert(0, str(Path(__file__).parents[1]))

from agents.vlm.sight import Sight, SightBudget, pictures_for
from dxtrace.clinical import Case, Geometry, Image, Series, Study
from dxtrace.clinical.volume import Volume
from dxtrace.intake import read_case
from dxtrace.intake.imaging import describe_images, forget_volumes, has_text
from tools.marks import load_series

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
    """A look, and what it took of the processor."""
    begun = time.process_time()
    sight = pictures_for(case, budget=budget)
    return sight, time.process_time() - begun


def large() -> None:
    """Print what a large CT takes beside an earlier one; both are the same array of noise."""
    rows = np.random.default_rng(0).integers(-900, 100, (512, 512)).astype(np.int16)
    voxels = np.empty((600, 512, 512), np.int16)
    for number in range(len(voxels)):
        voxels[number] = np.roll(rows, number, 0)
    affine = ((0, 0, 0.7, 0), (0, 0.7, 0, 0), (0.6, 0, 0, 0), (0, 0, 0, 1))
    geometry = Geometry(voxel_spacing_mm=(0.6, 0.7, 0.7), affine=affine)
    volume = Volume(voxels, geometry, modality="CT", body_part="chest", unit="HU")
    image = Image(path=Path("made up"))
    now, then = (Series(id=name, shape=voxels.shape, images=(image,)) for name in ("now", "then"))
    studies = (Study(id="prior", is_prior=True, series=(then,)), Study(id="current", series=(now,)))
    before = _most_mib()
    begun = time.process_time()
    sight = pictures_for(Case(id="large", studies=studies), load=lambda _: volume)
    seconds = time.process_time() - begun
    print(
        f"two CTs of 600 x 512 x 512: {len(sight.pictures)} pictures, {seconds:.1f} s, "
        f"{_most_mib() - before:.0f} MiB above the {before:.0f} before"
    )


def _most_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def withheld(data: Path) -> None:
    """Print how many real images and slices are kept back because of text in their pixels."""
    for name in ("cxr_hannover/images", "bccd/JPEGImages"):
        paths = sorted((data / name).iterdir())
        kept = sum(bool(_volume(path).may_have_text) for path in paths)
        print(f"{name}: {kept} of {len(paths)} are kept back")
    slices = [s for path, _ in REAL.values() for s in _slices(_volume(data / path))]
    print(f"slices of CT and MR: {sum(map(has_text, slices))} of {len(slices)} are kept back")


def _volume(path: Path) -> Volume:
    forget_volumes()
    return load_series(describe_images(path).series[0])


def _slices(volume: Volume) -> list[np.ndarray[Any, Any]]:
    is_stack = len(volume.spatial_shape) == 3  # noqa: PLR2004 - slice, row, column
    return list(volume.voxels) if is_stack else []


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
                print(
                    f"| {name} | {called} | {len(sight.pictures)} | {sight.tokens} | {size:.1f} MB "
                    f"| {seconds:.1f} s | {again * 1000:.1f} ms | {_most_mib():.0f} MiB |",
                    flush=True,
                )
    if data is not None:
        withheld(data)
    large()


if __name__ == "__main__":
    main()
