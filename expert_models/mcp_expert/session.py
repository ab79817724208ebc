"""A session with a server, kept between calls."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from expert_models.errors import RetryableError

LEASH = Path(__file__).with_name("leash.py")


@dataclass(frozen=True)
class Server:
    """How a server is started.

    Attributes:
        command: a program, such as the Python of another environment.
        args: its arguments.
        env: variables beside the few that every process needs.
        cwd: where it is started.
    """

    command: str
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None


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
        self._open: ExitStack | None = None
        self._portal: Any = None
        self._client: Any = None

    def call(self, tool: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Call a tool of the server.

        Returns:
            What it gave, a JSON object.

        Raises:
            RetryableError: if the server cannot be started, or ends during the call.
            RuntimeError: with what the server says went wrong.
        """
        from mcp import McpError

        with self._lock:
            try:
                if self._open is None:
                    self._start()
                result = self._portal.call(self._client.call_tool, tool, dict(arguments))
            except (McpError, OSError, ExceptionGroup) as error:
                self._close()
                raise RetryableError(
                    f"the server {self._server.command} ended or refused to speak: {_first(error)}"
                ) from None
        return _object(tool, result)

    def close(self) -> None:
        """End the server."""
        with self._lock:
            self._close()

    def _start(self) -> None:
        from anyio.from_thread import start_blocking_portal
        from mcp import ClientSession, StdioServerParameters
        from mcp.client.stdio import stdio_client

        started = StdioServerParameters(
            command=sys.executable,
            args=["-I", str(LEASH), self._server.command, *self._server.args],
            env=dict(self._server.env),
            cwd=self._server.cwd,
        )
        with ExitStack() as stack:
            portal = stack.enter_context(start_blocking_portal())
            streams = portal.wrap_async_context_manager(
                stdio_client(started, sys.__stderr__ or sys.stderr)
            )
            read, write = stack.enter_context(streams)
            client = stack.enter_context(
                portal.wrap_async_context_manager(ClientSession(read, write, self._limit))
            )
            portal.call(client.initialize)
            self._portal, self._client, self._open = portal, client, stack.pop_all()

    def _close(self) -> None:
        opened, self._open, self._client = self._open, None, None
        if opened is not None:
            # What a server that has ended leaves behind is no news.
            with suppress(OSError, ExceptionGroup):
                opened.close()


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
