"""Does Hallpass answer at an address, and is one free to listen at? Asked by `doctor`, from outside, as others would.

So for the way by which room services report: an address that is nobody's, and an answer that only ours has.
One request with a limit, in a thread of the caller's; no redirect is followed and nothing of the answer is kept.
"""

from __future__ import annotations

import json
import secrets
import socket
import urllib.error
import urllib.request
from dataclasses import dataclass
from email.message import Message
from enum import Enum
from http.client import HTTPException
from urllib.parse import urlsplit

from bot.web import OURS, WEBHOOK_PATH

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
    answer = _ask(f"{url}readyz")
    if answer is None:
        return Reached.NOTHING
    return Reached.HALLPASS if _is_ours(answer.body) else Reached.OTHER


def reach_webhooks(url: str, service: str) -> Reached:
    """Report to a room that there is not, below this address: Hallpass says that it knows of none, in its own way.

    Blocks; bounded; changes nothing.
    """
    path = WEBHOOK_PATH.format(service=service, key=secrets.token_urlsafe(32)).removeprefix("/")
    answer = _ask(f"{url}{path}", data=b"{}")
    if answer is None:
        return Reached.NOTHING
    is_ours = all(answer.headers.get(name) == value for name, value in OURS.items())
    return Reached.HALLPASS if is_ours else Reached.OTHER


@dataclass(frozen=True, kw_only=True)
class _Answer:
    body: bytes
    headers: Message


def _ask(url: str, data: bytes | None = None) -> _Answer | None:
    """The answer, whatever its status; None: there was none. With `data` it is a POST."""
    handlers: list[urllib.request.BaseHandler] = [_NoRedirect()]
    if urlsplit(url).hostname in LOOPBACK:
        handlers.append(urllib.request.ProxyHandler({}))
    opener = urllib.request.build_opener(*handlers)
    try:
        try:
            with opener.open(url, data, timeout=WITHIN_SECONDS) as response:
                return _Answer(body=response.read(10_000), headers=response.headers)
        except urllib.error.HTTPError as error:
            with error:
                return _Answer(body=error.read(10_000), headers=error.headers)
    except (OSError, HTTPException):
        return None


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
