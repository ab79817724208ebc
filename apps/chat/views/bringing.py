"""The view of bringing a case: the drop zone, what was recognised, what was refused."""

from dataclasses import dataclass

from apps.chat.conversation import Conversation
from apps.chat.examples import example_cases
from apps.chat.options import ChatOptions
from apps.chat.views.environment import render
from dxtrace.clinical import Case, Series

_SEXES = {"M": "male", "F": "female", "O": "other"}


@dataclass(frozen=True, slots=True)
class Recognised:
    """One series, or one report, in words.

    Attributes:
        what: what it is.
        details: what is known of it.
        is_prior: whether it is from an earlier examination.
    """

    what: str
    details: str
    is_prior: bool


def show_bringing(conversation: Conversation | None, options: ChatOptions, notice: str = "") -> str:
    """The drop zone, and the case as it was understood.

    Args:
        conversation: the session's; None before there is one.
        options: the limit of a session.
        notice: what the visitor must be told.
    """
    case = conversation.case if conversation else None
    return render(
        "bringing.html.j2",
        case=case,
        notes=conversation.notes if conversation else (),
        refused=conversation.refused if conversation else "",
        recognised=recognised(case) if case else [],
        patient=_patient(case) if case else "",
        examples=example_cases(),
        limit=options.max_upload_bytes,
        keep_hours=options.keep_hours,
        notice=notice,
    )


def recognised(case: Case) -> list[Recognised]:
    """The series and reports of a case, in words."""
    series = [
        Recognised(_series_name(s), _series_details(s), study.is_prior)
        for study in case.studies
        for s in study.series
    ]
    reports = [
        Recognised(
            "Report",
            ", ".join(filter(None, (r.title, str(r.day or ""), f"{len(r.text.split()):,} words"))),
            r.is_prior,
        )
        for r in case.reports
    ]
    values = [
        Recognised("Observations", f"{len(case.observations)} values", is_prior=False)
    ]  # fmt: skip
    given = [Recognised("Findings", f"{len(case.findings)} given with the case", is_prior=False)]
    return [
        *series, *reports, *(values if case.observations else []),
        *(given if case.findings else []),
    ]  # fmt: skip


def _series_name(series: Series) -> str:
    return f"{series.modality or 'Images of unknown modality'} {series.id}"


def _series_details(series: Series) -> str:
    first = series.images[0] if series.images else None
    known = [
        series.description or _described(series),
        f"{first.view.upper()} view" if first and first.view else "",
        {True: "with contrast", False: "without contrast", None: ""}[series.contrast],
        f"{len(series.images)} files" if len(series.images) > 1 else "",
    ]
    return ", ".join(filter(None, known))


def _described(series: Series) -> str:
    """What is known of a series that does not describe itself."""
    first = series.images[0] if series.images else None
    known = [
        (first.body_part if first else None) or "body part unknown",
        (series.sequence or "").upper(),
        " x ".join(map(str, series.shape)) if series.shape else "",
    ]
    return ", ".join(filter(None, known))


def _patient(case: Case) -> str:
    patient = case.patient
    risks = patient.risk_factors
    return ", ".join(
        filter(
            None,
            (
                f"{patient.age} years" if patient.age is not None else "age not stated",
                _SEXES.get(patient.sex or "", "sex not stated"),
                f"risk factors: {', '.join(risks)}" if risks else "",
                "no risk factors" if risks == () else "",
            ),
        )
    )
