"""What a model can do, found out by asking it: nothing of any case is sent."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from agents.vlm.models.entry import PlannerEntry
from agents.vlm.models.errors import PlannerError, PlannerRefused
from agents.vlm.models.opening import open_chat_model
from agents.vlm.models.reaching import served_models
from agents.vlm.thinking import without_thinking
from dxtrace.clinical.base import Frozen

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage

_QUARTER_PX = 112
_QUARTERS = (((0, 160, 0), (220, 0, 0)), ((0, 0, 220), (240, 220, 0)))  # upper left is green
_SEEN = "green"
_LONGEST = 80
_TOOL = {
    "type": "function",
    "function": {
        "name": "measure",
        "description": "Measures a structure.",
        "parameters": {
            "type": "object",
            "properties": {"structure": {"type": "string", "description": "What to measure."}},
            "required": ["structure"],
        },
    },
}
_JSON = {"structure": "aorta", "count": 2}


class Ability(Frozen):
    """Whether a model can do something.

    Attributes:
        state: ``untested`` if it could not be found out.
        reason: what it was found out by, or why not.
    """

    state: Literal["yes", "no", "untested"]
    reason: str


class Abilities(Frozen):
    """What a model can do.

    Attributes:
        model: the one that answered, as its server or provider calls it.
        context_tokens: how much it can read and write at once, as far as is known.
        served: all models of its endpoint.
        reached: whether it answers at all.
        images: whether it sees the colour of a quarter of a picture.
        tools: whether it calls a tool that it is told to call.
        json_object: whether it writes a JSON object that it is told to write.
    """

    model: str
    context_tokens: int
    served: tuple[str, ...] = ()
    reached: Ability
    images: Ability
    tools: Ability
    json_object: Ability


def probe(entry: PlannerEntry) -> Abilities:
    """Ask a model for a few small things.

    Args:
        entry: the model. It is opened, which loads one of this process.
    """
    try:
        served = served_models(entry)
        model = open_chat_model(entry)
    except PlannerError as error:
        return _unreached(entry, str(error))
    opened: PlannerEntry = getattr(model, "entry", entry)
    json_object = _tried(lambda: _writes_json(model))
    if json_object.state == "untested":
        return _unreached(opened, json_object.reason)
    return Abilities(
        model=opened.model,
        context_tokens=opened.context_tokens,
        served=served,
        reached=Ability(state="yes", reason="it answers"),
        images=_tried(lambda: _sees(model))
        if entry.images
        else Ability(state="untested", reason="its entry says images: 0"),
        tools=_tried(lambda: _calls(model)),
        json_object=json_object,
    )


def _unreached(entry: PlannerEntry, reason: str) -> Abilities:
    unknown = Ability(state="untested", reason="it was not reached")
    return Abilities(
        model=entry.model, context_tokens=entry.context_tokens,
        reached=Ability(state="no", reason=reason),
        images=unknown, tools=unknown, json_object=unknown,
    )  # fmt: skip


def _tried(attempt: Callable[[], Ability]) -> Ability:
    try:
        return attempt()
    except PlannerRefused as error:
        return Ability(state="no", reason=str(error))
    except PlannerError as error:
        return Ability(state="untested", reason=str(error))


def _ask(model: Any, *content: dict[str, Any]) -> AIMessage:
    from langchain_core.messages import HumanMessage

    answer: AIMessage = model.invoke([HumanMessage(list(content))])
    return answer


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def _sees(model: BaseChatModel) -> Ability:
    question = "What colour is the upper left quarter of this picture? Answer with one word."
    said = without_thinking(_ask(model, _text(question), _picture()).text)
    state: Literal["yes", "no"] = "yes" if _SEEN in said.lower() else "no"
    return Ability(state=state, reason=f"a quarter is {_SEEN}, it said {_short(said)}")


def _picture() -> dict[str, Any]:
    """Four quarters in four colours."""
    from PIL import Image

    picture = Image.new("RGB", (2, 2))
    for row, colours in enumerate(_QUARTERS):
        for column, colour in enumerate(colours):
            picture.putpixel((column, row), colour)
    written = io.BytesIO()
    size = (2 * _QUARTER_PX, 2 * _QUARTER_PX)
    picture.resize(size, Image.Resampling.NEAREST).save(written, "PNG")
    data = base64.b64encode(written.getvalue()).decode()
    return {"type": "image", "base64": data, "mime_type": "image/png"}


def _calls(model: BaseChatModel) -> Ability:
    bound = model.bind_tools([_TOOL])
    said = _ask(
        bound, _text("Call the tool measure with structure set to aorta. Say nothing else.")
    )
    for call in said.tool_calls:
        if call["name"] == "measure" and str(call["args"].get("structure")).lower() == "aorta":
            return Ability(state="yes", reason="it called the tool that it was told to call")
    errors = [call["error"] for call in said.invalid_tool_calls]
    got: object = said.tool_calls if said.tool_calls else errors or said.text
    return Ability(state="no", reason=f"it was told to call measure(aorta), it said {_short(got)}")


def _writes_json(model: BaseChatModel) -> Ability:
    wanted = json.dumps(_JSON)
    order = f"Write this JSON object, and nothing else: {wanted}"
    said = without_thinking(_ask(model, _text(order)).text)
    body = said.strip().removeprefix("```json").strip("`\n ")
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if found == _JSON:
        return Ability(state="yes", reason="it wrote the object that it was told to write")
    return Ability(state="no", reason=f"it was told to write {wanted}, it said {_short(said)}")


def _short(said: object) -> str:
    text = " ".join(str(said).split())
    return repr(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}...")
