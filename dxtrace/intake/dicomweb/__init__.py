"""Studies of an image archive by DICOMweb: asked for, fetched one by one, read into cases."""

from dxtrace.intake.dicomweb.queries import FoundStudy, StudyQuery, read_studies_file
from dxtrace.intake.dicomweb.server import DicomWebServer, PacsError, PacsSettings
from dxtrace.intake.dicomweb.study_case import FetchedCase, fetch_case

__all__ = [
    "DicomWebServer",
    "FetchedCase",
    "FoundStudy",
    "PacsError",
    "PacsSettings",
    "StudyQuery",
    "fetch_case",
    "read_studies_file",
]
