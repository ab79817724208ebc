"""One case from a path: a report, a ``case.yaml``, a FHIR bundle, an image or a folder."""

import os
from dataclasses import dataclass
from pathlib import Path

import yaml

from dxtrace.clinical import Case, Report, Study
from dxtrace.intake.case_builder import build_case
from dxtrace.intake.case_fields import validate_case_fields
from dxtrace.intake.errors import IntakeError
from dxtrace.intake.fhir import read_bundle
from dxtrace.intake.file_kind import refuse_odd_file
from dxtrace.intake.image_paths import is_image, read_series
from dxtrace.intake.limits import IntakeLimits
from dxtrace.intake.report_text import decode_utf8, read_bytes, read_report_file
from dxtrace.intake.strict_json import parse_json
from dxtrace.knowledge.strict_yaml import parse_yaml

CASE_FILES = ("case.yaml", "case.yml")
_EXPECTED = "expected a folder, a report .txt, a case.yaml, a FHIR bundle .json or an image"


@dataclass(frozen=True, slots=True)
class CaseReading:
    """A case and what the reader should know about how it was read.

    Attributes:
        case: the case.
        notes: what was left out or changed on the way.
        line: its line of the manifest, if it came from one.
    """

    case: Case
    notes: tuple[str, ...] = ()
    line: int | None = None


def read_case(path: Path, *, limits: IntakeLimits | None = None) -> CaseReading:
    """Read one case.

    Args:
        path: a folder, a report ``.txt``, a ``case.yaml``, a FHIR bundle ``.json`` or an image.
        limits: what is accepted.

    Raises:
        IntakeError: naming the file and, where there is one, the field.
    """
    limits = limits or IntakeLimits()
    try:
        refuse_odd_file(path)
        if path.is_dir():
            return _read_folder(path, limits)
        return _read_file(path, limits)
    except IntakeError as error:
        raise error.at(file=path, case_id=_id_of(path)) from None
    except OSError as error:
        raise IntakeError(f"cannot be read: {error.strerror}", file=path) from None


def _read_file(path: Path, limits: IntakeLimits) -> CaseReading:
    if not path.exists():
        raise IntakeError("there is no such file or folder")
    suffix = path.suffix.lower()
    if suffix == ".txt":
        report = Report(text=read_report_file(path, limits), title=path.name)
        return CaseReading(Case(id=_id_of(path), reports=(report,)))
    if suffix in {".yaml", ".yml"}:
        return CaseReading(_read_case_yaml(path, limits))
    if suffix == ".json":
        data = parse_json(decode_utf8(read_bytes(path, limits)))
        reading = read_bundle(data, case_id=_id_of(path), limits=limits)
        return CaseReading(reading.case, reading.notes)
    if is_image(path):
        return CaseReading(_image_case(path, limits))
    if suffix == ".jsonl":
        raise IntakeError("expected one case, got a manifest: use 'dxtrace batch'")
    raise IntakeError(f"{_EXPECTED}, got a file of type {suffix or '(no suffix)'!r}")


def _id_of(path: Path) -> str:
    absolute = Path(os.path.realpath(path))  # never raises, as resolve does for a loop of links
    name = absolute.name
    if name.lower() in CASE_FILES:
        return absolute.parent.name
    for suffix in (".nii.gz", path.suffix):
        if suffix and name.lower().endswith(suffix.lower()) and name != suffix:
            return name[: -len(suffix)]
    return name


def _read_folder(path: Path, limits: IntakeLimits) -> CaseReading:
    for name in CASE_FILES:
        if (path / name).is_file():
            return CaseReading(_read_case_yaml(path / name, limits))
    files = sorted(p for p in path.iterdir() if p.is_file() and not p.name.startswith("."))
    texts = [p for p in files if p.suffix.lower() == ".txt"]
    bundles = [p for p in files if p.suffix.lower() == ".json"]
    if bundles and (texts or len(bundles) > 1):
        raise IntakeError(
            "expected one case, got several files that could be one: review them one by one, or "
            "write a case.yaml that names what belongs together"
        )
    if bundles:
        return _read_file(bundles[0], limits)
    images = any(is_image(p) for p in path.rglob("*"))
    if not texts and not images:
        raise IntakeError(
            "expected a case.yaml, report .txt files, a FHIR .json or images, got none"
        )
    reports = tuple(Report(text=read_report_file(p, limits), title=p.name) for p in texts)
    studies = _folder_studies(path, limits) if images else ()
    return CaseReading(Case(id=_id_of(path), reports=reports, studies=studies))


def _folder_studies(path: Path, limits: IntakeLimits) -> tuple[Study, ...]:
    """Images beside the reports are one series, each subfolder with images another."""
    beside = sorted(p.name for p in path.iterdir() if p.is_file() and is_image(p))
    below = sorted(
        p.name for p in path.iterdir() if p.is_dir() and any(is_image(f) for f in p.rglob("*"))
    )
    series = read_series((*beside, *below), path, limits, field="images")
    return (Study(id="current", series=series),)


def _image_case(path: Path, limits: IntakeLimits) -> Case:
    series = read_series((path.name,), path.parent, limits, field="images")
    return Case(id=_id_of(path), studies=(Study(id="current", series=series),))


def _read_case_yaml(path: Path, limits: IntakeLimits) -> Case:
    try:
        data = _parse_yaml(decode_utf8(read_bytes(path, limits)))
        fields = validate_case_fields(data)
        return build_case(fields, case_id=_id_of(path), base=path.parent, limits=limits)
    except IntakeError as error:
        raise error.at(file=path) from None


def _parse_yaml(text: str) -> object:
    try:
        return parse_yaml(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise IntakeError(f"expected YAML, got an error: {error.problem}", line=line) from None
    except yaml.YAMLError as error:
        raise IntakeError(f"expected YAML, got an error: {error}") from None
