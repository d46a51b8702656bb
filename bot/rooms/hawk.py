"""Hawk: signs requests with a key that never travels, as Mozilla's services ask for it (github.com/mozilla/hawk). Pure.

A session token is 32 secret bytes in hex. HKDF-SHA256 (RFC 5869) makes an id and a key of it; the id is sent, the key
signs method, address, time and a nonce. A server whose clock differs refuses, and tells its own time signed with the
same key, so that nobody else can put our clock wrong. Neither token nor key is in a repr or an error.
Bodies are not signed: no service that we know checks it.
"""

from __future__ import annotations

import base64
import hmac
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import urlsplit

_INFO = b"identity.mozilla.com/picl/v1/sessionToken"
_TOKEN = re.compile(r"[0-9a-f]{64}")
_ATTRIBUTE = re.compile(r'(\w+)="([^"\\]*)"')
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """What a session token gives: an id that is sent and a key that signs."""

    id: str
    key: str = field(repr=False)  # hex text, and used as that text


@dataclass(frozen=True, kw_only=True)
class Challenge:
    """What a 401 asks for: Hawk, and where time is the trouble, the server's time with its proof."""

    ts: str | None = None
    tsm: str | None = field(default=None, repr=False)


def is_session_token(text: str) -> bool:
    """32 bytes in hex, in small letters."""
    return _TOKEN.fullmatch(text) is not None


def derive_credentials(session_token: str) -> Credentials:
    """Its id and key. ValueError, without the text, for what is no session token."""
    if not is_session_token(session_token):
        raise ValueError("a Hawk session token is 64 hex digits")
    made = _hkdf(bytes.fromhex(session_token), info=_INFO, length=64)
    return Credentials(id=made[:32].hex(), key=made[32:].hex())


def build_header(credentials: Credentials, *, method: str, url: str, at: datetime, nonce: str) -> str:
    """The `Authorization` of one request to `url` at the server's moment `at`."""
    ts = str(int(at.timestamp()))
    mac = build_mac(credentials, method=method, url=url, ts=ts, nonce=nonce)
    return f'Hawk id="{credentials.id}", ts="{ts}", nonce="{nonce}", mac="{mac}"'


def build_mac(credentials: Credentials, *, method: str, url: str, ts: str, nonce: str, ext: str = "") -> str:
    """The signature of a request, in base64."""
    parts = urlsplit(url)
    resource = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    port = parts.port or _DEFAULT_PORTS[parts.scheme]
    host = parts.hostname or ""  # in lower case
    host = f"[{host}]" if ":" in host else host
    lines = ["hawk.1.header", ts, nonce, method.upper(), resource, host, str(port), "", ext]
    return _sign(credentials, lines)


def parse_challenge(text: str) -> Challenge | None:
    """What a 401's `WWW-Authenticate` says; None where it is not Hawk's."""
    scheme, _, rest = text.strip().partition(" ")
    if scheme.lower() != "hawk":
        return None
    told = dict(_ATTRIBUTE.findall(rest))
    return Challenge(ts=told.get("ts"), tsm=told.get("tsm"))


def read_server_time(challenge: Challenge, credentials: Credentials) -> datetime | None:
    """The server's time. None: not told, or not proved with our key, so that it must not be believed."""
    ts, tsm = challenge.ts, challenge.tsm
    if ts is None or tsm is None or not (ts.isascii() and ts.isdigit()):
        return None
    if not hmac.compare_digest(_sign(credentials, ["hawk.1.ts", ts]).encode(), tsm.encode()):
        return None
    try:
        return datetime.fromtimestamp(int(ts), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _sign(credentials: Credentials, lines: list[str]) -> str:
    text = "".join(f"{line}\n" for line in lines)
    return base64.b64encode(hmac.digest(credentials.key.encode(), text.encode(), sha256)).decode("ascii")


def _hkdf(secret: bytes, *, info: bytes, length: int) -> bytes:
    """RFC 5869 with SHA-256 and no salt."""
    extracted = hmac.digest(bytes(32), secret, sha256)
    block, made = b"", b""
    for counter in range(1, -(-length // 32) + 1):
        block = hmac.digest(extracted, block + info + bytes([counter]), sha256)
        made += block
    return made[:length]
