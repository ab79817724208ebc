"""The registry: who may register, in which order tools come, what is remembered of the broken."""

from collections.abc import Iterator

import pytest
from pydantic import ValidationError

from dxtrace.clinical import Case, Finding
from expert_models import ExpertModel, ModelCard
from tools import Tool, ToolRegistry, expert_tool
from tools import registry as registry_module


class Expert:
    """An expert as third parties write them."""

    card = ModelCard(name="expert", cost=2.0)

    def run(self, case: Case) -> Iterator[Finding]:
        del case
        yield from ()


class NamelessExpert:
    def run(self, case: Case) -> list[Finding]:
        del case
        return []


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> list[Tool]:
    """The tools registered by decorators, empty for a test."""
    tools: list[Tool] = []
    monkeypatch.setattr(registry_module, "_registered", tools)
    return tools


def named(name: str, cost: float = 1.0) -> Tool:
    return Tool(ModelCard(name=name, cost=cost), lambda _: [])


def test_tools_come_cheapest_first_and_by_name() -> None:
    registry = ToolRegistry()
    for name, cost in (("slow", 9.0), ("b", 1.0), ("quick", 0.1), ("a", 1.0)):
        registry.register(named(name, cost))
    assert [t.card.name for t in registry] == ["quick", "a", "b", "slow"]


def test_a_name_is_taken_only_once() -> None:
    registry = ToolRegistry()
    first = named("expert")
    registry.register(first)
    registry.register(first)
    with pytest.raises(ValueError, match=r"'expert' is already registered \(built-in\)"):
        registry.register(named("expert"))
    assert registry.get("expert") is first
    assert registry.get("another") is None


def test_a_decorated_function_becomes_a_tool(registered: list[Tool]) -> None:
    @expert_tool(ModelCard(name="decorated"))
    def find(case: Case) -> list[Finding]:
        del case
        return []

    assert isinstance(find, Tool)
    assert registered == [find]
    assert find.origin == __name__


def test_an_expert_is_what_has_a_card_and_runs() -> None:
    assert isinstance(Expert(), ExpertModel)
    assert not isinstance(NamelessExpert(), ExpertModel)


class Point:
    """An entry point."""

    def __init__(self, name: str, loaded: object) -> None:
        self.name, self.value, self.dist, self._loaded = name, f"package:{name}", None, loaded

    def load(self) -> object:
        if isinstance(self._loaded, BaseException):
            raise self._loaded
        return self._loaded


def wrong_card() -> ValidationError:
    with pytest.raises(ValidationError) as wrong:
        ModelCard.model_validate({"name": "wrong", "modality": "CT"})
    return wrong.value


def test_what_cannot_be_loaded_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [
        Point("missing", ModuleNotFoundError("No module named 'torch'")),
        Point("bug", ZeroDivisionError("division by zero")),
        Point("number", 42),
        Point("card", wrong_card()),
        Point("nameless", NamelessExpert),
        Point("good", Expert),
        Point("again", type("Again", (Expert,), {})),
        Point("decorated", named("decorated")),
    ]
    monkeypatch.setattr(registry_module, "entry_points", lambda group: points)  # noqa: ARG005  # the keyword of the standard library
    registry = ToolRegistry()
    registry.load_entry_points()
    assert {t.card.name for t in registry} == {"expert", "decorated"}
    assert set(registry.problems) == {"missing", "bug", "number", "card", "nameless", "again"}
    assert registry.problems["missing"] == "ModuleNotFoundError: No module named 'torch'"
    assert "expected an ExpertModel" in registry.problems["number"]
    assert registry.problems["card"].startswith(
        "card.modality: there is no such field: did you mean 'modalities'?"
    )
    assert "already registered" in registry.problems["again"]
    tool = registry.get("decorated")
    assert tool is not None
    assert tool.origin == "package:decorated"
