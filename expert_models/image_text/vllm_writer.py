"""Image-text models through vLLM's engine, in this process: many answers at once."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from expert_models.errors import ToolRefusal
from expert_models.image_text.chat_template import ChatTemplate
from expert_models.image_text.writing import HowToWrite, Piece, Prompt
from expert_models.runtime.within_time import stream_within


@lru_cache(maxsize=1)
def load_vllm_writer(folder: Path, images: int, context_tokens: int | None) -> VllmWriter:
    """Load a model; the last one that was loaded stays.

    Args:
        folder: ``config.json``, safetensors, tokenizer and processor files.
        images: how many images a prompt may hold.
        context_tokens: how much it is to read and write at once; None for all that it can.

    Raises:
        ToolRefusal: if vLLM is not installed or does not take the folder.
    """
    return VllmWriter(folder, images, context_tokens)


class VllmWriter:
    """A model in vLLM's asynchronous engine, which runs what is asked at once together.

    Args:
        folder: where its files lie; nothing that they hold is run.
        images: how many images a prompt may hold.
        context_tokens: how much it is to read and write at once; None for all that it can.

    Raises:
        ToolRefusal: if vLLM is not installed or does not take the folder.
    """

    def __init__(self, folder: Path, images: int, context_tokens: int | None) -> None:
        try:
            from transformers import AutoProcessor
            from vllm.engine.arg_utils import AsyncEngineArgs
            from vllm.v1.engine.async_llm import AsyncLLM
        except ImportError as error:
            raise ToolRefusal(
                f"{error}: pip install 'dxtrace[vllm]', in an environment of its own"
            ) from None
        from expert_models.runtime.pretrained import load_processor

        self._template = ChatTemplate(load_processor(AutoProcessor, folder), folder.name)
        try:
            self._engine = AsyncLLM.from_engine_args(
                AsyncEngineArgs(
                    model=str(folder), load_format="safetensors", trust_remote_code=False,
                    max_model_len=context_tokens, limit_mm_per_prompt={"image": images},
                )
            )  # fmt: skip
        except (ValueError, RuntimeError, OSError) as error:
            raise ToolRefusal(f"{folder.name}: vLLM cannot load it: {error}") from error
        self._numbers = itertools.count()
        self.takes_tools = self._template.takes_tools
        self.control_tokens = self._template.control_tokens
        self.context_tokens = int(self._engine.model_config.max_model_len)

    def write(self, prompt: Prompt, how: HowToWrite) -> Iterator[Piece]:
        """As :meth:`~expert_models.image_text.writing.Writer.write`; any number at once."""
        messages = self._template.prepare(prompt)
        asked: dict[str, Any] = {
            "prompt": self._template.render(messages, prompt.tools, tokenize=False)
        }
        images = [
            part["image"]
            for message in messages
            if isinstance(message["content"], list)
            for part in message["content"]
            if part["type"] == "image"
        ]
        if images:
            asked["multi_modal_data"] = {"image": images}
        return stream_within(lambda: self._pieces(asked, prompt, how), how.limit_s)

    async def _pieces(
        self, asked: dict[str, Any], prompt: Prompt, how: HowToWrite
    ) -> AsyncIterator[Piece]:
        from vllm import SamplingParams
        from vllm.exceptions import VLLMClientError
        from vllm.sampling_params import RequestOutputKind

        sampling = SamplingParams(
            max_tokens=how.max_tokens,
            temperature=how.temperature,
            stop=list(how.stop),
            skip_special_tokens=not prompt.tools,
            output_kind=RequestOutputKind.DELTA,
        )
        written = 0
        try:
            async for output in self._engine.generate(
                request_id=f"dxtrace-{next(self._numbers)}", prompt=asked, sampling_params=sampling
            ):
                (answer,) = output.outputs
                written += len(answer.token_ids)
                yield Piece(
                    text=answer.text,
                    finish=("length" if answer.finish_reason == "length" else "stop")
                    if output.finished
                    else None,
                    prompt_tokens=len(output.prompt_token_ids or ()),
                    answer_tokens=written,
                )
        except (VLLMClientError, ValueError) as error:
            raise ToolRefusal(f"vLLM does not take this prompt: {error}") from error
