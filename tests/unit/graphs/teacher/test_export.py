"""Traces as training data."""

import json
import tracemalloc
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from agents.planner import Turn
from agents.vlm.claims import Known
from dxtrace.clinical import (
    Case,
    Claim,
    Image,
    Observation,
    Report,
    Sentence,
    Series,
    Statement,
    Study,
    Trace,
)
from graphs import review_with_trace
from graphs.teacher import CheckerReward
from graphs.teacher.completions import CompletionReader
from graphs.teacher.export import Exporter, ExportReport, export_traces
from graphs.teacher.traced import UntaughtTraceError
from graphs.workbench import default_workbench
from tests.unit.graphs.benches import report_case
from tests.unit.graphs.teacher.conversations import QUESTION, REPORT

PLAIN = REPORT.partition(" IMPRESSION")[0]
KNOWN = {"age": 60, "risk_factors": ()}


def trace_of(report: str = PLAIN, question: str | None = QUESTION, **fields: Any) -> Trace:
    return review_with_trace(report_case(report, question, patient=KNOWN, **fields)).trace


@pytest.fixture(scope="module")
def trace() -> Trace:
    return trace_of()


def rows(trace: Trace, form: str, **options: Any) -> list[dict[str, Any]]:
    return list(Exporter(form=form, **options).rows_of(trace))  # type: ignore[arg-type]


def sentences(message: dict[str, Any]) -> list[str]:
    (call,) = message["tool_calls"]
    assert call["function"]["name"] == "answer"
    return [s["text"] for s in call["function"]["arguments"]["sentences"]]


def spoken_again(trace: Trace, **turn: Any) -> Trace:
    """The trace as if a model had planned and said this in its turns."""
    copy = Trace(trace.case_id)
    for entry in trace.entries:
        data = dict(entry.data)
        if entry.kind == "plan":
            data["turn"] = Turn(question=QUESTION, **turn).model_dump(mode="json")
        copy.append(entry.kind, data)
    return copy


def test_instructions_end_with_what_is_proved(trace: Trace) -> None:
    (row,) = rows(trace, "sft")
    roles = [m["role"] for m in row["messages"]]
    assert roles == ["system", "user", "assistant", "tool", "assistant"]
    assert "guideline_search" in row["messages"][0]["content"]
    assert QUESTION in row["messages"][1]["content"]
    assert row["messages"][2]["tool_calls"][0]["function"]["name"] == "guideline_search"
    assert row["messages"][3]["name"] == "guideline_search"
    said = sentences(row["messages"][-1])
    assert any("CT at 6 to 12 months" in s for s in said)
    assert "7 mm pulmonary nodule, right upper lobe." in said
    assert {t["function"]["name"] for t in json.loads(row["tools"])} >= {"answer"}
    assert row["source_sha256"] == trace.head
    assert row["source_version"]


@pytest.mark.parametrize("dialect", ["tools", "tokens", "json"])
def test_the_teacher_gives_its_own_lesson_nearly_all(trace: Trace, dialect: str) -> None:
    (lesson,) = rows(trace, "sft", dialect=dialect)
    (prompt,) = rows(trace, "grpo", dialect=dialect)
    assert lesson["dialect"] == dialect
    columns = {k: [prompt[k]] for k in ("case", "findings", "packs", "question")}
    reward = CheckerReward()
    (score,) = reward([prompt["prompt"]], [lesson["messages"][-1:]], **columns)
    assert score > 0.95
    (again,) = reward([prompt["prompt"]], [lesson["messages"][2:]], **columns)
    assert again < score


def test_tokens_are_written_as_text_without_functions(trace: Trace) -> None:
    (row,) = rows(trace, "sft", dialect="tokens")
    assert "tools" not in row
    assert row["messages"][2]["content"] == "<guideline_search()>"
    assert all("tool_calls" not in m for m in row["messages"])


def test_an_open_case_teaches_to_leave_it_open_and_to_ask() -> None:
    trace = review_with_trace(report_case(PLAIN, QUESTION)).trace
    (row,) = rows(trace, "sft")
    said = sentences(row["messages"][-1])
    assert "Fleischner 2017 recommendation: undetermined." in said
    assert any(s.startswith("What would settle it:") and "age" in s for s in said)


