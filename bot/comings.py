"""Who came by our own door, and who is inside as our own pages and the room's count tell. Pure.

For room services that keep no record of who came. Three sources, of which only the first two name anybody:

    redemption   somebody was let in at our door: they came
    beacon       the page of ours in which the room runs says that it is open, or was closed
    presence     the service tells how many are inside, not who: two looks, compared

Nobody is matched by name: what `presence` sees is counted, and is nobody's attendance.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from storage.records import AttendanceEvent, LessonDetails, Link, Seat, new_id

REDEMPTION, BEACON, PRESENCE = "redemption", "beacon", "presence"
"""Sources of attendance events."""
NAMING = frozenset({REDEMPTION, BEACON})
"""Those that say who it was."""
EVERY = timedelta(minutes=1)
"""How often a page of ours says that it is open."""
SILENCE = timedelta(minutes=2)
"""A page of ours that says nothing for so long was closed."""


def key_of(seat: Seat) -> str:
    """By which name attendance knows whoever has this place: the service's, or our own where it has none."""
    return seat.participant.provider_user_id or seat.person.id


def build_coming(link: Link, seat: Seat, *, source: str, kind: str, now: datetime) -> AttendanceEvent:
    """Somebody came in by this link, or left the page of ours that it opened."""
    return AttendanceEvent(
        id=new_id(),
        workspace_id=link.workspace_id,
        lesson_id=link.lesson_id,
        source=source,
        source_id=f"{link.id}:{kind}:{now.isoformat()}",
        session_id=f"door:{link.lesson_id}",
        kind=kind,
        who=key_of(seat),
        connection=link.id,
        shown_name=seat.person.name,
        at=now,
    )


def take_last_words(events: Iterable[AttendanceEvent]) -> list[AttendanceEvent]:
    """The same events of our own door, without a *joined* that was taken back within its instant.

    A page says *joined* over and over, so beside a *left* it need not be a coming back, as in a service's own record.
    Which of the two was heard last decides; ids are given in the order of hearing.
    """
    events = list(events)
    last: dict[tuple[str, str | None, datetime], AttendanceEvent] = {}
    for event in sorted(events, key=lambda one: one.id):
        last[event.who, event.connection, event.at] = event
    return [one for one in events if one.kind == last[one.who, one.connection, one.at].kind or one.kind == "left"]


def mark_silences(events: Iterable[AttendanceEvent], *, now: datetime) -> list[AttendanceEvent]:
    """The same events, and a *left* wherever a page fell silent without one: when its next word was due, and not heard.

    Whose page never said anything (scripts were off, or the room runs elsewhere) fell silent nowhere.
    """
    events = list(events)
    pages: dict[tuple[str, str | None], list[AttendanceEvent]] = {}
    for event in sorted(events, key=lambda one: (one.at, one.id)):
        pages.setdefault((event.who, event.connection), []).append(event)
    for heard in pages.values():
        following = [one.at for one in heard[1:]] + [now]
        events += [
            replace(event, id=new_id(), source_id=f"{event.source_id}:silence", kind="left", at=event.at + EVERY)
            for event, next_at in zip(heard, following, strict=True)
            if event.source == BEACON and event.kind == "joined" and next_at - event.at > SILENCE
        ]
    return events


def compare_presence(
    details: LessonDetails, known: Iterable[AttendanceEvent], inside: Collection[str], *, now: datetime
) -> list[AttendanceEvent]:
    """What changed since the last look: connections that are new, and those that are gone. `inside`: their ids."""
    before = list_inside(known)
    changes = [(connection, "joined") for connection in inside if connection not in before]
    changes += [(connection, "left") for connection in before if connection not in inside]
    return [
        AttendanceEvent(
            id=new_id(),
            workspace_id=details.lesson.workspace_id,
            lesson_id=details.lesson.id,
            source=PRESENCE,
            source_id=f"{connection}:{kind}:{now.isoformat()}",
            session_id=f"room:{details.room.id}",
            kind=kind,
            who=f"guest:{connection}",
            connection=connection,
            shown_name="",
            at=now,
        )
        for connection, kind in changes
    ]


def list_inside(events: Iterable[AttendanceEvent]) -> list[str]:
    """The connections that the last look found inside."""
    inside: dict[str, None] = {}
    for event in sorted((one for one in events if one.source == PRESENCE), key=lambda one: (one.at, one.id)):
        if event.kind == "joined":
            inside[event.connection or ""] = None
        else:
            inside.pop(event.connection or "", None)
    return list(inside)


def count_inside(events: Iterable[AttendanceEvent]) -> int | None:
    """How many the last look found inside; None: nobody was ever counted there."""
    counted = [event for event in events if event.source == PRESENCE]
    return len(list_inside(counted)) if counted else None


def find_emptied(events: Iterable[AttendanceEvent]) -> datetime | None:
    """When the room's count came to nobody, if it did and nobody came since. None: it is not empty, or not counted."""
    events = list(events)
    counted = [event.at for event in events if event.source == PRESENCE]
    return max(counted) if counted and not list_inside(events) else None
