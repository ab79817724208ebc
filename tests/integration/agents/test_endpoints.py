"""Models behind an OpenAI-compatible server: what comes, what goes wrong, and what is said."""

import threading
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage

from agents.vlm.models import (
    PlannerEntry,
    PlannerRefused,
    PlannerUnavailable,
    open_chat_model,
    resolve_planner,
)
from tests.openai_server import OpenAIServer, Reply, Script, openai_server
from tests.processes import LIMIT_S

TOOL = {
    "type": "function",
    "function": {
        "name": "segment",
        "description": "Segments what is named.",
        "parameters": {"type": "object", "properties": {"what": {"type": "string"}}},
    },
}
PICTURE = {"type": "image", "base64": "iVBORw0KGgo=", "mime_type": "image/png"}
ASKED = [HumanMessage([{"type": "text", "text": "What is it?"}, PICTURE])]


def model(server: OpenAIServer, **fields: Any) -> BaseChatModel:
    entry = resolve_planner(server.url).model_dump()
    return open_chat_model(PlannerEntry.model_validate({**entry, **fields}))


def answer(script: Script, **fields: Any) -> AIMessage:
    with openai_server(script) as server:
        return model(server, **fields).invoke(ASKED)


def test_an_answer_comes_in_pieces_with_its_tokens() -> None:
    with openai_server(["It is a chest radiograph."]) as server:
        pieces = list(model(server).stream(ASKED))
    assert "".join(piece.text for piece in pieces) == "It is a chest radiograph."
    assert sum(bool(piece.text) for piece in pieces) > 2
    (usage,) = [p.usage_metadata for p in pieces if p.usage_metadata]
    assert (usage["input_tokens"], usage["output_tokens"]) == (100, 10)


def test_the_request_says_what_the_entry_says() -> None:
    with openai_server(["Yes."], models=["own"]) as server:
        found = model(server, temperature=0.3, max_tokens=77)
        whole = found.invoke(ASKED)
        assert found.entry.model == "own"
    sent = server.requests[0].body
    assert (sent["model"], sent["temperature"], sent["max_tokens"]) == ("own", 0.3, 77)
    picture = sent["messages"][0]["content"][1]
    assert picture["image_url"]["url"] == "data:image/png;base64,iVBORw0KGgo="
    assert whole.usage_metadata is not None
    assert whole.response_metadata["finish_reason"] == "stop"


def test_tool_calls_come_whole_several_at_once_and_half_ones_are_invalid() -> None:
    calls = [
        ("segment", {"what": "spleen"}),
        ("segment", {"what": "ä"}),
        ("segment", '{"what": "l'),
    ]
    with openai_server([Reply(calls=calls)]) as server:
        found = model(server).bind_tools([TOOL]).invoke(ASKED)
    assert [(c["name"], c["args"]) for c in found.tool_calls] == calls[:2]
    (bad,) = found.invalid_tool_calls
    assert "no JSON" in (bad["error"] or "")
    assert server.requests[0].body["tools"] == [TOOL]


@pytest.mark.parametrize("arguments", ["[]", '"x"', "NaN", "null"])
def test_arguments_that_are_no_object_are_invalid(arguments: str) -> None:
    found = answer([Reply(calls=[("segment", arguments)])])
    assert not found.tool_calls
    assert "object" in (found.invalid_tool_calls[0]["error"] or "")


def test_a_json_answer_can_be_asked_for() -> None:
    with openai_server([Reply(text="{", break_after=1), '{"a": 1}']) as server:
        wanted = model(server).bind(response_format={"type": "json_object"})
        assert wanted.invoke(ASKED).text == '{"a": 1}'
    for request in server.requests:
        assert request.body["response_format"] == {"type": "json_object"}


