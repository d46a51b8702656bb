"""Opens tokens as the service does: kind, signature, end and role. Pure.

Written after the documents and not after our own signing, so that a mistake there is not made here as well.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from urllib.parse import parse_qsl, quote
from uuid import uuid4

PREFIXES = {"sdk": "NETLESSSDK_", "room": "NETLESSROOM_", "task": "NETLESSTASK_"}


class Power(IntEnum):
    """Roles by the digit inside a token: the lower, the more may be done."""

    ADMIN = 0
    WRITER = 1
    READER = 2


class BadToken(Exception):
    """Not to be believed: not one of ours, changed, or of another kind."""


@dataclass(frozen=True, kw_only=True)
class Token:
    """What a genuine token says. Whether it is spent is for who knows the time to say."""

    kind: str  # a key of `PREFIXES`
    power: Power
    uuid: str | None  # the room's or the task's
    expires_at: datetime | None  # None: never

    def is_spent(self, now: datetime) -> bool:
        return self.expires_at is not None and now >= self.expires_at


def open_token(text: str, *, access_key: str, secret_key: str) -> Token:
    """What the token says. BadToken unless it is genuine."""
    kind = next((kind for kind, prefix in PREFIXES.items() if text.startswith(prefix)), None)
    if kind is None:
        raise BadToken("no such kind")
    fields = _read(text.removeprefix(PREFIXES[kind]))
    told = fields.pop("sig", "")
    if not hmac.compare_digest(told.encode(), _sign(fields, secret_key).encode()) or fields.get("ak") != access_key:
        raise BadToken("signature")
    _check_fields(kind, fields)
    end = fields.get("expireAt")
    return Token(
        kind=kind,
        power=Power(int(fields["role"])),
        uuid=fields.get("uuid"),
        expires_at=None if end is None else datetime.fromtimestamp(int(end) / 1000, UTC),
    )


def _check_fields(kind: str, fields: dict[str, str]) -> None:
    needed = {"ak", "nonce", "role"} | (set() if kind == "sdk" else {"uuid"})
    if not needed <= fields.keys() <= needed | {"expireAt"} or not fields["nonce"]:
        raise BadToken("fields")
    if fields["role"] not in ("0", "1", "2"):
        raise BadToken("role")
    if not fields.get("expireAt", "0").isdecimal():
        raise BadToken("expireAt")


def make_token(
    kind: str, *, access_key: str, secret_key: str, power: Power, expires_at: datetime | None, uuid: str | None = None
) -> str:
    """A token as the service gives it."""
    fields = {"ak": access_key, "nonce": str(uuid4()), "role": str(int(power))}
    if uuid is not None:
        fields["uuid"] = uuid
    if expires_at is not None:
        fields["expireAt"] = str(round(expires_at.timestamp() * 1000))
    fields["sig"] = _sign(fields, secret_key)
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in fields.items())
    return PREFIXES[kind] + base64.urlsafe_b64encode(query.encode()).rstrip(b"=").decode()


def _read(sealed: str) -> dict[str, str]:
    if "=" in sealed or "+" in sealed or "/" in sealed:
        raise BadToken("alphabet")
    try:
        query = base64.b64decode(sealed + "=" * (-len(sealed) % 4), altchars=b"-_", validate=True).decode()
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True)
    except (binascii.Error, ValueError) as error:
        raise BadToken("encoding") from error
    if len(dict(pairs)) != len(pairs):
        raise BadToken("a field twice")
    return dict(pairs)


def _sign(fields: dict[str, str], secret_key: str) -> str:
    members = ",".join(f"{json.dumps(name)}:{json.dumps(fields[name])}" for name in sorted(fields))
    return hmac.digest(secret_key.encode(), f"{{{members}}}".encode(), "sha256").hex()
