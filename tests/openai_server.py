"""An OpenAI-compatible server that says what a test has written for it, good and bad."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CHAT = "/v1/chat/completions"


@dataclass(frozen=True)
class Reply:
    """What the server says to one request.

    Attributes:
        text: the answer's words; streamed in pieces.
        calls: tool calls: name, and arguments (an object, or the text to send as it is).
        finish: its ``finish_reason``; None to end without one.
        status: of the response; anything but 200 sends ``error``.
        error: the message of an error.
        headers: further headers.
        raw: the body as it is, in the place of everything else.
        break_after: drop the connection after so many events of the stream.
        error_after: send an error as an event of the stream after so many others.
        hold: wait, after the first event, until this is set (or the client is gone).
        usage: prompt and completion tokens.
    """

    text: str = ""
    calls: Sequence[tuple[str, Mapping[str, Any] | str]] = ()
    finish: str | None = "stop"
    status: int = 200
    error: str = "the script says so"
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    break_after: int | None = None
    error_after: int | None = None
    hold: threading.Event | None = None
    usage: tuple[int, int] = (100, 10)


Script = Sequence[Reply | str] | Callable[[dict[str, Any]], Reply | str]


@dataclass
class Recorded:
    """A request that came; the names of its headers are in lower case."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


class OpenAIServer:
    """The server; made by :func:`openai_server`.

    Attributes:
        url: its base URL, ending in ``/v1``.
        requests: the chat requests that came, in order.
        models: what it says that it serves; more fields of a model may be given.
        gone: set when a client left in the middle of a stream.
    """

    def __init__(self, script: Script, models: Sequence[str | dict[str, Any]] | None) -> None:
        self.script, self.models = script, models
        self.requests: list[Recorded] = []
        self.gone = threading.Event()
        self._lock = threading.Lock()
        self.http = _Http(self)
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/v1"

    def reply_to(self, request: Recorded) -> Reply:
        """The next reply of the script."""
        with self._lock:
            number = len(self.requests)
            self.requests.append(request)
        if callable(self.script):
            reply = self.script(request.body)
        elif number < len(self.script):
            reply = self.script[number]
        else:
            reply = Reply(status=400, error=f"the script has {len(self.script)} replies, no more")
        return Reply(text=reply) if isinstance(reply, str) else reply


@contextmanager
def openai_server(
    script: Script = (), *, models: Sequence[str | dict[str, Any]] | None = ("scripted",)
) -> Iterator[OpenAIServer]:
    """Serve a script on a free port of this machine until the block ends.

    Args:
        script: the replies in order, or a function from a request's body to its reply; a string is
            a reply of that text.
        models: what ``/v1/models`` lists; None for a server without it.
    """
    server = OpenAIServer(script, models)
    thread = threading.Thread(target=server.http.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.http.shutdown()
        server.http.server_close()
        thread.join()


class _Http(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, owner: OpenAIServer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.owner = owner

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that is gone is part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    server: _Http
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        if self.path != "/v1/models" or self.server.owner.models is None:
            self._send(404, _error(f"no {self.path}"))
            return
        listed = [m if isinstance(m, dict) else {"id": m} for m in self.server.owner.models]
        self._send(200, {"object": "list", "data": [{"object": "model", **m} for m in listed]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.server.owner.reply_to(Recorded(self.path, headers, body))
        if self.path != CHAT:
            self._send(404, _error(f"no {self.path}"))
        elif reply.raw is not None:
            self._send_bytes(reply.status, reply.raw, reply.headers)
        elif reply.status != 200:
            self._send(reply.status, _error(reply.error), reply.headers)
        elif body.get("stream"):
            try:
                self._stream(reply, body)
            except OSError:
                self._left()
        else:
            self._send(200, _whole(reply, body), reply.headers)

    def _send(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        self._send_bytes(status, json.dumps(body).encode(), headers or {})

    def _send_bytes(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, reply: Reply, body: dict[str, Any]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for number, event in enumerate(_events(reply, body)):
            if number == reply.break_after:
                self.close_connection = True
                return
            is_wrong = number == reply.error_after
            self._event(json.dumps(_error(reply.error)) if is_wrong else event)
            if number == 0 and reply.hold is not None and not self._waited(reply.hold):
                return
        self.wfile.write(b"0\r\n\r\n")

    def _event(self, text: str) -> None:
        data = f"data: {text}\n\n".encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def _left(self) -> None:
        self.close_connection = True
        self.server.owner.gone.set()

    def _waited(self, until: threading.Event) -> bool:
        """Wait for the event; False if the client left first."""
        self.connection.settimeout(0.02)
        while not until.is_set():
            try:
                left = self.connection.recv(1) == b""
            except TimeoutError:
                continue
            except OSError:
                left = True
            if left:
                self._left()
                return False
        self.connection.settimeout(None)
        return True


def _error(message: str) -> dict[str, Any]:
    return {"error": {"message": message, "code": 500}}


def _call(number: int, name: str, arguments: Mapping[str, Any] | str) -> dict[str, Any]:
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    function = {"name": name, "arguments": text}
    return {"id": f"call_{number}", "type": "function", "function": function}


def _usage(reply: Reply) -> dict[str, int]:
    prompt, completion = reply.usage
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }


def _whole(reply: Reply, body: dict[str, Any]) -> dict[str, Any]:
    calls = [_call(n, *call) for n, call in enumerate(reply.calls)]
    message = {"role": "assistant", "content": reply.text or None, "tool_calls": calls or None}
    finish = "tool_calls" if calls and reply.finish == "stop" else reply.finish
    choice = {"index": 0, "message": message, "finish_reason": finish}
    return {**_head(body, "chat.completion"), "choices": [choice], "usage": _usage(reply)}


def _head(body: dict[str, Any], kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": kind, "created": 0, "model": body.get("model")}


def _events(reply: Reply, body: dict[str, Any]) -> Iterator[str]:
    """The stream as vLLM sends it: a call's arguments in pieces, the usage at the end."""
    head = _head(body, "chat.completion.chunk")

    def event(delta: dict[str, Any], finish: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return json.dumps({**head, "choices": [choice]})

    yield event({"role": "assistant", "content": ""})
    for start in range(0, len(reply.text), 7):
        yield event({"content": reply.text[start : start + 7]})
    for number, (name, arguments) in enumerate(reply.calls):
        call = _call(number, name, arguments)
        text = call["function"]["arguments"]
        begun = {**call, "index": number, "function": {"name": name, "arguments": ""}}
        yield event({"tool_calls": [begun]})
        for start in range(0, len(text), 9):
            piece = {"index": number, "function": {"arguments": text[start : start + 9]}}
            yield event({"tool_calls": [piece]})
    if reply.finish is not None:
        yield event({}, "tool_calls" if reply.calls and reply.finish == "stop" else reply.finish)
    if (body.get("stream_options") or {}).get("include_usage"):
        yield json.dumps({**head, "choices": [], "usage": _usage(reply)})
    yield "[DONE]"
