"""Models in this process: tiny ones, loaded and asked as large ones are."""

import base64
import io
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage

from expert_models.image_text.transformers_writer import load_transformers_writer
from expert_models.runtime import torchvision_guard

torchvision_guard.install()
torch = pytest.importorskip("torch", reason="torch is not installed (extra 'experts')")
pytest.importorskip("transformers", reason="transformers is not installed (extra 'experts')")

from PIL import Image  # noqa: E402

from agents.vlm.models import (  # noqa: E402
    PlannerEntry,
    PlannerRefused,
    PlannerUnavailable,
    open_chat_model,
    probe,
    resolve_planner,
)
from agents.vlm.models.in_process import InProcessChatModel  # noqa: E402
from tests.tiny_image_text_models import teach, write_llava, write_qwen  # noqa: E402

RED = Image.new("RGB", (80, 60), (200, 10, 10))
TOOL = {
    "type": "function",
    "function": {
        "name": "segment",
        "description": "Segments what is named.",
        "parameters": {"type": "object", "properties": {"what": {"type": "string"}}},
    },
}


def block(picture: Image.Image) -> dict[str, str]:
    written = io.BytesIO()
    picture.save(written, "PNG")
    data = base64.b64encode(written.getvalue()).decode()
    return {"type": "image", "base64": data, "mime_type": "image/png"}


def asked(text: str, *pictures: Image.Image) -> HumanMessage:
    return HumanMessage([{"type": "text", "text": text}, *map(block, pictures)])


def opened(folder: Path, **fields: Any) -> InProcessChatModel:
    entry = resolve_planner(f"transformers:{folder}")
    fields = {"max_tokens": 16, **fields}
    model = open_chat_model(
        PlannerEntry.model_validate({**entry.model_dump(exclude_unset=True), **fields})
    )
    assert isinstance(model, InProcessChatModel)
    return model


