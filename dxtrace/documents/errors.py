"""What is wrong with a file that cannot be read."""


class UnreadableDocument(Exception):  # noqa: N818  # a refusal
    """A file cannot be read as a document; the message says what was expected."""
