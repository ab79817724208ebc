"""A case may ask tools for something in particular; that is called first, and recorded."""

from pathlib import Path

from dxtrace.clinical import Arguments, CallRequest, Case, Outcome, Trace
from graphs import Settings, follow_up, replay, review_with_trace
from tests.unit.graphs.benches import bench_with, expert, report_case
from tests.unit.tools import experts_that_take_arguments as experts

SPLEEN, LIVER = (Arguments(phrases=(word,)) for word in ("spleen", "liver"))


def test_the_calls_of_a_case_come_first_and_the_tool_is_not_called_again() -> None:
    asked = expert("asked", experts.repeat, prompts=("phrases",))
    calls = tuple(CallRequest(tool="asked", arguments=a) for a in (SPLEEN, LIVER, SPLEEN))
    run = review_with_trace(report_case("FINDINGS: Clear.", calls=calls), bench=bench_with(asked))
    made = [(call.name, call.arguments) for call in run.result.tools]
    assert made[:2] == [("asked", SPLEEN), ("asked", LIVER)]
    assert [name for name, _ in made].count("asked") == 2
    assert {"spleen", "liver"} <= {f.text for f in run.result.findings}


def test_trace_and_result_say_what_was_asked() -> None:
    asked = expert("asked", experts.repeat, prompts=("phrases",), produces=("cardiomegaly",))
    case = report_case("FINDINGS: Clear.", calls=(CallRequest(tool="asked", arguments=SPLEEN),))
    run = review_with_trace(case, bench=bench_with(asked))
    trace = Trace.from_json(run.trace.to_json())
    recorded = [e.data for e in trace.entries if e.kind == "call" and e.data["tool"] == "asked"]
    assert recorded == [{"tool": "asked", "arguments": {"phrases": ["spleen"]}, "order": 0}]
    assert run.result.to_json_object()["tools"][0]["arguments"] == {"phrases": ["spleen"]}
    assert replay(trace).same


def test_an_expert_that_needs_a_prompt_is_called_only_when_somebody_gives_one() -> None:
    asked = expert("asked", experts.repeat, prompts=("phrases",), prompt_needed=True)
    bench = bench_with(asked)
    plain = review_with_trace(report_case("FINDINGS: Clear."), bench=bench).result
    assert "asked" not in {call.name for call in plain.tools}


def test_a_call_of_a_tool_that_is_not_there_is_unavailable() -> None:
    case = Case.model_validate(
        {**dict(report_case("FINDINGS: Clear.")), "calls": [{"tool": "nobody"}]}
    )
    first = review_with_trace(case, bench=bench_with()).result.tools[0]
    assert (first.name, first.outcome) == ("nobody", Outcome.UNAVAILABLE)


def test_a_person_may_ask_a_tool_for_something_in_a_session_that_goes_on(tmp_path: Path) -> None:
    bench = bench_with(expert("asked", experts.repeat, prompts=("phrases",), prompt_needed=True))
    settings = Settings(checkpoints=tmp_path / "sessions.sqlite")
    case = report_case("FINDINGS: Clear.")
    review_with_trace(case, bench=bench, settings=settings)
    call = CallRequest(tool="asked", arguments=SPLEEN)
    run = follow_up(case.id, calls=(call,), bench=bench, settings=settings)
    assert [c.arguments for c in run.result.tools if c.name == "asked"] == [SPLEEN]
    assert "spleen" in {f.text for f in run.result.findings}
