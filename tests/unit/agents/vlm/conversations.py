"""One conversation written in each dialect, as models would write it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.openai_server import Reply


@dataclass(frozen=True)
class Said:
    """What a model says in one message.

    Attributes:
        calls: expert and arguments.
        answer: sentences, each with its claims.
        ask: a fact to ask the user for.
    """

    calls: Sequence[tuple[str, dict[str, Any]]] = ()
    answer: Sequence[tuple[str, Sequence[dict[str, Any]]]] = ()
    ask: str = ""

    def in_dialect(self, dialect: str) -> Reply:
        """The message as the dialect writes it."""
        return {"tools": self._functions, "tokens": self._tokens, "json": self._json}[dialect]()

    def _functions(self) -> Reply:
        calls: list[tuple[str, dict[str, Any]]] = list(self.calls)
        if self.ask:
            calls.append(("ask_user", {"fact": self.ask}))
        if self.answer:
            calls.append(("answer", {"sentences": self._sentences()}))
        return Reply(calls=calls, finish="tool_calls")

    def _json(self) -> Reply:
        written: dict[str, Any] = {}
        if self.calls:
            written["calls"] = [{"expert": name, **args} for name, args in self.calls]
        if self.ask:
            written["ask"] = [self.ask]
        if self.answer:
            written["answer"] = self._sentences()
        return Reply(text=f"Here it is:\n```json\n{json.dumps(written)}\n```")

    def _tokens(self) -> Reply:
        parts = [f"<{name}({_words(args)})>" for name, args in self.calls]
        if self.ask:
            parts.append(f"<ASK({self.ask})>")
        for text, claims in self.answer:
            parts.append(" ".join([text, *map(_claim, claims)]))
        return Reply(text=" ".join(parts))

    def _sentences(self) -> list[dict[str, Any]]:
        return [{"text": text, "claims": list(claims)} for text, claims in self.answer]


@dataclass(frozen=True)
class Conversation:
    """What a model says, message after message."""

    said: Sequence[Said] = field(default_factory=tuple)

    def in_dialect(self, dialect: str) -> list[Reply]:
        """The messages as the dialect writes them."""
        return [message.in_dialect(dialect) for message in self.said]


def _words(args: dict[str, Any]) -> str:
    return ", ".join([*args.get("classes", ()), *args.get("phrases", ())])


def _claim(claim: dict[str, Any]) -> str:
    parts = [str(claim["concept"])]
    for key, value in claim.items():
        if key in ("findings", "passages"):
            parts.append(f"{key}={', '.join(value)}")
        elif key != "concept":
            parts.append(f"{key}={value}")
    return f"<CLAIM({'; '.join(parts)})>"
