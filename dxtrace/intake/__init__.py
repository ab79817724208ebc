"""From files to cases: strictly read, de-identified, with messages that say what was wrong."""

from dxtrace.intake.case_builder import CaseReading
from dxtrace.intake.case_file import read_case
from dxtrace.intake.deidentify import mask_dates, mask_identifiers
from dxtrace.intake.errors import IntakeError, OutsideError
from dxtrace.intake.file_kind import refuse_odd_file
from dxtrace.intake.limits import IntakeLimits
from dxtrace.intake.manifest import (
    ManifestLine,
    build_manifest_case,
    read_lines,
    read_manifest,
    read_manifest_case,
)
from dxtrace.intake.report_text import prepare_report_text
from dxtrace.intake.vocabulary_check import check_case, check_sizes

__all__ = [
    "CaseReading",
    "IntakeError",
    "IntakeLimits",
    "ManifestLine",
    "OutsideError",
    "build_manifest_case",
    "check_case",
    "check_sizes",
    "mask_dates",
    "mask_identifiers",
    "prepare_report_text",
    "read_case",
    "read_lines",
    "read_manifest",
    "read_manifest_case",
    "refuse_odd_file",
]
