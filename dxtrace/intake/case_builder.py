"""Case fields to a case: texts read and masked, images referenced, findings checked."""

from pathlib import Path

from pydantic import ValidationError

from dxtrace.clinical import Case, Report, Study
from dxtrace.intake.case_fields import CaseFields, ReportFields
from dxtrace.intake.errors import IntakeError
from dxtrace.intake.image_paths import read_series, resolve_inside
from dxtrace.intake.limits import IntakeLimits
from dxtrace.intake.report_text import prepare_report_text, read_report_file


def build_case(fields: CaseFields, *, case_id: str, base: Path, limits: IntakeLimits) -> Case:
    """Make a case of validated fields.

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
        case = Case(
            id=used_id,
            patient=fields.patient.to_patient(),
            studies=_read_studies(fields, base, limits),
            reports=_read_reports(fields, base, limits),
            observations=tuple(o.to_observation() for o in fields.observations),
            findings=tuple(f.to_finding(n) for n, f in enumerate(fields.findings, start=1)),
            question=fields.question,
            packs=fields.packs,
        )
    except ValidationError as error:
        message = error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
        raise IntakeError(message, case_id=used_id) from None
    except IntakeError as error:
        raise error.at(case_id=used_id) from None
    _refuse_empty(case)
    return case


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


def _read_studies(fields: CaseFields, base: Path, limits: IntakeLimits) -> tuple[Study, ...]:
    priors = [
        Study(
            id=f"prior-{n + 1}",
            day=prior.date,
            is_prior=True,
            series=read_series(prior.images, base, limits, field=f"priors[{n}].images"),
        )
        for n, prior in enumerate(fields.priors)
        if prior.images
    ]
    priors.sort(key=lambda study: (study.day is not None, str(study.day)))
    if not fields.images:
        return tuple(priors)
    series = read_series(fields.images, base, limits, field="images")
    return (*priors, Study(id="current", series=series))
