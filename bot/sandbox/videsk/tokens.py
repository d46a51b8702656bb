"""Tokens as the stand-in signs and reads them: one kind opens the API, the other a room.

What is inside a real one is not documented, and no client reads it; this is the stand-in's own choice. Times are handed
in: lesson time for a room, machine time for the API.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import jwt

MALFORMED = "jwt malformed"
FORGED = "invalid signature"
EXPIRED = "jwt expired"
TOO_EARLY = "jwt not active"


class BadToken(Exception):
    """Why a token opens nothing, in the words of the library that the real one uses."""


@dataclass(frozen=True, kw_only=True)
class Pass:
    """What a room's token says."""

    jti: str
    room_id: str
    nbf: datetime
    exp: datetime


def sign(secret: str, **claims: object) -> str:
    """A token with these claims."""
    return jwt.encode(claims, secret, algorithm="HS256")


def sign_pass(secret: str, told: Pass) -> str:
    """A room's token. Fractions of a second are lost: it begins no later and ends no earlier."""
    nbf, exp = int(told.nbf.timestamp()), int(-(-told.exp.timestamp() // 1))
    return sign(secret, jti=told.jti, room=told.room_id, nbf=nbf, exp=exp)


def read(token: str, *, secret: str, now: datetime) -> dict[str, Any]:
    """The claims. Raises BadToken: it is none, is not ours, or its time is over or has not come."""
    try:
        claims: dict[str, Any] = jwt.decode(
            token, secret, algorithms=["HS256"], options={"verify_exp": False, "verify_nbf": False, "verify_iat": False}
        )
    except jwt.InvalidSignatureError:
        raise BadToken(FORGED) from None
    except jwt.InvalidTokenError:
        raise BadToken(MALFORMED) from None
    if claims.get("exp") is not None and claims["exp"] <= now.timestamp():
        raise BadToken(EXPIRED)
    if claims.get("nbf") is not None and claims["nbf"] > now.timestamp():
        raise BadToken(TOO_EARLY)
    return claims


def read_pass(token: str, *, secret: str, now: datetime) -> Pass:
    """What a room's token says. Raises BadToken."""
    claims = read(token, secret=secret, now=now)
    if not isinstance(claims.get("room"), str):
        raise BadToken(MALFORMED)
    return Pass(
        jti=claims["jti"],
        room_id=claims["room"],
        nbf=datetime.fromtimestamp(claims["nbf"], UTC),
        exp=datetime.fromtimestamp(claims["exp"], UTC),
    )
