"""A model's own chat template: what it shows to the model is found out by trying it.

Templates differ: some leave out system messages or tools without a word, some raise for them, some
want content as a string and some as a list. So each role is rendered once with a mark in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from expert_models.errors import ToolRefusal
from expert_models.image_text.writing import Message, Prompt

_MARK = "q7markq7"
_ZERO_WIDTH_SPACE = "\u200b"
_CALL = {"id": "call00000", "type": "function", "function": {"name": "t", "arguments": {}}}


def _tool(name: str) -> dict[str, Any]:
    parameters = {"type": "object", "properties": {}}
    function = {"name": name, "description": "nothing", "parameters": parameters}
    return {"type": "function", "function": function}


def _text(text: str) -> list[dict[str, str]]:
    return [{"type": "text", "text": text}]


_USER = {"role": "user", "content": _text("u")}
_BEFORE: Mapping[str, tuple[dict[str, Any], ...]] = {
    "system": (),
    "user": (),
    "assistant": (_USER,),
    "tool": (_USER, {"role": "assistant", "content": _text("a"), "tool_calls": [_CALL]}),
}


class ChatTemplate:
    """The template of a processor.

    Args:
        processor: of transformers, with ``apply_chat_template`` and a ``tokenizer``.
        name: of the model, for messages.

    Attributes:
        takes_tools: whether tools, calls and results reach the model.
        takes_system: whether system messages do.
        control_tokens: the tokens that text must not contain.

    Raises:
        ToolRefusal: if it has no template, or what a user writes does not reach the model.
    """

    def __init__(self, processor: Any, name: str) -> None:
        self._processor, self._name = processor, name
        added = processor.tokenizer.added_tokens_decoder.values()
        self.control_tokens = frozenset(
            token.content for token in added if len(token.content.strip()) > 1
        )
        self._as_list = {role: self._wants_list(role) for role in _BEFORE}
        if self._as_list["user"] is None:
            raise ToolRefusal(f"{name}: it has no chat template that shows it what a user says")
        self.takes_system = self._as_list["system"] is not None
        self.takes_tools = self._as_list["tool"] is not None and self._shows_tools()

    def prepare(self, prompt: Prompt) -> list[dict[str, Any]]:
        """The messages as this template takes them, without control tokens in their words.

        Raises:
            ToolRefusal: if there are tools, calls or results and it takes none.
        """
        asked = bool(prompt.tools) or any(
            message["role"] == "tool" or message.get("tool_calls") for message in prompt.messages
        )
        if asked and not self.takes_tools:
            raise ToolRefusal(f"{self._name}: its chat template takes no tools")
        messages = [self._clean(message) for message in prompt.messages]
        if not self.takes_system:
            messages = _without_system(messages)
        return [self._shaped(message) for message in _joined(messages)]

    def render(
        self, messages: Sequence[Mapping[str, Any]], tools: Sequence[Any], **how: Any
    ) -> Any:
        """Apply the template, and the processor to the outcome if ``tokenize=True``.

        Raises:
            ToolRefusal: if the template refuses the conversation.
        """
        from jinja2 import TemplateError

        try:
            return self._processor.apply_chat_template(
                [dict(m) for m in messages], tools=list(tools) or None,
                add_generation_prompt=True, **how,
            )  # fmt: skip
        except (TemplateError, ValueError, TypeError, KeyError) as error:
            raise ToolRefusal(
                f"{self._name}: its chat template does not take this: {error}"
            ) from error

    def _wants_list(self, role: str) -> bool | None:
        """Whether content is wanted as a list; None if this role's words do not reach the model."""
        after = (_USER,) if role == "system" else ()
        for content in (_text(_MARK), _MARK):
            message = {"role": role, "content": content, "name": "t", "tool_call_id": "call00000"}
            tools = [_tool("t")] if role == "tool" else []
            try:
                shown = self.render([*_BEFORE[role], message, *after], tools, tokenize=False)
            except ToolRefusal:
                continue
            if _MARK in shown and f"{_MARK}'" not in shown:  # not a list's Python text
                return isinstance(content, list)
        return None

    def _shows_tools(self) -> bool:
        try:
            return _MARK in self.render([_USER], [_tool(_MARK)], tokenize=False)
        except ToolRefusal:
            return False

    def _clean(self, message: Message) -> dict[str, Any]:
        content = [
            {**part, "text": self._neutral(part["text"])} if part["type"] == "text" else dict(part)
            for part in message["content"]
        ]
        return {**message, "content": content}

    def _neutral(self, text: str) -> str:
        """Text in which no token of control occurs: a report must not end its own message."""
        for token in self.control_tokens:
            text = text.replace(token, f"{token[0]}{_ZERO_WIDTH_SPACE}{token[1:]}")
        return text

    def _shaped(self, message: dict[str, Any]) -> dict[str, Any]:
        only_text = all(part["type"] == "text" for part in message["content"])
        if self._as_list.get(message["role"]) or not only_text:
            return message
        return {**message, "content": "".join(part["text"] for part in message["content"])}


def _without_system(messages: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Its words at the beginning of what the user says."""
    return [{**m, "role": "user"} if m["role"] == "system" else m for m in messages]


def _joined(messages: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What a user says in several messages, as one: many templates want turns."""
    joined: list[dict[str, Any]] = []
    for message in messages:
        if joined and message["role"] == joined[-1]["role"] == "user":
            content = [*joined[-1]["content"], *_text("\n\n"), *message["content"]]
            joined[-1] = {**joined[-1], "content": content}
        else:
            joined.append(message)
    return joined
