"""Hosted providers by name, through the package that LangChain has for each."""

from __future__ import annotations

from typing import Any

from agents.vlm.models.entry import PlannerEntry
from agents.vlm.models.errors import PlannerRefused, PlannerUnavailable
from agents.vlm.models.explaining import explain
from agents.vlm.models.key import key_of
from agents.vlm.models.remote import RemoteChatModel


def open_hosted(entry: PlannerEntry) -> RemoteChatModel:
    """Open a hosted model; nothing is sent yet.

    Raises:
        PlannerUnavailable: if the provider's package is not installed.
        PlannerRefused: if there is no such provider, or it has no key.
    """
    from langchain.chat_models import init_chat_model

    provider, _, model = entry.model.partition(":")
    options: dict[str, Any] = {
        "temperature": entry.temperature,
        "max_tokens": entry.max_tokens,
        "timeout": entry.timeout_s,
        "max_retries": entry.retries,
    }
    key = key_of(entry)  # without one, the provider's package reads the variable that it documents
    if key is not None:
        options["api_key"] = key
    try:
        inner = init_chat_model(model, model_provider=provider, **options)
    except ImportError as error:
        raise PlannerUnavailable(f"{entry.name}: {error}") from error
    except Exception as error:  # each provider's package has errors of its own
        raise PlannerRefused(f"{entry.name}: cannot be set up: {explain(entry, error)}") from error
    return RemoteChatModel(entry=entry, inner=inner)
