"""Cards as people and planners read them."""

from expert_models import ModelCard, OperatingPoint, Span, WeightsFile
from expert_models.card_text import render_card, render_card_for_prompt, render_prompt

CARD = ModelCard(
    name="lung_marker",
    version="2.1",
    title="Marks the lungs on CT",
    task="segmentation",
    accepts=("image",),
    modalities=("CT",),
    body_parts=("chest",),
    in_plane_mm=Span(low=0.3, high=1.5),
    age_years=Span(low=18),
    produces=("pleural_effusion",),
    marks=("left_lung", "right_lung"),
    arguments=("left lung", "right lung"),
    operating_points=(
        OperatingPoint(
            concept="pleural_effusion", threshold=0.31, scale="logit", source="validation set A"
        ),
    ),
    accuracy="Dice 0.97 on 50 held-out scans",
    weights=(
        WeightsFile(url="https://example.org/lungs.safetensors", sha256="ab" * 32,
                    size_bytes=3 * 1024 * 1024),
    ),
    memory_mb=900,
    licence="Apache-2.0",
    limits="not for children",
)  # fmt: skip


def test_a_card_says_everything_that_decides_on_a_call() -> None:
    text = render_card(CARD)
    for said in (
        "lung_marker 2.1: Marks the lungs on CT",
        "modality: CT",
        "body part: chest",
        "0.3 to 1.5 mm in plane",
        "at least 18 years",
        "may be unknown: nothing",
        "pleural_effusion at 0.31 (logit), from validation set A",
        "https://example.org/lungs.safetensors, SHA-256 abab",
        "3.0 MiB",
        "memory: 900 MiB",
        "licence: Apache-2.0",
        "limits: not for children",
    ):
        assert said in text


def test_what_a_card_leaves_open_is_left_out() -> None:
    text = render_card(ModelCard(name="reader"))
    assert "None" not in text
    assert "weights" not in text


def test_a_planner_reads_a_card_on_one_line() -> None:
    line = render_card_for_prompt(CARD)
    assert line.startswith(
        "<lung_marker(args)> Modality: CT, Task: segmentation, Overview: Marks the lungs on CT"
    )
    assert "Accuracy: Dice 0.97 on 50 held-out scans" in line
    assert line.endswith("Valid args are: 'left lung', 'right lung'")
    assert "\n" not in line


def test_a_prompt_lists_every_card_and_how_to_call_it() -> None:
    prompt = render_prompt([CARD, ModelCard(name="reader", title="Reads reports")])
    assert "<reader(args)> Modality: report" in prompt
    assert "Valid args are: None" in prompt
    assert "<NAME(args)>" in prompt
