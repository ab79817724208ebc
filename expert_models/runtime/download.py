"""Fetching one file over https, or from a folder, into a file that nobody reads yet."""

from __future__ import annotations

import errno
import http.client
import shutil
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

SCHEMES = ("https", "file")
LARGEST_BYTES = 64 * 1024**3
"""What a file may have that does not state its size."""
_CHUNK = 1 << 20
_SILENCE_S = 60.0
_TRIES = 3
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
_PARTIAL, _NOT_SATISFIABLE = 206, 416
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

Progress = Callable[[int, "int | None"], None]
"""Called with the bytes that are here and the bytes that will be, if that is known."""


class FetchError(Exception):
    """A file could not be fetched; the message says why and what to do."""


class _BrokenError(Exception):
    """The connection broke; going on may work."""


@dataclass
class Fetch:
    """One file on its way.

    Attributes:
        url: where it is: ``https`` or ``file``.
        part: where its bytes go; nobody else may write there.
        size_bytes: its size, if known: no other size is taken.
        progress: told of what has arrived.
        pause_s: seconds between tries after a broken connection.
    """

    url: str
    part: Path
    size_bytes: int | None = None
    progress: Progress = lambda _here, _all: None
    pause_s: float = 2.0
    _version: str = ""

    def run(self) -> None:
        """Fetch the file; after a broken connection go on where it broke, or start anew.

        Raises:
            FetchError: if it cannot be had, or is not what was stated. What arrived stays in
                ``part`` for the caller to drop.
        """
        if urlsplit(self.url).scheme not in SCHEMES:
            raise FetchError(f"expected an address with {' or '.join(SCHEMES)}, got {self.url}")
        tries = 0
        while True:
            before = self._here()
            try:
                self._receive()
            except _BrokenError as broken:
                tries = 1 if self._here() > before else tries + 1
                if tries >= _TRIES:
                    raise FetchError(f"{self.url}: {broken}") from None
                time.sleep(self.pause_s)
            else:
                return

    def _here(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def _receive(self) -> None:
        here = self._here() if self._version else 0
        request = Request(self.url)  # noqa: S310  # the scheme is checked in run
        if here:
            request.add_header("Range", f"bytes={here}-")
            request.add_header("If-Range", self._version)
        try:
            with build_opener(_Redirects()).open(request, timeout=_SILENCE_S) as response:
                self._store(response, here)
        except HTTPError as error:
            self._refused(error)
        except URLError as error:
            if isinstance(error.reason, ssl.SSLCertVerificationError | FileNotFoundError):
                raise FetchError(f"{self.url}: {error.reason}") from None
            raise _BrokenError(str(error.reason)) from None
        except (http.client.HTTPException, OSError) as error:
            raise _BrokenError(str(error) or type(error).__name__) from None

    def _refused(self, error: HTTPError) -> None:
        if error.code == _NOT_SATISFIABLE:
            self._version = ""
            raise _BrokenError("the server does not go on where it stopped")
        said = f"the server answers {error.code} {error.reason}"
        if error.code in _PASSING:
            raise _BrokenError(said)
        raise FetchError(f"{self.url}: {said}")

    def _store(self, response: Any, here: int) -> None:
        goes_on = response.status == _PARTIAL
        start = here if goes_on else 0
        stated = response.headers.get("Content-Length")
        coming = int(stated) if stated and stated.isdigit() else None
        whole = None if coming is None else start + coming
        self._check_size(whole, start)
        # With a weak or no version a later part might belong to another file.
        version = response.headers.get("ETag", "")
        self._version = "" if version.startswith("W/") else version
        with self.part.open("ab" if goes_on else "wb") as out:
            here = self._copy(response, out, start, whole)
        if whole is not None and here < whole:
            raise _BrokenError(f"the connection ended after {here:,} of {whole:,} bytes")
        if self.size_bytes is not None and here != self.size_bytes:
            raise FetchError(f"{self.url}: expected {self.size_bytes:,} bytes, got {here:,}")

    def _check_size(self, whole: int | None, start: int) -> None:
        if whole is not None and self.size_bytes not in (None, whole):
            raise FetchError(f"{self.url}: expected {self.size_bytes:,} bytes, got {whole:,}")
        limit = self.size_bytes or LARGEST_BYTES
        if whole is not None and whole > limit:
            raise FetchError(f"{self.url}: {whole:,} bytes are more than {limit:,}")
        needed, free = (whole or 0) - start, shutil.disk_usage(self.part.parent).free
        if needed > free:
            raise FetchError(f"no room in {self.part.parent}: {needed:,} bytes, {free:,} are free")

    def _copy(self, response: Any, out: IO[bytes], here: int, whole: int | None) -> int:
        limit = self.size_bytes or LARGEST_BYTES
        while chunk := response.read(_CHUNK):
            here += len(chunk)
            if here > limit:
                raise FetchError(f"{self.url}: expected {limit:,} bytes at most, got more")
            try:
                out.write(chunk)
                out.flush()
            except OSError as error:
                if error.errno in _NO_ROOM:
                    raise FetchError(f"no room in {self.part.parent}: {error.strerror}") from None
                raise FetchError(f"cannot write in {self.part.parent}: {error}") from None
            self.progress(here, whole)
        return here


class _Redirects(HTTPRedirectHandler):
    """Follows to other hosts, never to another scheme."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> Request | None:
        if urlsplit(newurl).scheme != "https":
            raise FetchError(f"{req.full_url}: sends on to {newurl}: expected https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)
