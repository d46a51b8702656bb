"""Signs Agora Whiteboard's tokens with the key pair, as Agora's own builders do: nobody need be asked for one. Pure.

`sign_token` makes none without an end: once a token is out, nothing takes that one back. Nor does it say who holds it,
or how often it was used: that is ours to guard.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final
from urllib.parse import quote, urlencode

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class TokenKind(StrEnum):
    """What a token opens; its value is what the token begins with."""

    SDK = "NETLESSSDK_"  # the whole project: never for a browser
    ROOM = "NETLESSROOM_"
    TASK = "NETLESSTASK_"  # one conversion of a file


class TokenRole(StrEnum):
    """What its holder may do, as the API spells it."""

    ADMIN = "admin"  # all, shutting rooms and opening them too
    WRITER = "writer"  # draws; makes rooms and reads about them
    READER = "reader"  # watches


DIGITS: Final[Mapping[TokenRole, str]] = {TokenRole.ADMIN: "0", TokenRole.WRITER: "1", TokenRole.READER: "2"}
"""Roles as they stand inside a token; in the API's bodies they are words."""


@dataclass(frozen=True, kw_only=True)
class KeyPair:
    """The project's key pair. Whoever has it has every room."""

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)


def sign_token(
    kind: TokenKind, keys: KeyPair, *, role: TokenRole, expires_at: datetime, nonce: str, uuid: str | None = None
) -> str:
    """A token that dies at `expires_at`. `uuid` is the room's or the task's, and none for the whole project.

    `nonce` is another one each time; ValueError where the uuid does not fit the kind.
    """
    if (uuid is None) != (kind is TokenKind.SDK):
        raise ValueError("a token for a room or a task names it, and no other does")
    fields = {"ak": keys.access_key, "nonce": nonce, "role": DIGITS[role], "expireAt": _count_milliseconds(expires_at)}
    return seal(kind, fields if uuid is None else fields | {"uuid": uuid}, secret_key=keys.secret_key)


def seal(kind: TokenKind, fields: Mapping[str, str], *, secret_key: str) -> str:
    """The token that carries these fields, all of them text, and their signature."""
    ordered = dict(sorted({**fields, "sig": sign(fields, secret_key=secret_key)}.items()))
    query = urlencode(ordered, quote_via=quote, safe="")
    return kind.value + base64.urlsafe_b64encode(query.encode()).decode().rstrip("=")


def sign(fields: Mapping[str, str], *, secret_key: str) -> str:
    """HMAC-SHA256 over the fields as JSON, keys in order and no spaces, in lower-case hex."""
    text = json.dumps(dict(fields), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hmac.new(secret_key.encode(), text.encode(), hashlib.sha256).hexdigest()


def _count_milliseconds(moment: datetime) -> str:
    return str((moment - _EPOCH) // timedelta(milliseconds=1))
