"""The server of the chat page: one application for the page, the viewer and the downloads."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from apps.chat.desk import Desk
from apps.chat.memory import give_back
from apps.chat.options import ChatOptions
from apps.chat.sessions import SessionStore

if TYPE_CHECKING:
    from fastapi import FastAPI

log = logging.getLogger(__name__)
_SWEEP_EVERY_S = 600.0


def build_app(options: ChatOptions) -> FastAPI:
    """The application.

    Args:
        options: how the page is served.
    """
    # Read by the page's library when it is imported: nothing is counted, nothing leaves.
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    from fastapi import FastAPI, HTTPException

    from apps.chat.guard import Guard
    from apps.chat.page import mount_page
    from apps.chat.routes import plain_refusal, session_router, viewed
    from apps.chat.viewer.routes import viewer_router

    store, desk = SessionStore(options.state, options.keep_hours), Desk(options)

    @asynccontextmanager
    async def at_work(app: FastAPI) -> AsyncIterator[None]:
        del app
        sweeping = asyncio.create_task(_sweep(store, desk))
        await asyncio.to_thread(desk.warm_up)
        try:
            yield
        finally:
            sweeping.cancel()
            desk.close()

    app = FastAPI(lifespan=at_work, docs_url=None, redoc_url=None, openapi_url=None)
    app.exception_handler(HTTPException)(plain_refusal)
    app.include_router(session_router(store, desk))
    app.include_router(viewer_router(partial(viewed, store, desk)))
    mount_page(app, store, desk)
    app.add_middleware(Guard, options=options)
    return app


async def _sweep(store: SessionStore, desk: Desk) -> None:
    """Remove what nobody has used for too long, now and every few minutes, and free memory."""
    while True:
        try:
            await asyncio.to_thread(sweep_once, store, desk)
            if desk.is_idle:
                await asyncio.to_thread(give_back)
        except OSError as error:  # the next time it may work again
            log.warning("expired sessions could not be removed: %s", type(error).__name__)
        await asyncio.sleep(_SWEEP_EVERY_S)


def sweep_once(store: SessionStore, desk: Desk) -> int:
    """Remove the sessions that nobody has used for too long and that are not at work.

    Returns:
        How many were removed.
    """
    gone = [s for s in store.expired() if not desk.is_busy(s)]
    for session in gone:
        desk.forget(session)
        store.remove(session)
    if gone:
        log.info("%d expired session(s) removed", len(gone))
    return len(gone)


def serve(options: ChatOptions, ready: Callable[[str], None]) -> None:
    """Serve until somebody presses Ctrl-C.

    Args:
        options: how the page is served.
        ready: is told the address once it answers.

    Raises:
        OSError: if the address cannot be listened on.
    """
    import socket

    import uvicorn

    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((options.host, options.port))
    port = listening.getsockname()[1]
    shown = f"[{options.host}]" if ":" in options.host else options.host

    class Announcing(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                ready(f"http://{shown}:{port}/")

    # No access log: addresses name sessions. Shutting down does not wait for streams to pages.
    config = uvicorn.Config(
        build_app(options), log_level="warning", access_log=False,
        timeout_graceful_shutdown=1, server_header=False, proxy_headers=options.behind_proxy_login,
    )  # fmt: skip
    server = Announcing(config)
    try:
        server.run(sockets=[listening])
    except KeyboardInterrupt:
        return
    finally:
        listening.close()
