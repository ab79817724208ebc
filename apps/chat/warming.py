"""The first review of a server: of a made-up case, before somebody waits for one.

Checker, readers, search, experts and what writes DICOM load what they need when they are first
asked: tables, libraries, processes. That takes longer than the first answer of a visitor should.
"""

from __future__ import annotations

import logging
from pathlib import Path
from tempfile import TemporaryDirectory

from dxtrace.clinical import Case, Geometry, Report
from graphs import review_with_trace
from graphs.workbench import Workbench
from tools import ArtifactStore, Cancellation
from tools.phantom_case import phantom_case
from tools.tool import BUILT_IN

log = logging.getLogger(__name__)
_WORDS = "EXAM: CT chest. FINDINGS: Solid nodule of 7 mm in the right upper lobe."
_QUESTION = "Which follow-up does the Fleischner Society recommend?"


def review_made_up_case(bench: Workbench, cancellation: Cancellation) -> None:
    """Review a report and the made-up images that the slowest expert of our own looks at.

    The expert's process stays, as after any call. What goes wrong is met again, and said, in a
    review that somebody asks for.

    Args:
        bench: what is to be warm.
        cancellation: ends it early.
    """
    try:
        with TemporaryDirectory(prefix="dxtrace-first-") as folder:
            _review(bench, cancellation, Path(folder))
    except Exception as error:  # noqa: BLE001 - the page is served without it, too
        log.warning("the first review failed: %s", type(error).__name__)


def _review(bench: Workbench, cancellation: Cancellation, folder: Path) -> None:
    case = Case(id="first", reports=(Report(text=_WORDS),), question=_QUESTION)
    slow = [t.card for t in bench.registry if t.origin == BUILT_IN and t.card.isolated]
    if slow:
        seen = phantom_case(max(slow, key=lambda card: card.cost), folder)
        case = case.model_copy(update={"studies": seen.studies, "patient": seen.patient})
    review_with_trace(
        case, bench=bench, store=ArtifactStore(folder, case.id), cancellation=cancellation
    )
    if not cancellation.is_cancelled:
        _write_dicom()


def _write_dicom() -> None:
    """Write a mask as DICOM: the made-up images are none, and the library reads long tables."""
    import numpy as np
    from pydicom import Dataset
    from pydicom.uid import generate_uid

    from dxtrace.clinical.volume import Mask
    from dxtrace.reporting.segmentation import Algorithm, encode_segmentation

    source = Dataset()
    source.FrameOfReferenceUID = generate_uid()
    source.Modality, source.Rows, source.Columns = "CT", 8, 8
    source.PixelSpacing, source.SliceThickness = [1, 1], 1
    source.ImagePositionPatient, source.ImageOrientationPatient = [0, 0, 0], [1, 0, 0, 0, 1, 0]
    mask = Mask(name="first", voxels=np.ones((8, 8), np.bool_), geometry=Geometry())
    encode_segmentation(mask, [source], algorithm=Algorithm("first", "1"))