@pytest.mark.parametrize(
    "first",
    [
        Reply(status=429, headers={"Retry-After": "0.01"}),
        Reply(status=503, headers={"Retry-After": "0.01"}),
        Reply(text="half of it", break_after=2),
        Reply(text="half of it", error_after=2),
        Reply(text="half of it", finish=None),
        Reply(raw=b'data: {"choices": [{"delta": {"content": "x"}}]}\n\ndata: {no\n\n'),
    ],
    ids=["429", "503", "dropped", "error event", "no end", "no JSON"],
)
def test_what_passes_is_tried_again(first: Reply) -> None:
    with openai_server([first, "whole"]) as server:
        assert model(server).invoke(ASKED).text == "whole"
        assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(status=429, headers={"Retry-After": "9"}), "429 .*asks to wait 9 s: the script"),
        (Reply(status=500), "500: the script says so"),
        (Reply(text="half of it", break_after=2), "closed connection.*in the middle"),
        (Reply(break_after=0), "closed connection"),
        (Reply(text="half of it", error_after=2), "the script says so"),
        (Reply(text="half of it", finish=None), "broke off before its end"),
        (Reply(raw=b"<html>Welcome</html>"), "broke off before its end"),
        (Reply(raw=b"data: {no\n\n"), "expected JSON, got '{no'"),
        (Reply(raw=b'data: {"choices": [{"delta": {"tool_calls": [{"function": 0}]}}]}\n\n'), ""),
        (Reply(raw=b'data: {"choices": [3]}\n\n'), ""),
        (Reply(raw=b'data: "\xff\xfe"\n\n'), ""),
    ],
)
def test_what_stays_wrong_is_unavailable_with_place_and_reason(reply: Reply, said: str) -> None:
    with (
        openai_server([reply]) as server,
        pytest.raises(PlannerUnavailable, match=f"{server.url} .scripted.: .*{said}"),
    ):
        model(server, retries=0).invoke(ASKED)


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(status=400, error="too  many\nimages"), "400: too many images"),
        (Reply(status=401), "401 .it wants another key.: the script says so"),
        (Reply(status=403), "403"),
        (Reply(status=404), "404 .there is no such model"),
        (Reply(status=422, raw=b'{"detail": "no such field"}'), "422: no such field"),
        (Reply(status=418, raw=b"<html>teapot"), "418: <html>teapot"),
        (
            Reply(status=307, headers={"Location": "http://8.8.8.8/v1"}),
            "307, and points to",
        ),
    ],
)
def test_a_refusal_is_not_tried_again(reply: Reply, said: str) -> None:
    with openai_server([reply, "whole"]) as server:
        with pytest.raises(PlannerRefused, match=said):
            model(server).invoke(ASKED)
        assert len(server.requests) == 1


@pytest.mark.parametrize("whole", [True, False])
def test_a_slow_answer_ends_at_its_limit_and_the_server_is_told(whole: bool) -> None:
    with openai_server([Reply(text="slow", hold=threading.Event())]) as server:
        asked = model(server).bind(timeout_s=0.3)
        with pytest.raises(PlannerUnavailable, match=r"no whole answer within 0\.3 s"):
            asked.invoke(ASKED) if whole else list(asked.stream(ASKED))
        # On a busy machine the limit may come before the request is out.
        assert not server.requests or server.gone.wait(LIMIT_S)


def test_a_limit_counts_what_a_server_asks_to_wait() -> None:
    with (
        openai_server([Reply(status=429, headers={"Retry-After": "100"})]) as server,
        pytest.raises(PlannerUnavailable, match=r"it answered 429 \(Retry-After: 100\)"),
    ):
        model(server).bind(timeout_s=60).invoke(ASKED)


@pytest.mark.parametrize(
    "reply", [Reply(text="x" * 2000), Reply(calls=[("segment", {"what": "x" * 2000})])]
)
def test_an_answer_without_end_is_not_listened_to(reply: Reply) -> None:
    with pytest.raises(PlannerRefused, match="longer than the 16 tokens"):
        answer([reply], max_tokens=16)


