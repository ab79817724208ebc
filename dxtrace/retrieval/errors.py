"""What can go wrong in search, and who must act."""


class RetrievalError(Exception):
    """Search cannot be done as asked; the message says what to change."""


class EmbedderUnavailable(RetrievalError):  # noqa: N818  # it says what is missing
    """The model that makes the vectors is not here, or does not answer."""


class EmbedderMismatch(RetrievalError):  # noqa: N818  # a refusal
    """An index was made by another embedder than the one that asks."""


class DamagedIndex(RetrievalError):  # noqa: N818  # a state
    """An index cannot be read; it is rebuilt from its record."""
