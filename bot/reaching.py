"""Does Hallpass answer at an address, and is one free to listen at? Asked by `doctor`, from outside, as others would.

One request with a limit, in a thread of the caller's; no redirect is followed and nothing of the answer is kept.
"""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request
from enum import Enum
from http.client import HTTPException
from urllib.parse import urlsplit

WITHIN_SECONDS = 5.0
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Reached(Enum):
    """What answers at an address."""

    HALLPASS = "hallpass"
    OTHER = "other"  # something, but not us
    NOTHING = "nothing"


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: object, **kwargs: object) -> None:
        return None


def reach(url: str) -> Reached:
    """Ask `/readyz` below this address: its answer, ready or not, is ours alone. Blocks; bounded."""
    handlers: list[urllib.request.BaseHandler] = [_NoRedirect()]
    if urlsplit(url).hostname in LOOPBACK:
        handlers.append(urllib.request.ProxyHandler({}))
    opener = urllib.request.build_opener(*handlers)
    try:
        try:
            with opener.open(f"{url}readyz", timeout=WITHIN_SECONDS) as response:
                body = response.read(10_000)
        except urllib.error.HTTPError as error:
            with error:
                body = error.read(10_000)
    except (OSError, HTTPException):
        return Reached.NOTHING
    return Reached.HALLPASS if _is_ours(body) else Reached.OTHER


def _is_ours(body: bytes) -> bool:
    try:
        told = json.loads(body)
    except ValueError:
        return False
    return isinstance(told, dict) and {"ready", "store", "slack"} <= told.keys()


def can_listen(host: str, port: int) -> bool:
    """Could a server of ours listen there now? False where something else does, or the address is not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.create_server((host, port), family=family):
            return True
    except OSError:
        return False
