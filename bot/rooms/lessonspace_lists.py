"""Lessonspace's lists: which filters there are, and how a page leads to the next. It asks for nothing itself.

A filter that is misspelt there is ignored in silence, so each has its field here, under the API's own name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from math import ceil
from urllib.parse import urljoin

from bot.rooms.answers import Fields, list_fields, read_fields
from bot.rooms.http import Answer
from bot.rooms.lessonspace_records import PROVIDER
from storage.records import Record

Query = dict[str, str | list[str]]

_JOINED = ("user", "space")
"""Filters of sessions that take several values in one, "delimited by &"; the & is encoded, or the parameter ends there.
The other lists only "accept multiple values": there each is a parameter of its own, as that framework reads them."""


@dataclass(frozen=True, kw_only=True)
class SessionFilters(Record):
    """Which sessions. None, empty or False: no such filter."""

    search: str | None = None  # a UUID: that session or space; else part of the name, whatever its case
    page: int | None = None  # where to begin, from 1
    include_single_user: bool = True  # False: not those in which only one person was, as the API does by itself
    in_progress_only: bool = False
    duration_min: timedelta | None = None
    duration_max: timedelta | None = None
    start_time_after: datetime | None = None
    start_time_before: datetime | None = None
    end_time_after: datetime | None = None  # a running session has no end, and is left out
    end_time_before: datetime | None = None
    date_after: datetime | None = None  # of the session's making
    date_before: datetime | None = None
    user: tuple[str, ...] = ()  # Lessonspace's ids
    space: tuple[str, ...] = ()  # rooms' ids; only in the organisation's list
    launch_id: str | None = None  # the room, by our name for it: the whole of it, in its case
    tags: Mapping[str, str] = field(default_factory=dict)  # an empty value: the tag is there at all
    user_external_id: str | None = None  # the id that our launch gave: the whole of it
    user_name: str | None = None  # part of the name that our launch gave

    def build_query(self) -> Query:
        """As the API reads it."""
        return _build_query(self)


@dataclass(frozen=True, kw_only=True)
class SpaceFilters(Record):
    """Which spaces. None or empty: no such filter. (`date` is left out: deprecated there.)"""

    search: str | None = None
    page: int | None = None
    session: tuple[str, ...] = ()
    tag_key: str | None = None  # only together with `tag_value`
    tag_value: str | None = None
    user: tuple[str, ...] = ()  # who was in a session there
    assigned_to: tuple[str, ...] = ()
    date_after: datetime | None = None  # with a session that ended after
    date_before: datetime | None = None  # with a session that started before

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.tag_key is None) != (self.tag_value is None):
            raise ValueError("tag_key and tag_value only work together")

    def build_query(self) -> Query:
        """As the API reads it."""
        return _build_query(self)


@dataclass(frozen=True, kw_only=True)
class UserFilters(Record):
    """Which users. None or empty: no such filter."""

    search: str | None = None
    page: int | None = None
    role: tuple[str, ...] = ()  # teacher, student, admin
    space: tuple[str, ...] = ()  # who was in a session there
    session: tuple[str, ...] = ()

    def build_query(self) -> Query:
        """As the API reads it."""
        return _build_query(self)


def parse_page(answer: Answer, *, what: str, asked: str) -> tuple[list[Fields], str | None]:
    """One page's entries, and the way to the next; `asked` is the way to this one, which a short `next` builds on.

    An envelope by most accounts, a bare list by one. A bare list is taken as the whole: it cannot say otherwise.
    """
    if isinstance(answer.body, list):
        return list(list_fields(answer.body, provider=PROVIDER, path=what)), None
    page = read_fields(answer.body, provider=PROVIDER, what=what)
    entries = list(page.list_fields("results"))
    if page.values.get("next") is None:
        return entries, None
    try:
        return entries, urljoin(asked, page.get_text("next"))
    except ValueError as error:
        raise page.complain("next", "is not an address") from error


def format_moment(moment: datetime) -> str:
    """ISO 8601 in UTC, to the second, with Z: what a stamp without an offset means there is not documented."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _build_query(filters: SessionFilters | SpaceFilters | UserFilters) -> Query:
    wanted = {item.name: getattr(filters, item.name) for item in fields(filters)}
    query = {name: _format_value(name, value) for name, value in wanted.items() if value or value == timedelta(0)}
    if isinstance(filters, SessionFilters):
        query |= {name: "&".join(value) for name in _JOINED if isinstance(value := query.get(name), list)}
    return query


def _format_value(name: str, value: object) -> str | list[str]:
    match value:
        case bool():
            return str(value).lower()
        case datetime():
            # Cut outward, so that nothing is lost by it: a second more is found, never one less.
            is_upper = name.endswith("_before") and value.microsecond > 0
            return format_moment(value + timedelta(seconds=1) if is_upper else value)
        case timedelta():
            return str(ceil(value.total_seconds()) if name.endswith("_max") else int(value.total_seconds()))
        case tuple():
            return list(value)
        case Mapping():
            return json.dumps(dict(value), separators=(",", ":"), ensure_ascii=False)
    return str(value)
