"""A planner of our own: trained for a few steps, it runs the whole way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from expert_models.runtime import torchvision_guard

torchvision_guard.install()
torch = pytest.importorskip("torch", reason="torch is not installed (extra 'experts')")
pytest.importorskip("transformers", reason="transformers is not installed (extra 'experts')")

from agents.vlm.models import open_chat_model, resolve_planner  # noqa: E402
from benchmarks.own_planner import answered, figures, held_out_lessons  # noqa: E402
from benchmarks.planner_training.batches import IGNORED, RowMaker, batches_of  # noqa: E402
from benchmarks.planner_training.lessons import School  # noqa: E402
from benchmarks.planner_training.network import Size, processor_for, train_tokenizer  # noqa: E402
from benchmarks.planner_training.train import Plan, school_of, train  # noqa: E402
from dxtrace.clinical import Case  # noqa: E402
from dxtrace.intake import read_case  # noqa: E402
from expert_models.image_text.transformers_writer import load_transformers_writer  # noqa: E402
from graphs.reviewing import review_with_trace  # noqa: E402
from graphs.settings import Settings  # noqa: E402
from graphs.workbench import default_workbench  # noqa: E402
from tests.transformers_server import transformers_server  # noqa: E402
from tests.unit.benchmarks.test_planner_training import KEYS  # noqa: E402

TINY = Size(width=48, layers=1, heads=2, vocabulary=600, context=4096)
QUICK = Plan(out=Path(), steps=2, tokens=1024, texts=40, checked=6)


@pytest.fixture(scope="module")
def school() -> School:
    bench = default_workbench()
    known = bench.knowledge.vocabulary.concepts
    return school_of(bench, [key for key in KEYS if key in known])


@pytest.fixture(scope="module")
def examined(school: School) -> School:
    return replace(school, held_out=True)


@pytest.fixture(scope="module")
def trained(school: School, examined: School, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("own")
    done = train(replace(QUICK, out=out), TINY, school, examined)
    assert done["steps"] == 2
    assert 0 <= done["right"] <= 1
    return out


@pytest.fixture(autouse=True)
def on_the_processor(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("DXTRACE_DEVICE", "cpu")
    yield
    load_transformers_writer.cache_clear()


def weights(folder: Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    found: dict[str, torch.Tensor] = load_file(folder / "model" / "model.safetensors")
    return found


def test_a_folder_says_how_its_model_is_asked(trained: Path) -> None:
    entry = resolve_planner(f"transformers:{trained / 'model'}")
    assert (entry.dialect, entry.briefing, entry.images) == ("tokens", "compact", 1)
    assert sum(f.stat().st_size for f in (trained / "model").iterdir()) < 60 * 1024 * 1024


def test_the_weights_have_the_names_of_published_checkpoints(trained: Path) -> None:
    """These are the names that vLLM knows; transformers would leave ``vision_model`` out."""
    parts = {".".join(name.split(".")[:2]) for name in weights(trained)}
    assert parts == {
        "language_model.lm_head", "language_model.model", "vision_tower.vision_model",
        "multi_modal_projector.linear_1", "multi_modal_projector.linear_2",
    }  # fmt: skip


def film(folder: Path) -> Case:
    """A case with a picture and a question."""
    pixels = np.random.default_rng(1).integers(0, 255, (120, 100), dtype=np.uint8)
    Image.fromarray(pixels).save(folder / "film.png")
    case = read_case(folder / "film.png").case
    return case.model_copy(update={"question": "Is there a pneumothorax?"})


def test_it_plans_a_review_of_an_image(trained: Path, tmp_path: Path) -> None:
    name = f"transformers:{trained / 'model'}"
    result = review_with_trace(film(tmp_path), planner=name, settings=Settings()).result
    assert result.status == "answered"
    assert result.planner is not None
    assert "unavailable" not in result.planner.ended
    assert result.planner.tokens > 0
    assert not any(s.mark == "entailed" for s in result.planner.sentences)


def test_it_can_be_examined(trained: Path, examined: School) -> None:
    model = open_chat_model(resolve_planner(f"transformers:{trained / 'model'}"))
    lessons = list(held_out_lessons(examined, 4))
    lines = list(figures(answered(model.invoke, x, examined.bench) for x in lessons))
    assert lines[0].startswith("right expert and right arguments: ")
    assert "(2 of 2)" not in lines[0]


def test_the_same_seed_gives_the_same_model(
    trained: Path, school: School, examined: School, tmp_path: Path
) -> None:
    train(replace(QUICK, out=tmp_path), TINY, school, examined)
    first, second = weights(trained), weights(tmp_path)
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_training_goes_on_where_it_ended(trained: Path, school: School, examined: School) -> None:
    before = weights(trained)
    (trained / "last.part").write_bytes(b"half of a state")
    done = train(replace(QUICK, out=trained, steps=3), TINY, school, examined)
    assert done["steps"] == 3
    after = weights(trained)
    changes = [float((before[n].float() - after[n].float()).abs().max()) for n in before]
    assert 0 < max(changes) < 0.1


def test_a_prompt_has_the_tokens_that_it_has_in_a_review(school: School) -> None:
    texts = (school.lesson(n).answer for n in range(40))
    processor = processor_for(train_tokenizer(texts, 600))
    maker = RowMaker(processor)
    lessons = [school.lesson(n) for n in range(30)]
    for lesson in (x for x in lessons if x.kind != "look"):
        row = maker.row(lesson)
        prompt, pictures = maker.text_of(lesson)
        asked = processor(text=prompt, images=list(pictures) or None, return_tensors="pt")
        assert asked["input_ids"][0].tolist() == row.ids[: row.last]
        learned = [i for i, label in zip(row.ids, row.labels, strict=True) if label != IGNORED]
        said = processor.tokenizer.decode(learned)
        assert said == f"{lesson.written}<|end|>", "what it said before is not learned again"


def test_rows_of_a_batch_are_filled_up_and_none_is_lost(school: School) -> None:
    texts = (school.lesson(n).answer for n in range(40))
    processor = processor_for(train_tokenizer(texts, 600))
    maker = RowMaker(processor)
    rows = [maker.row(school.lesson(n)) for n in range(20)]
    made = batches_of(rows, 4096, processor.tokenizer.pad_token_id)
    assert sum(len(b.ids) for b in made) == 20
    assert sum(int(b.mask.sum()) for b in made) == sum(len(r.ids) for r in rows)
    assert len(made) > 1
    assert batches_of([], 100, 0) == []


@pytest.mark.slow
def test_it_plans_behind_a_real_server(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in ("fastapi", "uvicorn"):
        pytest.importorskip(package, reason=f"{package} is not installed (extra 'dev')")
    with transformers_server(tmp_path) as url:
        entry = {
            "name": "served", "kind": "endpoint", "base_url": url, "model": str(trained / "model"),
            "dialect": "tokens", "briefing": "compact", "images": 1, "max_tokens": 64,
        }  # fmt: skip
        file = tmp_path / "planners.yaml"
        file.write_text(json.dumps({"planners": [entry]}), encoding="utf-8")
        monkeypatch.setenv("DXTRACE_PLANNERS", str(file))
        result = review_with_trace(film(tmp_path), planner="served", settings=Settings()).result
    assert result.planner is not None
    assert "unavailable" not in result.planner.ended
    assert result.planner.tokens > 0
