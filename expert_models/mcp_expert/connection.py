"""A server's process and the loop that speaks with it."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

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


@dataclass(frozen=True, slots=True)
class _Asked:
    tool: str
    arguments: dict[str, Any]
    answer: Future[Any]


class Connection:
    """A server that has been started and has introduced itself.

    Its loop runs in a thread that nothing waits for: a program that ends does not wait for a
    server, which ends by itself when nobody is there any more.

    Args:
        server: how it is started.
        limit: longest wait for an answer; None where somebody else looks to that.

    Raises:
        OSError: if it cannot be started.
        mcp.McpError: if it refuses to speak; either may come in an ``ExceptionGroup``.
    """

    def __init__(self, server: Server, limit: timedelta | None) -> None:
        self._server, self._limit = server, limit
        self._waiting: Future[Any] = Future()
        self._asked: asyncio.Queue[_Asked] = asyncio.Queue()
        self._loop = asyncio.new_event_loop()
        self._task = self._loop.create_task(self._live())
        self._thread = threading.Thread(target=self._run, name="dxtrace-mcp", daemon=True)
        opened = self._waiting
        self._thread.start()
        try:
            opened.result()
        except BaseException:  # the user's interrupt, too
            self.close()
            raise

    def call(self, tool: str, arguments: Mapping[str, Any]) -> Any:
        """Call a tool of the server, by one thread at a time.

        Raises:
            OSError, anyio.BrokenResourceError: if the server ends.
            mcp.McpError: if it refuses to speak; each may come in an ``ExceptionGroup``.
            RuntimeError: if its answer is not what it has promised.
        """
        asked = _Asked(tool, dict(arguments), Future())
        self._loop.call_soon_threadsafe(self._asked.put_nowait, asked)
        return asked.answer.result()

    def close(self) -> None:
        """End the server."""
        self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join()

    # -- in the loop's thread ----------------------------------------------------------------------

    def _run(self) -> None:
        with suppress(asyncio.CancelledError):
            self._loop.run_until_complete(self._task)
        self._loop.close()

    async def _live(self) -> None:
        """Answer calls until cancelled; once the server has ended, say why."""
        try:
            await self._serve()
        except Exception as error:  # noqa: BLE001  # whoever calls is told
            while True:
                if not self._waiting.done():
                    self._waiting.set_exception(error)
                await self._next()

    async def _serve(self) -> None:
        from mcp import ClientSession, StdioServerParameters
        from mcp.client.stdio import stdio_client

        started = StdioServerParameters(
            command=sys.executable,
            args=["-I", str(LEASH), self._server.command, *self._server.args],
            env=dict(self._server.env),
            cwd=self._server.cwd,
        )
        async with AsyncExitStack() as stack:
            streams = stdio_client(started, sys.__stderr__ or sys.stderr)
            read, write = await stack.enter_async_context(streams)
            client = await stack.enter_async_context(ClientSession(read, write, self._limit))
            await client.initialize()
            self._waiting.set_result(None)
            while True:
                asked = await self._next()
                try:
                    asked.answer.set_result(await client.call_tool(asked.tool, asked.arguments))
                except Exception as error:  # noqa: BLE001  # the same
                    asked.answer.set_exception(error)

    async def _next(self) -> _Asked:
        asked = await self._asked.get()
        self._waiting = asked.answer
        return asked
