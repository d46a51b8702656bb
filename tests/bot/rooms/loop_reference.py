"""The Loop server's protocol as a table: every call, what may be sent and what is answered, and where it is ours.

From the reference page, which has it from the server's public source. `test_loop_reference.py` holds client, stand-in
and table to each other. What we leave out says why.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bot.rooms.loop import Loop
from bot.rooms.loop_body import NOBODY, OWNER, Caller, CallStatus, Context, Wanted
from bot.rooms.loop_records import (
    ContextRecord,
    DeletedRecord,
    MadeRecord,
    ParticipantRecord,
    RoomRecord,
    SeatRecord,
)
from tests.bot.rooms.loop_callers import END
from tests.bot.rooms.recorded import START

GUEST = Caller(session_token="seat")
URL = "http://127.0.0.1:1/t"
AT = int(START.timestamp())
NAMED = Wanted(name="Algebra", owner="Ada", max_size=3, closes_at=END, channel="spring")
ENCRYPTED = replace(NAMED, name=None, context=Context(value="v", alg="AES-GCM", wrapped_key="k"))

PARTICIPANT = {"roomConnectionId": "c", "displayName": "Ada", "owner": True, "account": "ada@school.example"}
ROOM: dict[str, object] = {
    "roomToken": "t",
    "roomUrl": URL,
    "roomOwner": "Ada",
    "roomName": "Algebra",
    "context": {"value": "v", "alg": "AES-GCM", "wrappedKey": "k"},
    "maxSize": 3,
    "clientMaxSize": 2,
    "creationTime": AT,
    "expiresAt": AT + 3600,
    "ctime": AT + 60,
    "participants": [PARTICIPANT],
}

RECORDS: Mapping[type, dict[str, object]] = {
    RoomRecord: ROOM,
    ParticipantRecord: PARTICIPANT,
    ContextRecord: {"value": "v", "alg": "AES-GCM", "wrappedKey": "k"},
    DeletedRecord: {"roomToken": "t"},
    MadeRecord: {"roomToken": "t", "roomUrl": URL, "expiresAt": AT},
    SeatRecord: {"apiKey": "44", "sessionId": "1_t", "sessionToken": "s", "expires": 300},
}
"""Each record with every field that the page documents, as it comes."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One call. `sends` are the fields of its body, `by` how it proves who asks: Hawk, Basic or nothing."""

    line: str
    ask: Callable[[Loop], Awaitable[Any]]
    by: str = "Hawk"
    sends: Mapping[str, object] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    answers: object = field(default_factory=dict)
    status: int = 200


def act(action: str, ask: Callable[[Loop], Awaitable[Any]], *, by: str = "Basic", **more: Any) -> Row:
    """An action in a room."""
    sends = {"action": action, **more.pop("sends", {})}
    return Row(line="POST /rooms/{t}", ask=ask, by=by, sends=sends, **more)


STATUS = CallStatus(event="Session.connectionCreated", state="sendrecv", connections=2, send_streams=1, recv_streams=0)
WHOLE = {"roomOwner": "Ada", "maxSize": 3, "expiresIn": 1, "channel": "spring"}
SEAT = RECORDS[SeatRecord]

ROWS: tuple[Row, ...] = (
    Row(line="POST /registration", ask=lambda loop: loop.check_account(), answers='""'),
    Row(line="DELETE /registration", ask=lambda loop: loop.delete_registration(), answers="", status=204),
    Row(line="POST /rooms", ask=lambda loop: loop.make_room(NAMED), sends=WHOLE | {"roomName": "Algebra"},
        answers=RECORDS[MadeRecord], status=201),
    Row(line="POST /rooms", ask=lambda loop: loop.make_room(ENCRYPTED), sends=WHOLE | {"context": ROOM["context"]},
        answers=RECORDS[MadeRecord], status=201),
    Row(line="PATCH /rooms/{t}", ask=lambda loop: loop.change_room("t", closes_at=END), sends={"expiresIn": 1},
        answers={"expiresAt": AT}),
    Row(line="PATCH /rooms/{t}",
        ask=lambda loop: loop.change_room("t", closes_at=END, name="Biology", owner="Ben", max_size=2),
        sends={"expiresIn": 1, "roomName": "Biology", "roomOwner": "Ben", "maxSize": 2}, answers={"expiresAt": AT}),
    Row(line="DELETE /rooms/{t}", ask=lambda loop: loop.delete_room("t"), answers="", status=204),
    Row(line="PATCH /rooms", ask=lambda loop: loop.delete_rooms(["t", "u"]), sends={"deleteRoomTokens": ["t", "u"]},
        answers={"responses": {"t": {"code": 200}, "u": {"code": 404, "errno": 105, "error": "x"}}}, status=207),
    Row(line="GET /rooms", ask=lambda loop: loop.list_rooms(), answers=[ROOM]),
    Row(line="GET /rooms", ask=lambda loop: loop.list_rooms(changed_since=START), query={"version": str(AT)},
        answers=[{"roomToken": "t", "deleted": True}]),
    Row(line="GET /rooms/{t}", ask=lambda loop: loop.fetch_room("t"), answers=ROOM),
    Row(line="GET /rooms/{t}", ask=lambda loop: loop.fetch_room("t", caller=GUEST), by="Basic", answers=ROOM),
    Row(line="GET /rooms/{t}", ask=lambda loop: loop.fetch_room("t", caller=NOBODY), by="", answers=ROOM),
    *(act("join", lambda loop, who=who: loop.join("t", display_name="Ben", client_max_size=5, caller=who),  # type: ignore[misc]
          by=by, sends={"displayName": "Ben", "clientMaxSize": 5}, answers=SEAT)
      for who, by in ((OWNER, "Hawk"), (GUEST, "Basic"), (NOBODY, ""))),
    act("refresh", lambda loop: loop.refresh("t", caller=GUEST), answers={"expires": 300}),
    act("refresh", lambda loop: loop.refresh("t", caller=OWNER), by="Hawk", answers={"expires": 300}),
    act("leave", lambda loop: loop.leave("t", caller=GUEST), answers="", status=204),
    act("leave", lambda loop: loop.leave("t", caller=OWNER), by="Hawk", answers="", status=204),
    act("status", lambda loop: loop.report_status("t", STATUS, caller=GUEST), answers="", status=204,
        sends={"event": "Session.connectionCreated", "state": "sendrecv", "connections": 2, "sendStreams": 1,
               "recvStreams": 0}),
    act("logDomain", lambda loop: loop.report_domains("t", {"x.example": 2}, caller=GUEST), answers="", status=204,
        sends={"domains": [{"domain": "x.example", "count": 2}]}),
)  # fmt: skip

LEFT_OUT = {
    "DELETE /session": "needs a Firefox Account, and there are none any more: 403 for everybody",
    "GET /": "what the server is called; nothing of ours depends on it",
    "GET /__lbheartbeat__": "for whoever runs the server",
    "GET /__heartbeat__": "for whoever runs the server",
}

NEVER_SENT = {
    "simplePushURLs": "its pushes name no room and no person, and are not signed",
}

ERRNOS = {
    105: "invalid token",
    106: "bad JSON",
    107: "invalid parameters",
    108: "missing parameters",
    110: "invalid auth token",
    111: "expired",
    121: "client reached capacity",
    202: "room full",
    203: "not a room participant",
    999: "undefined",
}
"""Those that calls of rooms answer."""
