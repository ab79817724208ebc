"""What every request must pass: host and origin, the password, the addresses that are served."""

from __future__ import annotations

import base64
import hmac
import logging
import re
import secrets
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse

from apps.chat.attempts import WrongPasswords
from apps.chat.options import LOOPBACK, ChatOptions

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger(__name__)
COOKIE = "dxtrace_visitor"
_VISITOR = re.compile(r"[A-Za-z0-9_-]{40,64}")
_KEEP_COOKIE_S = 90 * 24 * 3600
_SAFE_METHODS = ("GET", "HEAD")
# What the page's library offers beyond these (its file, upload and proxy routes) is not served.
_LIBRARY = re.compile(
    r"/(?:|config|theme\.css|favicon\.ico|robots\.txt|manifest\.json"
    r"|(?:assets|static|svelte)/.*"
    r"|gradio_api/(?:queue/(?:join|data)|heartbeat/.*|startup-events|app_id|info|cancel|reset"
    r"|theme\.css))/?"
)
_OURS = re.compile(r"/(?:session|view|chat-static)(?:/.*)?")
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self' blob: data:; worker-src 'self' blob:; frame-src 'self'; "
    "frame-ancestors 'self'; object-src 'none'; base-uri 'self'; form-action 'self'"
)
_HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}


class Guard:
    """Refuses what must not come in, and tells each visitor apart by a cookie.

    Args:
        app: what is guarded.
        options: how the page is served.
    """

    def __init__(self, app: ASGIApp, options: ChatOptions) -> None:
        self._app, self._options = app, options
        self._wrong = WrongPasswords()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve or refuse one request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        visitor = visitor_of(headers)
        fresh = "" if visitor else secrets.token_urlsafe(32)
        scope["visitor"] = visitor or fresh

        begun = False

        async def answer(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                _complete(MutableHeaders(scope=message), scope, fresh)
            await send(message)

        try:
            await self._app(scope, receive, answer)
        except ClientDisconnect:
            return
        except Exception as error:  # noqa: BLE001 - its traceback may name files and sessions
            log.warning("a request failed: %s", type(error).__name__)
            if not begun:
                failed = PlainTextResponse("The server failed at this.", 500)
                await failed(scope, receive, answer)

    def _refusal(self, scope: Scope, headers: Headers) -> PlainTextResponse | None:
        if not self._is_own_host(headers.get("host", "")):
            return PlainTextResponse("This page does not answer to that name.", 421)
        if not _is_same_origin(scope["method"], headers):
            return PlainTextResponse("Requests of other pages are refused.", 403)
        if self._options.password and (barred := self._barred(scope, headers)):
            return barred
        path = scope["path"]
        if not (_LIBRARY.fullmatch(path) or _OURS.fullmatch(path)):
            return PlainTextResponse("Not found", 404)
        return None

    def _is_own_host(self, host: str) -> bool:
        """Another name that leads to this machine is how a foreign page would get in."""
        if not self._options.is_local:
            return True  # whoever asks from afar gives a password, which no foreign page knows
        try:
            return urlsplit(f"//{host}").hostname in LOOPBACK
        except ValueError:
            return False

    def _barred(self, scope: Scope, headers: Headers) -> PlainTextResponse | None:
        """The answer to a request without the password; None if it is there."""
        address = (scope.get("client") or ("",))[0]
        if wait_s := self._wrong.wait_s(address):
            later = {"retry-after": str(wait_s)}
            said = f"Too many wrong passwords: try again in {wait_s} s."
            return PlainTextResponse(said, 429, headers=later)
        given = _given_password(headers)
        if given is not None and hmac.compare_digest(given, self._options.password.encode()):
            self._wrong.forget(address)
            return None
        if given is not None:
            self._wrong.add(address)
        asks = {"www-authenticate": 'Basic realm="DxTrace", charset="UTF-8"'}
        return PlainTextResponse("A password is needed.", 401, headers=asks)


def _given_password(headers: Headers) -> bytes | None:
    """The password of a request; None if it names none."""
    scheme, _, given = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(given, validate=True).partition(b":")[2]
    except ValueError:
        return b""


def visitor_of(headers: Headers) -> str:
    """The cookie of a visitor; empty if there is none of ours."""
    # Other programs on this machine set cookies of the same host, in whatever form they like.
    for pair in headers.get("cookie", "").split(";"):
        name, _, value = pair.strip().partition("=")
        if name == COOKIE and _VISITOR.fullmatch(value):
            return value
    return ""


def _is_same_origin(method: str, headers: Headers) -> bool:
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if origin is not None and _place(origin) != headers.get("host", ""):
        return False
    return method in _SAFE_METHODS or site in (None, "same-origin", "none")


def _place(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None


def _complete(headers: MutableHeaders, scope: Scope, fresh: str) -> None:
    for name, value in _HEADERS.items():
        if name not in headers:
            headers[name] = value
    if scope["path"].startswith("/session"):
        headers["cache-control"] = "no-store"
    if fresh and scope["path"] == "/":
        secure = "; Secure" if scope.get("scheme") == "https" else ""
        headers.append(
            "set-cookie",
            f"{COOKIE}={fresh}; Path=/; HttpOnly; SameSite=Strict; "
            f"Max-Age={_KEEP_COOKIE_S}{secure}",
        )
