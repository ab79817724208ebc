"""A FHIR R4 bundle to a case: what reviewing needs, and nothing that identifies.

Read: ``Patient`` (gender, birth date, for the age at the report), ``DiagnosticReport`` (text),
``Observation`` (numeric values with units, and findings that DxTrace itself has written),
``Condition`` (as risk factors and history). Names and identifiers serve to mask them in the
reports; they, addresses and every other resource are kept nowhere.

Source: HL7 FHIR R4 (4.0.1), https://hl7.org/fhir/R4/.
"""

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

from dxtrace.clinical import Case, Finding, Observation, Patient, Report
from dxtrace.intake.errors import IntakeError
from dxtrace.intake.fhir_findings import is_own_finding, is_own_report, read_own_finding
from dxtrace.intake.known_names import hash_words, mask_known_names
from dxtrace.intake.limits import IntakeLimits
from dxtrace.intake.report_text import decode_utf8, prepare_report_text

_VOID_STATUS = {"entered-in-error", "cancelled"}
_INACTIVE_CONDITION = {"inactive", "remission", "resolved"}
_VOID_CONDITION = {"refuted", "entered-in-error"}
_DOUBTED_CONDITION = {"unconfirmed", "provisional", "differential"}
_PEOPLE = {"Patient", "RelatedPerson", "Practitioner"}
_TELLING = ("text", "family", "given", "value")
_READ = {"Patient", "DiagnosticReport", "Observation", "Condition"}
_GENDER: dict[str, Any] = {"male": "M", "female": "F", "other": "O"}


@dataclass(frozen=True, slots=True)
class BundleReading:
    """A case, and what of the bundle was left out and why."""

    case: Case
    notes: tuple[str, ...]


def read_bundle(data: object, *, case_id: str, limits: IntakeLimits) -> BundleReading:
    """Read a bundle.

    Args:
        data: the parsed JSON of the bundle.
        case_id: the case's id (a bundle's own ids may identify and are not used).
        limits: what is accepted.

    Raises:
        IntakeError: if it is no bundle, holds several patients, or nothing to review.
    """
    resources = _list_resources(data)
    notes: list[str] = []
    reports = _read_reports(resources, limits, notes)
    observations = _read_observations(resources, notes)
    findings = _read_findings(resources)
    if not (reports or observations or findings):
        raise IntakeError("expected a DiagnosticReport or a numeric Observation, got neither")
    days = [r.day for r in reports if r.day] + [_day(o.time) for o in observations if o.time]
    case = Case(
        id=case_id,
        patient=_read_patient(resources, max(days, default=None), notes),
        reports=reports,
        observations=observations,
        findings=findings,
    )
    _note_unread(resources, notes)
    return BundleReading(case=case, notes=tuple(notes))


def _list_resources(data: object) -> list[Mapping[str, Any]]:
    kind = data.get("resourceType") if isinstance(data, Mapping) else None
    if not isinstance(data, Mapping) or kind != "Bundle":
        raise IntakeError(f"expected a FHIR bundle (resourceType 'Bundle'), got {kind!r}")
    entries = data.get("entry", [])
    if not isinstance(entries, list):
        raise IntakeError(f"expected a list, got {type(entries).__name__}", field="entry")
    resources = []
    for number, entry in enumerate(entries):
        resource = entry.get("resource") if isinstance(entry, Mapping) else None
        if not isinstance(resource, Mapping) or not isinstance(resource.get("resourceType"), str):
            raise IntakeError("expected a resource with a type", field=f"entry[{number}].resource")
        resources.append(resource)
    return resources


def _of_type(resources: list[Mapping[str, Any]], kind: str) -> list[Mapping[str, Any]]:
    wanted = [r for r in resources if r["resourceType"] == kind]
    return [r for r in wanted if r.get("status") not in _VOID_STATUS]


def _note_unread(resources: list[Mapping[str, Any]], notes: list[str]) -> None:
    unread = sorted({str(r["resourceType"]) for r in resources} - _READ)
    if unread:
        notes.append(f"not read: {', '.join(unread)}")


def _read_patient(
    resources: list[Mapping[str, Any]], day: date | None, notes: list[str]
) -> Patient:
    patients = _of_type(resources, "Patient")
    if len(patients) > 1:
        raise IntakeError(f"expected one Patient in the bundle, got {len(patients)}")
    patient = patients[0] if patients else {}
    return Patient(
        age=_age_at(patient.get("birthDate"), day, notes),
        sex=_GENDER.get(str(patient.get("gender"))),
        risk_factors=_read_risk_factors(resources, notes),
    )