def test_preferences_reject_the_smallest_change_that_is_contradicted(trace: Trace) -> None:
    found = rows(trace, "dpo")
    assert [r["origin"] for r in found] == [
        "changed:value", "changed:presence", "changed:side"
    ]  # fmt: skip
    for row in found:
        chosen, rejected = sentences(row["chosen"][0]), sentences(row["rejected"][0])
        assert len(set(chosen) ^ set(rejected)) == 2
        assert row["why"]
        assert row["prompt"][-1]["role"] == "tool"


def test_preferences_reject_what_the_report_concluded_wrongly() -> None:
    (row,) = rows(trace_of(REPORT), "dpo")
    assert row["origin"] == "report"
    assert "Right pleural effusion." in sentences(row["rejected"][0])
    assert "No pleural effusion." in sentences(row["chosen"][0])


def test_preferences_reject_a_draft_that_was_revised() -> None:
    question = "Is there a pleural effusion?"
    found = rows(trace_of(PLAIN, question), "dpo")
    assert found[0]["origin"] == "revision"
    assert sentences(found[0]["rejected"][0]) == ["Pleural effusion."]
    assert sentences(found[0]["chosen"][0]) == ["No pleural effusion."]


def test_a_models_own_words_are_used_as_far_as_they_are_proved(trace: Trace) -> None:
    claim = Claim(id="m1", kind="finding", concept="pneumothorax")
    statement = Statement(
        sentences=(
            Sentence(text="There is a solid nodule in the right upper lobe."),
            Sentence(text="There is a pneumothorax.", claims=("m1",)),
            Sentence(text="It looks harmless to me."),
        ),
        claims=(claim,),
    )
    spoken = spoken_again(trace, statement=statement)
    said = sentences(rows(spoken, "sft")[0]["messages"][-1])
    assert said[0] == "There is a solid nodule in the right upper lobe."
    assert not any("pneumothorax" in s or "harmless" in s for s in said)
    wrong = rows(spoken, "dpo")[0]
    assert wrong["origin"] == "revision"
    assert "There is a pneumothorax." in sentences(wrong["rejected"][0])
    assert "pneumothorax absent" in wrong["why"]


def test_prompts_carry_what_the_reward_needs(trace: Trace) -> None:
    (row,) = rows(trace, "grpo")
    assert [m["role"] for m in row["prompt"]] == ["system", "user", "assistant", "tool"]
    assert row["question"] == QUESTION
    assert row["packs"] == ["fleischner"]
    assert Case.model_validate_json(row["case"]).reports == ()
    assert any(f["concept"] == "pulmonary_nodule" for f in json.loads(row["findings"]))


def test_the_question_is_found_again_in_a_prompt(trace: Trace) -> None:
    (row,) = rows(trace, "grpo")
    prompt = [*row["prompt"][:2], {"role": "assistant", "content": "No."}, row["prompt"][1]]
    reader = CompletionReader(default_workbench())
    (before,) = reader.said_before(prompt, Known())
    assert (before.question, before.answer, before.given) == (QUESTION, "No.", True)


IDENTIFIERS = ("Zweistein", "4711-0815", "1955-03-14", "Dr. Wirsing", "19550314")


def named_case() -> Case:
    words = f"Patient {' '.join(IDENTIFIERS)}. {PLAIN} Signed {IDENTIFIERS[3]}."
    image = Image(path=Path("/data/Zweistein_4711-0815/ct.dcm"), modality="CT", body_part="chest")
    series = Series(
        id="Zweistein-1", modality="CT", description="Zweistein 4711-0815", images=(image,)
    )
    return Case(
        id="Zweistein-4711-0815",
        question=QUESTION,
        patient=KNOWN,
        studies=(Study(id="4711-0815", day="1955-03-14", series=(series,)),),
        reports=(Report(text=words, day="1955-03-14", title="Zweistein"),),
        observations=(Observation(name="CRP", value=3, unit="mg/L", time="1955-03-14"),),
    )


@pytest.mark.parametrize("form", ["sft", "dpo", "grpo"])
def test_no_identifier_goes_along(form: str) -> None:
    trace = review_with_trace(named_case()).trace
    written = json.dumps(rows(trace, form))
    assert "pulmonary_nodule" in written
    for identifier in (*IDENTIFIERS, "There is a 7 mm"):
        assert identifier not in written


