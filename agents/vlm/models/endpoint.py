"""An OpenAI-compatible endpoint, as vLLM and others serve it."""

from __future__ import annotations

import ssl
from typing import Any

import openai
from langchain_openai.chat_models.base import BaseChatOpenAI
from pydantic import SecretStr

from agents.vlm.models.entry import PlannerEntry
from agents.vlm.models.errors import PlannerRefused
from agents.vlm.models.explaining import place_of
from agents.vlm.models.in_the_house import is_in_the_house
from agents.vlm.models.key import key_of
from agents.vlm.models.remote import REPLIES, RemoteChatModel, timed

_CONNECT_S = 5.0
_MOST_NAMED = 12
_OK = 200
# The client wants a key; a server without keys ignores it. OPENAI_API_KEY of the environment is
# OpenAI's and goes to no other host.
_NO_KEY = "none"


def open_endpoint(entry: PlannerEntry) -> RemoteChatModel:
    """Open an endpoint; it is asked for its models if the entry names none.

    Raises:
        PlannerUnavailable: if it cannot be reached.
        PlannerRefused: if it serves several models and none was named, or the key is not set.
    """
    client = connect(entry)
    if not entry.model:
        entry = _with_served(entry, list_models(entry, client))
    inner = BaseChatOpenAI(
        model=entry.model,
        base_url=entry.base_url,
        api_key=SecretStr(client.api_key),
        temperature=entry.temperature,
        max_tokens=entry.max_tokens,
        stream_usage=True,
        stream_chunk_timeout=None,  # the whole answer has a limit
        use_responses_api=False,
        root_async_client=client,
        async_client=client.chat.completions,
    )
    return RemoteChatModel(entry=entry, inner=inner)


def connect(entry: PlannerEntry) -> openai.AsyncOpenAI:
    """A client for an endpoint; nothing is sent yet.

    Raises:
        PlannerRefused: if the key is not set.
    """
    inside = is_in_the_house(entry.base_url or "")
    # A redirect would take the images along, to anywhere; a proxy may be outside as well. Without
    # the environment, authorities of the house are still those that this machine trusts.
    http = openai.DefaultAsyncHttpxClient(
        follow_redirects=False,
        trust_env=not inside,
        verify=ssl.create_default_context() if inside else True,
        event_hooks={"response": [_remember]},
    )
    return openai.AsyncOpenAI(
        api_key=key_of(entry) or _NO_KEY,
        base_url=entry.base_url,
        max_retries=entry.retries,
        timeout=openai.Timeout(entry.timeout_s, connect=_CONNECT_S),
        http_client=http,
    )


def list_models(entry: PlannerEntry, client: openai.AsyncOpenAI) -> dict[str, int | None]:
    """The models that an endpoint serves, to how much each can read, where it says so.

    Raises:
        PlannerUnavailable: if it cannot be reached.
        PlannerRefused: if it does not tell.
    """
    found = timed(entry, lambda: client.models.list().__aiter__(), entry.timeout_s)
    return {model.id: getattr(model, "max_model_len", None) for model in found}


def _with_served(entry: PlannerEntry, served: dict[str, int | None]) -> PlannerEntry:
    """The entry with what it lacks: the model that is served, and how much it can read."""
    if len(served) != 1:
        names = ", ".join(list(served)[:_MOST_NAMED]) or "none"
        raise PlannerRefused(
            f"{place_of(entry)}: expected one model, got {names}: name one as "
            f"{entry.base_url}#MODEL, or as model in planners.yaml"
        )
    ((model, length),) = served.items()
    entry = entry.model_copy(update={"model": model})
    return entry.fitted(length) if isinstance(length, int) else entry


async def _remember(response: Any) -> None:
    """Keep what a server said to one of several tries, for the message if all fail."""
    replies = REPLIES.get()
    if replies is not None and response.status_code != _OK:
        wait = response.headers.get("retry-after")
        replies.append(f"{response.status_code}{f' (Retry-After: {wait[:40]})' if wait else ''}")