def _age_at(birth: object, day: date | None, notes: list[str]) -> Decimal | None:
    if birth is None:
        return None
    born = _parse_day(birth, field="Patient.birthDate")
    if born is None or day is None:
        notes.append("age unknown: it needs a full birth date and a dated report or observation")
        return None
    if born > day:
        raise IntakeError(
            f"expected a date before {day}, got a later one", field="Patient.birthDate"
        )
    return Decimal(day.year - born.year - ((day.month, day.day) < (born.month, born.day)))


def _read_risk_factors(
    resources: list[Mapping[str, Any]], notes: list[str]
) -> tuple[str, ...] | None:
    """What the conditions say; None if none says anything.

    A list of conditions without a risk factor does not say that somebody asked for risk factors, so
    the answer is never the empty tuple. A bundle that does say so has a condition in those words
    ("No known risk factors"), which are read like any others.
    """
    stated = []
    for condition in _of_type(resources, "Condition"):
        text = _concept_text(condition.get("code"))
        verification = _codes(condition.get("verificationStatus"))
        if verification & _VOID_CONDITION:
            notes.append(f"Condition ({text}): not read, it is {', '.join(sorted(verification))}")
        elif _codes(condition.get("clinicalStatus")) & _INACTIVE_CONDITION:
            stated.append(f"History of {text}")
        else:
            stated.append(f"Possible {text}" if verification & _DOUBTED_CONDITION else text)
    return tuple(stated) or None


def _codes(concept: object) -> set[str]:
    codings = concept.get("coding") if isinstance(concept, Mapping) else None
    found = codings if isinstance(codings, list) else []
    return {str(c.get("code")) for c in found if isinstance(c, Mapping)}


def _first_code(concept: object) -> str | None:
    codings = concept.get("coding") if isinstance(concept, Mapping) else None
    if isinstance(codings, list) and codings and isinstance(codings[0], Mapping):
        return str(codings[0].get("code"))
    return None


def _concept_text(concept: object) -> str:
    if not isinstance(concept, Mapping):
        raise IntakeError(f"expected a CodeableConcept, got {concept!r}", field="code")
    displays = [c.get("display") for c in concept.get("coding", []) if isinstance(c, Mapping)]
    return str(concept.get("text") or next(filter(None, displays), None) or _first_code(concept))


def _read_reports(
    resources: list[Mapping[str, Any]], limits: IntakeLimits, notes: list[str]
) -> tuple[Report, ...]:
    reports = []
    names = _names(resources)
    for number, resource in enumerate(_of_type(resources, "DiagnosticReport")):
        field = f"DiagnosticReport[{number}]"
        if is_own_report(resource):
            notes.append("a review by DxTrace: its findings are read, conclusions are drawn anew")
            continue
        try:
            text = prepare_report_text(_report_text(resource, notes), limits)
            text = mask_known_names(text, names)
        except IntakeError as error:
            raise error.at(field=field) from None
        given = resource.get("effectiveDateTime") or resource.get("issued")
        day = _parse_day(given, field=f"{field}.effectiveDateTime")
        reports.append(Report(text=text, day=day, title=_title(resource)))
    return _mark_priors(reports)


def _names(resources: list[Mapping[str, Any]]) -> frozenset[str]:
    """Hashes of the names of people in a bundle, and of the numbers that they go by."""
    people = [r for r in resources if r["resourceType"] in _PEOPLE]
    told = (p.get(key) for p in people for key in ("name", "identifier", "telecom"))
    return frozenset[str]().union(*(hash_words(text) for each in told for text in _texts(each)))


