"""Hawk as the server sees it: gives tokens, and judges what is signed with them.

Written apart from the client's: two that were wrong in the same way would agree. As the real server, it checks neither
the body nor whether a nonce was seen before, and lets a clock be a minute off.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

LIVES = timedelta(days=30)
"""Of a token that is not used."""
SKEW = timedelta(seconds=60)
_PART = re.compile(r'(id|ts|nonce|mac|hash|ext|app|dlg)="([^"]*)"')


class NotAccepted(Exception):
    """401. `challenge` is what `WWW-Authenticate` says, `complaint` what the body's `error` is."""

    def __init__(self, complaint: str | dict[str, str], challenge: str = "Hawk") -> None:
        super().__init__(str(complaint))
        self.complaint = complaint
        self.challenge = challenge


@dataclass(kw_only=True)
class _Known:
    key: str
    expires_at: datetime


class HawkSessions:
    """Who registered. A session is named by its Hawk id."""

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}

    def register(self, now: datetime) -> str:
        """A new session's token."""
        token = secrets.token_hex(32)
        made = _expand(bytes.fromhex(token))
        self._known[made[:64]] = _Known(key=made[64:], expires_at=now + LIVES)
        return token

    def forget(self, hawk_id: str) -> None:
        """Its token is refused from now on."""
        self._known.pop(hawk_id, None)

    def forget_all(self) -> None:
        """As after the loss of its database."""
        self._known.clear()

    def judge(
        self, header: str, *, method: str, resource: str, host: str, now: datetime, machine_now: datetime
    ) -> tuple[str, str]:
        """Whose request it is, and what proves our answer to it. Raises NotAccepted. Tokens age on lesson time."""
        told = dict(_PART.findall(header.partition(" ")[2]))
        if not {"id", "ts", "nonce", "mac"} <= told.keys():
            raise NotAccepted({"message": "Missing attributes"}, 'Hawk error="Missing attributes"')
        known = self._known.get(told["id"])
        if known is None or known.expires_at <= now:
            self.forget(told["id"])
            raise NotAccepted({"message": "Unknown credentials"}, 'Hawk error="Unknown credentials"')
        lines = [told["ts"], told["nonce"], method, resource, *_split(host), told.get("hash", ""), told.get("ext", "")]
        if not hmac.compare_digest(_mac(known.key, "header", lines), told["mac"]):
            raise NotAccepted({"message": "Bad mac"}, 'Hawk error="Bad mac"')
        ts = int(machine_now.timestamp())
        if not told["ts"].isdecimal() or abs(int(told["ts"]) - ts) > SKEW.total_seconds():
            tsm = _mac(known.key, "ts", [str(ts)])
            raise NotAccepted("Stale timestamp", f'Hawk ts="{ts}", tsm="{tsm}", error="Stale timestamp"')
        known.expires_at = now + LIVES
        return told["id"], f'Hawk mac="{_mac(known.key, "response", lines)}"'


def _expand(token: bytes) -> str:
    """64 bytes by HKDF in hex: id, then key."""
    root = hmac.new(b"\0" * 32, token, hashlib.sha256).digest()
    info = b"identity.mozilla.com/picl/v1/sessionToken"
    first = hmac.new(root, info + b"\1", hashlib.sha256).digest()
    return (first + hmac.new(root, first + info + b"\2", hashlib.sha256).digest()).hex()


def _mac(key: str, kind: str, lines: list[str]) -> str:
    text = "\n".join([f"hawk.1.{kind}", *lines, ""])
    return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()).decode()


def _split(host: str) -> list[str]:
    """Name and port of a Host header of plain HTTP."""
    name, _, port = host.lower().rpartition(":") if ":" in host else (host.lower(), "", "80")
    return [name, port]
