"""A patient's age in years from a DICOM header; the dates it may come from go no further."""

import re
from decimal import Decimal

from pydicom import Dataset

from dxtrace.intake.imaging.dicom_fields import day_of, text_of

# PS3.5 6.2, value representation AS: nnnD, nnnW, nnnM, nnnY.
_AGE = re.compile(r"(\d{1,3})([DWMY])")
_PER_YEAR = {"Y": Decimal(1), "M": Decimal(12), "W": Decimal("52.1775"), "D": Decimal("365.2425")}
_OLDEST = 130


def read_age(dataset: Dataset) -> Decimal | None:
    """Age at the examination in years: as stated, else from birth and examination dates."""
    match = _AGE.fullmatch(text_of(dataset, "PatientAge").upper())
    if match:
        age = Decimal(match[1]) / _PER_YEAR[match[2]]
        # 000Y stands for nothing in many anonymised files.
        return round(age, 2) if age and age <= _OLDEST else None
    born = day_of(dataset, "PatientBirthDate")
    seen = day_of(dataset, "StudyDate") or day_of(dataset, "AcquisitionDate")
    if born is None or seen is None or seen <= born:  # the same day for both is a dummy
        return None
    years = seen.year - born.year - ((seen.month, seen.day) < (born.month, born.day))
    return Decimal(years) if years <= _OLDEST else None
