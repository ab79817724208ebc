"""Whether an address lies in this house: on this machine, or in a private network."""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urlsplit

from agents.vlm.models.errors import PlannerUnavailable

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def is_in_the_house(url: str) -> bool:
    """Whether all addresses of a URL's host are loopback, link-local or private.

    Raises:
        PlannerUnavailable: if the host's name has no address.
    """
    host = urlsplit(url).hostname or ""
    try:
        found = socket.getaddrinfo(host, None, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise PlannerUnavailable(f"{url}: the host {host!r} has no address: {reason}") from None
    addresses = {str(item[4][0]).partition("%")[0] for item in found}
    return all(_is_private(ipaddress.ip_address(address)) for address in addresses)


def _is_private(address: _Address) -> bool:
    mapped = getattr(address, "ipv4_mapped", None)
    if mapped is not None:
        return _is_private(mapped)
    return address.is_loopback or address.is_link_local or address.is_private
