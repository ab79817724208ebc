"""Whether an address lies in this house."""

import pytest

from agents.vlm.models import PlannerEntry, PlannerRefused, PlannerUnavailable, open_chat_model
from agents.vlm.models.in_the_house import is_in_the_house
from agents.vlm.models.opening import refuse_to_leave


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "10.1.2.3", "172.16.0.1", "192.168.1.5", "169.254.1.1", "[::1]",
     "[fd00::7]", "[fe80::1]", "[::ffff:10.0.0.1]", "127.1"],
)  # fmt: skip
def test_this_machine_and_private_networks_are(host: str) -> None:
    assert is_in_the_house(f"http://{host}:8000/v1")


@pytest.mark.parametrize(
    "host", ["8.8.8.8", "172.32.0.1", "[2001:4860:4860::8888]", "[::ffff:8.8.8.8]", "134744072"]
)
def test_everything_else_is_not(host: str) -> None:
    assert not is_in_the_house(f"https://{host}/v1")


def test_a_host_without_an_address_is_unavailable() -> None:
    with pytest.raises(PlannerUnavailable, match=r"nowhere\.invalid.*has no address"):
        is_in_the_house("http://nowhere.invalid/v1")


def entry(**fields: object) -> PlannerEntry:
    return PlannerEntry.model_validate({"name": "p", "kind": "endpoint", **fields})


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"base_url": "https://8.8.8.8/v1", "model": "m"}, "https://8.8.8.8/v1"),
        ({"kind": "hosted", "model": "openai:gpt-x"}, "the provider openai"),
    ],
)
def test_nothing_leaves_without_permission(fields: dict[str, object], place: str) -> None:
    with pytest.raises(PlannerRefused, match=r"report text.*images") as refused:
        open_chat_model(entry(**fields))
    assert place in str(refused.value)
    assert "images_leave_the_house: true" in str(refused.value)
    refuse_to_leave(entry(**fields, images_leave_the_house=True))


def test_a_tracing_service_is_outside_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    from langsmith.utils import get_env_var

    monkeypatch.setenv("LANGSMITH_TRACING", "true")
    get_env_var.cache_clear()
    try:
        with pytest.raises(PlannerRefused, match="LangSmith"):
            refuse_to_leave(entry(base_url="http://127.0.0.1:8000/v1", model="m"))
    finally:
        monkeypatch.undo()
        get_env_var.cache_clear()


def test_a_key_that_is_not_set_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOUSE_KEY", raising=False)
    with pytest.raises(PlannerRefused, match="variable HOUSE_KEY, which is not set"):
        open_chat_model(
            entry(base_url="http://127.0.0.1:8000/v1", model="m", key_variable="HOUSE_KEY")
        )
