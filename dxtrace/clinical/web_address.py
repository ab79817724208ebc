"""Addresses that a reader may be sent to: the web and DOIs, nothing that a browser would run."""

import re
from urllib.parse import urlsplit

EXPECTED_ADDRESS = "https://... or doi:10...."
"""What an address is expected to be, in words."""
_DOI = re.compile(
    r"(?:doi:\s*|https?://(?:dx\.)?doi\.org/)?(10\.\d{4,9}/[^\s\"<>]+)", re.IGNORECASE
)


def web_address(text: str) -> str:
    """An address as a link: a DOI as that of its resolver, others as they stand.

    Args:
        text: as somebody wrote it.

    Returns:
        Empty if it is none: another scheme, no host, a name and password in it, or characters that
        stand in no address.
    """
    said = text.strip()
    doi = _DOI.fullmatch(said)
    if doi and doi[1].isprintable():
        return f"https://doi.org/{doi[1]}"
    if not said.isprintable() or any(c.isspace() or c in '<>"\\' for c in said):
        return ""
    try:
        parts = urlsplit(said)
        sound = parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc
    except ValueError:
        return ""
    return said if sound else ""
