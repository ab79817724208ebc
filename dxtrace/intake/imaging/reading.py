"""What intake says about images before any pixel is read."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from dxtrace.clinical import Patient, Report, Series
from dxtrace.intake.known_names import hash_words

T = TypeVar("T")
_NOBODY = Patient()

_UID = re.compile(r"\d+(?:\.\d+){5,}")


@dataclass(frozen=True, slots=True)
class ImageReading:
    """Series as their headers describe them.

    Attributes:
        series: the series, with neutral ids ``series-1``, ``series-2`` ...
        notes: what was noticed or left out, without names, numbers or dates.
        patient: age and sex, where the headers state them and agree.
        patients: hashes of who the headers say the patients are.
        studies: hashes of the studies that the headers name.
        reports: reports that are kept among the images, as DICOM objects.
        identifying: SHA-256 of words in the headers that identify the patient. They serve to notice
            an identifier in a file name and go no further.
    """

    series: tuple[Series, ...]
    notes: tuple[str, ...] = ()
    patient: Patient = _NOBODY
    identifying: frozenset[str] = frozenset()
    patients: frozenset[str] = frozenset()
    studies: frozenset[str] = frozenset()
    reports: tuple[Report, ...] = ()

    def identifies(self, text: str) -> bool:
        """Whether ``text``, such as a file name, has a word that identifies the patient."""
        return bool(_UID.search(text) or hash_words(text) & self.identifying)


def join_readings(readings: Iterable[ImageReading]) -> ImageReading:
    """One reading of several, with what they say together about the patient."""
    readings = tuple(readings)
    patients = frozenset[str]().union(*(r.patients for r in readings))
    notes = dict.fromkeys(note for r in readings for note in r.notes)
    patient = Patient()
    if len(patients) > 1:
        notes[
            f"the headers name {len(patients)} different patients: check that the images belong "
            f"together; age and sex are not taken from them"
        ] = None
    else:
        patient = Patient(
            age=_agreed(r.patient.age for r in readings),
            sex=_agreed(r.patient.sex for r in readings),
        )
    return ImageReading(
        tuple(series for r in readings for series in r.series),
        tuple(notes),
        patient,
        frozenset[str]().union(*(r.identifying for r in readings)),
        patients,
        frozenset[str]().union(*(r.studies for r in readings)),
        tuple(report for r in readings for report in r.reports),
    )


def _agreed(values: Iterable[T | None]) -> T | None:
    stated = {value for value in values if value is not None}
    return stated.pop() if len(stated) == 1 else None
