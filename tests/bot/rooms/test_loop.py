"""Our Loop client and the strict stand-in: what a launch asks, who is inside, and what becomes of a room."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.errors import RoomServiceDown, RoomServiceError, RoomServiceNonsense, RoomServiceRefused
from bot.rooms.base import Capabilities, RoomService
from bot.rooms.http import HttpClient, open_client
from bot.rooms.loop import Loop
from bot.rooms.loop_body import OWNER
from bot.rooms.loop_names import name_room
from bot.rooms.loop_records import RoomRecord
from bot.sandbox.faults import Fault
from bot.sandbox.loop.rooms import Errno
from bot.sandbox.loop.stand_in import LoopStandIn
from tests.bot.rooms.loop_callers import END, LEADER, LEARNER, build_loop, refusal_of
from tests.bot.rooms.recorded import START
from tests.bot.sandbox.callers import Machine


@pytest.fixture
def clock() -> Machine:
    return Machine(START, is_frozen=True)


@pytest.fixture
async def server(clock: Machine) -> AsyncIterator[LoopStandIn]:
    async with LoopStandIn(clock) as server:
        yield server


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    async with open_client(connections=8) as client:
        yield client


@pytest.fixture
async def loop(client: HttpClient, server: LoopStandIn, clock: Machine) -> AsyncIterator[Loop]:
    async with build_loop(client, server.api_url, clock=clock) as loop:
        yield loop


def test_it_is_a_room_service(client: HttpClient, clock: Machine) -> None:
    """Which says of itself that its address is everybody's, and who is inside."""
    loop: RoomService = build_loop(client, "https://loop.example/v0/", clock=clock)

    told = loop.capabilities
    assert (loop.name, loop.shown_name) == ("loop", "Mozilla Loop")
    expected = Capabilities(close_room=True, presence=True, shared_address=True, room_ends=True, max_participants=4)
    assert told == expected
    assert not told.is_direct


async def test_a_first_launch_makes_the_room(loop: Loop, server: LoopStandIn) -> None:
    """Named after the lesson, as large as can be, for as long as anybody's window."""
    launch = await loop.launch(LEARNER)

    [room] = server.list_rooms()
    assert (launch.url, launch.is_new_room) == (f"{server.origin}/go/{room.token}", True)
    assert (launch.is_recorded, launch.is_transcribed, launch.embed) == (False, False, None)
    assert room.fields == {"roomName": "Algebra", "roomOwner": "Hallpass 7f3a2b91"}
    assert (room.max_size, room.expires_at) == (5, START + timedelta(hours=2))
    assert launch.url not in repr(launch)


async def test_everybody_is_led_to_the_same_room(loop: Loop, server: LoopStandIn) -> None:
    """The second launch names it; nothing of it changes, so that nothing is prolonged."""
    first = await loop.launch(LEARNER)
    second = await loop.launch(replace(LEADER, room_id=first.room_id))

    assert (second.url, second.room_id, second.is_new_room) == (first.url, first.room_id, False)
    assert [call.name for call in server.asked] == ["registration", "registration", "make_room", "room"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"seats": 4}, ("Algebra", None)),
        ({"room_closes_at": END + timedelta(hours=3)}, ("Algebra", 4)),
        ({"room_name": "Biology"}, ("Biology", 2)),
    ],
    ids=str,
)
async def test_a_later_launch_brings_the_room_up_to_date(
    loop: Loop, server: LoopStandIn, change: dict[str, object], expected: tuple[str, int | None]
) -> None:
    """A later end; another name; never the seats. Each change says when the room ends."""
    first = await loop.launch(LEARNER)
    await loop.launch(replace(LEARNER, room_id=first.room_id, **change))  # type: ignore[arg-type]

    [room] = server.list_rooms()
    name, hours = expected
    assert (room.fields["roomName"], room.max_size) == (name, 5)
    assert room.expires_at == START + timedelta(hours=hours or 2)
    assert ("change_room" in [call.name for call in server.asked]) is (hours is not None)


