"""The text embedder that the setting ``DXTRACE_EMBEDDER`` names."""

from functools import cache
from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from dxtrace.retrieval.embedding import TextEmbedder
from dxtrace.retrieval.endpoint import EndpointEmbedder
from dxtrace.retrieval.minilm import MiniLm
from expert_models.text_embedder import TransformersEmbedder

DEFAULT = "minilm"


class EmbedderSettings(BaseSettings):
    """Which model makes the vectors of texts.

    Attributes:
        embedder: ``minilm`` (in the package, offline), the folder of a sentence-transformers model,
            or an OpenAI-compatible endpoint as ``http://host:port/v1#model``; texts then leave this
            machine.
        embedder_key: bearer token for the endpoint.
    """

    model_config = SettingsConfigDict(env_prefix="DXTRACE_", frozen=True, extra="ignore")

    embedder: str = DEFAULT
    embedder_key: SecretStr = SecretStr("")


def configured_embedder() -> TextEmbedder:
    """The embedder of the settings; made once and kept.

    Raises:
        EmbedderUnavailable: if it is not here; the message says what to install or to set.
    """
    settings = EmbedderSettings()
    return _embedder(settings.embedder.strip() or DEFAULT, settings.embedder_key)


@cache
def _embedder(wanted: str, key: SecretStr) -> TextEmbedder:
    if wanted == DEFAULT:
        return MiniLm()
    if wanted.startswith(("http://", "https://")):
        url, _, model = wanted.partition("#")
        return EndpointEmbedder(url, model, key.get_secret_value())
    return TransformersEmbedder(Path(wanted).expanduser())
