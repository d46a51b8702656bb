"""Addresses that providers tell: which of them somebody may be sent to. Pure; nothing is asked of any."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def is_safe_link(url: str) -> bool:
    """Something we would let a child press: https, or plain http on this very machine (a stand-in)."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    if not host or url.split() != [url]:  # white space anywhere in it
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))


def is_loopback(host: str) -> bool:
    """This very machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