def test_words_go_along_only_when_asked_for(trace: Trace) -> None:
    assert "There is a 7 mm solid nodule" not in json.dumps(rows(trace, "sft"))
    (row,) = rows(trace, "sft", with_reports=True)
    assert "There is a 7 mm solid nodule" in row["messages"][1]["content"]
    assert "BEGIN QUOTED TEXTS" in row["messages"][1]["content"]


def written(traces: list[tuple[Path, Callable[[], Trace]]], out: Path, form: str) -> ExportReport:
    return export_traces(traces, out, Exporter(form=form))  # type: ignore[arg-type]


@pytest.mark.parametrize("form", ["sft", "dpo", "grpo"])
def test_files_are_the_same_every_time_and_load_as_tables(
    tmp_path: Path, trace: Trace, form: str
) -> None:
    other = trace_of(REPORT, "Is there a pleural effusion?", id="c-2")
    sources = [(Path("a"), lambda: trace), (Path("b"), lambda: other)]
    report = written(sources, tmp_path / "one.jsonl", form)
    written(sources, tmp_path / "two.jsonl", form)
    assert report.taught == 2
    text = (tmp_path / "one.jsonl").read_text(encoding="utf-8")
    assert text == (tmp_path / "two.jsonl").read_text(encoding="utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    assert len(lines) == report.rows
    assert sorted(p.name for p in tmp_path.iterdir()) == ["one.jsonl", "two.jsonl"]
    datasets = pytest.importorskip("datasets", reason="datasets is not installed")
    table = datasets.load_dataset(
        "json", data_files=str(tmp_path / "one.jsonl"), split="train", cache_dir=tmp_path / "c"
    )
    assert [without_nothing(row) for row in table] == [without_nothing(line) for line in lines]


def without_nothing(value: Any) -> Any:
    """A row without what tables fill in where another row has more."""
    if isinstance(value, dict):
        return {k: without_nothing(v) for k, v in value.items() if v not in (None, [], {})}
    return [without_nothing(v) for v in value] if isinstance(value, list) else value


def test_a_broken_trace_is_left_out_with_its_reason(tmp_path: Path, trace: Trace) -> None:
    forged = tmp_path / "forged.json"
    forged.write_text(trace.to_json().replace("7 mm", "9 mm"), encoding="utf-8")
    empty = Trace("c-9")
    sources = [
        (forged, partial(Trace.read, forged)),
        (Path("empty"), lambda: empty),
        (Path("good"), lambda: trace),
    ]
    report = written(sources, tmp_path / "out.jsonl", "sft")
    assert (report.rows, report.taught) == (1, 1)
    reasons = {path.name: reason for path, reason in report.refused}
    assert "was changed after writing" in reasons["forged.json"]
    assert "no answered review" in reasons["empty"]


@pytest.mark.parametrize("kind", ["finding", "check", "plan", "result", "input"])
def test_entries_that_dxtrace_never_writes_are_refused(trace: Trace, kind: str) -> None:
    copy = Trace(trace.case_id)
    for entry in trace.entries:
        odd = {"turn": {"calls": 3}} if kind == "plan" else {"id": 3}
        copy.append(entry.kind, odd if entry.kind == kind else entry.data)
    with pytest.raises(UntaughtTraceError):
        rows(copy, "sft")


def test_a_failing_disk_leaves_no_half_a_file(tmp_path: Path, trace: Trace) -> None:
    def full() -> Trace:
        raise OSError(28, "No space left on device")

    out = tmp_path / "out.jsonl"
    out.write_text("before")
    with pytest.raises(OSError, match="No space"):
        written([(Path("a"), lambda: trace), (Path("b"), full)], out, "grpo")
    assert [p.name for p in tmp_path.iterdir()] == ["out.jsonl"]
    assert out.read_text() == "before"


def test_memory_stays_flat_over_many_traces(tmp_path: Path, trace: Trace) -> None:
    def peak(number: int) -> int:
        tracemalloc.start()
        source = (Path("a"), partial(Trace.from_json, trace.to_json()))
        written([source] * number, tmp_path / "out.jsonl", "grpo")
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(2)
    few, many = peak(3), peak(30)
    assert many < few * 1.5
