"""Tool calls as models write them into their text, by the families' own formats."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

# Hermes and Qwen: JSON in tags; Qwen3-Coder and Qwen3.5: a function's name and parameters in tags.
_TAGGED = re.compile(r"<tool_call>\s*(?P<body>.*?)\s*(?:</tool_call>|$)", re.DOTALL)
_FUNCTION = re.compile(r"<function=(?P<name>[^>\n]+)>(?P<body>.*?)(?:</function>|$)", re.DOTALL)
_PARAMETER = re.compile(
    r"<parameter=(?P<key>[^>\n]+)>\s*(?P<value>.*?)\s*(?:</parameter>|$)", re.DOTALL
)
# Mistral: a list after a mark, or (newer) a mark, a name, a mark and the arguments for each call.
_MISTRAL = re.compile(r"\[TOOL_CALLS\]\s*(?P<body>[\[{].*)", re.DOTALL)
_MISTRAL_NAMED = re.compile(
    r"\[TOOL_CALLS\]\s*(?P<name>[\w.-]+)\s*(?:\[CALL_ID\][^\[]*)?\[ARGS\]\s*"
    r"(?P<body>.*?)(?=\[TOOL_CALLS\]|$)",
    re.DOTALL,
)
_LLAMA = re.compile(r"<\|python_tag\|>\s*(?P<body>.*)", re.DOTALL)
_FENCED = re.compile(r"```(?:json|tool_call|tool_code)?\s*(?P<body>[\[{].*?)\s*```", re.DOTALL)
_OPENINGS = ("<tool_call>", "[TOOL_CALLS]", "<|python_tag|>", "<function=", "```")
_DECODER = json.JSONDecoder()


@dataclass(frozen=True)
class WrittenCall:
    """What was meant as a call, whether or not it is one.

    Attributes:
        name: of the tool; empty if there is none.
        arguments: JSON, or what stands in its place.
    """

    name: str
    arguments: str


@dataclass(frozen=True)
class Said:
    """What an answer says.

    Attributes:
        text: its words, without calls.
        calls: its calls, in order.
    """

    text: str
    calls: tuple[WrittenCall, ...] = ()


def read_calls(text: str, names: Collection[str]) -> Said:
    """Tell tool calls from words.

    Args:
        text: an answer, control tokens included.
        names: the tools that were offered. JSON without any mark is a call only if it names one of
            them; after a mark, anything is meant as a call.
    """
    for pattern, read in (
        (_TAGGED, _tagged),
        (_MISTRAL_NAMED, _named),
        (_MISTRAL, _listed),
        (_LLAMA, _listed),
        (_FUNCTION, _function),
    ):
        matches = list(pattern.finditer(text))
        if matches:
            return Said(pattern.sub("", text).strip(), tuple(c for m in matches for c in read(m)))
    return _unmarked(text, names)


def held_back(text: str) -> int:
    """From where on an unfinished text must wait: a call may begin there."""
    stripped = len(text) - len(text.lstrip())
    if text[stripped : stripped + 1] in ("{", "["):
        return stripped
    places = [place for mark in _OPENINGS if (place := text.find(mark)) >= 0]
    for mark in _OPENINGS:
        for length in range(len(mark) - 1, 0, -1):
            if text.endswith(mark[:length]):
                places.append(len(text) - length)
                break
    return min(places, default=len(text))


def _tagged(match: re.Match[str]) -> Iterator[WrittenCall]:
    body = match["body"]
    inner = list(_FUNCTION.finditer(body))
    if inner:
        for function in inner:
            yield from _function(function)
    else:
        yield from _objects(body)


def _function(match: re.Match[str]) -> Iterator[WrittenCall]:
    arguments = {p["key"].strip(): _value(p["value"]) for p in _PARAMETER.finditer(match["body"])}
    yield WrittenCall(match["name"].strip(), json.dumps(arguments, ensure_ascii=False))


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _named(match: re.Match[str]) -> Iterator[WrittenCall]:
    body = match["body"].strip()
    try:
        _, end = _DECODER.raw_decode(body)
    except (ValueError, RecursionError):
        end = len(body)
    yield WrittenCall(match["name"], body[:end])


def _listed(match: re.Match[str]) -> Iterator[WrittenCall]:
    yield from _objects(match["body"])


def _objects(body: str) -> Iterator[WrittenCall]:
    """Calls in JSON: an object, a list of them, or several after one another (``;`` between)."""
    rest = body.strip()
    if not rest:
        yield WrittenCall("", "")
    while rest:
        try:
            value, end = _DECODER.raw_decode(rest)
        except (ValueError, RecursionError):
            # After a call, words may follow, or a token that ends the answer.
            if rest.startswith(("{", "[")) or rest == body.strip():
                yield WrittenCall("", rest)
            return
        for item in (value or [None]) if isinstance(value, list) else [value]:
            yield _object(item)
        rest = rest[end:].lstrip(" \n\t;,")


def _object(item: Any) -> WrittenCall:
    if isinstance(item, dict) and isinstance(item.get("function"), dict):
        item = item["function"]
    if not isinstance(item, dict) or not isinstance(item.get("name"), str):
        return WrittenCall("", json.dumps(item, ensure_ascii=False))
    arguments = item.get("arguments", item.get("parameters", {}))
    if not isinstance(arguments, str):
        arguments = json.dumps(arguments, ensure_ascii=False)
    return WrittenCall(item["name"], arguments)


def _unmarked(text: str, names: Collection[str]) -> Said:
    """JSON without a mark, alone or in a fence; else the text is words."""
    fenced = _FENCED.search(text)
    body = fenced["body"] if fenced else text.strip()
    if not body.startswith(("{", "[")):
        return Said(text.strip())
    found = tuple(_objects(body))
    if not found or any(call.name not in names for call in found):
        return Said(text.strip())
    return Said(text.replace(fenced[0], "").strip() if fenced else "", found)
