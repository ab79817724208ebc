"""What a model can do, as a probe and ``dxtrace doctor`` tell."""

import json
from pathlib import Path
from typing import Any

import pytest

from agents.vlm.models import probe, resolve_planner
from apps.commands.doctor_planners import list_planners, try_planner
from apps.exit_status import ExitStatus, UsageError
from tests.openai_server import Reply, openai_server


def able(body: dict[str, Any]) -> Reply:
    """A model that does what it is told."""
    text = str(body["messages"][-1]["content"])
    if body.get("tools"):
        return Reply(calls=[("measure", {"structure": "aorta"})])
    if "JSON" in text:
        return Reply(text='```json\n{"structure": "aorta", "count": 2}\n```')
    return Reply(text="It is Green.")


def blind(body: dict[str, Any]) -> Reply:
    """A model of text, behind a server without tools."""
    if "image_url" in json.dumps(body):
        return Reply(status=400, error="it is no multimodal model")
    if body.get("tools"):
        return Reply(status=400, error='"auto" needs --enable-auto-tool-choice')
    return Reply(text="Certainly! Here you are.")


def states(url: str) -> tuple[str, ...]:
    found = probe(resolve_planner(url))
    abilities = (found.reached, found.images, found.tools, found.json_object)
    return tuple(ability.state for ability in abilities)


def test_what_a_model_can_do_is_tried() -> None:
    with openai_server(able, models=[{"id": "own", "max_model_len": 4096}, "other"]) as server:
        found = probe(resolve_planner(f"{server.url}#own"))
        assert states(f"{server.url}#own") == ("yes", "yes", "yes", "yes")
    assert found.served == ("own", "other")
    for request in server.requests:
        assert len(json.dumps(request.body)) < 10_000


def test_what_it_cannot_do_is_said_with_what_came() -> None:
    with openai_server(blind) as server:
        found = probe(resolve_planner(server.url))
        assert states(server.url) == ("yes", "no", "no", "no")
    assert "no multimodal model" in found.images.reason
    assert "--enable-auto-tool-choice" in found.tools.reason
    assert "Certainly!" in found.json_object.reason


@pytest.mark.parametrize(
    "reply",
    [
        Reply(text="It is red."),
        Reply(calls=[("measure", {"structure": "liver"})]),
        Reply(calls=[("measure", '{"structure": "aor')]),
        Reply(calls=[("other", {})]),
        Reply(text='["aorta", 2]'),
        Reply(),
    ],
)
def test_nearly_right_is_not_right(reply: Reply) -> None:
    with openai_server(lambda _body: reply) as server:
        assert states(server.url) == ("yes", "no", "no", "no")


def test_what_could_not_be_found_out_is_untested() -> None:
    def moody(body: dict[str, Any]) -> Reply:
        return Reply(status=503) if body.get("tools") else able(body)

    with openai_server(moody) as server:
        entry = resolve_planner(server.url).model_copy(update={"retries": 0, "images": 0})
        found = probe(entry)
    assert (found.images.state, found.tools.state) == ("untested", "untested")
    assert "images: 0" in found.images.reason
    assert "503" in found.tools.reason


def test_who_is_not_there_is_not_reached() -> None:
    with openai_server() as server:
        pass
    assert states(server.url) == ("no", "untested", "untested", "untested")


def test_nothing_is_asked_outside_of_the_house() -> None:
    found = probe(resolve_planner("openai:gpt-x"))
    assert found.reached.state == "no"
    assert "images_leave_the_house" in found.reached.reason


def test_a_server_that_does_not_list_its_models_is_asked_all_the_same() -> None:
    with openai_server(able, models=None) as server:
        assert states(f"{server.url}#m") == ("yes", "yes", "yes", "yes")
        assert states(server.url)[0] == "no"


def test_doctor_tries_what_it_is_told_to_try(capsys: pytest.CaptureFixture[str]) -> None:
    with openai_server(able, models=["own", "other"]) as server:
        assert try_planner(f"{server.url}#own") is ExitStatus.OK
    said = capsys.readouterr().out
    assert f"own at {server.url}, 8,192 tokens of context" in said
    assert "also serves: other" in said
    assert "sees images: yes" in said
    assert try_planner(server.url) is ExitStatus.CASE_FAILED
    assert "cannot be reached" in capsys.readouterr().out
    with pytest.raises(UsageError, match="expected pathway"):
        try_planner("nobody")


def test_doctor_tries_configured_endpoints_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DXTRACE_PLANNERS", str(tmp_path / "planners.yaml"))
    list_planners()
    assert "configured planners: none" in capsys.readouterr().out
    with openai_server(able) as server:
        (tmp_path / "planners.yaml").write_text(
            "planners:\n"
            f"- {{name: house, kind: endpoint, base_url: '{server.url}'}}\n"
            "- {name: far, kind: hosted, model: 'openai:gpt-x', images_leave_the_house: true}\n"
            "- {name: own, kind: transformers, model: nowhere}\n"
            "- {name: bad, kind: magic}\n",
            encoding="utf-8",
        )
        list_planners()
    said = capsys.readouterr().out
    assert "planner house: scripted" in said
    assert "doctor --planner far asks it" in said
    assert "there is no such folder" in said
    assert "planner bad cannot be used" in said
