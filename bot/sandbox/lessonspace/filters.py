"""Keeps to the filters that the API documents for its lists of sessions, spaces and users. Pure.

The real service ignores a parameter that it does not know (`start_time_gte` is a known mistake), and then shows
everything; this one refuses it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from bot.sandbox.lessonspace.launching import Problems, parse_stamp
from bot.sandbox.lessonspace.meetings import SpaceSession
from bot.sandbox.lessonspace.spaces import Space
from bot.sandbox.lessonspace.users import User, Users


@dataclass(frozen=True, kw_only=True)
class Held:
    """A session, where it was, and what is needed to judge it."""

    space: Space
    session: SpaceSession
    users: Users
    now: datetime

    @property
    def name(self) -> str:
        """Its own, else its space's."""
        return self.session.name or self.space.name

    @property
    def numbers(self) -> set[int]:
        """Of the users who were there."""
        return {person.user_id for person in self.session.list_people() if person.user_id is not None}

    @property
    def members(self) -> list[User]:
        """Who was there and is still known."""
        return [user for number in self.numbers if (user := self.users.find(number))]


Query = Sequence[tuple[str, str]]
"""Parameters and their values as they came: a parameter may come several times."""

_LATEST = datetime.max.replace(tzinfo=UTC)

Reader = Callable[[str], Any]
"""Reads a parameter's value; ValueError when it is none."""


def _read_moment(text: str) -> datetime:
    stamp = parse_stamp(text)
    if stamp is None:
        raise ValueError("no ISO 8601 date and time")
    return stamp


def _read_count(text: str) -> int:
    if not re.fullmatch("[0-9]+", text):
        raise ValueError("no whole number")
    return int(text)


def _read_page(text: str) -> int:
    if (page := _read_count(text)) < 1:
        raise ValueError("pages begin with 1")
    return page


def _read_flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError("neither true nor false")
    return text == "true"


def _read_text(text: str) -> str:
    if not text:
        raise ValueError("empty")
    return text


def _read_role(text: str) -> set[str]:
    roles = set(text.split("&"))
    if not roles <= {"teacher", "student", "admin"}:
        raise ValueError("no role")
    return roles


def _read_numbers(text: str) -> set[int]:
    return {_read_count(part) for part in text.split("&")}


def _read_uuids(text: str) -> set[str]:
    return {str(UUID(part)) for part in text.split("&")}


def _read_tags(text: str) -> dict[str, str]:
    tags = json.loads(text)
    if not isinstance(tags, dict) or not all(isinstance(value, str) for value in tags.values()):
        raise ValueError("no JSON object of texts")
    return {name.casefold(): value.casefold() for name, value in tags.items()}


def _read_date(text: str) -> str:
    return datetime.fromisoformat(text).date().isoformat()


