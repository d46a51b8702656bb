"""Writes sessions, spaces and users as the API lists them. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bot.sandbox.lessonspace.filters import Held
from bot.sandbox.lessonspace.handouts import build_summary
from bot.sandbox.lessonspace.meetings import LogEntry, Person
from bot.sandbox.lessonspace.spaces import Space
from bot.sandbox.lessonspace.users import User


def describe_session(held: Held, *, playback_url: str, has_newer_fields: bool) -> dict[str, Any]:
    """One session as the list of a space shows it, with its log. Fields that only newer clients read, on request."""
    session, now = held.session, held.now
    people = session.list_people()
    is_recorded = session.recorded_at is not None and session.recorded_at <= now
    newer = {
        "summary": build_summary(session) if session.summary_at is not None and session.summary_at <= now else None,
        "recording_available": is_recorded,
        "recording_deleted": False,
    }
    return {
        "id": session.id,
        "uuid": session.session_id,
        "name": held.name,
        "start_time": write_stamp(session.started_at),
        "end_time": write_stamp(session.ended_at) if session.ended_at else None,
        "profiles": [_describe_profile(person, held) for person in people if person.user_id is not None],
        "guests": [
            {"id": 9000 + number, "uuid": person.guest_id, "session": session.id, "name": person.name}
            for number, person in enumerate(people)
            if person.guest_id
        ],
        "billable_seconds": int(session.count_billable(session.ended_at or now).total_seconds()),
        "logs": [_describe_entry(entry) for entry in session.log],
        "connected_users": [{"profile": _profile_of(c.ticket.person)} for c in session.list_open()],
        "recording_access_policy": list(session.policy),
        "playback_url": playback_url if is_recorded else None,
        "tags": write_tags(session.tags),
    } | (newer if has_newer_fields else {})


def describe_space(space: Space, *, organisation_id: int, origin: str) -> dict[str, Any]:
    """One space. Its address is the one for guests, and no link of anybody's."""
    return {
        "id": space.room_id,
        "slug": space.room_id,
        "alias": None,
        "name": space.name,
        "organisation": organisation_id,
        "is_locked": "false",
        "tags": write_tags(space.tags),
        "url": f"{origin}/space/{space.room_id}",
        "created_at": write_stamp(space.created_at) if space.created_at else None,
        "locks": [],
        "region": space.region,
        "record_av": space.settings.get("record_av", False),
    }


def describe_user(user: User) -> dict[str, Any]:
    """One user, in the shape of a session's `profiles`: the list's own is not documented."""
    return {"user": user.number, "name": user.name, "email": user.email, "role": user.role, "profile_picture": None}


def build_page(items: Sequence[object], *, page: int, size: int, address: str) -> dict[str, Any] | None:
    """One page in its envelope; None for a page that is not there. `address` is the list's own, without `page`."""
    start = (page - 1) * size
    if page > 1 and start >= len(items):
        return None
    joiner = "&" if "?" in address else "?"
    return {
        "count": len(items),
        "next": f"{address}{joiner}page={page + 1}" if start + size < len(items) else None,
        "previous": f"{address}{joiner}page={page - 1}" if page > 1 else None,
        "results": list(items[start : start + size]),
    }


def write_stamp(moment: datetime) -> str:
    """With microseconds and Z, as the framework behind the real service writes them."""
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def write_tags(tags: dict[str, str]) -> str:
    """As JSON in a text; empty where there are none."""
    return json.dumps(tags) if tags else ""


def _describe_profile(person: Person, held: Held) -> dict[str, Any]:
    user = held.users.find(person.user_id)
    return {
        "user": person.user_id,
        "name": person.name,
        "email": user.email if user else "",
        "role": person.role,
        "profile_picture": None,
    }


def _describe_entry(entry: LogEntry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "log_type": entry.log_type.value,
        "date": write_stamp(entry.at),
        "profile": _profile_of(entry.person),
        "guest_uuid": entry.person.guest_id if entry.person else None,
        "created_at": write_stamp(entry.at),
        "user_socket_id": entry.connection_id,
    }


def _profile_of(person: Person | None) -> str | None:
    return str(person.user_id) if person and person.user_id is not None else None
