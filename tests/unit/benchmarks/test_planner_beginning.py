"""The first weights of a planner of our own can look up, before anything is learned."""

from __future__ import annotations

import random

import pytest

from expert_models.runtime import torchvision_guard

torchvision_guard.install()
torch = pytest.importorskip("torch", reason="torch is not installed (extra 'experts')")
pytest.importorskip("transformers", reason="transformers is not installed (extra 'experts')")

from benchmarks.planner_training.batches import IGNORED, Row, RowMaker, batches_of  # noqa: E402
from benchmarks.planner_training.network import (  # noqa: E402
    Size,
    new_model,
    processor_for,
    train_tokenizer,
)

TEXTS = ("There is no pleural effusion. <lungfinder(left lung)>", "CT nodule: <nodules()>") * 5


def hits(model: torch.nn.Module, rows: list[Row]) -> float:
    """Share of the tokens to be said that the model would say."""
    right = said = 0
    for batch in batches_of(rows, 2048, 0):
        with torch.no_grad():
            hidden = model.model(input_ids=batch.ids, attention_mask=batch.mask).last_hidden_state
        labels = batch.labels[:, 1:]
        asked = labels != IGNORED
        right += int((model.lm_head(hidden[:, :-1][asked]).argmax(-1) == labels[asked]).sum())
        said += int(asked.sum())
    return right / said


@pytest.mark.parametrize("exercise", ["repeating", "looking_up"])
def test_a_new_network_finds_again_what_stood_before(exercise: str) -> None:
    torch.manual_seed(1)
    processor = processor_for(train_tokenizer(TEXTS, 400))
    maker, rng = RowMaker(processor), random.Random(3)  # noqa: S311  # no secret
    rows = [getattr(maker, exercise)(rng) for _ in range(8)]
    able = new_model(processor.tokenizer, Size())
    plain = new_model(processor.tokenizer, Size(layers=1))
    assert hits(able, rows) > 0.4, "chance is one in some hundred"
    assert hits(plain, rows) < 0.1, "one layer cannot"
