"""The DICOM datasets behind a volume, for exports that must refer to them."""

from pathlib import Path

from pydicom import Dataset

from dxtrace.clinical.volume import Volume
from dxtrace.intake.errors import IntakeError
from dxtrace.intake.imaging.deidentification import deidentify_dataset
from dxtrace.intake.imaging.dicom_dataset import read_whole
from dxtrace.intake.limits import IntakeLimits


def read_source_datasets(
    volume: Volume, limits: IntakeLimits | None = None, *, identified: bool = False
) -> tuple[Dataset, ...]:
    """The datasets of a volume in slice order, for example as sources of a DICOM SEG.

    Args:
        volume: as :func:`load_volume` gives it.
        limits: what is accepted.
        identified: keep names, numbers, dates and UIDs, because the user says so: an export that a
            viewer shall lay on the original needs them. Otherwise they are de-identified.

    Returns:
        Nothing if the source is not DICOM.

    Raises:
        IntakeError: if a file is gone or damaged.
    """
    limits = limits or IntakeLimits()
    datasets: list[Dataset] = []
    for source in volume.sources:
        try:
            dataset, _ = read_whole(Path(source), limits)
        except IntakeError:
            if datasets:
                raise
            return ()
        datasets.append(dataset if identified else deidentify_dataset(dataset))
    return tuple(datasets)
