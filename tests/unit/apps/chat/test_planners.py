"""Which planners the page offers, and what it refuses before a case is sent anywhere."""

from pathlib import Path

import pytest
import yaml

from apps.chat.options import ChatOptions
from apps.chat.planners import chosen_planner, offered_planners, planner_problems
from apps.chat.record import Choices
from apps.chat.refusals import NotNowError
from tests.openai_server import openai_server

LOCAL = ChatOptions()


def choose(
    listed: str = "pathway", address: str = "", model: str = "", *,
    options: ChatOptions = LOCAL, before: str = "",
) -> str:  # fmt: skip
    return chosen_planner(listed, address, model, options=options, before=before)


@pytest.fixture
def planners_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "planners.yaml"
    monkeypatch.setenv("DXTRACE_PLANNERS", str(path))
    path.write_text("planners: []")
    return path


def write(path: Path, *entries: dict[str, object]) -> None:
    path.write_text(yaml.safe_dump({"planners": list(entries)}))


def test_the_built_in_ones_the_router_and_configured_ones_are_offered(planners_file: Path) -> None:
    write(
        planners_file,
        {"name": "house", "kind": "endpoint", "base_url": "http://10.0.0.7/v1"},
        {"name": "far", "kind": "hosted", "model": "openai:x", "images_leave_the_house": True},
        {"name": "broken", "kind": "endpoint"},
    )
    titles = {p.name: p.title for p in offered_planners(LOCAL, Choices())}
    assert list(titles) == ["pathway", "router", "house", "far"]
    assert "outside of this house" in titles["far"]
    assert "outside" not in titles["house"]
    assert "base_url" in planner_problems()["broken"]


def test_one_that_was_typed_stays_in_the_list_and_can_be_saved_again(planners_file: Path) -> None:
    assert planners_file.exists()
    with openai_server(models=("one", "two")) as server:
        typed = choose(address=server.url, model="two")
    assert typed == f"{server.url}#two"
    offered = offered_planners(LOCAL, Choices(planner=typed))
    assert [p.name for p in offered if p.is_chosen] == [typed]
    assert choose(listed=typed, before=typed) == typed


def test_the_router_is_chosen_by_its_name() -> None:
    pytest.importorskip("transformers", reason="the extra experts is not installed")
    assert choose("router") == "router"


def test_the_servers_own_planner_is_chosen_by_nothing() -> None:
    assert choose("pathway") == ""
    assert choose("pathway", options=ChatOptions(planner="router")) == "pathway"


def test_an_address_where_nobody_answers_is_refused_with_what_was_tried() -> None:
    with openai_server() as server:
        gone = server.url
    with pytest.raises(
        NotNowError, match=r"cannot be reached: http://127\.0\.0\.1.*(failed|refused)"
    ):
        choose(address=gone)


@pytest.mark.parametrize("model", ["", "three"])
def test_a_server_of_several_models_wants_one_that_it_serves(model: str) -> None:
    with (
        openai_server(models=("one", "two")) as server,
        pytest.raises(NotNowError, match="one, two"),
    ):
        choose(address=server.url, model=model)


def test_a_server_that_lists_no_models_is_taken_at_its_word() -> None:
    with openai_server(models=None) as server:
        assert choose(address=server.url, model="m") == f"{server.url}#m"


@pytest.mark.parametrize("address", ["https://8.8.8.8/v1", "openai:gpt-x"])
def test_a_case_goes_to_no_other_house_without_the_switch(address: str) -> None:
    with pytest.raises(NotNowError, match=r"would be sent to .*images_leave_the_house: true"):
        choose(address=address)


def test_nor_by_an_entry_of_the_list_without_the_switch(planners_file: Path) -> None:
    write(planners_file, {"name": "far", "kind": "hosted", "model": "openai:gpt-x"})
    with pytest.raises(NotNowError, match="images_leave_the_house"):
        choose("far")


@pytest.mark.parametrize(
    ("address", "model"),
    [
        ("nonsense", ""), ("ftp://host/v1", ""), ("http://[::1", ""),
        ("http://u:p@127.0.0.1/v1", ""), ("transformers:/nowhere", ""),
        ("vllm:/nowhere", ""), ("router", "m"),
        ("http://127.0.0.1/v1#a", "b"), ("", "m"),
    ],
)  # fmt: skip
def test_what_is_no_planner_is_refused_in_words(address: str, model: str) -> None:
    with pytest.raises(NotNowError):
        choose(address=address, model=model)


@pytest.mark.parametrize(
    "options", [ChatOptions(host="0.0.0.0"), ChatOptions(behind_proxy_login=True)]  # noqa: S104
)  # fmt: skip
def test_visitors_from_elsewhere_choose_of_the_list_alone(options: ChatOptions) -> None:
    with openai_server() as server:
        with pytest.raises(NotNowError, match="Only the planners of the list"):
            choose(address=server.url, options=options)
        with pytest.raises(NotNowError, match="There is no planner"):
            choose(listed=server.url, options=options)
        assert server.requests == []
