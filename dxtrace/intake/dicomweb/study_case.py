"""One study of an archive as a case: its images, its reports, the reports of earlier studies."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from dxtrace.intake.case_builder import CaseReading, read_fields
from dxtrace.intake.case_fields import CaseFields, ImageFields, PriorFields, ReportFields
from dxtrace.intake.dicomweb.queries import FoundStudy, StudyQuery
from dxtrace.intake.dicomweb.server import DicomWebServer, PacsError
from dxtrace.intake.errors import IntakeError
from dxtrace.intake.limits import IntakeLimits

if TYPE_CHECKING:
    from pydicom import Dataset

_REPORTS = frozenset(("SR", "DOC"))
# What lies beside images and shows nothing itself: presentation states, key images, plans, waves.
_NO_PICTURES = frozenset(("PR", "KO", "AU", "ECG", "RTPLAN", "RTSTRUCT", "RTDOSE",
                          "REG", "FID", "SEG", "PLAN", "RWV", "M3D"))  # fmt: skip
_MOST_REPORTS, _MOST_PRIORS = 8, 5
_IMAGES = "images"


@dataclass(frozen=True, slots=True)
class FetchedCase:
    """A study as a case.

    Attributes:
        reading: the case, de-identified as intake does it, and notes.
        identities: hashes that tell the patient and the study, for whoever must not mix them.
    """

    reading: CaseReading
    identities: frozenset[str]


def fetch_case(
    server: DicomWebServer, study: FoundStudy, folder: Path, *, limits: IntakeLimits, case_id: str,
    whole_series: bool,
) -> FetchedCase:  # fmt: skip
    """Fetch a study and read it.

    Args:
        server: the archive.
        study: the study.
        folder: an empty folder; its files show the patient and have to be removed after use.
        limits: what is accepted.
        case_id: what the case is called.
        whole_series: whether all images are wanted, or one of each series for its header.

    Raises:
        PacsError: if the archive cannot be asked.
        IntakeError: if nothing of the study can be read.
    """
    fetch = _Fetch(server, limits, folder)
    fetch.study(study, most=None if whole_series else 1)
    priors = list(fetch.priors(study))
    fields = CaseFields(
        id=case_id,
        images=(ImageFields(path=_IMAGES),) if fetch.images else (),
        reports=tuple(ReportFields(text=text) for text in fetch.reports),
        priors=tuple(priors),
        date=_day(study.day),
    )
    try:
        reading = read_fields(fields, case_id=case_id, base=folder, limits=limits)
    except IntakeError as error:
        raise IntakeError("; ".join((*fetch.notes, error.reason)), case_id=case_id) from None
    reading = CaseReading(reading.case, (*fetch.notes, *reading.notes))
    return FetchedCase(reading, frozenset(fetch.identities))


class _Fetch:
    """What is fetched for one case."""

    def __init__(self, server: DicomWebServer, limits: IntakeLimits, folder: Path) -> None:
        self._server, self._limits, self._folder = server, limits, folder
        self.images, self._bytes = 0, 0
        self.reports: list[str] = []
        self.identities: set[str] = set()
        self.notes: list[str] = []

    def study(self, study: FoundStudy, most: int | None) -> None:
        """Reports as text, images as files."""
        for uid, modality in self._server.series(study).items():
            if modality in _REPORTS:
                self.reports += self._texts(study, uid)
            elif modality not in _NO_PICTURES:
                self._take(study, uid, modality, most)

    def _take(self, study: FoundStudy, uid: str, modality: str, most: int | None) -> None:
        """The images of a series; a series that cannot be had is noted."""
        try:
            for dataset in self._server.objects(study, uid, most):
                self._keep(dataset)
        except PacsError:
            raise
        except IntakeError as error:
            self.notes.append(f"a series of modality {modality or 'unknown'}: {error.reason}")

    def _keep(self, dataset: Dataset) -> None:
        self._note_identity(dataset)
        place = self._folder / _IMAGES
        place.mkdir(exist_ok=True)
        if self.images >= self._limits.max_image_files:
            raise IntakeError(f"expected at most {self._limits.max_image_files:,} images, got more")
        path = place / f"{self.images + 1:06}.dcm"
        _save(dataset, path)
        self.images += 1
        self._bytes += path.stat().st_size
        if self._bytes > self._limits.max_image_bytes:
            raise IntakeError(
                f"expected at most {self._limits.max_image_bytes:,} bytes of images, got more"
            )

    def _note_identity(self, dataset: Dataset) -> None:
        from dxtrace.intake.imaging.dicom_header import patient_key_of, study_key_of

        patient, study = patient_key_of(dataset), study_key_of(dataset)
        self.identities |= {f"patient:{patient}"} if patient else set()
        self.identities |= {f"study:{study}"} if study else set()

    def _texts(self, study: FoundStudy, series: str) -> Iterator[str]:
        from dxtrace.intake.imaging.report_objects import report_of

        for dataset in self._server.objects(study, series, _MOST_REPORTS):
            self._note_identity(dataset)
            try:
                found = report_of(dataset, self._limits)
            except PacsError:
                raise
            except IntakeError as error:
                self.notes.append(error.reason)
                continue
            if found is None:
                self.notes.append("an object that is no image holds no text that is a report")
                continue
            self.notes += found.notes
            yield found.text

    def priors(self, study: FoundStudy) -> Iterator[PriorFields]:
        """The reports of the patient's latest earlier studies; without them the case stands."""
        if not (study.patient_id and study.day):
            return
        try:
            query = StudyQuery(filters={"PatientID": study.patient_id})
            known = [s for s in self._server.studies(query) if s.patient_id == study.patient_id]
        except PacsError:
            raise
        except IntakeError as error:
            self.notes.append(f"earlier studies: {error.reason}")
            return
        earlier = sorted((s for s in known if "" < s.day < study.day), key=lambda s: s.day)
        for prior in earlier[-_MOST_PRIORS:]:
            texts = self._prior_texts(prior)
            if texts:
                reports = tuple(ReportFields(text=text) for text in texts)
                yield PriorFields(date=_day(prior.day), reports=reports)

    def _prior_texts(self, prior: FoundStudy) -> list[str]:
        # Its own study key is another case's: only the patient's is this one's.
        own = set(self.identities)
        try:
            series = self._server.series(prior)
            return [
                text
                for uid, modality in series.items()
                if modality in _REPORTS
                for text in self._texts(prior, uid)
            ]
        except PacsError:
            raise
        except IntakeError as error:
            self.notes.append(f"an earlier study: {error.reason}")
            return []
        finally:
            self.identities = own


def _save(dataset: Dataset, path: Path) -> None:
    from dxtrace.intake.imaging.dicom_dataset import DAMAGE, quiet_pydicom

    with quiet_pydicom():
        try:
            dataset.save_as(path, enforce_file_format=True)
        except DAMAGE:
            path.unlink(missing_ok=True)
            raise IntakeError("an image that cannot be read") from None


def _day(stated: str) -> date | None:
    """A DICOM date; None if it is none."""
    with contextlib.suppress(ValueError):
        return datetime.strptime(stated, "%Y%m%d").date()  # noqa: DTZ007 - a day has no zone
    return None
