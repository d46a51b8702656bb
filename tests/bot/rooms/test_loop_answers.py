"""What our Loop client makes of answers that are not what they should be: an error that names the place, never half."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.errors import RoomServiceBusy, RoomServiceDown, RoomServiceError, RoomServiceNonsense
from bot.rooms.answers import Fields
from bot.rooms.http import open_client
from bot.rooms.loop_answers import LoopRefused, parse_address
from bot.rooms.loop_body import LONGEST_NAME, NOBODY, count_hours, cut_name
from bot.rooms.loop_names import name_room
from tests.bot.rooms.loop_callers import LEARNER, TOKEN, WANTED, Memory, build_recorded
from tests.bot.rooms.recorded import START, RecordedServer, Script, answer

URL = "http://127.0.0.1:1/token-that-nobody-may-read"
MADE = {"roomToken": "t", "roomUrl": URL, "expiresAt": 1898870400}
ROOM = {"roomToken": "t", "roomUrl": URL, "roomName": "Algebra", "maxSize": 3, "expiresAt": 1898900000}
OURS = (answer([{"roomToken": "t"}]),)
"""Before whatever is asked of a room by its id: which rooms are ours."""
PERSON = {"roomConnectionId": "c", "displayName": "Ben"}


async def ask(call: Any, *scripts: Script) -> Any:
    """What our call makes of what was recorded."""
    async with RecordedServer(*scripts) as server, open_client(connections=1) as client:
        return await call(build_recorded(client, server.url))


def without(whole: dict[str, Any], *names: str, **changes: object) -> dict[str, Any]:
    return {name: value for name, value in whole.items() if name not in names} | changes


LIST_PRESENT = lambda loop: loop.list_present(name_room("t"))  # noqa: E731
MAKE = lambda loop: loop.make_room(WANTED)  # noqa: E731
JOIN = lambda loop: loop.join("t", display_name="Ben", client_max_size=5)  # noqa: E731
DELETE = lambda loop: loop.delete_rooms(["t", "u"])  # noqa: E731
LIST = lambda loop: loop.list_rooms()  # noqa: E731
REFRESH = lambda loop: loop.refresh("t", caller=NOBODY)  # noqa: E731

BROKEN = {
    "no token of a room": (MAKE, without(MADE, "roomToken"), "roomToken"),
    "no address": (MAKE, without(MADE, "roomUrl"), "roomUrl"),
    "an address without lock": (MAKE, without(MADE, roomUrl="http://loop.example/t"), "roomUrl"),
    "an address that is none": (MAKE, without(MADE, roomUrl="javascript:alert(1)"), "roomUrl"),
    "an end out of all bounds": (MAKE, without(MADE, expiresAt=10**20), "expiresAt"),
    "a list instead of a room": (MAKE, [], "room"),
    "a room without its people": (LIST_PRESENT, ROOM, "participants"),
    "people that are no list": (LIST_PRESENT, without(ROOM, participants={}), "participants"),
    "somebody who is nobody": (LIST_PRESENT, without(ROOM, participants=[PERSON, 7]), "participants[1]"),
    "somebody without connection": (
        LIST_PRESENT, without(ROOM, participants=[without(PERSON, "roomConnectionId")]),
        "participants[0].roomConnectionId",
    ),
    "a context without its key": (LIST_PRESENT, without(ROOM, context={"value": "v", "alg": "a"}),
                                  "context.wrappedKey"),
    "an object instead of rooms": (LIST, {}, "rooms"),
    "a room of a list without token": (LIST, [ROOM, without(ROOM, "roomToken")], "rooms[1].roomToken"),
    "a deleted one without token": (LIST, [{"deleted": True}], "rooms[0].roomToken"),
    "a seat without token": (JOIN, {"expires": 300}, "sessionToken"),
    "a seat without end": (JOIN, {"sessionToken": "s"}, "expires"),
    "a seat for ever": (JOIN, {"sessionToken": "s", "expires": 10**20}, "expires"),
    "a refresh without end": (REFRESH, {"expires": "300"}, "expires"),
    "no word on deletions": (DELETE, {}, "responses"),
    "half a word on deletions": (DELETE, {"responses": {"t": {"code": 200}, "u": {}}}, "responses[1].code"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN.values(), ids=BROKEN.keys())
async def test_a_broken_answer_names_its_place(case: tuple[Any, object, str]) -> None:
    """And repeats no value of it."""
    call, body, place = case
    with pytest.raises(RoomServiceNonsense) as caught:
        await ask(call, *(OURS if call is LIST_PRESENT else ()), answer(body))

    assert caught.value.field == place
    assert "nobody-may-read" not in str(caught.value)


async def test_what_is_only_nice_to_know_may_be_missing() -> None:
    """A room of which next to nothing is told, with somebody who has no name."""
    room = await ask(lambda loop: loop.fetch_room("t"), answer({"roomToken": "t", "maxSize": None, "ctime": "x"}))
    present = await ask(LIST_PRESENT, *OURS, answer({"roomToken": "t", "participants": [{"roomConnectionId": "c"}]}))

    assert (room.max_size, room.ctime, room.participants, room.extra) == (None, None, None, {})
    assert [(one.connection, one.shown_name, one.is_owner) for one in present] == [("c", "", False)]


def test_an_address_on_the_server_s_own_machine_is_no_way_in() -> None:
    """As a server has it that was never told its `webAppUrl`; told apart from a server that is on this machine."""
    told = Fields(provider="Mozilla Loop", values={"roomUrl": "http://localhost:3000/t"})
    assert parse_address(told, origin="http://127.0.0.1:5000/") == "http://localhost:3000/t"
    with pytest.raises(RoomServiceNonsense, match="webAppUrl"):
        parse_address(told, origin="https://loop.example/v0/")


@pytest.mark.parametrize(
    "script", [answer("<html>", 200), answer("", 307, Location="/v0/rooms")], ids=["page", "moved"]
)
async def test_a_page_or_a_way_elsewhere_is_nonsense(script: bytes) -> None:
    """We go nowhere with our signature."""
    with pytest.raises(RoomServiceNonsense):
        await ask(LIST, script)


@pytest.mark.parametrize(
    ("script", "error"),
    [
        (answer("<html>", 500), RoomServiceDown),
        (answer({"errno": 201}, 503, Retry_After="30"), RoomServiceDown),
        (b"", RoomServiceDown),
        (answer({"errno": 999}, 429, Retry_After="30"), RoomServiceBusy),
        (answer("<html>", 400), LoopRefused),
        (answer({"code": 400, "errno": "107", "error": {}}, 400), LoopRefused),
        (answer({"code": 400, "errno": True}, 400), LoopRefused),
    ],
    ids=["crash", "overload", "cut", "busy", "page", "number as text", "no number"],
)
async def test_every_failure_is_one_of_ours(script: bytes, error: type[RoomServiceError]) -> None:
    """Also where the answer is a page, or its number is none."""
    with pytest.raises(error) as caught:
        await ask(LIST, script)

    assert getattr(caught.value, "errno", None) is None


async def test_a_token_that_lapsed_is_not_told_as_a_seat_that_did() -> None:
    """The same number stands for both; what is said depends on the status."""
    lapsed = answer({"code": 401, "errno": 111, "error": "x"}, 401)
    with pytest.raises(LoopRefused) as caught:
        await ask(lambda loop: loop.fetch_room("t", caller=NOBODY), lapsed)

    assert caught.value.detail == "room: may not be read"


async def test_all_rooms_missing_is_told_as_several_missing() -> None:
    """The server says 404 for the whole then; another 404 is none of that."""
    missing = answer({"responses": {"t": {"code": 404}, "u": {"code": 404}}}, 404)

    assert await ask(DELETE, missing) == {"t": 404, "u": 404}
    with pytest.raises(LoopRefused):
        await ask(DELETE, answer({"code": 404, "errno": 999, "error": "Resource not found."}, 404))


async def test_a_change_between_looking_and_changing_is_survived() -> None:
    """Somebody deleted the room: another is made."""
    gone = answer({"code": 404, "errno": 105, "error": "Token not found."}, 404)
    short = answer(without(ROOM, expiresAt=1))
    scripts = *OURS, short, gone, answer(without(MADE, roomToken="u"), 201)

    launch = await ask(lambda loop: loop.launch(replace(LEARNER, room_id=name_room("t"))), *scripts)

    assert launch.room_id == name_room("u")


async def test_nothing_is_made_twice_where_it_cannot_be_looked_for() -> None:
    """The making was cut, and so was the look: told, and nothing tried."""
    async with RecordedServer(b"", b"") as server, open_client(connections=1) as client:
        with pytest.raises(RoomServiceDown):
            await build_recorded(client, server.url).launch(LEARNER)

    # The transport itself repeats a GET that was cut, once.
    assert [request.line.split()[0] for request in server.requests] == ["POST", "GET", "GET"]


async def test_never_sent_is_not_looked_for() -> None:
    """Nobody listens: there is nothing to find."""
    async with RecordedServer() as server:
        url = server.url
    async with open_client(connections=1) as client:
        with pytest.raises(RoomServiceDown) as caught:
            await build_recorded(client, url, keeper=Memory(TOKEN)).launch(LEARNER)

    assert not caught.value.was_sent


@pytest.mark.parametrize(
    ("left", "hours"),
    [
        (timedelta(hours=2), 2),
        (timedelta(hours=2, microseconds=1), 3),
        (timedelta(minutes=1), 1),
        (timedelta(0), 1),
        (timedelta(days=-3), 1),
        (timedelta(days=90), 1344),
    ],
    ids=str,
)
def test_hours_are_counted_up(left: timedelta, hours: int) -> None:
    """The server cuts fractions, so an hour too much rather than one too few."""
    assert count_hours(START + left, now=START) == hours


def test_a_short_name_is_left_as_it_is() -> None:
    """Up to the last character that fits."""
    assert cut_name("x" * LONGEST_NAME) == "x" * LONGEST_NAME
    assert cut_name("") == ""
