"""A result as a FHIR R4 bundle: a DiagnosticReport with an Observation for each finding.

Source: HL7 FHIR R4 (4.0.1), https://hl7.org/fhir/R4/diagnosticreport.html. The report is
``preliminary``: no person stands behind it. A review that failed gives a ``cancelled`` report that
says why. Nothing in the bundle says who the patient is; only the sex and what was found are in it.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from dxtrace import RESEARCH_USE, __version__
from dxtrace.clinical import Case, Result, Trace
from dxtrace.knowledge import Knowledge
from dxtrace.knowledge.fhir_systems import CASES, CONCLUSIONS, OWN_ROOT, REPORTS, TRACES
from dxtrace.reporting.export_content import (
    ExportContent,
    StatedConclusion,
    export_content,
    finding_in_words,
)
from dxtrace.reporting.fhir_observations import (
    LOINC_IMAGING_STUDY,
    Json,
    ObservationWriter,
    clean,
)
from dxtrace.reporting.names import Names

_RESEARCH = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason",
    "code": "HRESCH",
    "display": "healthcare research",
}
_GENDERS = {"M": "male", "F": "female", "O": "other"}
_XHTML = "http://www.w3.org/1999/xhtml"


def encode_fhir_report(
    result: Result, *, case: Case | None, knowledge: Knowledge, trace: Trace
) -> str:
    """Write a result as a FHIR bundle.

    Args:
        result: what came out; also of a review that failed or waits.
        case: what went in; None if it could not be read.
        knowledge: names and codes.
        trace: the record of the session; equal ones give equal bundles.

    Returns:
        JSON.
    """
    return json.dumps(_Writer(result, case, knowledge, trace).bundle(), ensure_ascii=False) + "\n"


class _Writer:
    def __init__(
        self, result: Result, case: Case | None, knowledge: Knowledge, trace: Trace
    ) -> None:
        self.result, self.case, self.trace = result, case, trace
        self.names = Names(knowledge)
        self.observations = ObservationWriter(self.names, knowledge.vocabulary.concepts)
        failed = result.status == "failed"
        self.content = (
            ExportContent((), (), (), (clean(result.error or "the review failed"),))
            if failed
            else export_content(result, knowledge)
        )
        self.issued = trace.entries[-1].time if trace.entries else None

    def bundle(self) -> Json:
        """All resources, the report first."""
        found = [self.observations.observation(s) for s in self.content.findings]
        unseen = [self.observations.not_assessed(w) for w in self.content.not_assessed]
        observed = [self._of_patient(o) for o in (*found, *unseen)]
        urls = [self._url(f"observation-{n}") for n in range(1, len(observed) + 1)]
        entries = [
            (self._url("report"), self._report(urls)),
            (self._url("patient"), self._patient()),
            (self._url("device"), _device()),
            *zip(urls, observed, strict=True),
            (self._url("provenance"), self._provenance()),
        ]
        return _without_nothing({
            "resourceType": "Bundle",
            "meta": {"security": [_RESEARCH]},
            "type": "collection",
            "timestamp": self.issued,
            "entry": [{"fullUrl": url, "resource": r} for url, r in entries],
        })  # fmt: skip

    def _url(self, part: str) -> str:
        return f"urn:uuid:{uuid5(NAMESPACE_OID, f'{OWN_ROOT} {self.trace.head} {part}')}"

    def _of_patient(self, observation: Json) -> Json:
        return {**observation, "subject": {"reference": self._url("patient")}}

    def _patient(self) -> Json:
        sex = self.case.patient.sex if self.case is not None else None
        return _without_nothing({"resourceType": "Patient", "gender": _GENDERS.get(sex or "")})

    def _report(self, observations: list[str]) -> Json:
        decided = [c for c in self.content.conclusions if c.is_decided]
        return _without_nothing({
            "resourceType": "DiagnosticReport",
            "meta": {"security": [_RESEARCH]},
            "text": {"status": "generated", "div": self._narrative()},
            "identifier": [{"system": CASES, "value": clean(self.result.id) or "case"}],
            "status": self._status(),
            "code": {
                "coding": [{"system": REPORTS, "code": "review"}, LOINC_IMAGING_STUDY],
                "text": "DxTrace review",
            },
            "subject": {"reference": self._url("patient")},
            "issued": self.issued,
            "performer": [{"display": f"DxTrace {__version__} (software)"}],
            "result": [{"reference": url} for url in observations],
            "conclusion": self._conclusion(),
            "conclusionCode": [_conclusion_code(c) for c in decided],
        })  # fmt: skip

    def _status(self) -> str:
        states = {"answered": "preliminary", "needs_input": "partial", "failed": "cancelled"}
        return states[self.result.status]

    def _conclusion(self) -> str:
        if self.result.status == "failed":
            return f"The review failed; nothing was assessed. {RESEARCH_USE}"
        lines = [clean(str(c)) for c in self.content.conclusions] or ["No conclusion was drawn."]
        if self.content.contradictions:
            count = len(self.content.contradictions)
            lines.append(f"Contradicted and not used as fact: {count}; see the narrative.")
        return "\n".join([*lines, RESEARCH_USE])

    def _narrative(self) -> str:
        """The report for people; every text is escaped."""
        content = self.content
        findings = [
            finding_in_words(s, self.names)
            for s in content.findings
            if self.names.kind(s.finding.concept) != "context"
        ]
        waits = [clean(self.result.question)] if self.result.question else []
        parts = "".join((
            f"<p>{html.escape(RESEARCH_USE)} Not verified by a person.</p>",
            *_section("Conclusions", map(str, content.conclusions)),
            *_section("Findings", findings),
            *_section("Contradicted statements, not facts", content.contradictions),
            *_section("Not assessed", content.not_assessed),
            *_section("Waits for an answer to", waits),
        ))  # fmt: skip
        return f'<div xmlns="{_XHTML}">{parts}</div>'

    def _provenance(self) -> Json:
        """Where the report comes from: the software, and the trace that proves it."""
        return _without_nothing({
            "resourceType": "Provenance",
            "target": [{"reference": self._url("report")}],
            "recorded": self.issued,
            "reason": [{"coding": [_RESEARCH], "text": RESEARCH_USE}],
            "agent": [{"who": {"reference": self._url("device")}}],
            "entity": [{
                "role": "source",
                "what": {
                    "identifier": {"system": TRACES, "value": self.trace.head},
                    "display": "Trace of the review: SHA-256 of its last entry",
                },
            }],
        })  # fmt: skip


def _device() -> Json:
    return {
        "resourceType": "Device",
        "deviceName": [{"name": "DxTrace", "type": "user-friendly-name"}],
        "version": [{"value": __version__}],
        "type": {"text": "Software for research use"},
        "note": [{"text": RESEARCH_USE}],
    }


def _conclusion_code(stated: StatedConclusion) -> Json:
    conclusion = stated.conclusion
    value = str(conclusion.value).lower() if conclusion.value in (True, False) else conclusion.value
    code = f"{conclusion.concept}={value}"
    return {
        "coding": [{"system": CONCLUSIONS, "code": code, "display": clean(stated.value)}],
        "text": clean(str(stated)),
    }


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    items = "".join(f"<li>{html.escape(clean(line))}</li>" for line in lines)
    if items:
        yield f"<p><b>{title}</b></p><ul>{items}</ul>"


def _without_nothing(resource: dict[str, Any]) -> Json:
    """Without the fields that have no value: FHIR allows no empty ones."""
    return {key: value for key, value in resource.items() if value not in (None, [], "")}