def _texts(value: object) -> Iterator[str]:
    """The texts of a name or a number; what kind of one it is tells nobody anything."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        yield from (text for each in value for text in _texts(each))
    elif isinstance(value, Mapping):
        yield from (t for key in _TELLING if key in value for t in _texts(value[key]))


def _mark_priors(reports: list[Report]) -> tuple[Report, ...]:
    """With several dated reports, those before the newest day are priors."""
    newest = max((r.day for r in reports if r.day), default=None)
    marked = [
        r.model_copy(update={"is_prior": bool(r.day and newest and r.day < newest)})
        for r in reports
    ]
    return tuple(sorted(marked, key=lambda r: r.is_prior))


def _title(resource: Mapping[str, Any]) -> str:
    return _concept_text(resource["code"]) if "code" in resource else ""


def _report_text(resource: Mapping[str, Any], notes: list[str]) -> str:
    """The attached plain text, else the narrative; the conclusion is added if it is not in it."""
    text = _attached_text(resource, notes) or _narrative_text(resource)
    conclusion = str(resource.get("conclusion") or "").strip()
    if conclusion and conclusion not in text:
        text = f"{text}\n\nIMPRESSION: {conclusion}".strip()
    if not text:
        raise IntakeError("expected presentedForm (text/plain), text or conclusion, got none")
    return text


def _attached_text(resource: Mapping[str, Any], notes: list[str]) -> str:
    for form in resource.get("presentedForm", []):
        kind = str(form.get("contentType", "")).split(";")[0].strip()
        if kind != "text/plain":
            notes.append(f"an attached report of type {kind or 'unknown'} was not read")
        elif "data" in form:
            return _decode_attachment(form["data"])
    return ""


def _decode_attachment(data: object) -> str:
    try:
        return decode_utf8(base64.b64decode(str(data), validate=True))
    except binascii.Error as error:
        raise IntakeError(
            f"expected base64, got an error: {error}", field="presentedForm"
        ) from None


class _NarrativeText(HTMLParser):
    """Text of an XHTML narrative; block elements end a line."""

    _BLOCKS = frozenset({"p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6"})

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(" ".join(data.split()) + (" " if data[-1:].isspace() else ""))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the parser's signature
        if tag in self._BLOCKS:
            self.parts.append("\n")


def _narrative_text(resource: Mapping[str, Any]) -> str:
    narrative = resource.get("text")
    if not isinstance(narrative, Mapping):
        return ""
    reader = _NarrativeText()
    reader.feed(str(narrative.get("div", "")))
    reader.close()
    return "".join(reader.parts).strip()


def _read_findings(resources: list[Mapping[str, Any]]) -> tuple[Finding, ...]:
    own = filter(is_own_finding, _of_type(resources, "Observation"))
    return tuple(read_own_finding(resource, number) for number, resource in enumerate(own, start=1))


def _read_observations(
    resources: list[Mapping[str, Any]], notes: list[str]
) -> tuple[Observation, ...]:
    read = []
    for resource in _of_type(resources, "Observation"):
        if is_own_finding(resource):
            continue
        for part in (resource, *resource.get("component", [])):
            name = _concept_text(part.get("code"))
            if "valueQuantity" not in part:
                _note_unread_value(part, name, notes)
            elif part["valueQuantity"].get("comparator"):
                notes.append(f"{name}: not read, only a bound is given")
            else:
                read.append(_to_observation(part, name, resource.get("effectiveDateTime")))
    return tuple(read)


def _note_unread_value(part: Mapping[str, Any], name: str, notes: list[str]) -> None:
    if any(key.startswith("value") for key in part) or "component" not in part:
        notes.append(f"{name}: not read, it has no numeric value")


def _to_observation(part: Mapping[str, Any], name: str, time: object) -> Observation:
    quantity = part["valueQuantity"]
    unit = quantity.get("unit") or quantity.get("code")
    value = quantity.get("value")
    field = f"Observation ({name}).valueQuantity"
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise IntakeError(f"expected a number, got {value!r}", field=f"{field}.value")
    if not isinstance(unit, str):
        raise IntakeError("expected a unit, got none", field=f"{field}.unit")
    return Observation(
        code=_loinc(part.get("code")),
        name=name,
        value=Decimal(value),
        unit=unit,
        time=_parse_day(time, field=f"Observation ({name}).effectiveDateTime"),
    )


def _loinc(concept: object) -> str | None:
    codings = concept.get("coding", []) if isinstance(concept, Mapping) else []
    found = [c for c in codings if isinstance(c, Mapping) and c.get("system") == "http://loinc.org"]
    return str(found[0].get("code")) if found else None


def _day(time: object) -> date:
    return time.date() if hasattr(time, "date") else time  # type: ignore[return-value]  # a date


def _parse_day(given: object, *, field: str) -> date | None:
    """The day of a FHIR date or dateTime; None if it is given only to the month or year."""
    if given is None:
        return None
    text = str(given)
    if len(text) < len("2020-01-01"):
        return None
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise IntakeError(
            f"expected a date such as 2025-05-01, got {given!r}", field=field
        ) from None
