"""The words of others that a review takes in, and a note of those that read like instructions."""

from collections.abc import Iterable, Iterator

from dxtrace.clinical import Case, Finding, QuotedText, Source, SuspiciousText, Trace
from dxtrace.clinical.quoted_text import QuotedKind
from dxtrace.retrieval.quoting import suspicious_texts
from tools import ToolRun


def words_of_case(case: Case) -> Iterator[QuotedText]:
    """What came with a case: its reports, and what else in it is in free words."""
    for number, report in enumerate(case.reports, start=1):
        yield from _quoted("report", f"report-{number}", report.title, report.text)
    series = [s for study in case.studies for s in study.series]
    for number, one in enumerate(series, start=1):
        yield from _quoted("dicom", f"series-{number}", one.id, one.description, one.sequence or "")
    yield from _quoted("case", "patient", *(case.patient.risk_factors or ()))
    yield from _quoted("case", "observations", *(f"{o.name} {o.unit}" for o in case.observations))
    yield from _quoted("case", "findings", *_words_of(case.findings))


def words_of_run(run: ToolRun) -> Iterator[QuotedText]:
    """What a call gave in words: notes, passages, similar cases, remarks on findings."""
    call = run.call
    own = (f for f in run.findings if f.source is Source.TOOL)
    yield from _quoted("tool_output", call.name, call.reason, *call.notes, *_words_of(own))
    for passage in call.passages:
        cited = passage.citation
        yield from _quoted(
            "passage", passage.reference, cited.source, cited.section, cited.url, passage.quote
        )
    for case in run.similar:
        said = (f"{c.name} {c.here} {c.there}" for c in case.comparisons)
        words = case.exemplar.text if case.exemplar is not None else ""
        yield from _quoted("similar_case", case.id, case.source, *said, words)
    if run.differential is not None:
        for candidate in run.differential.candidates:
            said = (s.here for s in candidate.signs)
            yield from _quoted("similar_case", candidate.name, *candidate.examples, *said)


def record_suspicious(trace: Trace, texts: Iterable[QuotedText]) -> None:
    """Note in the trace which texts read like instructions; nothing else follows from it."""
    for found in suspicious_texts(texts):
        trace.append("suspicion", found.model_dump(mode="json"))


def recorded_suspicions(trace: Trace) -> tuple[SuspiciousText, ...]:
    """What was noted, each text once."""
    noted = (SuspiciousText.model_validate(e.data) for e in trace.entries if e.kind == "suspicion")
    return tuple({found.model_dump_json(): found for found in noted}.values())


def _quoted(kind: QuotedKind, name: str, *words: str) -> Iterator[QuotedText]:
    text = "\n".join(filter(None, words))
    if text:
        yield QuotedText(kind=kind, id=name or kind, text=text)


def _words_of(findings: Iterable[Finding]) -> Iterator[str]:
    for finding in findings:
        yield finding.text
        yield finding.location or ""
        for value in finding.attributes.values():
            yield from (str(v) for v in (value if isinstance(value, tuple) else (value,)))
