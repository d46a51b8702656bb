"""Agora's reference as a table: every call, header, parameter, field sent and field answered, and where it is ours.

What only the older documents have says so in `seen`; a value is of the documented type. `test_agora_reference.py` holds
client and table to each other, in both directions.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.rooms.agora_tokens import TokenKind, TokenRole
from bot.rooms.agora_whiteboard import AgoraWhiteboard

S3 = "room management"
TOKENS = "the pages on tokens"
OLDER = "the older documents"
UUID = "4a5b6c7d8e9f"
LIVES = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class Sent:
    """One parameter of the address, or one field of the body, as it must arrive."""

    name: str
    value: object
    seen: str = S3


@dataclass(frozen=True, kw_only=True)
class Told:
    """One field of a room, with a value as it comes, and what becomes of it in our record."""

    name: str
    value: object
    field: str
    read: object


ROOM = (
    Told(name="uuid", value=UUID, field="uuid", read=UUID),
    Told(name="teamUUID", value="RM5aw", field="team_uuid", read="RM5aw"),
    Told(name="appUUID", value="i541AQ", field="app_uuid", read="i541AQ"),
    Told(name="isRecord", value=False, field="is_record", read=False),
    Told(name="isBan", value=True, field="is_ban", read=True),
    Told(
        name="createdAt",
        value="2021-01-18T06:56:29.432Z",
        field="created_at",
        read=datetime(2021, 1, 18, 6, 56, 29, 432_000, UTC),
    ),
    Told(name="limit", value=0, field="limit", read=0),
)

ROOM_ANSWER = {row.name: row.value for row in ROOM}


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One call. `ask` is ours of it; `signs_as`: the least that its token must be able to, None where it takes none.

    `answers` is the body it is answered with; our call makes the table's room of it where `gives_room`, else `gives`.
    """

    line: str
    ask: Callable[[AgoraWhiteboard], Awaitable[Any]]
    status: int
    answers: object
    signs_as: TokenRole | None
    parameters: tuple[Sent, ...] = ()
    body: tuple[Sent, ...] = ()
    gives_room: bool = True
    gives: object = None


async def _list(service: AgoraWhiteboard) -> Any:
    return [room async for room in service.iterate_rooms(begin_uuid="0e6", page_size=2)]


def _answers(kind: TokenKind) -> str:
    """A token as it comes, a single JSON string."""
    return f'"{_gives(kind)}"'


def _gives(kind: TokenKind) -> str:
    """What is made of it."""
    return f"{kind.value}YWs9"


_ORDER = (
    Sent(name="lifespan", value=600_000, seen=TOKENS),
    Sent(name="role", value="writer", seen=TOKENS),
)

ENDPOINTS = (
    Endpoint(
        line="POST /rooms",
        ask=lambda service: service.create_room(name="Algebra", limit=3),
        status=201,
        answers=ROOM_ANSWER,
        signs_as=TokenRole.WRITER,
        body=(
            Sent(name="isRecord", value=False),
            Sent(name="limit", value=3),
            Sent(name="name", value="Algebra", seen=OLDER),
        ),
    ),
    Endpoint(
        line="GET /rooms/{uuid}",
        ask=lambda service: service.fetch_room(UUID),
        status=200,
        answers=ROOM_ANSWER,
        signs_as=TokenRole.WRITER,
    ),
    Endpoint(
        line="GET /rooms",
        ask=_list,
        status=200,
        answers=[ROOM_ANSWER],
        signs_as=TokenRole.WRITER,
        parameters=(Sent(name="beginUUID", value="0e6"), Sent(name="limit", value="2")),
    ),
    Endpoint(
        line="PATCH /rooms/{uuid}",
        ask=lambda service: service.ban_room(UUID),
        status=201,
        answers=ROOM_ANSWER,
        signs_as=TokenRole.ADMIN,
        body=(Sent(name="isBan", value=True),),
    ),
    Endpoint(
        line="PATCH /rooms/{uuid}",
        ask=lambda service: service.unban_room(UUID),
        status=201,
        answers=ROOM_ANSWER | {"isBan": False},
        signs_as=TokenRole.ADMIN,
        body=(Sent(name="isBan", value=False),),
        gives_room=False,
    ),
    Endpoint(
        line="POST /tokens/teams",
        ask=lambda service: service.request_sdk_token(role=TokenRole.WRITER, lives=LIVES),
        status=201,
        signs_as=None,
        body=(
            Sent(name="accessKey", value="ak-that-nobody-may-read", seen=TOKENS),
            Sent(name="secretAccessKey", value="sk-that-nobody-may-read", seen=TOKENS),
            *_ORDER,
        ),
        gives_room=False,
        answers=_answers(TokenKind.SDK),
        gives=_gives(TokenKind.SDK),
    ),
    Endpoint(
        line="POST /tokens/rooms/{uuid}",
        ask=lambda service: service.request_room_token(UUID, role=TokenRole.WRITER, lives=LIVES),
        status=201,
        signs_as=TokenRole.WRITER,
        body=_ORDER,
        gives_room=False,
        answers=_answers(TokenKind.ROOM),
        gives=_gives(TokenKind.ROOM),
    ),
    Endpoint(
        line="POST /tokens/tasks/{uuid}",
        ask=lambda service: service.request_task_token(UUID, role=TokenRole.WRITER, lives=LIVES),
        status=201,
        signs_as=TokenRole.WRITER,
        body=_ORDER,
        gives_room=False,
        answers=_answers(TokenKind.TASK),
        gives=_gives(TokenKind.TASK),
    ),
)

JOINING = {
    "appIdentifier": "sdkConfig.appIdentifier",
    "region": "sdkConfig.region",
    "uuid": "joinRoom.uuid",
    "roomToken": "joinRoom.roomToken",
    "uid": "joinRoom.uid",
    "isWritable": "joinRoom.isWritable",
    "shownName": "joinRoom.userPayload",
    "script": "the SDK itself",
}
"""What the page is handed, and which of the browser SDK's parameters it is for."""
