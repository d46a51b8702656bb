"""Makes the links that a launch gives, and reads them when somebody comes in. Pure.

A link is a JWT signed (HS256) with the space's secret; its window, its single use and what the launch merged into it
travel inside, so nothing about a link can be changed or taken back once it is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import jwt

from bot.sandbox.lessonspace.launching import Window
from bot.sandbox.lessonspace.meetings import Person, Ticket
from bot.sandbox.lessonspace.spaces import Reason, TurnedAway

_OURS = (
    *("jti", "id", "guest", "readOnly", "canLead", "allowInvite", "singleUse", "sessionLimit"),
    *("ghost", "record", "role", "iat", "nbf", "exp"),
)
"""Claims that are no parameters of the customer's."""


def build_link(
    origin: str,
    *,
    room_id: str,
    secret: str,
    session_id: str,
    person: Person,
    user: Mapping[str, Any],
    window: Window,
    now: datetime,
) -> str:
    """The `client_url` for somebody: our own join page, with the signed token in its query.

    `session_id` is the running session's or the next one's, for a link that is limited to it.
    """
    parameters = dict(user.get("custom_jwt_parameters", {}))
    claims: dict[str, Any] = {
        **parameters,
        "jti": str(uuid4()),
        "id": str(person.user_id) if person.user_id is not None else person.guest_id,
        "guest": person.user_id is None,
        "readOnly": False,
        "canLead": user.get("leader", False),
        "allowInvite": user.get("leader", False),
        "singleUse": user.get("single_use", False),
        "sessionLimit": session_id if user.get("session_limit", False) else None,
        "ghost": user.get("ghost", False),
        "record": user.get("record", True),
        "role": person.role,
        "meta": {"name": person.name, **parameters.get("meta", {})},
        "iat": int(now.timestamp()),
        "nbf": int(window.opens_at.timestamp()),
        "exp": int(window.closes_at.timestamp()),
    }
    token = jwt.encode(claims, secret, algorithm="HS256")
    return f"{origin}/join?" + urlencode({"user": token, "room": room_id, "server": origin})


def read_link(token: str, *, secret: str) -> Ticket:
    """What a link's token says. TurnedAway when it was not signed for this space; the window is not judged here."""
    unjudged = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
    try:
        claims = jwt.decode(token, secret, algorithms=["HS256"], options=unjudged)  # type: ignore[arg-type]
    except jwt.InvalidTokenError as error:
        raise TurnedAway(Reason.NOT_GENUINE) from error
    is_guest = claims["guest"]
    soft_expiry = claims.get("softExp")
    return Ticket(
        link_id=claims["jti"],
        person=Person(
            name=claims["meta"].get("displayName") or claims["meta"]["name"],
            user_id=None if is_guest else int(claims["id"]),
            guest_id=claims["id"] if is_guest else None,
            role=claims["role"],
        ),
        opens_at=datetime.fromtimestamp(claims["nbf"], UTC),
        closes_at=datetime.fromtimestamp(claims["exp"], UTC),
        is_leader=claims["canLead"],
        is_single_use=claims["singleUse"],
        leaves_at_close=claims.get("kickOnExp", False),
        asks_at=datetime.fromtimestamp(soft_expiry, UTC) if soft_expiry else None,
        session_id=claims["sessionLimit"],
        is_ghost=claims["ghost"],
        is_recorded=claims["record"],
        parameters={name: value for name, value in claims.items() if name not in _OURS},
    )