def test_who_reads_no_further_closes_the_connection() -> None:
    with openai_server([Reply(text="slow", hold=threading.Event())]) as server:
        stream = model(server).stream(ASKED)
        next(stream)
        stream.close()
        assert server.gone.wait(LIMIT_S)


def test_many_at_once_get_their_own_answers() -> None:
    def echo(body: dict[str, Any]) -> str:
        return str(body["messages"][-1]["content"])

    with openai_server(echo) as server:
        asked = [f"question {n}" for n in range(20)]
        found = model(server).batch(list(asked))
    assert [message.text for message in found] == asked


def test_more_images_than_it_takes_are_not_sent() -> None:
    with openai_server(["x"]) as server:
        with pytest.raises(PlannerRefused, match="at most 1 images, got 2"):
            model(server, images=1).invoke([HumanMessage([PICTURE, PICTURE])])
        assert not server.requests


def test_the_only_model_and_its_length_are_asked_for() -> None:
    served = {"id": "own", "max_model_len": 32768}
    with openai_server(models=[served]) as server:
        assert model(server).entry.context_tokens == 8192  # as the entry says
        found = open_chat_model(resolve_planner(server.url))
    assert (found.entry.model, found.entry.context_tokens) == ("own", 32768)


@pytest.mark.parametrize(("served", "said"), [([], "got none"), (["a", "b"], "got a, b")])
def test_of_several_models_one_must_be_named(served: list[str], said: str) -> None:
    with openai_server(["x"], models=served) as server:
        with pytest.raises(PlannerRefused, match=f"expected one model, {said}"):
            open_chat_model(resolve_planner(server.url))
        named = open_chat_model(resolve_planner(f"{server.url}#b"))
        assert named.invoke(ASKED).text == "x"
    assert server.requests[0].body["model"] == "b"


def test_a_wrong_address_is_said_with_its_place() -> None:
    with openai_server() as server:
        wrong = server.url.removesuffix("/v1")
        with pytest.raises(PlannerRefused, match=f"{wrong}: answered 404"):
            open_chat_model(resolve_planner(wrong))
    with pytest.raises(PlannerUnavailable, match=f"{server.url}: .*Connect"):
        open_chat_model(resolve_planner(server.url))


@pytest.mark.parametrize("status", [401, 403, 429, 500])
def test_a_key_that_a_server_repeats_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setenv("HOUSE_KEY", " house-secret\r\n")
    refused = Reply(status=status, error="wrong key: Bearer house-secret")
    with (
        openai_server(lambda _: refused) as server,
        pytest.raises((PlannerRefused, PlannerUnavailable)) as told,
    ):
        model(server, key_variable="HOUSE_KEY", retries=0).invoke(ASKED)
    assert server.requests[0].headers["authorization"] == "Bearer house-secret"
    assert "house-secret" not in str(told.value)
    assert "wrong key: Bearer (the key)" in str(told.value)


@pytest.mark.parametrize("key", ["house-sécret", "house-secret\r\nX-Other: 1", "two words"])
def test_a_key_that_no_header_can_carry_is_refused_unnamed(
    monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("HOUSE_KEY", key)
    with (
        openai_server() as server,
        pytest.raises(PlannerRefused, match="a key of plain characters") as told,
    ):
        model(server, key_variable="HOUSE_KEY")
    assert key.split(maxsplit=1)[0] not in str(told.value)
    assert not server.requests


def test_keys_go_where_the_entry_says_and_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "openai-secret")
    monkeypatch.setenv("HOUSE_KEY", "house-secret")
    with openai_server(["x", "x"]) as server:
        model(server).invoke(ASKED)
        model(server, key_variable="HOUSE_KEY").invoke(ASKED)
    first, second = (request.headers["authorization"] for request in server.requests)
    assert "secret" not in first
    assert second == "Bearer house-secret"


def test_a_proxy_of_the_environment_sees_nothing_of_the_house(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert answer(["direct"]).text == "direct"