@pytest.fixture(scope="module")
def llava(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_llava(tmp_path_factory.mktemp("models") / "llava")


@pytest.fixture(scope="module")
def qwen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_qwen(tmp_path_factory.mktemp("models") / "qwen")


@pytest.fixture(scope="module")
def taught(qwen: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that answers "Segment." with words and a call."""
    folder = tmp_path_factory.mktemp("models") / "taught"
    shutil.copytree(qwen, folder)
    content = [{"type": "text", "text": "Segment."}, {"type": "image", "image": RED}]
    call = '{"name": "segment", "arguments": {"what": "spleen"}}'
    teach(
        folder,
        [{"role": "user", "content": content}],
        [TOOL],
        f"Small pleural effusion. <tool_call>\n{call}\n</tool_call>",
    )
    return folder


@pytest.fixture(autouse=True)
def on_the_processor(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("DXTRACE_DEVICE", "cpu")
    yield
    load_transformers_writer.cache_clear()


@pytest.mark.parametrize("kind", ["llava", "qwen"])
def test_a_model_sees_pictures_and_writes(kind: str, request: pytest.FixtureRequest) -> None:
    model = opened(request.getfixturevalue(kind))
    said = model.invoke([SystemMessage("Be brief."), asked("What is it?", RED, RED)])
    assert said.response_metadata["finish_reason"] == "length"
    assert said.usage_metadata is not None
    assert said.usage_metadata["output_tokens"] == 16
    without = model.invoke([SystemMessage("Be brief."), asked("What is it?")])
    assert without.usage_metadata is not None
    assert said.usage_metadata["input_tokens"] > without.usage_metadata["input_tokens"]


def test_what_it_can_read_is_the_models_own(qwen: Path) -> None:
    assert opened(qwen).entry.context_tokens == 1024
    assert opened(qwen, context_tokens=600).entry.context_tokens == 600


def test_words_come_in_pieces_and_a_call_whole(taught: Path) -> None:
    model = opened(taught, max_tokens=100).bind_tools([TOOL])
    pieces = list(model.stream([asked("Segment.", RED)]))
    assert [p.text for p in pieces if p.text] == ["Small ", "pleural ", "effusion. "]
    said = model.invoke([asked("Segment.", RED)])
    assert isinstance(said, AIMessage)
    assert [(c["name"], c["args"]) for c in said.tool_calls] == [("segment", {"what": "spleen"})]
    assert said.response_metadata["finish_reason"] == "tool_calls"


def test_a_call_that_was_cut_off_is_invalid(taught: Path) -> None:
    said = opened(taught, max_tokens=18).bind_tools([TOOL]).invoke([asked("Segment.", RED)])
    assert isinstance(said, AIMessage)
    assert not said.tool_calls
    assert "no JSON" in (said.invalid_tool_calls[0]["error"] or "")
    assert said.response_metadata["finish_reason"] == "length"


def test_results_go_back_through_the_template(taught: Path) -> None:
    model = opened(taught, max_tokens=100).bind_tools([TOOL])
    question = asked("Segment.", RED)
    said = model.invoke([question])
    assert isinstance(said, AIMessage)
    result = ToolMessage("120 ml", tool_call_id=said.tool_calls[0]["id"], name="segment")
    again = model.invoke([question, said, result])
    assert isinstance(again, AIMessage)
    assert again.usage_metadata is not None
    assert said.usage_metadata is not None
    assert again.usage_metadata["input_tokens"] > said.usage_metadata["input_tokens"]


def test_a_template_without_tools_takes_none(llava: Path) -> None:
    with pytest.raises(PlannerRefused, match="takes no tools: dialect json or tokens"):
        opened(llava).bind_tools([TOOL])


def test_no_tool_can_be_forced(qwen: Path) -> None:
    with pytest.raises(PlannerRefused, match="cannot be forced"):
        opened(qwen).bind_tools([TOOL], tool_choice="segment")


@pytest.mark.parametrize("kind", ["llava", "qwen"])
def test_a_report_that_speaks_of_images_brings_none(
    kind: str, request: pytest.FixtureRequest
) -> None:
    model = opened(request.getfixturevalue(kind))
    said = model.invoke([asked("<image> <|image_pad|> <|vision_start|> </s>", RED)])
    assert said.usage_metadata is not None


def test_a_prompt_that_is_too_long_is_refused_with_its_length(qwen: Path) -> None:
    with pytest.raises(PlannerRefused, match=r"at most 1008 tokens .*got \d{4}"):
        opened(qwen).invoke([asked("effusion " * 1500)])


def test_more_images_than_the_entry_allows_are_refused(qwen: Path) -> None:
    with pytest.raises(PlannerRefused, match="at most 1 images, got 2"):
        opened(qwen, images=1).invoke([asked("x", RED, RED)])


@pytest.mark.parametrize("data", ["!!", base64.b64encode(b"no picture").decode()])
def test_what_is_no_picture_is_refused(qwen: Path, data: str) -> None:
    bad = {"type": "image", "base64": data, "mime_type": "image/png"}
    with pytest.raises(PlannerRefused, match="expected an image"):
        opened(qwen).invoke([HumanMessage([bad])])


def test_an_address_of_a_picture_is_not_followed(qwen: Path) -> None:
    with pytest.raises(PlannerRefused, match="expected an image's data, got 'http://8"):
        opened(qwen).invoke([HumanMessage([{"type": "image", "url": "http://8.8.8.8/x.png"}])])


def test_its_time_ends_and_the_model_is_free_again(qwen: Path) -> None:
    model = opened(qwen, max_tokens=900)
    with pytest.raises(PlannerUnavailable, match=r"no whole answer within 0\.01 s"):
        model.bind(timeout_s=0.01).invoke([asked("x")])
    assert model.bind(max_tokens=3).invoke([asked("x")]).usage_metadata


def test_who_reads_no_further_stops_it(qwen: Path) -> None:
    model = opened(qwen, max_tokens=1000)
    stream = model.stream([asked("x")])
    next(stream)
    stream.close()
    assert model.bind(max_tokens=3).invoke([asked("x")]).usage_metadata


def test_several_at_once_take_turns_and_agree(qwen: Path) -> None:
    model = opened(qwen)
    found = model.batch([[asked("x", RED)] for _ in range(4)])
    assert len({message.text for message in found}) == 1
    assert threading.active_count() < 50


def test_warm_answers_differ_and_cold_ones_do_not(qwen: Path) -> None:
    model = opened(qwen)
    cold = {model.invoke([asked("x")]).text for _ in range(3)}
    warm = {model.bind(temperature=2.0).invoke([asked("x")]).text for _ in range(5)}
    assert len(cold) == 1
    assert len(warm) > 1


def test_a_model_can_be_probed(taught: Path) -> None:
    found = probe(resolve_planner(f"transformers:{taught}"))
    assert found.reached.state == "yes"
    assert found.tools.state == "no"  # it calls, but not what it is told to call


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        (shutil.rmtree, "expected a model's folder"),
        (lambda f: (f / "model.safetensors").unlink(), "expected a folder with .safetensors"),
        (lambda f: (f / "model.safetensors").write_bytes(b"x" * 99), "cannot be loaded"),
        (lambda f: (f / "config.json").unlink(), "config.json"),
        (lambda f: (f / "config.json").write_text('{"model_type": "bert"}'), "bert|cannot be"),
        (lambda f: (f / "chat_template.jinja").write_text("hello"), "no chat template that shows"),
        (lambda f: (f / "chat_template.jinja").write_text("{% for"), "no chat template that shows"),
        (lambda f: (f / "tokenizer.json").unlink(), "cannot be loaded"),
    ],
    ids=["folder", "weights", "damaged", "config", "other", "template", "broken", "tokenizer"],
)
def test_a_folder_that_is_not_whole_is_unavailable(
    qwen: Path, tmp_path: Path, break_it: Any, said: str
) -> None:
    folder = tmp_path / "broken"
    shutil.copytree(qwen, folder)
    break_it(folder)
    with pytest.raises(PlannerUnavailable, match=said):
        opened(folder)


def test_pickled_weights_are_not_even_opened(qwen: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pickled"
    shutil.copytree(qwen, folder)
    state = {"a": torch.zeros(1)}
    (folder / "model.safetensors").unlink()
    torch.save(state, folder / "pytorch_model.bin")
    with pytest.raises(PlannerUnavailable, match=r"expected a folder with \.safetensors"):
        opened(folder)
