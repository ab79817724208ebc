"""Answers of the viewer's addresses: what a browser may keep, and what a page may do."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from pathlib import Path

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

STATIC = Path(__file__).parent / "static"
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)
"""Nothing from another server, nothing inline, shown in frames of this server alone."""
_MEDIA = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": PAGE_POLICY,
    "Cross-Origin-Resource-Policy": "same-origin",
}


def static_files() -> dict[str, Path]:
    """The files that a page loads, by the name in their address; no other file is served."""
    return {
        str(path.relative_to(STATIC).as_posix()): path
        for path in sorted(STATIC.rglob("*"))
        if path.suffix in _MEDIA
    }


def file_response(path: Path) -> Response:
    """A file of the package; a browser asks each time whether it changed."""
    return Response(path.read_bytes(), media_type=_MEDIA[path.suffix], headers=_headers(""))


def is_known(request: Request, tag: str) -> bool:
    """Whether the browser holds what the tag names."""
    held = request.headers.get("if-none-match", "")
    return f'"{tag}"' in {one.strip().removeprefix("W/") for one in held.split(",")}


def unchanged(tag: str) -> Response:
    """What the browser holds is what it would get."""
    return Response(status_code=304, headers=_headers(tag))


def stream(parts: Iterable[bytes], tag: str, *, length: int | None = None) -> Response:
    """A NIfTI file in parts.

    Args:
        parts: the file, or its gzip.
        tag: what it rests on.
        length: of the whole; None if it goes in gzip.
    """
    headers = _headers(tag)
    if length is None:
        headers["Content-Encoding"] = "gzip"
    else:
        headers["Content-Length"] = str(length)
    return StreamingResponse(parts, media_type="application/octet-stream", headers=headers)


def json_headers(tag: str = "") -> dict[str, str]:
    """Headers of JSON data."""
    return _headers(tag)


def pays_to_compress(request: Request) -> bool:
    """Whether gzip saves time: not on this machine, where sending is faster than compressing."""
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return False
    try:
        return not ipaddress.ip_address(request.client.host if request.client else "").is_loopback
    except ValueError:
        return False


def _headers(tag: str) -> dict[str, str]:
    kept = {"ETag": f'"{tag}"', "Vary": "Accept-Encoding"} if tag else {}
    return {**_SAFE, **kept, "Cache-Control": "private, no-cache"}
