"""What is known of a model before it is opened."""

from __future__ import annotations

from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from dxtrace.clinical.base import Frozen

Kind = Literal["endpoint", "transformers", "vllm", "hosted"]
Dialect = Literal["auto", "tools", "tokens", "json"]
Briefing = Literal["full", "compact"]


class PlannerEntry(Frozen):
    """A model that can plan, as ``planners.yaml`` lists it.

    Attributes:
        name: what ``--planner`` takes.
        kind: an OpenAI-compatible ``endpoint``, a folder for ``transformers`` or for ``vllm`` (its
            offline engine) in this process, or a ``hosted`` provider.
        model: the endpoint's name of it (if empty, the endpoint's only one); a folder; or
            ``provider:model``.
        base_url: of an endpoint, such as ``http://127.0.0.1:8000/v1``.
        key_variable: the environment variable that holds the key; the key itself is never written.
        dialect: how it is told to call tools; ``auto`` means ``tools``.
        briefing: ``compact`` for a model that can read little: it is told the same in few words.
        images: how many images a message may hold; 0 for a model that reads text only.
        image_edge_px: an image's longest edge, in pixels.
        image_patch_px: side, in pixels, of what becomes one token of an image.
        image_tokens: tokens of an image, for a model that scales all of them to one size; None if
            their size decides.
        image_is_square: whether it squeezes images into a square, or cuts them to one.
        images_with_text: whether it may be shown images whose pixels may carry text, and so names.
        context_tokens: how much it can read and write at once; if nothing is said, what the model
            itself says, where it does.
        max_tokens: how much it may write in one answer.
        temperature: 0 for the likeliest words.
        samples: how often it is asked the same; answers are then compared claim by claim.
        timeout_s: an answer's limit, from request to last word, with all tries.
        retries: how often a request is tried again that failed for a passing reason.
        images_leave_the_house: whether case data may go to a host outside of this house.
    """

    name: str = Field(min_length=1)
    kind: Kind
    model: str = ""
    base_url: str | None = None
    key_variable: str | None = Field(default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    dialect: Dialect = "auto"
    briefing: Briefing = "full"
    images: int = Field(default=8, ge=0, le=256)
    image_edge_px: int = Field(default=896, ge=28, le=8192)
    image_patch_px: int = Field(default=28, ge=1, le=8192)
    image_tokens: int | None = Field(default=None, ge=1)
    image_is_square: bool = False
    images_with_text: bool = False
    context_tokens: int = Field(default=8192, ge=512)
    max_tokens: int = Field(default=1024, ge=16)
    temperature: float = Field(default=0.0, ge=0, le=2)
    samples: int = Field(default=1, ge=1, le=32)
    timeout_s: float = Field(default=120.0, gt=0, allow_inf_nan=False)
    retries: int = Field(default=2, ge=0, le=10)
    images_leave_the_house: bool = False

    def fitted(self, context_tokens: int) -> Self:
        """The entry of a model that can read and write so much, unless the entry says otherwise."""
        if "context_tokens" in self.model_fields_set:
            return self
        answer = min(self.max_tokens, context_tokens // 2)
        return self.model_copy(update={"context_tokens": context_tokens, "max_tokens": answer})

    @model_validator(mode="after")
    def _validate_kind(self) -> Self:
        if (self.base_url is not None) != (self.kind == "endpoint"):
            article = "an" if self.kind == "endpoint" else "no"
            raise ValueError(f"base_url: expected {article} address for kind {self.kind}")
        if self.base_url is not None:
            _validate_address(self.base_url)
        if self.kind in ("transformers", "vllm") and not self.model:
            raise ValueError(f"model: expected a folder for kind {self.kind}, got nothing")
        if self.kind in ("transformers", "vllm") and self.key_variable:
            raise ValueError(f"key_variable: expected none for kind {self.kind}")
        provider, _, model = self.model.partition(":")
        if self.kind == "hosted" and not (provider and model):
            raise ValueError(f"model: expected provider:model, got {self.model!r}")
        if self.max_tokens >= self.context_tokens:
            raise ValueError(
                f"max_tokens: expected less than context_tokens ({self.context_tokens}), got "
                f"{self.max_tokens}"
            )
        return self


def _validate_address(address: str) -> None:
    try:
        parts = urlsplit(address)
        host, _port = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f"base_url: {error}, got {address!r}") from None
    if parts.username is not None or parts.password is not None:
        raise ValueError("base_url: expected no user or password in it: name a key_variable")
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
        raise ValueError(f"base_url: expected http(s)://host:port/v1, got {address!r}")
