"""``dxtrace extract``: report texts to findings."""

import json
import sys
from pathlib import Path
from typing import Any

from apps.exit_status import ExitStatus, UsageError
from apps.progress import show_progress
from dxtrace.intake import (
    IntakeError,
    IntakeLimits,
    ManifestLine,
    prepare_report_text,
    read_lines,
    read_manifest,
    refuse_odd_file,
)
from dxtrace.intake.strict_json import parse_json
from dxtrace.knowledge import load_knowledge
from tools.report_reader import ReportReader

_KEYS = {"id", "text"}


def extract_findings(reports: Path, out: Path, *, max_report_chars: int) -> ExitStatus:
    """Stream reports to findings, one line each, in order.

    A line that cannot be read gives ``{"id", "findings": [], "error"}``. Spans are offsets into
    the text as given.

    Returns:
        ``CASE_FAILED`` if any line could not be read.

    Raises:
        UsageError: if a file cannot be opened.
    """
    limits = IntakeLimits(max_report_chars=max_report_chars)
    reader = ReportReader(load_knowledge())
    failed, read = False, 0
    try:
        _refuse_odd(reports)
        if out.exists() and out.samefile(reports):
            raise UsageError(f"--out {out} is the input itself: give another file")
        with (
            reports.open("rb") as stream,
            out.open("w", encoding="utf-8") as written,
            show_progress("extracted", total=None) as progress,
        ):
            for line in read_manifest(read_lines(stream, limits), limits):
                entry = _extract(line, reader, limits)
                failed |= "error" in entry
                read += 1
                written.write(json.dumps(entry, ensure_ascii=False) + "\n")
                progress.advance()
    except OSError as error:
        if error.filename is None:  # opened, then full
            raise UsageError(
                f"cannot write {out}: {error.strerror}; its last line may be incomplete"
            ) from None
        raise UsageError(f"cannot open {error.filename}: {error.strerror}") from None
    if not read:
        raise UsageError(f"{reports} holds no report: expected one JSON object a line")
    sys.stderr.write(f"findings: {out}\n")
    return ExitStatus.CASE_FAILED if failed else ExitStatus.OK


def _refuse_odd(reports: Path) -> None:
    try:
        refuse_odd_file(reports)
    except IntakeError as error:
        raise UsageError(f"{reports}: {error}") from None


def _extract(line: ManifestLine, reader: ReportReader, limits: IntakeLimits) -> dict[str, Any]:
    try:
        text = prepare_report_text(_read_text(line), limits)
    except IntakeError as error:
        reason = str(error.at(line=line.number))
        return {"id": line.id, "findings": [], "error": reason}
    findings = reader.read(text).findings
    return {"id": line.id, "findings": [_finding_object(f) for f in findings]}


def _finding_object(finding: Any) -> dict[str, Any]:
    data: dict[str, Any] = finding.model_dump(mode="json")
    chief = finding.measurement
    data["measurement"] = chief.model_dump(mode="json") if chief else None
    return data


def _read_text(line: ManifestLine) -> str:
    if line.problem is not None:
        raise line.problem
    data = parse_json(line.text)
    unknown = sorted(set(data) - _KEYS)
    if unknown:
        raise IntakeError(f"unknown key {unknown[0]!r}: expected id and text")
    if not isinstance(data.get("text"), str):
        raise IntakeError(f"expected text, got {data.get('text')!r}", field="text")
    return str(data["text"])
