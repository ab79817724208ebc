"""What ``experts check`` notices of experts that do not keep their promises."""

import itertools
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from dxtrace.clinical import Case, Finding, Outcome, Presence
from dxtrace.knowledge import load_knowledge
from expert_models import ModelCard, OperatingPoint, Span, ToolRefusal
from expert_models.classical import classical_experts
from tools import Tool, run_tool
from tools.conformance import check_tool
from tools.phantom_case import phantom_arguments, phantom_case

CONCEPTS = load_knowledge().vocabulary.concepts
CARD = ModelCard(
    name="tried", title="An expert", accepts=("image",), modalities=("CT",),
    produces=("pulmonary_nodule",), licence="Apache-2.0", intended_use="tests", limits="all",
)  # fmt: skip
Run = Callable[[Case], Iterable[Finding]]


def nodule(case: Case) -> list[Finding]:
    del case
    return [Finding(id="n", concept="pulmonary_nodule", presence=Presence.PRESENT)]


def failed(run: Run = nodule, **changes: object) -> dict[str, str]:
    """What is not as promised, and why."""
    card = ModelCard.model_validate({**dict(CARD), **changes})
    checks = list(check_tool(Tool(card, run, origin="somebody"), CONCEPTS))
    return {check.what: check.detail for check in checks if not check.passed}


def test_an_expert_that_keeps_its_promises_fails_nothing() -> None:
    assert failed() == {}


@pytest.mark.parametrize(
    ("changes", "what", "why"),
    [
        ({"licence": " "}, "licence", "empty"),
        ({"intended_use": ""}, "intended use", "empty"),
        ({"limits": ""}, "limits", "empty"),
        ({"produces": ("lung_weather",)}, "in the vocabulary", "lung_weather"),
        ({"produces": ()}, "produces or marks", "neither"),
        ({"modalities": ()}, "states modalities", "any image"),
        ({"body_parts": ("thorax",)}, "body parts are in the words", "thorax"),
        (
            {"operating_points": (
                OperatingPoint(concept="cardiomegaly", threshold=0.5, scale="logit", source="x"),
            )},
            "operating points", "cardiomegaly",
        ),
    ],
)  # fmt: skip
def test_what_a_card_lacks_is_named(changes: dict[str, object], what: str, why: str) -> None:
    found = failed(**changes)
    assert any(what in line and why in detail for line, detail in found.items()), found


def crash(case: Case) -> list[Finding]:
    raise ZeroDivisionError(case.id)


def other_concept(case: Case) -> list[Finding]:
    del case
    return [Finding(id="n", concept="cardiomegaly", presence=Presence.PRESENT)]


_count = itertools.count()


def restless(case: Case) -> list[Finding]:
    return [f.model_copy(update={"id": f"n{next(_count)}"}) for f in nodule(case)]


def loud(case: Case) -> list[Finding]:
    os.write(1, b"loading model\n")
    return nodule(case)


def talkative(case: Case) -> list[Finding]:
    print("loading model")  # noqa: T201  # what authors forget in their code
    return nodule(case)


def refusing(case: Case) -> list[Finding]:
    raise ToolRefusal(f"nothing to say about {case.id}")


@pytest.mark.parametrize(
    ("run", "what", "why"),
    [
        (crash, "ends well", "ZeroDivisionError"),
        (other_concept, "ends well", "cardiomegaly"),
        (restless, "second call", "differ"),
        (loud, "standard output", "loading model"),
        (talkative, "standard output", "loading model"),
    ],
)
def test_what_an_expert_does_wrong_is_named(run: Run, what: str, why: str) -> None:
    found = failed(run)
    assert any(what in line and why in detail for line, detail in found.items()), found


def test_a_reader_of_reports_needs_no_image() -> None:
    assert failed(accepts=("report",)) == {}


def test_an_expert_may_refuse_the_phantom_but_not_the_case_that_was_given(tmp_path: Path) -> None:
    assert failed(refusing) == {}
    case = phantom_case(CARD, tmp_path)
    checks = list(check_tool(Tool(CARD, refusing), CONCEPTS, case))
    assert [c.detail for c in checks if not c.passed] == ["abstained: nothing to say about phantom"]


@pytest.mark.parametrize(
    "changes",
    [
        {"body_parts": ("abdomen",), "contrast": "with", "age_years": Span(high=17)},
        {"in_plane_mm": Span(high=1.0), "slice_mm": Span(high=1.0)},
        {"modalities": ("MR",), "slice_mm": Span(low=4.0)},
        {"modalities": ("CR", "DX"), "views": ("pa",), "body_parts": ("chest",)},
        {"modalities": ("SM",), "is_colour": True, "image": "picture"},
        {"modalities": ("CT",), "prompts": ("boxes",), "prompt_needed": True},
        {"modalities": ("DX",), "prompts": ("points",), "prompt_needed": True},
    ],
)
def test_the_phantom_fits_the_card_and_can_be_read(
    changes: dict[str, object], tmp_path: Path
) -> None:
    from dxtrace.intake.imaging import load_volume

    card = ModelCard.model_validate({**dict(CARD), **changes})

    def look(case: Case, arguments: object) -> list[Finding]:
        del arguments
        volume = load_volume(case.studies[0].series[0])
        assert volume.is_colour == bool(card.is_colour)
        return []

    run = run_tool(Tool(card, look), phantom_case(card, tmp_path), phantom_arguments(card))
    assert run.call.outcome is Outcome.OK, run.call.reason


def test_our_nodule_finder_finds_the_phantoms_nodule(tmp_path: Path) -> None:
    finder = next(e for e in classical_experts() if e.card.name == "ct_lung_nodules")
    run = run_tool(Tool(finder.card, finder.run), phantom_case(finder.card, tmp_path))
    assert [f.concept for f in run.findings] == ["pulmonary_nodule"]
