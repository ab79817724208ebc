"""A small server with the viewer, and a page that it stands in."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse

from apps.chat.viewer.routes import viewer_router
from apps.chat.viewer.viewed import Viewed
from tests.processes import wait_until

HOST_PAGE = """<!doctype html><html lang="en"><title>Host</title>
<link rel="icon" href="data:,"><body style="margin:0">
<iframe id="viewer" title="Images" src="/view/{session}/{query}"
  style="width:100%;height:96vh"></iframe>
<script>
window.heard = [];
addEventListener("message", (event) => {{
  if (event.origin === location.origin) heard.push(event.data);
}});
window.say = (message) =>
  document.getElementById("viewer").contentWindow.postMessage(message, location.origin);
</script></body></html>"""


class Site:
    """Sessions by their name, and where they are served."""

    def __init__(self) -> None:
        self.sessions: dict[str, Viewed] = {}
        self.address = ""
        self.asked: list[str] = []

    def find(self, request: Request, session: str) -> Viewed:
        self.asked.append(request.url.path)
        if session not in self.sessions:
            raise HTTPException(404, "there is no such session")
        return self.sessions[session]

    def page(self, session: str, query: str = "") -> str:
        return f"{self.address}/view/{session}/{query}"

    def host(self, session: str, query: str = "") -> str:
        return f"{self.address}/host/{session}{query}"


@contextmanager
def serving() -> Iterator[Site]:
    """The site, until the block ends."""
    site = Site()
    app = FastAPI()
    app.include_router(viewer_router(site.find))

    @app.get("/host/{session}")
    def host(session: str, request: Request) -> HTMLResponse:
        query = f"?{request.url.query}"
        return HTMLResponse(HOST_PAGE.format(session=session, query=query))

    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_until(lambda: server.started or not thread.is_alive(), "the site listens")
        port = server.servers[0].sockets[0].getsockname()[1]
        site.address = f"http://127.0.0.1:{port}"
        yield site
    finally:
        server.should_exit = True
        thread.join()
