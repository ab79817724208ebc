"""Expert tokens as VILA-M3 writes them: ``<VISTA3D(hepatic tumor)>``, anywhere in a message.

Nath et al., VILA-M3 (2024): a model calls an expert by a token with the expert's name and its
arguments, and answers in prose. We add ``<CLAIM(...)>`` and ``<ASK(...)>`` in the same form, which
checkpoints that do not know them need not write.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from agents.planner import Turn
from agents.vlm.dialects.dialect import Dialect, raw_sentences, text_of
from agents.vlm.moves import Move, RawSentence, split_prose, tidy
from agents.vlm.offer import Offer, UnreadableCallError, takes_places
from dxtrace.clinical import Arguments

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage, BaseMessage

_TOKEN = re.compile(
    r"<(?P<name>[A-Za-z][\w .:-]{0,63}?|\d[\w.:-]{0,63}?)\((?P<args>[^<>]{0,2000}?)\)>"
)
_LISTED = ("findings", "passages")
_NUMBERS = re.compile(r"-?\d+")
_IN_PICTURE = re.compile(r"([A-Za-z]+)\s*[:=]?\s*(-?\d+(?:\.\d+)?)")
_KEYED = re.compile(r"^\s*(point|outside|box)\s*:\s*(.*)$", re.IGNORECASE)


class TokenDialect(Dialect):
    """Tokens in prose; a message with no token of an expert is the answer."""

    name = "tokens"

    def instructions(self, offer: Offer) -> str:
        """The form of the tokens."""
        lines = [
            "Call an expert by writing <NAME(args)>; several in one message are called at once. "
            "Write no answer in a message that calls.",
            "A message without such a token is your answer: short sentences. You may write after "
            "a sentence what it claims and rests on: "
            "<CLAIM(concept; present; laterality=left; findings=f1)>, or for a conclusion "
            "<CLAIM(name; value=...)>.",
        ]
        if any(takes_places(card) for card in offer.cards):
            lines.append("Places: <NAME(point: slice row column)>, <NAME(box: low ..., high ...)>.")
        if offer.takes_places:
            lines.append(
                "Or in pixels of a picture: <NAME(point: picture 1 x 120 y 80)>, "
                "<NAME(box: picture 1 left 100 top 60 right 140 bottom 90)>."
            )
        if offer.facts:
            lines.append(f"For a missing fact: <ASK({offer.facts[0]})>.")
        return "\n".join(lines)

    def short_instructions(self, offer: Offer) -> str:
        """What is no call is the answer; and how to ask for a missing fact."""
        ask = f" For a missing fact: <ASK({offer.facts[0]})>." if offer.facts else ""
        return f"What you write without a call is your answer.{ask}"

    def read(self, message: AIMessage, offer: Offer) -> Move:
        """Read tokens; what stands beside a call is passed over."""
        move, text = Move(), text_of(message)
        calls = 0
        for match in _TOKEN.finditer(text):
            name, args = match["name"].strip(), match["args"].strip()
            if name == "ASK":
                move.add_question(offer, args)
            elif name != "CLAIM":
                calls += 1
                _add_call(move, offer, name, args)
        if not calls and not move.asks:
            move.sentences += _sentences(text)
        return move

    def spoken(self, turn: Turn, number: int) -> BaseMessage:
        """The turn as tokens and prose."""
        from langchain_core.messages import AIMessage

        del number
        parts = [f"<{c.tool}({_written(c.arguments)})>" for c in turn.calls]
        parts += [f"<ASK({fact})>" for fact in turn.asks]
        if turn.statement is not None:
            for sentence in raw_sentences(turn.statement):
                claims = " ".join(_claim_token(c) for c in sentence["claims"])
                parts.append(f"{sentence['text']} {claims}".strip())
        return AIMessage(content="\n".join(parts))

    def told(self, turn: Turn, number: int, results: Sequence[str], rest: str) -> list[BaseMessage]:
        """All results in one message."""
        from langchain_core.messages import HumanMessage

        del turn, number
        told = "\n\n".join([*results, *([rest] if rest else [])])
        return [HumanMessage(content=told)] if told else []


def _add_call(move: Move, offer: Offer, name: str, args: str) -> None:
    try:
        card = offer.card(name)
    except UnreadableCallError as error:
        move.problems.append(str(error))
        return
    arguments: dict[str, Any] = {}
    if args.lower() == "everything" and "everything" in card.prompts:
        arguments["everything"] = True
        args = ""
    known = {word.lower(): word for word in card.arguments}
    for part in _parts(args, known):
        keyed = _KEYED.match(part)
        if keyed:
            _add_place(arguments, keyed[1].lower(), keyed[2])
        elif part.lower() in known:
            arguments.setdefault("classes", []).append(known[part.lower()])
        elif part and part.lower() not in ("none", "args"):
            key = "phrases" if "phrases" in card.prompts else "classes"
            arguments.setdefault(key, []).append(part)
    move.add_call(offer, name, arguments)


def _parts(args: str, known: dict[str, str]) -> Iterator[str]:
    """The arguments of a token: places end with a semicolon, words with a comma, too."""
    for part in args.split(";"):
        whole = _KEYED.match(part) or part.strip().lower() in known
        for word in [part] if whole else part.split(","):
            yield word.strip().strip("'\"")


def _add_place(arguments: dict[str, Any], kind: str, words: str) -> None:
    name = "boxes" if kind == "box" else "points"
    side = {} if kind == "box" else {"inside": kind == "point"}
    arguments.setdefault(name, []).append({**_place(kind, words), **side})


def _place(kind: str, words: str) -> dict[str, Any]:
    """``picture 1 x 120 y 80``, or numbers: array indices."""
    named = _IN_PICTURE.findall(words)
    if named and named[0][0].lower() == "picture":
        pixels = {key.lower(): float(number) for key, number in named[1:]}
        return {"picture": int(float(named[0][1])), **pixels}
    numbers = [int(n) for n in _NUMBERS.findall(words)]
    half = len(numbers) // 2
    return {"low": numbers[:half], "high": numbers[half:]} if kind == "box" else {"at": numbers}


def _written(arguments: Arguments) -> str:
    places = [f"{'point' if p.inside else 'outside'}: {_row(p.at)}" for p in arguments.points]
    places += [f"box: {_row(b.low)} {_row(b.high)}" for b in arguments.boxes]
    everything = ["everything"] if arguments.everything else []
    return "; ".join([*arguments.classes, *arguments.phrases, *places, *everything])


def _row(index: Sequence[int]) -> str:
    return " ".join(map(str, index))


def _sentences(text: str) -> list[RawSentence]:
    """Prose, each claim token with the sentence that it follows."""
    found: list[RawSentence] = []
    position = 0
    for match in _TOKEN.finditer(text):
        found += [RawSentence(t) for t in split_prose(text[position : match.start()])]
        position = match.end()
        if match["name"].strip() == "CLAIM":
            claim = dict(_claim_fields(match["args"]))
            if found:
                found[-1].claims.append(claim)
            else:
                found.append(RawSentence(tidy(match["args"]), [claim]))
    return found + [RawSentence(t) for t in split_prose(text[position:])]


def _claim_fields(args: str) -> Iterator[tuple[str, Any]]:
    first, *others = [part.strip() for part in args.split(";")]
    yield "concept", first
    for part in others:
        key, equals, value = (x.strip() for x in part.partition("="))
        if not equals:
            yield "presence", key
        elif key in _LISTED:
            yield key, [v.strip() for v in value.split(",") if v.strip()]
        else:
            yield key, value


def _claim_token(claim: dict[str, Any]) -> str:
    parts = [claim["concept"]]
    for key, value in claim.items():
        if key == "presence":
            parts.append(value)
        elif key in _LISTED:
            parts.append(f"{key}={', '.join(value)}")
        elif key != "concept":
            parts.append(f"{key}={value}")
    return f"<CLAIM({'; '.join(parts)})>"
