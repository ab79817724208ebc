"""Manifest lines: each one case or one clear failure, with ids that stay unique."""

import io
import json
import re
from decimal import Decimal
from pathlib import Path

import pytest

from dxtrace.clinical import Case, Presence, Source
from dxtrace.intake import (
    IntakeError,
    IntakeLimits,
    ManifestLine,
    build_manifest_case,
    read_lines,
    read_manifest,
)
from tests.unit.intake.imaging.samples import make_dicom, save

REPORT = {"reports": [{"text": "FINDINGS: No effusion."}]}


def read(*lines: object, limits: IntakeLimits | None = None) -> list[ManifestLine]:
    raw = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
    stream = io.BytesIO(b"\n".join(raw))
    used = limits or IntakeLimits()
    return list(read_manifest(read_lines(stream, used), used))


def build(line: object, base: Path = Path(), limits: IntakeLimits | None = None) -> Case:
    (read_line,) = read(line)
    return build_manifest_case(read_line, base=base, limits=limits or IntakeLimits())


def test_a_full_line_becomes_a_case(tmp_path: Path) -> None:
    for folder in ("ct", "ct_old"):
        (tmp_path / folder).mkdir()
        save(make_dicom(), tmp_path / folder / "1.dcm")
    case = build(
        {
            "id": "c-001",
            "question": "Which Lung-RADS category?",
            "patient": {"age": 63, "sex": "F", "risk_factors": ["smoking"]},
            "images": ["ct/"],
            "priors": [{"date": "2025-05-01", "images": ["ct_old/"]}],
            "reports": [{"text": "FINDINGS: A nodule.", "date": "2026-05-01"}],
            "observations": [{"code": "1988-5", "name": "CRP", "value": 38.1, "unit": "mg/L"}],
            "findings": [
                {
                    "concept": "pulmonary_nodule",
                    "lesion": "n1",
                    "laterality": "right",
                    "attributes": {"composition": "solid", "spiculated": True, "count": 3},
                    "measurements": [{"kind": "diameter", "value": 7.2, "unit": "mm"}],
                }
            ],
            "packs": ["fleischner"],
        },
        base=tmp_path,
    )
    prior, current = case.studies
    assert (prior.is_prior, str(prior.day)) == (True, "2025-05-01")
    assert [image.path.name for image in current.series[0].images] == ["1.dcm"]
    assert case.observations[0].value == Decimal("38.1")
    (finding,) = case.findings
    assert (finding.presence, finding.source) == (Presence.PRESENT, Source.STRUCTURED)
    assert finding.measurements[0].value == Decimal("7.2")
    assert case.packs == ("fleischner",)


def test_a_case_may_ask_a_tool_for_something() -> None:
    call = {
        "tool": "medsam",
        "points": [{"at": [12, 200, 310], "inside": False}],
        "boxes": [{"low": [1, 2], "high": [3, 4], "series": "series-1"}],
    }
    (request,) = build({"id": "a", "calls": [call], **REPORT}).calls
    assert request.tool == "medsam"
    assert (request.arguments.points[0].at, request.arguments.points[0].inside) == (
        (12, 200, 310),
        False,
    )
    assert request.arguments.boxes[0].series == "series-1"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ({"tool": "x", "phrases": "lung"}, "calls[0].phrases: expected a list, got 'lung'"),
        ({"tool": "x", "phrases": [""]}, "calls[0].phrases[0]: expected text that is not empty"),
        ({"tool": "x", "points": [{"at": [1]}]}, "expected (slice, row, column) or (row, column)"),
        ({"tool": "x", "points": [{"at": [1, 2.5]}]}, "points[0].at[1]: expected a whole number"),
        ({"tool": "x", "boxes": [{"low": [3, 3], "high": [1, 4]}]}, "expected low <= high"),
        ({"tool": "x", "box": []}, "calls[0]: unknown key 'box': did you mean 'boxes'?"),
        ({"phrases": ["lung"]}, "calls[0].tool: expected a value, got nothing"),
    ],
)
def test_a_call_that_cannot_be_meant_is_refused(call: dict[str, object], message: str) -> None:
    with pytest.raises(IntakeError, match=re.escape(message)):
        build({"id": "a", "calls": [call], **REPORT})


