"""Vectors from an OpenAI-compatible endpoint (``POST /embeddings``), for those who set one."""

from __future__ import annotations

import http.client
import json
import math
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from dxtrace.retrieval.embedding import encodable
from dxtrace.retrieval.errors import EmbedderUnavailable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BATCH = 64
_SILENCE_S = 60.0
_QUOTED = 200


class EndpointEmbedder:
    """Asks a server for vectors. Every text that is embedded leaves this machine.

    Args:
        url: the API's base, such as ``http://localhost:8000/v1``.
        model: as the server calls it.
        key: sent as a bearer token, if given.

    Raises:
        EmbedderUnavailable: if the address is not http or https, or names no model.
    """

    def __init__(self, url: str, model: str, key: str = "") -> None:
        if urlsplit(url).scheme not in ("http", "https") or not model:
            raise EmbedderUnavailable(
                f"expected an embedding endpoint as http://host/v1#model, got {url}#{model}"
            )
        self.url, self.model, self._key = url.rstrip("/"), model, key
        self.name = model
        self.fingerprint = f"{model}@{self.url}"

    @cached_property
    def dimension(self) -> int:
        """Length of a vector, as the server's first answer shows."""
        return int(self._ask(["dimension"]).shape[1])

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts; see :class:`dxtrace.retrieval.embedding.TextEmbedder`.

        Raises:
            EmbedderUnavailable: if the server does not answer, or with anything but vectors.
        """
        import numpy as np

        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        parts = [self._ask(texts[i : i + _BATCH]) for i in range(0, len(texts), _BATCH)]
        if len({part.shape[1] for part in parts}) > 1:
            raise EmbedderUnavailable(f"{self.url}: answers vectors of several lengths")
        return np.concatenate(parts)

    def _ask(self, texts: Sequence[str]) -> NDArray[np.float32]:
        import numpy as np

        vectors = np.asarray(self._vectors([encodable(t) for t in texts]), np.float32)
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not np.isfinite(norms).all() or not norms.all():
            raise EmbedderUnavailable(f"{self.url}: a vector has no direction")
        unit: NDArray[np.float32] = vectors / norms
        return unit

    def _vectors(self, texts: list[str]) -> list[list[float]]:
        answer = self._post({"model": self.model, "input": texts, "encoding_format": "float"})
        try:
            rows = sorted(answer["data"], key=lambda row: row["index"])
            vectors = [[float(x) for x in row["embedding"]] for row in rows]
        except (KeyError, TypeError, ValueError):
            raise EmbedderUnavailable(
                f"{self.url}: expected vectors, got {answer!r:.200}"
            ) from None
        places = [row["index"] for row in rows]
        one_length = len({len(v) for v in vectors}) == 1
        if places != list(range(len(texts))) or not one_length or not vectors[0]:
            raise EmbedderUnavailable(
                f"{self.url}: expected {len(texts)} vectors of one length, got {len(vectors)}"
            )
        return vectors

    def _post(self, body: dict[str, Any]) -> Any:
        headers = {"Content-Type": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        request = Request(  # noqa: S310  # the scheme is checked at construction
            f"{self.url}/embeddings", json.dumps(body).encode(), headers, method="POST"
        )
        try:
            with urlopen(request, timeout=_SILENCE_S) as response:  # noqa: S310  # as above
                return json.loads(response.read(), parse_constant=lambda _: math.nan)
        except HTTPError as error:
            said = error.read(_QUOTED).decode(errors="replace")
            raise EmbedderUnavailable(f"{self.url} answers {error.code}: {said}") from None
        except (URLError, http.client.HTTPException, OSError, ValueError) as error:
            raise EmbedderUnavailable(f"{self.url}: {error}") from None