@pytest.mark.parametrize("way", ["closed", "expired", "another's"])
async def test_a_room_that_is_gone_is_made_anew(
    loop: Loop, server: LoopStandIn, clock: Machine, way: str, client: HttpClient
) -> None:
    """Deleted, run out, or of an identity that we lost: there is another room under another id."""
    first = await loop.launch(LEARNER)
    if way == "closed":
        await loop.close_room(first.room_id)
    elif way == "expired":
        clock.move_by(timedelta(hours=3))
    else:
        loop = build_loop(client, server.api_url, clock=clock)
    later = replace(LEARNER, room_id=first.room_id, room_closes_at=clock.now() + timedelta(hours=1))

    second = await loop.launch(later)

    assert (second.room_id != first.room_id, second.is_new_room) == (True, True)
    assert second.url in [room.room_url for room in await loop.list_rooms() if isinstance(room, RoomRecord)]


async def test_more_people_than_seats_are_refused_before_anything_is_made(loop: Loop, server: LoopStandIn) -> None:
    """The form says so too; here it is for sure."""
    with pytest.raises(RoomServiceRefused, match="seats for 4"):
        await loop.launch(replace(LEARNER, seats=5))

    assert server.list_rooms() == []


@pytest.mark.parametrize("name", ["x" * 101, "é" * 300, "🎓" * 60])
async def test_a_long_title_is_cut_to_what_the_server_takes(loop: Loop, server: LoopStandIn, name: str) -> None:
    """By its own way of counting, and no character is halved."""
    launch = await loop.launch(replace(LEARNER, room_name=name))
    await loop.launch(replace(LEARNER, room_name=name, room_id=launch.room_id))

    [room] = server.list_rooms()
    assert name.startswith(str(room.fields["roomName"]))
    assert len(str(room.fields["roomName"]).encode("utf-16-le")) == 200
    assert "change_room" not in [call.name for call in server.asked]


async def test_who_is_inside_is_told(loop: Loop, server: LoopStandIn, clock: Machine) -> None:
    """By what they typed, each time under another connection; who left or lapsed is not there any more."""
    launch = await loop.launch(LEARNER)
    ada, ben = server.browser("Ada"), server.browser("Ben")
    assert await loop.list_present(launch.room_id) == []

    assert (await ada.join(launch.url)).is_inside
    assert (await ben.join(launch.url)).is_inside
    both = await loop.list_present(launch.room_id)
    await ben.leave()
    ben_is_gone = await loop.list_present(launch.room_id)
    await ben.join(launch.url)
    back = await loop.list_present(launch.room_id)
    clock.move_by(timedelta(seconds=299))
    await ben.refresh()
    clock.move_by(timedelta(seconds=1))
    ada_lapsed = await loop.list_present(launch.room_id)

    assert [(one.shown_name, one.is_owner) for one in both] == [("Ada", False), ("Ben", False)]
    assert [one.shown_name for one in ben_is_gone] == ["Ada"]
    assert ben_is_gone[0].connection == both[0].connection
    assert back[1].connection != both[1].connection
    assert [one.shown_name for one in ada_lapsed] == ["Ben"]


@pytest.mark.parametrize("is_told", [True, False])
async def test_the_owner_is_told_from_guests_where_the_server_does(
    loop: Loop, server: LoopStandIn, is_told: bool
) -> None:
    """An older server does not say."""
    server.has_newer_fields = is_told
    launch = await loop.launch(LEARNER)
    [room] = server.list_rooms()
    await loop.join(room.token, display_name="Office", client_max_size=5, caller=OWNER)

    assert [one.is_owner for one in await loop.list_present(launch.room_id)] == [is_told]


async def test_a_closed_room_has_nobody_in_it_and_opens_for_nobody(loop: Loop, server: LoopStandIn) -> None:
    """Closing it twice is harmless."""
    launch = await loop.launch(LEARNER)
    ben = server.browser("Ben")
    await ben.join(launch.url)

    for _ in range(2):
        await loop.close_room(launch.room_id)

    assert await loop.list_present(launch.room_id) == []
    assert not await ben.is_inside()
    assert (await server.browser("Cleo").join(launch.url)).refusal is Errno.INVALID_TOKEN


