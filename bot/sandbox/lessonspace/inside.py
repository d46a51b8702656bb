"""What a space's page shows to whoever is in it: who is there, whether the leader is asked, why somebody is out. Pure.

Its words are the room's own, as far as they are known; the bot says other things in other places.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.sandbox.inside.people import Present
from bot.sandbox.lessonspace.meetings import Connection, LogType, SpaceSession
from bot.sandbox.lessonspace.spaces import Reason, Space

REFUSALS: Mapping[Reason, str] = {
    Reason.TOO_EARLY: "This link does not work yet: it is too early.",
    Reason.EXPIRED: "This link does not work any more: its time is over.",
    Reason.USED_ELSEWHERE: "This link was used already, in another browser.",
    Reason.SPENT: "This link was used already, and that session is over.",
    Reason.NOT_GENUINE: "This is no link of this room.",
    Reason.OTHER_SESSION: "This link was for another session.",
    Reason.FORGOTTEN: "Whoever this link was for is not known here any more.",
}
LEFT = "You left."
PUT_OUT = "Your link’s time is over, so the room put you out."
IDLE = "Nobody did anything for five minutes, so the room closed."
GONE = "You are not inside."
EXPIRED = "Ask Hallpass for it again: it gives a new one each time."
RECORDED = "A stand-in records no picture and no sound. Who was in it:"


def describe_inside(space: Space, connection: Connection, now: datetime) -> dict[str, Any]:
    """As this connection's page shows it; what ended it, where it is over."""
    space.advance(now)
    session = space.running
    if connection.left_at is not None or session is None:
        return {"end": tell_end(space, connection)}
    seen = [one for one in session.list_open() if not one.ticket.is_ghost or one is connection]
    return {
        "isSeen": not connection.ticket.is_ghost,
        "isAsked": space.is_asked(connection.id),
        "people": [read_present(one, connection).describe(now) for one in seen],
    }


def tell_end(space: Space, connection: Connection) -> str:
    """Why somebody is not inside any more."""
    session = next((one for one in space.sessions if connection in one.connections), None)
    if session is None or connection.left_at is None:
        return GONE
    if connection.ticket.leaves_at_close and connection.left_at >= connection.ticket.closes_at:
        return PUT_OUT
    return IDLE if connection.is_idle and _ended_idle(session) else LEFT


def _ended_idle(session: SpaceSession) -> bool:
    return any(entry.log_type is LogType.SESSION_IDLED for entry in session.log)


def read_present(one: Connection, me: Connection | None = None) -> Present:
    """A connection as somebody who is inside."""
    return Present(
        name=one.ticket.person.name,
        since=one.joined_at,
        is_me=one is me,
        is_away=one.is_idle,
        leads=one.ticket.is_leader,
    )
