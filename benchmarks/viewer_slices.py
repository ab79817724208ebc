"""How fast the viewer changes slices: ``python benchmarks/viewer_slices.py``.

A CT of the given size with a lung and a nodule marked, in a real Chromium without a graphics
processor. Timed from the key to the frame after the drawing, in milliseconds; and seconds until the
first slice is seen.
"""

import argparse
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))

from apps.chat.viewer.routes import viewer_router
from apps.chat.viewer.viewed import Viewed
from dxtrace.clinical import Case, Result, Study
from dxtrace.clinical.case import Geometry
from dxtrace.intake.imaging import describe_images
from dxtrace.reporting.mask_files import encode_nifti_mask, nifti_affine
from tools import ArtifactStore

AFFINE = ((0, 0, 0.7, -180.0), (0, 0.7, 0, -180.0), (1.0, 0, 0, 0.0), (0, 0, 0, 1))
SOFTWARE = ("--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist")
TIMED = """async ([key, count]) => {
  const surface = document.querySelector(".surface");
  const frame = () => new Promise(requestAnimationFrame);
  const times = [];
  for (let n = 0; n < count; n += 1) {
    await frame();
    const begun = performance.now();
    const drawn = new Promise((done) => {
      surface.addEventListener("dxtrace.drawn", done, { once: true });
    });
    if (key === "window") {
      const level = document.getElementById("level");
      level.value = 40 + n;
      level.dispatchEvent(new Event("change"));
    } else if (key !== "nothing") {
      surface.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    }
    if (key !== "nothing") await drawn;
    await frame();
    times.push(performance.now() - begun);
  }
  return times;
}"""


def synthetic(folder: Path, slices: int, edge: int) -> Viewed:
    """Noise of a lung's and a body's values, with two marks."""
    import nibabel

    rng = np.random.default_rng(0)
    voxels = rng.integers(-60, 60, (slices, edge, edge), dtype=np.int16)
    lung = np.zeros(voxels.shape, np.bool_)
    lung[slices // 8 : -slices // 8, edge // 4 : -edge // 4, edge // 8 : edge // 2] = True
    voxels[lung] -= 850
    nodule = np.zeros(voxels.shape, np.bool_)
    middle = slices // 2
    nodule[middle - 4 : middle + 4, edge // 2 : edge // 2 + 12, edge // 4 : edge // 4 + 12] = True
    turned = nifti_affine(Geometry(affine=AFFINE), 3)
    image = nibabel.Nifti1Image(voxels.T, turned)
    image.set_sform(turned, code="scanner")
    nibabel.save(image, folder / "ct.nii")
    (series,) = describe_images(folder / "ct.nii").series
    store = ArtifactStore(folder / "out", "case")
    artifacts = tuple(
        store.write(
            "mask", f"{name}.nii.gz", encode_nifti_mask(mask, Geometry()), tool="made", name=name,
            series=series.id,
        )
        for name, mask in (("lung", lung), ("nodule", nodule))
    )  # fmt: skip
    case = Case(id="case", studies=(Study(id="s", series=(series,)),))
    return Viewed(case, Result(id="case", status="answered", artifacts=artifacts), folder / "out")


@contextmanager
def served(viewed: Viewed) -> Iterator[str]:
    """The address of the viewer."""
    app = FastAPI()
    app.include_router(viewer_router(lambda _request, _session: viewed))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/view/one/"
    finally:
        server.should_exit = True
        thread.join()


def measure(browser: Browser, address: str, count: int) -> None:
    """Print a table row for each kind of change."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    begun = time.perf_counter()
    page.goto(address)
    page.wait_for_selector('.surface[data-drawn^="axial"]', timeout=600_000)
    first = time.perf_counter() - begun
    drawing = page.locator(".surface").first.get_attribute("data-drawing")
    print(f"{drawing}: first slice after {first:.1f} s")
    inside = page.context.new_cdp_session(page)
    inside.send("Performance.enable", {"timeDomain": "threadTicks"})
    for plane, key in (("a", "axial"), ("c", "coronal"), ("s", "sagittal")):
        page.locator(".surface").first.press(plane)
        page.evaluate(TIMED, ["ArrowDown", 3])  # what is made once is made
        report(f"{drawing}, {key} slice", page, inside, "ArrowDown", count)
    report(f"{drawing}, window", page, inside, "window", count)
    report("a frame in which nothing changes", page, inside, "nothing", count)
    page.close()


def report(name: str, page: Page, inside: CDPSession, key: str, count: int) -> None:
    """Median, 95th percentile and the longest; and the processor time of the page's thread."""
    before = _processor_s(inside)
    ordered = sorted(page.evaluate(TIMED, [key, count]))
    processor = (_processor_s(inside) - before) / count * 1000
    late = ordered[int(0.95 * (len(ordered) - 1))]
    print(f"{name}: median {statistics.median(ordered):.0f} ms, p95 {late:.0f}, "
          f"longest {ordered[-1]:.0f}; "
          f"processor {processor:.0f}", flush=True)  # fmt: skip


def _processor_s(inside: CDPSession) -> float:
    """Processor time of the page's thread so far: a busy machine does not change it."""
    metrics = inside.send("Performance.getMetrics")["metrics"]
    return float(next(m["value"] for m in metrics if m["name"] == "TaskDuration"))


def main() -> None:
    """Measure both ways of drawing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slices", type=int, default=300)
    parser.add_argument("--edge", type=int, default=512)
    parser.add_argument("--changes", type=int, default=40)
    chosen = parser.parse_args()
    path = shutil.which("chromium")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        viewed = synthetic(Path(folder), chosen.slices, chosen.edge)
        with served(viewed) as address:
            for drawing, graphics in (("canvas", ("--disable-gpu",)), ("niivue", SOFTWARE)):
                browser = playwright.chromium.launch(
                    executable_path=path, args=["--no-sandbox", *graphics]
                )
                measure(browser, f"{address}?drawing={drawing}", chosen.changes)
                browser.close()


if __name__ == "__main__":
    main()
