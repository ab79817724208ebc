"""The trace: any change after writing is noticed."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxtrace.clinical import Trace, TraceError

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False,
                                                                     allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
RECORDS = st.dictionaries(st.text(), JSON_VALUES, max_size=4)


def small_trace() -> Trace:
    trace = Trace("c-1")
    trace.append("input", {"reports": 1})
    trace.append("finding", {"id": "f1", "concept": "pleural_effusion", "size": 6.5})
    trace.append("answer", {"text": "Yes: Ölpest, ≥ 6 mm."})
    return trace


def written() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(small_trace().to_json())
    return loaded


def test_a_trace_comes_back_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "trace.json"
    path.write_text(small_trace().to_json(), encoding="utf-8")
    trace = Trace.read(path)
    assert trace.case_id == "c-1"
    assert [e.kind for e in trace.entries] == ["input", "finding", "answer"]
    assert trace.entries[2].data == {"text": "Yes: Ölpest, ≥ 6 mm."}


def test_a_trace_can_be_continued() -> None:
    first = small_trace()
    longer = Trace("c-1", first.entries)
    longer.append("reply", {"reply": "solid"})
    assert len(longer.entries) == 4
    assert len(first.entries) == 3
    assert longer.entries[3].previous == first.head
    longer.verify()


def _change_data(raw: dict[str, Any]) -> None:
    raw["entries"][1]["data"]["size"] = 65


def _change_time(raw: dict[str, Any]) -> None:
    raw["entries"][0]["time"] = "2001-01-01T00:00:00.000+00:00"


def _change_kind(raw: dict[str, Any]) -> None:
    raw["entries"][1]["kind"] = "reply"


def _change_previous(raw: dict[str, Any]) -> None:
    raw["entries"][1]["previous"] = "f" * 64


def _change_case(raw: dict[str, Any]) -> None:
    raw["case_id"] = "c-2"


def _drop_first(raw: dict[str, Any]) -> None:
    raw["entries"] = raw["entries"][1:]


def _drop_middle(raw: dict[str, Any]) -> None:
    del raw["entries"][1]


def _drop_last(raw: dict[str, Any]) -> None:
    raw["entries"].pop()


def _drop_all(raw: dict[str, Any]) -> None:
    raw["entries"] = []


def _reorder(raw: dict[str, Any]) -> None:
    raw["entries"][0], raw["entries"][1] = raw["entries"][1], raw["entries"][0]


def _repeat(raw: dict[str, Any]) -> None:
    raw["entries"].append(raw["entries"][2])


def _renumber(raw: dict[str, Any]) -> None:
    raw["entries"][2]["seq"] = 7


@pytest.mark.parametrize(
    "tamper",
    [
        _change_data, _change_time, _change_kind, _change_previous, _change_case,
        _drop_first, _drop_middle,
        _drop_last, _drop_all, _reorder, _repeat, _renumber,
    ],
)  # fmt: skip
def test_every_change_after_writing_is_noticed(tamper: Any) -> None:
    raw = written()
    tamper(raw)
    with pytest.raises(TraceError, match=r"trace c-[12]"):
        Trace.from_json(json.dumps(raw))


@pytest.mark.parametrize(
    "text",
    [
        "", "no json", "[]", "null", "7", "{}", '{"format": "dxtrace-trace/1"}',
        '{"format": "other/1", "case_id": "a", "head": "", "entries": []}',
        '{"format": "dxtrace-trace/1", "case_id": "a", "head": "x", "entries": [{}]}',
        '{"format": "dxtrace-trace/1", "case_id": "a", "head": "x", "entries": 3}',
        "[" * 100_000,
        small_trace().to_json()[:-40],
    ],
)  # fmt: skip
def test_what_is_no_trace_is_refused(text: str) -> None:
    with pytest.raises(TraceError):
        Trace.from_json(text)


def test_a_file_that_is_not_text_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "picture.json"
    path.write_bytes(b"\x89PNG\xff\xfe")
    with pytest.raises(TraceError, match=r"picture\.json"):
        Trace.read(path)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, b"bytes", object()])
def test_only_json_can_be_appended(value: object) -> None:
    trace = small_trace()
    with pytest.raises((TypeError, ValueError)):
        trace.append("result", {"value": value})
    assert len(trace.entries) == 3


def test_what_was_appended_does_not_change_with_its_origin() -> None:
    data = {"findings": ["f1"]}
    trace = Trace("c-1")
    trace.append("result", data)
    data["findings"].append("f2")
    trace.verify()
    assert trace.entries[0].data == {"findings": ["f1"]}


@given(records=st.lists(RECORDS, min_size=1, max_size=4), place=st.integers(0, 3))
def test_traces_of_any_content_verify_and_notice_a_change(
    records: list[dict[str, Any]], place: int
) -> None:
    trace = Trace("any")
    for record in records:
        trace.append("result", record)
    again = Trace.from_json(trace.to_json())
    assert [e.data for e in again.entries] == records
    raw = json.loads(trace.to_json())
    raw["entries"][place % len(records)]["data"]["added afterwards"] = True
    with pytest.raises(TraceError):
        Trace.from_json(json.dumps(raw))