def test_nobody_asked_and_asked_without_result_stay_apart() -> None:
    assert build({"id": "a", **REPORT}).patient.risk_factors is None
    asked = build({"id": "a", "patient": {"risk_factors": []}, **REPORT})
    assert asked.patient.risk_factors == ()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({"id": "a"}, "at least one report, finding, observation or image, got none"),
        ({"id": "a", "patients": {}}, "unknown key 'patients': did you mean 'patient'"),
        ({"id": "a", "patient": {"name": "x"}}, "field patient: unknown key 'name'"),
        (
            {"id": "a", "patient": {"age": "old"}},
            r"field patient\.age: expected a number, got 'old'",
        ),
        ({"id": "a", "patient": {"age": 200}}, r"field patient\.age: expected less than or equal"),
        ({"id": "a", "patient": {"age": True}}, r"field patient\.age: expected a number"),
        ({"id": "a", "patient": {"sex": "w"}}, r"field patient\.sex: expected 'M', 'F' or 'O'"),
        ({"id": "a", "reports": "x"}, "field reports: expected a list, got 'x'"),
        ({"id": "a", "reports": ["x"]}, r"field reports\[0\]: expected an object, got 'x'"),
        ({"id": "a", "reports": [{}]}, r"field reports\[0\]: expected either text or path"),
        ({"id": "a", "reports": [{"text": ""}]}, r"field reports\[0\]\.text: .* got nothing"),
        (
            {"id": "a", "reports": [{"text": "x", "date": "May"}]},
            r"field reports\[0\]\.date: expected a date",
        ),
        (
            {"id": "a", "observations": [{"name": "CRP", "value": "high", "unit": "mg/L"}]},
            r"field observations\[0\]\.value: expected a number, got 'high'",
        ),
        (
            {"id": "a", "observations": [{"name": "CRP", "value": 3}]},
            r"field observations\[0\]\.unit: expected a value, got nothing",
        ),
        (
            {"id": "a", "findings": [{"concept": "x", "presence": "maybe"}]},
            r"field findings\[0\]\.presence: expected 'present', 'absent'",
        ),
        (
            {"id": "a", "findings": [{"id": "f", "concept": "x"}, {"id": "f", "concept": "y"}]},
            "expected unique ids",
        ),
        ({"id": "a", "images": ["nowhere/"]}, r"images\[0\]: expected an existing file"),
        ({"id": "a", "images": ["../../etc"]}, r"images\[0\]: expected a path inside"),
        ({"id": "a", "images": ["/etc/passwd"]}, r"images\[0\]: expected a path inside"),
        ({"id": "a", "images": ["a\0b"]}, "null byte"),
    ],
)
def test_what_is_wrong_is_named(line: object, said: str, tmp_path: Path) -> None:
    with pytest.raises(IntakeError, match=said) as raised:
        build(line, base=tmp_path)
    assert raised.value.case_id == "a"
    assert raised.value.line == 1


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b'{"id": "a"', "expected JSON"),
        (b'{"id": "a"} {"id": "b"}', "expected JSON"),
        (b'["a"]', "expected a JSON object, got list"),
        (b"{}", "field id: expected a text"),
        (b'{"id": 7}', "field id: expected a text that is not empty, got 7"),
        (b'{"id": " "}', "field id: expected a text"),
        (b'{"id": "a", "id": "b"}', "the key 'id' is given twice"),
        (b'{"id": "a", "patient": {"age": NaN}}', "expected a number, got NaN"),
        (b'{"id": "caf\xe9"}', "byte 0xe9 at byte position 11"),
        (b'{"id": "\\ud800"}', "surrogate"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_a_broken_line_is_a_failure_with_an_id_of_its_own(raw: bytes, said: str) -> None:
    good = {"id": "good", **REPORT}
    before, broken, after = read(good, raw, {**good, "id": "better"})
    assert (before.problem, after.problem) == (None, None)
    assert broken.id == "line-2"
    with pytest.raises(IntakeError, match=said):
        build_manifest_case(broken, base=Path(), limits=IntakeLimits())


def test_a_repeated_id_fails_under_an_id_of_its_own() -> None:
    first, second = read({"id": "a", **REPORT}, {"id": "a", **REPORT})
    assert (first.id, first.problem) == ("a", None)
    assert second.id == "a#line-2"
    assert "the id of line 1" in str(second.problem)


def test_ids_stay_unique_where_authors_use_our_own_pattern() -> None:
    lines = read({"id": "line-3"}, {"id": "a"}, b"broken", {"id": "line-3+"}, {"id": "a"})
    assert len({line.id for line in lines}) == len(lines)


def test_blank_lines_are_skipped_and_a_last_line_needs_no_end() -> None:
    stream = io.BytesIO(b'\n{"id": "a"}\n   \n{"id": "b"}')
    limits = IntakeLimits()
    assert [x.number for x in read_manifest(read_lines(stream, limits), limits)] == [2, 4]


def test_an_endless_line_is_refused_and_the_next_is_read() -> None:
    limits = IntakeLimits(max_line_bytes=50)
    long, after = read(b"x" * 1000, {"id": "a"}, limits=limits)
    assert "at most 50 bytes" in str(long.problem)
    assert after.id == "a"


def test_links_out_of_the_folder_are_refused_and_a_wider_root_allows_them(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    inside = tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    save(make_dicom(), outside / "a.dcm")
    (inside / "link").symlink_to(outside)
    line = {"id": "a", "images": ["link/a.dcm"]}
    with pytest.raises(IntakeError, match="expected a path inside"):
        build(line, base=inside)
    case = build(line, base=inside, limits=IntakeLimits(data_root=tmp_path))
    assert case.studies[0].series[0].images[0].path == outside / "a.dcm"
