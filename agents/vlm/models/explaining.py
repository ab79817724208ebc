"""An error of a client library as one of ours: who must act, and what came."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from agents.vlm.models.entry import PlannerEntry
from agents.vlm.models.errors import PlannerError, PlannerRefused, PlannerUnavailable
from agents.vlm.models.key import without_key

_LONGEST = 300
_ADVICE = {
    401: "it wants another key",
    403: "the key does not suffice",
    404: "there is no such model, or the address does not end as it should (mostly in /v1)",
    413: "the request is too large",
    429: "it is asked too often",
}
_REDIRECTS = range(300, 400)
_PASSING = frozenset({408, 409, 425, 429})
_OWN_FAULTS = 500


def place_of(entry: PlannerEntry) -> str:
    """Where a model is, and which it is, for messages."""
    if entry.base_url is None:
        return entry.model
    return f"{entry.base_url} ({entry.model})" if entry.model else entry.base_url


def explain(entry: PlannerEntry, error: Exception) -> PlannerError:
    """Say what an error of the client library means.

    Args:
        entry: the model that was asked.
        error: what was raised; its status decides who must act. Without one, the connection or
            the answer was at fault.
    """
    if isinstance(error, PlannerError):
        return error
    kind, what = _told(error)
    return kind(f"{place_of(entry)}: {without_key(entry, what)}")


def _told(error: Exception) -> tuple[type[PlannerError], str]:
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        kind = PlannerUnavailable if _is_passing(status) else PlannerRefused
        return kind, f"answered {status}{_advice(status, error)}{_said(error)}"
    if isinstance(error, json.JSONDecodeError):
        return PlannerUnavailable, f"expected JSON, got {error.doc!r:.80}"
    return PlannerUnavailable, _cause(error)


def _is_passing(status: int) -> bool:
    return status >= _OWN_FAULTS or status in _PASSING


def _advice(status: int, error: Exception) -> str:
    response = getattr(error, "response", None)
    headers: Mapping[str, str] = getattr(response, "headers", {})
    if status in _REDIRECTS:
        return f", and points to {headers.get('location', 'nowhere')!r:.200}: name that address"
    advice = f" ({_ADVICE[status]})" if status in _ADVICE else ""
    wait = headers.get("retry-after")
    return f"{advice}, and asks to wait {wait[:40]} s" if wait else advice


def _said(error: Exception) -> str:
    body: Any = getattr(error, "body", None)
    if isinstance(body, dict):
        inner = body.get("error", body)
        body = (inner.get("message") or inner.get("detail")) if isinstance(inner, dict) else inner
    text = " ".join(str(body or "").split())
    return f": {text[:_LONGEST]}" if text else ""


def _cause(error: Exception) -> str:
    """The innermost reason, which names the socket's error where there is one."""
    inner: BaseException = error
    while inner.__cause__ is not None or inner.__context__ is not None:
        inner = inner.__cause__ or inner.__context__ or inner
    words = " ".join(str(inner).split()) or " ".join(str(error).split())
    kind = type(error).__name__
    return f"{kind}: {words[:_LONGEST]}" if words else kind