def _has_tags(tags: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    """Each that is wanted; with a blank value it only has to be there. Case does not matter."""
    own = {name.casefold(): value.casefold() for name, value in tags.items()}
    return all(name in own and value in ("", own[name]) for name, value in wanted.items())


def _is_sought(held: Held, text: str) -> bool:
    """A UUID is a session's or a space's own; anything else a part of a name."""
    try:
        sought = str(UUID(text))
    except ValueError:
        return text.casefold() in held.name.casefold() or text.casefold() in held.space.name.casefold()
    return sought in (held.session.session_id, held.space.room_id)


def _ended_after(held: Held, at: datetime) -> bool:
    """A running session has no end, so it is never found by one."""
    return held.session.ended_at is not None and held.session.ended_at > at


def _ended_before(held: Held, at: datetime) -> bool:
    return held.session.ended_at is not None and held.session.ended_at < at


_SESSION_FILTERS: Mapping[str, tuple[Reader, Callable[[Held, Any], bool]]] = {
    "search": (_read_text, _is_sought),
    "in_progress_only": (_read_flag, lambda held, is_on: not is_on or held.session.ended_at is None),
    "duration_min": (_read_count, lambda held, least: held.session.measure(held.now).total_seconds() >= least),
    "duration_max": (_read_count, lambda held, most: held.session.measure(held.now).total_seconds() <= most),
    "start_time_after": (_read_moment, lambda held, at: held.session.started_at > at),
    "start_time_before": (_read_moment, lambda held, at: held.session.started_at < at),
    "end_time_after": (_read_moment, _ended_after),
    "end_time_before": (_read_moment, _ended_before),
    "date_after": (_read_moment, lambda held, at: held.session.started_at > at),
    "date_before": (_read_moment, lambda held, at: held.session.started_at < at),
    "user": (_read_numbers, lambda held, numbers: bool(held.numbers & numbers)),
    "space": (_read_uuids, lambda held, room_ids: held.space.room_id in room_ids),
    "launch_id": (_read_text, lambda held, launch_id: held.space.launch_id == launch_id),
    "tags": (_read_tags, lambda held, tags: _has_tags(held.session.tags, tags)),
    "user_external_id": (
        _read_text,
        lambda held, key: any(user.external_id.casefold() == key.casefold() for user in held.members),
    ),
    "user_name": (
        _read_text,
        lambda held, part: any(part.casefold() in p.name.casefold() for p in held.session.list_people()),
    ),
}
"""How each is read, and what it asks of a session."""


def choose_sessions(listed: list[Held], query: Query, *, in_one_space: bool) -> list[Held] | Problems:
    """Those that the query asks for, newest first; or by parameter what is wrong with it."""
    filters = {name: read for name, (read, _) in _SESSION_FILTERS.items() if not (in_one_space and name == "space")}
    values = read_query(query, filters | {"include_single_user": _read_flag})
    if isinstance(values, Refused):
        return values.problems
    if "date_after" in values and "date_before" in values:
        # Only together they mean this, by the reference.
        values["end_time_before"] = min(values.pop("date_before"), values.get("end_time_before", _LATEST))
    has_solo = values.pop("include_single_user", False)
    chosen = [
        held
        for held in listed
        if (has_solo or len(held.session.list_people()) > 1)
        and all(_SESSION_FILTERS[name][1](held, value) for name, value in values.items() if name != "page")
    ]
    return sorted(chosen, key=lambda held: held.session.started_at, reverse=True)


def choose_spaces(listed: list[Space], query: Query) -> list[Space] | Problems:
    """Those that the query asks for, newest first; or by parameter what is wrong with it."""
    readers: Mapping[str, Reader] = {
        "session": _read_uuids,
        "date": _read_date,
        **dict.fromkeys(("tag_key", "tag_value", "search"), _read_text),
        **dict.fromkeys(("user", "assigned_to"), _read_numbers),
        **dict.fromkeys(("date_after", "date_before"), _read_moment),
    }
    values = read_query(query, readers)
    if isinstance(values, Refused):
        return values.problems
    if ("tag_key" in values) != ("tag_value" in values):
        return {"tag_key": ["This works together with tag_value only."]}
    return [space for space in reversed(listed) if _fits_space(space, values)]


def _fits_space(space: Space, values: Mapping[str, Any]) -> bool:
    sessions = space.sessions
    tags = {values["tag_key"].casefold(): values["tag_value"].casefold()} if "tag_key" in values else {}
    asked: Mapping[str, Callable[[Any], bool]] = {
        "session": lambda ids: any(s.session_id in ids for s in sessions),
        "date": lambda day: any(s.started_at.date().isoformat() == day for s in sessions),
        "user": lambda numbers: any(p.user_id in numbers for s in sessions for p in s.list_people()),
        "assigned_to": lambda numbers: False,  # a launch assigns a space to nobody
        "search": lambda text: text.casefold() in space.name.casefold(),
        "date_after": lambda at: any(s.ended_at is not None and s.ended_at > at for s in sessions),
        "date_before": lambda at: any(s.started_at < at for s in sessions),
    }
    return _has_tags(space.tags, tags) and all(asked[name](value) for name, value in values.items() if name in asked)


def choose_users(users: list[User], spaces: list[Space], query: Query) -> list[User] | Problems:
    """Those that the query asks for, by number; or by parameter what is wrong with it."""
    readers: Mapping[str, Reader] = {
        "role": _read_role,
        **dict.fromkeys(("space", "session"), _read_uuids),
        "search": _read_text,
    }
    values = read_query(query, readers)
    if isinstance(values, Refused):
        return values.problems
    met = [
        (space.room_id, s.session_id, p.user_id) for space in spaces for s in space.sessions for p in s.list_people()
    ]
    asked: Mapping[str, Callable[[User, Any], bool]] = {
        "role": lambda user, roles: user.role in roles,
        "space": lambda user, ids: any(room in ids and user.number == who for room, _, who in met),
        "session": lambda user, ids: any(session in ids and user.number == who for _, session, who in met),
        "search": lambda user, text: text.casefold() in f"{user.name}\n{user.email}".casefold(),
    }
    return [u for u in users if all(asked[name](u, value) for name, value in values.items() if name != "page")]


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A query that is wrong."""

    problems: Problems


def read_query(query: Query, readers: Mapping[str, Reader]) -> dict[str, Any] | Refused:
    """Each parameter's value, `page` among them; or what is wrong, by parameter.

    Those that take several values may come several times, where nothing says that they are parted by `&`.
    """
    values: dict[str, Any] = {}
    problems: Problems = {}
    for name, text in query:
        try:
            value = ({**readers, "page": _read_page})[name](text)
        except KeyError:
            problems[name] = ["There is no such parameter."]
        except ValueError:
            problems[name] = ["This value is none of this parameter's."]
        else:
            if name in values and not isinstance(value, set):
                problems[name] = ["This may come once."]
            values[name] = values[name] | value if name in values and isinstance(value, set) else value
    return Refused(problems=problems) if problems else values
