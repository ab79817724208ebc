"""Our side of vLLM's engine, with a stand-in for the library, which wants its own environment."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("transformers", reason="transformers is not installed (extra 'experts')")

from PIL import Image

from expert_models.errors import ToolRefusal
from expert_models.image_text import vllm_writer
from expert_models.image_text.vllm_writer import VllmWriter
from expert_models.image_text.writing import HowToWrite, Prompt
from expert_models.runtime.within_time import OutOfTimeError
from tests.tiny_image_text_models import WITH_TOOLS, tokenizer

PICTURE = Image.new("RGB", (8, 8))
CONTENT = [{"type": "text", "text": "Effusion?"}, {"type": "image", "image": PICTURE}]
PROMPT = Prompt([{"role": "user", "content": CONTENT}])


class ClientError(Exception):
    """What vLLM raises for a request that it does not take."""


class Engine:
    """Says two words; never ends if told ``forever``; refuses if told ``no``."""

    def __init__(self) -> None:
        self.model_config = SimpleNamespace(max_model_len=4096)
        self.asked: list[dict[str, Any]] = []
        self.stopped = 0

    async def generate(
        self, *, request_id: str, prompt: Any, sampling_params: Any
    ) -> AsyncIterator[Any]:
        self.asked.append({"id": request_id, "prompt": prompt, "sampling": sampling_params})
        try:
            if "no" in sampling_params.stop:
                raise ClientError("the prompt is too long")
            yield output("Small ", [1])
            if "forever" in sampling_params.stop:
                await asyncio.Event().wait()
            yield output("effusion.", [2, 3], finished=True)
        finally:
            self.stopped += 1


def output(text: str, ids: list[int], *, finished: bool = False) -> Any:
    answer = SimpleNamespace(text=text, token_ids=ids, finish_reason="stop" if finished else None)
    return SimpleNamespace(outputs=[answer], finished=finished, prompt_token_ids=[0] * 7)


@pytest.fixture
def writer(monkeypatch: pytest.MonkeyPatch) -> VllmWriter:
    modules = {
        "vllm": {"SamplingParams": SimpleNamespace},
        "vllm.exceptions": {"VLLMClientError": ClientError},
        "vllm.sampling_params": {"RequestOutputKind": SimpleNamespace(DELTA="delta")},
        "vllm.engine": {},
        "vllm.engine.arg_utils": {"AsyncEngineArgs": SimpleNamespace},
        "vllm.v1": {},
        "vllm.v1.engine": {},
        "vllm.v1.engine.async_llm": {
            "AsyncLLM": SimpleNamespace(from_engine_args=lambda _args: Engine())
        },
    }
    for name, contents in modules.items():
        module = ModuleType(name)
        vars(module).update(contents)
        monkeypatch.setitem(sys.modules, name, module)
    words = tokenizer(WITH_TOOLS, "<image>")
    processor = SimpleNamespace(tokenizer=words, apply_chat_template=words.apply_chat_template)
    monkeypatch.setattr(
        "expert_models.runtime.pretrained.load_processor", lambda _kind, _folder: processor
    )
    return VllmWriter(Path("/models/tiny"), 2, None)


def engine_of(writer: VllmWriter) -> Engine:
    return vars(writer)["_engine"]  # type: ignore[no-any-return]


def test_words_come_in_pieces_with_their_count(writer: VllmWriter) -> None:
    pieces = list(writer.write(PROMPT, HowToWrite(max_tokens=9)))
    assert [piece.text for piece in pieces] == ["Small ", "effusion."]
    last = pieces[-1]
    assert (last.finish, last.prompt_tokens, last.answer_tokens) == ("stop", 7, 3)
    (asked,) = engine_of(writer).asked
    assert "<image>" in asked["prompt"]["prompt"]
    assert asked["prompt"]["multi_modal_data"] == {"image": [PICTURE]}
    assert asked["sampling"].max_tokens == 9


def test_at_its_limit_and_when_nobody_reads_on_the_engine_stops(writer: VllmWriter) -> None:
    forever = HowToWrite(max_tokens=9, stop=("forever",), limit_s=0.2)
    with pytest.raises(OutOfTimeError):
        list(writer.write(PROMPT, forever))
    assert engine_of(writer).stopped == 1


def test_what_the_engine_refuses_is_a_refusal(writer: VllmWriter) -> None:
    with pytest.raises(ToolRefusal, match="the prompt is too long"):
        list(writer.write(PROMPT, HowToWrite(max_tokens=9, stop=("no",))))


def test_without_the_library_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vllm", None)
    vllm_writer.load_vllm_writer.cache_clear()
    with pytest.raises(ToolRefusal, match=r"dxtrace\[vllm\]"):
        vllm_writer.load_vllm_writer(Path("/models/tiny"), 2, None)
