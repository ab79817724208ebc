"""Why something cannot be done now, in words for the visitor."""


class NotNowError(ValueError):
    """What was asked for cannot be done; the message is for the visitor."""