async def test_a_room_is_kept_open_longer(loop: Loop, server: LoopStandIn) -> None:
    """Whole hours, rounded up; a room that is gone cannot be."""
    launch = await loop.launch(LEARNER)

    await loop.extend_room(launch.room_id, closes_at=START + timedelta(hours=4, minutes=1))
    [room] = server.list_rooms()
    assert room.expires_at == START + timedelta(hours=5)
    await loop.close_room(launch.room_id)
    assert (await refusal_of(loop.extend_room(launch.room_id, closes_at=END))).is_about_no_room


@pytest.mark.parametrize("closes_at", [START - timedelta(days=1), START + timedelta(days=99)], ids=str)
async def test_a_room_s_life_stays_within_what_the_server_takes(
    loop: Loop, server: LoopStandIn, closes_at: object
) -> None:
    """An hour at least, since a room of none is gone at once; eight weeks at most."""
    await loop.launch(replace(LEARNER, room_closes_at=closes_at))  # type: ignore[arg-type]

    [room] = server.list_rooms()
    assert room.expires_at - START in (timedelta(hours=1), timedelta(weeks=8))


async def test_the_account_is_the_server(loop: Loop, server: LoopStandIn) -> None:
    """There are no organisations; its clock is told."""
    account = await loop.check_account()

    assert f"http://{account.organisation_id}" == server.origin
    assert (account.organisation_name, account.server_time) == (None, START)


async def test_what_it_does_not_have_is_refused(loop: Loop) -> None:
    """Rather than an empty list, by which everybody was absent."""
    for call in (
        loop.list_sessions("r", overlaps_from=START, overlaps_until=END),
        loop.list_live_sessions(),
        loop.fetch_recording("s"),
        loop.fetch_transcript("s"),
    ):
        with pytest.raises(RoomServiceRefused):
            await call


# A lost answer


@pytest.mark.parametrize("fault", [Fault.dropping(does_work=True), Fault.failing(504, does_work=True),
                                   Fault.garbage(does_work=True)], ids=lambda fault: fault.kind)  # fmt: skip
async def test_a_room_whose_making_was_never_answered_is_found_again(
    loop: Loop, server: LoopStandIn, fault: Fault
) -> None:
    """And not made twice."""
    server.faults.switch_on("make_room", fault, count=1)

    launch = await loop.launch(LEARNER)

    assert [name_room(room.token) for room in server.list_rooms()] == [launch.room_id]


async def test_another_lesson_s_room_of_the_same_name_is_not_taken_for_it(loop: Loop, server: LoopStandIn) -> None:
    """Titles repeat. Nothing was made here, so it is made now."""
    other = await loop.launch(replace(LEARNER, launch_id="0198c0de-room-2-11112222"))
    server.faults.switch_on("make_room", Fault.dropping(), count=1)

    launch = await loop.launch(LEARNER)

    assert launch.room_id != other.room_id
    assert len(server.list_rooms()) == 2


@pytest.mark.parametrize(
    ("fault", "error"),
    [(Fault.dropping(), RoomServiceDown), (Fault.garbage(), RoomServiceNonsense)],
    ids=["cut", "nonsense"],
)
async def test_a_server_that_stays_broken_is_told(
    loop: Loop, server: LoopStandIn, fault: Fault, error: type[RoomServiceError]
) -> None:
    """After a look for the room."""
    server.faults.switch_on("make_room", fault)

    with pytest.raises(error):
        await loop.launch(LEARNER)

    assert [call.name for call in server.asked].count("list_rooms") == 1


@pytest.mark.parametrize("name", ["room", "change_room", "delete_room", "list_rooms"])
async def test_what_may_be_repeated_is(loop: Loop, server: LoopStandIn, name: str) -> None:
    """All but the making of a room, and guests' own acts."""
    launch = await loop.launch(LEARNER)
    server.faults.switch_on(name, Fault.failing(503), count=2)
    calls: dict[str, Callable[[], Awaitable[object]]] = {
        "room": lambda: loop.list_present(launch.room_id),
        "change_room": lambda: loop.extend_room(launch.room_id, closes_at=END),
        "delete_room": lambda: loop.close_room(launch.room_id),
        "list_rooms": lambda: loop.list_rooms(),
    }

    await calls[name]()

    assert [call.status for call in server.asked if call.name == name][:2] == [503, 503]
