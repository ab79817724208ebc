"""Image-text models of transformers, in this process."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from expert_models.errors import ToolRefusal
from expert_models.image_text.chat_template import ChatTemplate
from expert_models.image_text.writing import HowToWrite, Piece, Prompt
from expert_models.runtime.within_time import OutOfTimeError

_MEBIBYTE = 1024 * 1024
_ROOM = 1.2  # of the weights' size: what a call needs beside them


@lru_cache(maxsize=1)
def load_transformers_writer(folder: Path) -> TransformersWriter:
    """Load a model; the last one that was loaded stays.

    Args:
        folder: ``config.json``, safetensors, tokenizer and processor files.

    Raises:
        ToolRefusal: if a file is missing, damaged or of another model, or torch is not installed.
    """
    return TransformersWriter(folder)


class TransformersWriter:
    """A model of the class that transformers chooses for image and text to text.

    Args:
        folder: where its files lie; nothing that they hold is run.

    Raises:
        ToolRefusal: if a file is missing, damaged or of another model, or torch is not installed.
    """

    def __init__(self, folder: Path) -> None:
        try:
            from expert_models.runtime import torchvision_guard

            torchvision_guard.install()
            import torch
            from transformers import AutoModelForImageTextToText, AutoProcessor
        except ImportError as error:
            raise ToolRefusal(f"{error}: pip install 'dxtrace[experts]'") from None
        from expert_models.runtime.device import torch_device
        from expert_models.runtime.pretrained import load_model, load_processor

        weights = [p.stat().st_size for p in folder.glob("*.safetensors")]
        if not weights:
            raise ToolRefusal(f"{folder}: expected a folder with .safetensors files, got none")
        device = torch_device(memory_mb=int(sum(weights) * _ROOM / _MEBIBYTE))
        self._processor = load_processor(AutoProcessor, folder)
        self._template = ChatTemplate(self._processor, folder.name)
        self._model = load_model(AutoModelForImageTextToText, folder, device, safetensors_only=True)
        if device.type == "cpu" and self._model.dtype == torch.float16:
            self._model = self._model.float()  # which processors are made for
        self._busy = threading.Lock()
        self.takes_tools = self._template.takes_tools
        self.control_tokens = self._template.control_tokens
        self.context_tokens = _context_tokens(self._model)

    def write(self, prompt: Prompt, how: HowToWrite) -> Iterator[Piece]:
        """As :meth:`~expert_models.image_text.writing.Writer.write`; one answer at a time."""
        until = time.monotonic() + how.limit_s
        if not self._busy.acquire(timeout=how.limit_s):
            raise OutOfTimeError
        try:
            inputs = self._inputs(prompt, how)
        except BaseException:  # an interrupt, too, frees the model
            self._busy.release()
            raise
        # A prompt's reading cannot be interrupted: the thread frees the model when it is done.
        answer = _Answer(self._model, self._processor.tokenizer, bool(prompt.tools))
        yield from answer.pieces(inputs, how, until, self._busy.release)

    def _inputs(self, prompt: Prompt, how: HowToWrite) -> Any:
        messages = self._template.prepare(prompt)
        inputs = self._template.render(
            messages, prompt.tools, tokenize=True, return_dict=True, return_tensors="pt"
        )
        length = inputs["input_ids"].shape[1]
        if length + how.max_tokens > self.context_tokens:
            raise ToolRefusal(
                f"expected a prompt of at most {self.context_tokens - how.max_tokens} tokens (the "
                f"model's {self.context_tokens} less the answer's), got {length}"
            )
        return inputs.to(self._model.device, self._model.dtype)


class _Answer:
    """One answer on its way: written by a thread, read by another.

    Args:
        model: of transformers.
        tokenizer: its tokenizer.
        keep_control: whether control tokens are part of the text.
    """

    def __init__(self, model: Any, tokenizer: Any, keep_control: bool) -> None:
        self._model, self._tokenizer = model, tokenizer
        self._keep_control = keep_control
        self._pieces: queue.SimpleQueue[Piece | Exception | None] = queue.SimpleQueue()
        self._stopped = threading.Event()

    def pieces(
        self, inputs: Any, how: HowToWrite, until: float, done: Callable[[], None]
    ) -> Iterator[Piece]:
        """Write, and hand out what was written; ``done`` is called when the model is free."""
        threading.Thread(target=self._write, args=(inputs, how, done), daemon=True).start()
        try:
            while (piece := self._next(until)) is not None:
                yield piece
        finally:
            self._stopped.set()

    def _next(self, until: float) -> Piece | None:
        try:
            found = self._pieces.get(timeout=max(until - time.monotonic(), 0))
        except queue.Empty:
            raise OutOfTimeError from None
        if isinstance(found, Exception):
            raise found
        return found

    def _write(self, inputs: Any, how: HowToWrite, done: Callable[[], None]) -> None:
        try:
            self._generate(inputs, how)
        except Exception as error:  # noqa: BLE001  # it is raised where the answer is read
            self._pieces.put(error)
        finally:
            done()
            self._pieces.put(None)

    def _generate(self, inputs: Any, how: HowToWrite) -> None:
        import torch
        from transformers import StoppingCriteriaList

        sampling: dict[str, Any] = (
            {"do_sample": True, "temperature": how.temperature}
            if how.temperature > 0
            else {"do_sample": False, "temperature": None, "top_p": None, "top_k": None}
        )
        stopping: dict[str, Any] = (
            {"stop_strings": list(how.stop), "tokenizer": self._tokenizer} if how.stop else {}
        )
        try:
            with torch.inference_mode():
                ids = self._model.generate(
                    **inputs, **sampling, **stopping, max_new_tokens=how.max_tokens,
                    streamer=self._streamer(),
                    stopping_criteria=StoppingCriteriaList([self._is_stopped]),
                )  # fmt: skip
        except torch.OutOfMemoryError as error:
            raise ToolRefusal(f"the memory of {self._model.device} does not suffice") from error
        prompt_tokens = inputs["input_ids"].shape[1]
        answer_tokens = ids.shape[1] - prompt_tokens
        self._pieces.put(
            Piece(
                finish=self._finish(ids[0], answer_tokens, how),
                prompt_tokens=prompt_tokens,
                answer_tokens=answer_tokens,
            )
        )

    def _finish(self, ids: Any, written: int, how: HowToWrite) -> Literal["stop", "length"]:
        ends = self._model.generation_config.eos_token_id
        ends = [ends] if isinstance(ends, int) else ends or []
        return "length" if written >= how.max_tokens and int(ids[-1]) not in ends else "stop"

    def _is_stopped(self, ids: Any, _scores: Any, **_: Any) -> Any:
        import torch

        return torch.full((ids.shape[0],), self._stopped.is_set(), device=ids.device)

    def _streamer(self) -> Any:
        from transformers import TextStreamer

        pieces = self._pieces

        class Pieces(TextStreamer):  # type: ignore[misc]  # the library has no types
            def on_finalized_text(self, text: str, stream_end: bool = False) -> None:  # noqa: ARG002  # the library's name
                if text:
                    pieces.put(Piece(text=text))

        return Pieces(self._tokenizer, skip_prompt=True, skip_special_tokens=not self._keep_control)


def _context_tokens(model: Any) -> int:
    config = model.config.get_text_config()
    return int(getattr(config, "max_position_embeddings", None) or 2048)
