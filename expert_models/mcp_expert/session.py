"""A session with a server, kept between calls."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from expert_models.errors import RetryableError
from expert_models.mcp_expert.connection import Connection, Server


class McpSession:
    """Starts a server at the first call and keeps it; a server that ended is started again.

    Args:
        server: how it is started.
        limit_s: longest wait for an answer, in seconds; None where somebody else looks to that.
    """

    def __init__(self, server: Server, *, limit_s: float | None = None) -> None:
        self._server = server
        self._limit = None if limit_s is None else timedelta(seconds=limit_s)
        self._lock = threading.Lock()
        self._connection: Connection | None = None

    def call(self, tool: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Call a tool of the server.

        Returns:
            What it gave, a JSON object.

        Raises:
            RetryableError: if the server cannot be started, or ends during the call.
            RuntimeError: with what the server says went wrong.
        """
        from anyio import BrokenResourceError, ClosedResourceError
        from mcp import McpError

        ended = (BrokenResourceError, ClosedResourceError, McpError, OSError, ExceptionGroup)
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = Connection(self._server, self._limit)
                result = self._connection.call(tool, arguments)
            except ended as error:
                self._close()
                raise RetryableError(
                    f"the server {self._server.command} ended or refused to speak: {_first(error)}"
                ) from None
        return _object(tool, result)

    def close(self) -> None:
        """End the server."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _first(error: Exception) -> Exception:
    """The first of the errors that a group of tasks ended with."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


def _object(tool: str, result: Any) -> dict[str, Any]:
    texts = [part.text for part in result.content if part.type == "text"]
    if result.isError:
        raise RuntimeError(f"the server's tool {tool} failed: {' '.join(texts)[:500]}")
    if result.structuredContent is not None:
        return dict(result.structuredContent)
    try:
        found = json.loads(texts[0])
    except (IndexError, ValueError, RecursionError):
        raise RuntimeError(f"the server's tool {tool} gave no JSON") from None
    if not isinstance(found, dict):
        raise RuntimeError(f"the server's tool {tool} gave no JSON object")  # noqa: TRY004  # it is the server's fault
    return found
