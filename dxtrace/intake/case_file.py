"""One case from a path: a report, a ``case.yaml``, a FHIR bundle, an image or a folder."""

import os
from hashlib import sha256
from pathlib import Path

import yaml

from dxtrace.clinical import Case, Patient, Report, Study
from dxtrace.intake.case_builder import CaseReading, fill_patient, read_fields, without_names
from dxtrace.intake.case_fields import ImageFields, validate_case_fields
from dxtrace.intake.errors import IntakeError
from dxtrace.intake.fhir import read_bundle
from dxtrace.intake.file_kind import refuse_odd_file
from dxtrace.intake.image_paths import is_image, read_images
from dxtrace.intake.limits import IntakeLimits
from dxtrace.intake.report_text import decode_utf8, read_bytes, read_report_file
from dxtrace.intake.strict_json import parse_json
from dxtrace.knowledge.strict_yaml import parse_yaml

CASE_FILES = ("case.yaml", "case.yml")
_EXPECTED = (
    "expected a folder, a report .txt, a case.yaml, a FHIR bundle .json, an image or a .zip of them"
)


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
        return _read_case_yaml(path, limits)
    if suffix == ".json":
        data = parse_json(decode_utf8(read_bytes(path, limits)))
        reading = read_bundle(data, case_id=_id_of(path), limits=limits)
        return CaseReading(reading.case, reading.notes)
    if is_image(path):
        return _read_case_of_images(path, limits, reports=())
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
            return _read_case_yaml(path / name, limits)
    files = sorted(p for p in path.iterdir() if p.is_file() and not p.name.startswith("."))
    texts = [p for p in files if p.suffix.lower() == ".txt"]
    bundles = [p for p in files if p.suffix.lower() == ".json"]
    if bundles and (texts or len(bundles) > 1):
        raise IntakeError(
            "expected one case, got several files that could be one: review them one by one, or "
            "write a case.yaml that names what belongs together"
        )
    images = any(is_image(p) for p in path.rglob("*"))
    if bundles:
        reading = _read_file(bundles[0], limits)
        note = "the images of the folder were left out: the case is what its FHIR bundle says"
        return CaseReading(reading.case, (*reading.notes, note)) if images else reading
    if not texts and not images:
        raise IntakeError(
            "expected a case.yaml, report .txt files, a FHIR .json or images, got none"
        )
    reports = tuple(Report(text=read_report_file(p, limits), title=p.name) for p in texts)
    if not images:
        return CaseReading(Case(id=_id_of(path), reports=reports))
    try:
        return _read_case_of_images(path, limits, reports=reports)
    except IntakeError as error:
        if not reports:
            raise
        note = f"the images of the folder were left out: {error.reason}"
        return CaseReading(Case(id=_id_of(path), reports=reports), (note,))


def _read_case_of_images(
    path: Path, limits: IntakeLimits, *, reports: tuple[Report, ...]
) -> CaseReading:
    """A case of the images of a file, a folder or an archive, and of reports beside them."""
    base = path if path.is_dir() else path.parent
    given = "." if path.is_dir() else path.name
    try:
        reading = read_images((ImageFields(path=given),), base, limits, field="images")
    except IntakeError as error:
        raise type(error)(error.reason) from None
    case_id, notes = _id_of(path), reading.notes
    if reading.identifies(case_id):
        case_id = f"case-{sha256(case_id.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
        notes = (
            f"the name of the file or folder identifies the patient or the images: the case is "
            f"called {case_id}",
            *notes,
        )
    case = Case(
        id=case_id,
        patient=fill_patient(Patient(), reading.patient),
        reports=without_names((*reports, *reading.reports), reading.identifying),
        studies=(Study(id="current", series=reading.series),) if reading.series else (),
    )
    return CaseReading(case, notes)


def _read_case_yaml(path: Path, limits: IntakeLimits) -> CaseReading:
    try:
        data = _parse_yaml(decode_utf8(read_bytes(path, limits)))
        fields = validate_case_fields(data)
        return read_fields(fields, case_id=_id_of(path), base=path.parent, limits=limits)
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
