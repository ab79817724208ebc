"""Hosted providers, through the packages that LangChain has for them."""

import importlib.util

import pytest

from agents.vlm.models import (
    PlannerEntry,
    PlannerRefused,
    PlannerUnavailable,
    open_chat_model,
    resolve_planner,
)
from tests.openai_server import Reply, openai_server


def entry(model: str, **fields: object) -> PlannerEntry:
    return PlannerEntry.model_validate(
        {"name": "far", "kind": "hosted", "model": model, "images_leave_the_house": True, **fields}
    )


def test_a_provider_answers_and_calls_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAR_KEY", "secret")
    tool = {"type": "function", "function": {"name": "cxr", "description": "x", "parameters": {}}}
    with openai_server(["Yes.", Reply(calls=[("cxr", {})]), Reply(status=401)]) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        model = open_chat_model(entry("openai:gpt-x", key_variable="FAR_KEY", retries=0))
        said = model.invoke("Effusion?")
        calls = model.bind_tools([tool]).invoke("Look.").tool_calls
        with pytest.raises(PlannerRefused, match=r"openai:gpt-x: answered 401"):
            model.invoke("Again?")
    assert said.text == "Yes."
    assert [call["name"] for call in calls] == ["cxr"]
    assert server.requests[0].headers["authorization"] == "Bearer secret"


@pytest.mark.skipif(
    importlib.util.find_spec("langchain_anthropic") is not None,
    reason="langchain-anthropic is installed",
)
def test_a_providers_package_that_is_missing_is_named() -> None:
    with pytest.raises(PlannerUnavailable, match="langchain-anthropic"):
        open_chat_model(entry("anthropic:claude-x"))


def test_a_provider_that_nobody_knows_is_refused() -> None:
    with pytest.raises(PlannerRefused, match=r"far: cannot be set up: .*nobody"):
        open_chat_model(entry("nobody:model"))


def test_a_key_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(PlannerRefused, match="OPENAI_API_KEY"):
        open_chat_model(entry("openai:gpt-x")).invoke("x")
    monkeypatch.delenv("FAR_KEY", raising=False)
    with pytest.raises(PlannerRefused, match="variable FAR_KEY, which is not set"):
        open_chat_model(entry("openai:gpt-x", key_variable="FAR_KEY"))


def test_without_permission_nothing_is_opened() -> None:
    with pytest.raises(PlannerRefused, match="would be sent to the provider openai"):
        open_chat_model(resolve_planner("openai:gpt-x"))
