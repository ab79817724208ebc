"""Manifest lines (JSONL), streamed; a bad line is a failed case, never the end of the run."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from dxtrace.clinical import Case
from dxtrace.intake.case_builder import CaseReading, read_fields
from dxtrace.intake.case_fields import validate_case_fields
from dxtrace.intake.errors import IntakeError
from dxtrace.intake.limits import IntakeLimits
from dxtrace.intake.report_text import decode_utf8
from dxtrace.intake.strict_json import parse_json


@dataclass(frozen=True, slots=True)
class ManifestLine:
    """One line, identified but not yet read into a case.

    Attributes:
        number: line number, from 1.
        id: the case's id, unique in the run. A line without a usable id of its own is
            ``line-<number>``; a repeated id is ``<id>#line-<number>``.
        text: the line, or an empty string if it cannot be used.
        sha256: hash of the line's bytes, to notice a changed manifest.
        problem: why the line cannot be used, or None.
    """

    number: int
    id: str
    text: str
    sha256: str
    problem: IntakeError | None = None


@dataclass(slots=True)
class _UsedIds:
    first_line: dict[str, int] = field(default_factory=dict)

    def claim(self, wanted: str, number: int) -> str:
        """Take ``wanted``; append ``+`` where an author's own id happens to look the same."""
        while wanted in self.first_line:
            wanted += "+"
        self.first_line[wanted] = number
        return wanted


def read_manifest(lines: Iterable[bytes | None], limits: IntakeLimits) -> Iterator[ManifestLine]:
    """Stream the lines of a manifest; blank lines are skipped.

    Args:
        lines: the manifest's lines as :func:`read_lines` gives them.
        limits: what is accepted.

    Yields:
        One entry for each line that is not blank, with ids that are unique and the same in
        every run over the same manifest.
    """
    used = _UsedIds()
    for number, raw in enumerate(lines, start=1):
        if raw is not None and not raw.strip():
            continue
        yield _identify(number, raw, used, limits)


def read_lines(stream: BinaryIO, limits: IntakeLimits) -> Iterator[bytes | None]:
    """Lines of a binary stream; None stands for one too long, whose rest is skipped unread."""
    while raw := stream.readline(limits.max_line_bytes + 1):
        if len(raw) <= limits.max_line_bytes:
            yield raw
            continue
        while raw and not raw.endswith(b"\n"):
            raw = stream.readline(limits.max_line_bytes)
        yield None


def _identify(number: int, raw: bytes | None, used: _UsedIds, limits: IntakeLimits) -> ManifestLine:
    digest = hashlib.sha256(raw.strip() if raw is not None else b"").hexdigest()
    own_id: str | None = None
    try:
        if raw is None:
            raise IntakeError(f"expected at most {limits.max_line_bytes:,} bytes, got more")  # noqa: TRY301 - one path for every refusal
        text = decode_utf8(raw).strip()
        own_id = _read_id(parse_json(text))
        if own_id in used.first_line:
            raise IntakeError(  # noqa: TRY301 - one path for every refusal
                f"expected a new id, got {own_id!r}, the id of line {used.first_line[own_id]}"
            )
    except IntakeError as error:
        new_id = f"{own_id}#line-{number}" if own_id else f"line-{number}"
        claimed = used.claim(new_id, number)
        return ManifestLine(number, claimed, "", digest, error.at(line=number, case_id=claimed))
    return ManifestLine(number, used.claim(own_id, number), text, digest)


def _read_id(data: object) -> str:
    if not isinstance(data, dict):
        raise IntakeError(f"expected a JSON object, got {type(data).__name__}")
    given = data.get("id")
    if not isinstance(given, str) or not given.strip():
        raise IntakeError(f"expected a text that is not empty, got {given!r}", field="id")
    if any("\ud800" <= character <= "\udfff" for character in given):
        raise IntakeError(f"expected text, got half a surrogate pair in {given!r}", field="id")
    return given


def build_manifest_case(line: ManifestLine, *, base: Path, limits: IntakeLimits) -> Case:
    """Make the case of one manifest line; as :func:`read_manifest_case`, without the notes."""
    return read_manifest_case(line, base=base, limits=limits).case


def read_manifest_case(line: ManifestLine, *, base: Path, limits: IntakeLimits) -> CaseReading:
    """Make the case of one manifest line, and say what was noticed.

    Raises:
        IntakeError: with the line, the field and the case's id.
    """
    if line.problem is not None:
        raise line.problem
    try:
        fields = validate_case_fields(parse_json(line.text))
        reading = read_fields(fields, case_id=line.id, base=base, limits=limits)
    except IntakeError as error:
        raise error.at(line=line.number, case_id=line.id) from None
    return replace(reading, line=line.number)
