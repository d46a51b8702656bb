"""Writes sessions as the API lists them, and keeps to the filters that it documents. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.sandbox.lessonspace.launching import Problems, parse_stamp
from bot.sandbox.lessonspace.spaces import LogEntry, Person, Space, SpaceSession

_MOMENT_FILTERS: Mapping[str, Callable[[SpaceSession, datetime], bool]] = {
    "start_time_after": lambda session, at: session.started_at > at,
    "start_time_before": lambda session, at: session.started_at < at,
    # A running session has no end, so neither of these finds it.
    "end_time_after": lambda session, at: session.ended_at is not None and session.ended_at > at,
    "end_time_before": lambda session, at: session.ended_at is not None and session.ended_at < at,
    "date_after": lambda session, at: session.started_at > at,
    "date_before": lambda session, at: session.started_at < at,
}

_FLAGS = ("include_single_user", "in_progress_only")

Listed = list[tuple[Space, SpaceSession]]


def choose_sessions(listed: Listed, query: Mapping[str, str]) -> Listed | Problems:
    """Those that the query asks for, newest first; or by parameter what is wrong with it.

    The real service ignores a parameter that it does not know (`start_time_gte` is a known mistake); we refuse it.
    """
    problems: Problems = {}
    for name, value in query.items():
        if name in _MOMENT_FILTERS:
            is_right = parse_stamp(value) is not None
        elif name in _FLAGS:
            is_right = value in ("true", "false")
        else:
            is_right = name == "page" and value.isdigit() and int(value) > 0
        if not is_right:
            problems[name] = ["There is no such parameter, or not with this value."]
    if problems:
        return problems
    chosen = [(space, session) for space, session in listed if _fits(session, query)]
    return sorted(chosen, key=lambda pair: pair[1].started_at, reverse=True)


def _fits(session: SpaceSession, query: Mapping[str, str]) -> bool:
    if query.get("include_single_user") != "true" and len(session.list_people()) < 2:
        return False
    if query.get("in_progress_only") == "true" and session.ended_at is not None:
        return False
    moments = {name: parse_stamp(query[name]) for name in _MOMENT_FILTERS if name in query}
    return all(moment is not None and _MOMENT_FILTERS[name](session, moment) for name, moment in moments.items())


def describe_session(space: Space, session: SpaceSession, *, now: datetime, api_url: str) -> dict[str, Any]:
    """One session as the list of a space shows it, with its log."""
    people = session.list_people()
    is_recorded = space.settings["record_av"] or space.settings["record_content"]
    return {
        "id": session.id,
        "uuid": session.session_id,
        "name": space.name,
        "start_time": write_stamp(session.started_at),
        "end_time": write_stamp(session.ended_at) if session.ended_at else None,
        "profiles": [_describe_profile(person) for person in people if person.user_id is not None],
        "guests": [
            {"id": 9000 + number, "uuid": person.guest_id, "session": session.id, "name": person.name}
            for number, person in enumerate(people)
            if person.guest_id
        ],
        "billable_seconds": int(session.count_billable(session.ended_at or now).total_seconds()),
        "logs": [_describe_entry(entry) for entry in session.log],
        "connected_users": [{"profile": _profile_of(c.ticket.person)} for c in session.list_open()],
        "recording_access_policy": [],
        "playback_url": f"{api_url}sessions/{session.session_id}/playback/" if is_recorded else None,
        "tags": "",
    }


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


def _describe_profile(person: Person) -> dict[str, Any]:
    return {"user": person.user_id, "name": person.name, "email": "", "role": person.role, "profile_picture": None}


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
