"""Case fields to a case: texts read and masked, images referenced, findings checked."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from dxtrace.clinical import Case, Patient, Report, Study
from dxtrace.intake.case_fields import CaseFields, ReportFields
from dxtrace.intake.errors import IntakeError
from dxtrace.intake.image_paths import read_images, resolve_inside
from dxtrace.intake.known_names import mask_known_names
from dxtrace.intake.limits import IntakeLimits
from dxtrace.intake.report_text import prepare_report_text, read_report_file


@dataclass(frozen=True, slots=True)
class CaseReading:
    """A case and what the reader should know about how it was read.

    Attributes:
        case: the case.
        notes: what was left out, changed or noticed on the way.
        line: its line of the manifest, if it came from one.
    """

    case: Case
    notes: tuple[str, ...] = ()
    line: int | None = None


def build_case(fields: CaseFields, *, case_id: str, base: Path, limits: IntakeLimits) -> Case:
    """Make a case of validated fields; as :func:`read_fields`, without the notes."""
    return read_fields(fields, case_id=case_id, base=base, limits=limits).case


def read_fields(
    fields: CaseFields, *, case_id: str, base: Path, limits: IntakeLimits
) -> CaseReading:
    """Make a case of validated fields, and say what was noticed.

    Age and sex come from image headers where the fields do not state them; names and numbers that
    the headers hold are masked in the reports.

    Args:
        fields: what the author wrote.
        case_id: the id, where ``fields`` has none.
        base: folder that relative paths start from.
        limits: what is accepted.

    Raises:
        IntakeError: naming the field, what came and what was expected.
    """
    used_id = fields.id or case_id
    try:
        images = _read_images(fields, base, limits)
        case = Case(
            id=used_id,
            patient=images.complete(fields.patient.to_patient()),
            studies=images.studies,
            reports=without_names(
                (*_read_reports(fields, base, limits), *images.reports), images.identifying
            ),
            observations=tuple(o.to_observation() for o in fields.observations),
            findings=tuple(f.to_finding(n) for n, f in enumerate(fields.findings, start=1)),
            question=fields.question,
            packs=fields.packs,
            calls=tuple(c.to_request() for c in fields.calls),
        )
    except ValidationError as error:
        message = error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
        raise IntakeError(message, case_id=used_id) from None
    except IntakeError as error:
        raise error.at(case_id=used_id) from None
    _refuse_empty(case)
    return CaseReading(case, images.notes)


def _refuse_empty(case: Case) -> None:
    if not (case.reports or case.findings or case.observations or case.studies):
        raise IntakeError(
            "expected at least one report, finding, observation or image, got none",
            case_id=case.id,
        )


def _read_reports(fields: CaseFields, base: Path, limits: IntakeLimits) -> tuple[Report, ...]:
    reports = [
        _read_report(r, base, limits, field=f"reports[{n}]") for n, r in enumerate(fields.reports)
    ]
    for number, prior in enumerate(fields.priors):
        for index, report in enumerate(prior.reports):
            field = f"priors[{number}].reports[{index}]"
            read = _read_report(report, base, limits, field=field)
            reports.append(
                read.model_copy(update={"is_prior": True, "day": read.day or prior.date})
            )
    return tuple(reports)


def _read_report(given: ReportFields, base: Path, limits: IntakeLimits, *, field: str) -> Report:
    if given.path is not None:
        path = resolve_inside(given.path, base, limits, field=f"{field}.path")
        text = read_report_file(path, limits)
    else:
        try:
            text = prepare_report_text(given.text or "", limits)
        except IntakeError as error:
            raise error.at(field=f"{field}.text") from None
    return Report(text=text, day=given.date, is_prior=given.prior, title=given.title)


_NOBODY = Patient()


@dataclass(frozen=True, slots=True)
class _Images:
    studies: tuple[Study, ...] = ()
    stated: Patient = _NOBODY
    notes: tuple[str, ...] = ()
    identifying: frozenset[str] = frozenset()
    reports: tuple[Report, ...] = ()

    def complete(self, patient: Patient) -> Patient:
        """Fill in from the headers what the case does not state."""
        return fill_patient(patient, self.stated)


def without_names(reports: Iterable[Report], identifying: frozenset[str]) -> tuple[Report, ...]:
    """The reports, names and numbers of the headers masked.

    Args:
        reports: of a case.
        identifying: hashes of the words that the headers of its images hold.
    """
    return tuple(
        r.model_copy(update={"text": mask_known_names(r.text, identifying)}) for r in reports
    )


def fill_patient(patient: Patient, stated: Patient) -> Patient:
    """Age and sex of ``patient``, where there are none those that image headers state."""
    update = {key: getattr(stated, key) for key in ("age", "sex") if getattr(patient, key) is None}
    return patient.model_copy(update=update)


def _read_images(fields: CaseFields, base: Path, limits: IntakeLimits) -> _Images:
    if not (fields.images or any(prior.images for prior in fields.priors)):
        return _Images()
    notes: list[str] = []
    people: set[str] = set()
    names = frozenset[str]()
    priors: list[Study] = []
    reports: list[Report] = []
    for number, prior in enumerate(fields.priors):
        if not prior.images:
            continue
        name = f"prior-{number + 1}"
        reading = read_images(
            prior.images, base, limits, field=f"priors[{number}].images", prefix=f"{name}-series-"
        )
        notes += reading.notes
        people |= reading.patients
        names |= reading.identifying
        reports += (
            r.model_copy(update={"is_prior": True, "day": prior.date or r.day})
            for r in reading.reports
        )
        if reading.series:
            priors.append(Study(id=name, day=prior.date, is_prior=True, series=reading.series))
    priors.sort(key=lambda study: (study.day is not None, str(study.day)))
    if not fields.images:
        return _Images(tuple(priors), notes=tuple(notes), identifying=names, reports=tuple(reports))
    reading = read_images(fields.images, base, limits, field="images")
    if len(people | reading.patients) > max(len(people), len(reading.patients)):
        notes.append(
            "current and prior images name different patients: check that they belong together"
        )
    current = Study(id="current", day=fields.date, series=reading.series)
    return _Images(
        (*priors, current) if reading.series else tuple(priors), reading.patient,
        (*notes, *reading.notes), names | reading.identifying, (*reports, *reading.reports),
    )  # fmt: skip
