import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import numpy as np
import pytest

from dxtrace.retrieval.endpoint import EndpointEmbedder
from dxtrace.retrieval.errors import EmbedderUnavailable

SEEN: list[dict[str, Any]] = []


@contextmanager
def serving(answer: Any, status: int = 200) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            SEEN.append({"path": self.path, "key": self.headers["Authorization"], **body})
            said = answer(body) if callable(answer) else answer
            self.send_response(status)
            self.end_headers()
            self.wfile.write(said if isinstance(said, bytes) else json.dumps(said).encode())

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1"
        finally:
            server.shutdown()


def by_length(body: dict[str, Any]) -> dict[str, Any]:
    """Vectors out of order, as a server may send them."""
    rows = [{"index": i, "embedding": [len(t), 1, 0]} for i, t in enumerate(body["input"])]
    return {"data": rows[::-1]}


def test_vectors_come_in_order_and_of_unit_norm() -> None:
    with serving(by_length) as url:
        embedder = EndpointEmbedder(f"{url}/", "small", "secret")
        vectors = embedder.embed([f"{'x' * n}" for n in range(1, 100)])
        assert embedder.dimension == 3
        assert embedder.fingerprint == f"small@{url}"
    assert vectors.shape == (99, 3)
    np.testing.assert_allclose(vectors[:, 0] / vectors[:, 1], range(1, 100), rtol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert SEEN[-1]["key"] == "Bearer secret"
    assert SEEN[-1]["path"] == "/v1/embeddings"
    assert SEEN[-1]["model"] == "small"


@pytest.mark.parametrize(
    "answer",
    [
        {"data": []},
        {"error": "no"},
        b"<html>",
        {"data": [{"index": 0, "embedding": []}]},
        {"data": [{"index": 3, "embedding": [1.0]}]},
        {"data": [{"index": 0, "embedding": ["a"]}]},
        {"data": [{"index": 0, "embedding": [0.0, 0.0]}]},
        b'{"data": [{"index": 0, "embedding": [NaN, 1.0]}]}',
    ],
)
def test_anything_but_vectors_is_refused(answer: Any) -> None:
    with serving(answer) as url, pytest.raises(EmbedderUnavailable, match=r"127\.0\.0\.1"):
        EndpointEmbedder(url, "small").embed(["a"])


def test_what_the_server_says_is_passed_on() -> None:
    said = serving({"detail": "no such model"}, 404)
    with said as url, pytest.raises(EmbedderUnavailable, match=r"404.*no such model"):
        EndpointEmbedder(url, "small").embed(["a"])
    with pytest.raises(EmbedderUnavailable, match="refused"):
        EndpointEmbedder(url, "small").embed(["a"])


@pytest.mark.parametrize(("url", "model"), [("file:///etc", "m"), ("http://host/v1", "")])
def test_an_address_without_host_or_model_is_refused(url: str, model: str) -> None:
    with pytest.raises(EmbedderUnavailable, match="#"):
        EndpointEmbedder(url, model)
