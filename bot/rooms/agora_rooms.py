"""Agora Whiteboard's rooms as it tells of them: one record under its own field names, and nothing judged.

None is "not told". Fields that are not known here are kept in `extra`. It asks for nothing itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from bot.rooms.answers import Fields, list_entries, read_fields
from bot.rooms.http import Answer
from storage.records import Record

PROVIDER: Final = "Agora Whiteboard"

REGIONS: Final = ("us-sv", "sg", "in-mum", "eu", "cn-hz")
"""Silicon Valley, Singapore, Mumbai, Frankfurt, Hangzhou: where rooms may be, by the API's current reference."""

_READ = ("uuid", "teamUUID", "appUUID", "isRecord", "isBan", "createdAt", "limit")


@dataclass(frozen=True, kw_only=True)
class RoomRecord(Record):
    """A room. It has no end of its own: it is there until it is banned, and after that too."""

    uuid: str
    team_uuid: str | None = None
    app_uuid: str | None = None
    is_record: bool | None = None  # not supported there: always false
    is_ban: bool | None = None  # shut: nobody is inside and nobody gets in
    created_at: datetime | None = None
    limit: int | None = None  # most writers and admins at the same time; 0: no limit
    extra: dict[str, object] = field(default_factory=dict, repr=False)


def read_room(answer: Answer) -> RoomRecord:
    """The room of an answer. RoomServiceNonsense when it is none."""
    return parse_room(read_fields(answer.body, provider=PROVIDER, what="room"))


def read_rooms(answer: Answer) -> list[RoomRecord]:
    """One page of the list. RoomServiceNonsense when it is none."""
    return list(map(parse_room, list_entries(answer.body, provider=PROVIDER, what="rooms")))


def parse_room(found: Fields) -> RoomRecord:
    """A room without an id is RoomServiceNonsense; all else may be missing."""
    return RoomRecord(
        uuid=found.get_text("uuid"),
        team_uuid=found.find_text("teamUUID"),
        app_uuid=found.find_text("appUUID"),
        is_record=found.find_flag("isRecord"),
        is_ban=found.find_flag("isBan"),
        created_at=found.find_moment("createdAt"),
        limit=found.find_count("limit"),
        extra={name: value for name, value in found.values.items() if name not in _READ},
    )
