"""Our client of Videsk and the strict stand-in: a way in for each person, and a room as long as there must be one."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.errors import RoomServiceBusy, RoomServiceDown, RoomServiceError, RoomServiceNonsense, RoomServiceRefused
from bot.rooms.base import Launch, LaunchRequest, RoomService
from bot.rooms.http import open_client
from bot.rooms.videsk import Videsk
from bot.rooms.videsk_rooms import NewRoom, RoomChanges, RoomFilters, RoomSettings, SortBy
from bot.sandbox.faults import Fault
from bot.sandbox.videsk.rooms import Room
from bot.sandbox.videsk.stand_in import VideskStandIn
from storage.records import Role
from tests.bot.rooms.recorded import START, HandWound
from tests.bot.sandbox.callers import Machine

END = START + timedelta(minutes=90)

LEARNER = LaunchRequest(
    launch_id="room-1",
    room_name="Algebra",
    person_key="k-ben",
    shown_name="Ben",
    role=Role.LEARNER,
    is_leader=False,
    opens_at=START,
    closes_at=START + timedelta(minutes=60),
    warns_at=None,
    leaves_at_close=True,
    room_opens_at=START - timedelta(minutes=10),
    room_closes_at=END,
)
LEADER = replace(LEARNER, person_key="k-ada", shown_name="Ada", role=Role.LEADER, is_leader=True)


@pytest.fixture
def clock() -> Machine:
    return Machine(START, is_frozen=True)


@pytest.fixture
async def room(clock: Machine) -> AsyncIterator[VideskStandIn]:
    async with VideskStandIn(clock, calls_per_second=None) as room:
        yield room


@pytest.fixture
async def service(room: VideskStandIn) -> AsyncIterator[Videsk]:
    async with open_client(connections=8) as client, build_service(client, room) as service:
        yield service


def build_service(client: Any, room: VideskStandIn, *, time: HandWound | None = None) -> Videsk:
    return Videsk(
        client,
        api_token=room.api_token,
        api_url=room.api_url,
        script_url=room.script_url,
        now=room.clock.now,
        timing=(time or HandWound()).as_timing(),
    )


def token_of(launch: Launch) -> str:
    assert launch.embed is not None
    return launch.embed.values["accessToken"]


def only(room: VideskStandIn) -> Room:
    [found] = room.rooms.every
    return found


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


async def test_everybody_gets_a_token_of_their_own_into_one_room(service: Videsk, room: VideskStandIn) -> None:
    """The way in is our page with what its script needs, and no address; both meet under their names."""
    ada, ben = [await service.launch(request) for request in (LEADER, replace(LEARNER, room_id=None))]
    tabs = room.browser(), room.browser()
    for tab, launch in zip(tabs, (ada, ben), strict=True):
        assert launch.embed is not None
        assert (launch.url, launch.embed.page) == ("", "videsk")
        assert launch.embed.values.keys() == {"accessToken", "alias", "script"}
        assert launch.embed.values["script"] == room.script_url
        assert (await tab.enter(token_of(launch), alias=launch.embed.values["alias"])).is_inside

    assert room.list_present(only(room)) == ["Ada", "Ben"]
    assert [ada.room_id, ben.room_id] == [only(room).id] * 2
    assert [ada.is_new_room, ben.is_new_room] == [True, False]
    assert token_of(ada) != token_of(ben)


async def test_a_room_is_made_with_all_that_is_known_of_it(service: Videsk, room: VideskStandIn) -> None:
    """The widest window, beginning now where it has begun; never recorded, with no limit of people."""
    await service.launch(LEARNER)

    made = only(room)
    assert (made.name, made.nbf, made.exp) == ("Algebra", START, END)
    assert made.external_id == "room-1.20300304T1450"
    assert made.settings == {"recordingEnabled": False}


@pytest.mark.parametrize(
    "changes, expected",
    [
        ({"room_opens_at": None, "room_closes_at": None}, ("Algebra", START, at(60))),
        ({"room_opens_at": at(5)}, ("Algebra", at(5), END)),
        ({"room_name": " "}, ("room-1", START, END)),
        ({"room_name": "x" * 501}, ("x" * 500, START, END)),
        ({"room_closes_at": START + timedelta(hours=72)}, ("Algebra", START, START + timedelta(hours=72))),
    ],
)
async def test_each_wish_finds_its_field(
    service: Videsk, room: VideskStandIn, changes: dict[str, Any], expected: tuple[str, datetime, datetime]
) -> None:
    """Without a room's window it is the person's; a name that is too long is cut, a blank one is ours."""
    await service.launch(replace(LEARNER, **changes))

    assert (only(room).name, only(room).nbf, only(room).exp) == expected


async def test_a_launch_is_one_call_for_a_new_room_and_two_for_one_that_is_there(
    service: Videsk, room: VideskStandIn
) -> None:
    """Twenty calls a second are all there are: the new room's own token is used, and a known room is not read."""
    first = await service.launch(LEARNER)
    await service.launch(replace(LEADER, room_id=first.room_id))

    assert [asked.name for asked in room.asked] == ["create", "change", "join"]


async def test_two_first_launches_at_once_make_one_room(service: Videsk, room: VideskStandIn) -> None:
    """Whoever is told that it is there already takes it."""
    launches = await asyncio.gather(*(service.launch(request) for request in (LEADER, LEARNER, LEADER, LEARNER)))

    assert {launch.room_id for launch in launches} == {only(room).id}
    assert sum(bool(launch.is_new_room) for launch in launches) == 1
    assert len({token_of(launch) for launch in launches}) == 4


async def test_a_new_room_whose_answer_is_lost_is_found_again(service: Videsk, room: VideskStandIn) -> None:
    """The second try is told of a conflict with the first."""
    room.faults.switch_on("create", Fault.dropping(does_work=True), count=1)

    launch = await service.launch(LEARNER)

    assert launch.room_id == only(room).id
    assert [asked.status for asked in room.asked] == [None, 409, 200, 201]


@pytest.mark.parametrize("joins_ended_rooms", [True, False])
async def test_a_room_that_was_ended_is_replaced(service: Videsk, room: VideskStandIn, joins_ended_rooms: bool) -> None:
    """A token of the old one would open nothing; the new room has another id of ours, and its token lets in."""
    room.joins_ended_rooms = joins_ended_rooms
    old = await service.launch(LEARNER)
    await service.close_room(old.room_id)

    new = await service.launch(replace(LEARNER, room_id=old.room_id))
    again = await service.launch(replace(LEADER, room_id=new.room_id))
    lost = await service.launch(replace(LEADER, room_id=old.room_id))

    assert [room.external_id for room in room.rooms.every] == ["room-1.20300304T1450", "room-1.20300304T1450.2"]
    assert [old.room_id, new.room_id] == [one.id for one in room.rooms.every]
    assert {again.room_id, lost.room_id} == {new.room_id}
    assert (await room.browser().enter(token_of(lost))).is_inside


async def test_a_room_that_ran_out_is_replaced(service: Videsk, room: VideskStandIn, clock: Machine) -> None:
    """A later lesson in the same place has a room of its own, by its own hour, at once."""
    old = await service.launch(LEARNER)
    clock.move_by(timedelta(days=7))
    later = {name: getattr(LEARNER, name) + timedelta(days=7) for name in ("room_opens_at", "room_closes_at")}

    new = await service.launch(replace(LEARNER, room_id=old.room_id, **later))

    assert new.room_id != old.room_id
    assert [one.external_id for one in room.rooms.every] == ["room-1.20300304T1450", "room-1.20300311T1450"]
    assert [asked.name for asked in room.asked] == ["create", "change", "create"]


async def test_a_room_that_is_told_to_have_ended_or_is_past_its_end_is_not_used(
    service: Videsk, room: VideskStandIn, clock: Machine
) -> None:
    """Also where a change of such a room is taken: the answer's own end counts."""
    old = await service.launch(LEARNER)
    clock.move_to(END + timedelta(seconds=1))
    only(room).is_over = lambda now: False  # type: ignore[method-assign]

    new = await service.launch(replace(LEARNER, room_id=old.room_id, room_closes_at=END + timedelta(hours=1)))

    assert new.room_id != old.room_id


async def test_a_room_grows_with_its_lesson_and_never_shrinks(service: Videsk, room: VideskStandIn) -> None:
    """A later end, an earlier beginning; a launch that knows of neither changes nothing."""
    first = await service.launch(replace(LEARNER, room_opens_at=at(30)))
    known = replace(LEARNER, room_id=first.room_id)

    await service.launch(replace(known, room_opens_at=at(20), room_closes_at=END + timedelta(minutes=10)))
    await service.launch(replace(known, room_opens_at=at(25), room_closes_at=END))

    assert (only(room).nbf, only(room).exp) == (at(20), END + timedelta(minutes=10))
    assert [asked.name for asked in room.asked][1:] == ["change", "change", "join", "change", "join"]


async def test_a_lesson_that_moved_by_days_gets_another_room(service: Videsk, room: VideskStandIn) -> None:
    """72 hours are the most that one may be open."""
    first = await service.launch(LEARNER)
    moved = replace(LEARNER, room_id=first.room_id, room_opens_at=at(60 * 73), room_closes_at=at(60 * 74))

    second = await service.launch(moved)

    assert second.room_id != first.room_id
    assert room.rooms.every[0].exp == END


@pytest.mark.parametrize(
    "changes",
    [
        {"room_closes_at": START},
        {"room_opens_at": START, "room_closes_at": START + timedelta(hours=72, seconds=1)},
        {"room_opens_at": at(90), "room_closes_at": at(90)},
        {"launch_id": "x" * 90},
    ],
)
async def test_what_could_not_be_meant_is_refused_by_us(
    service: Videsk, room: VideskStandIn, changes: dict[str, Any]
) -> None:
    """What Videsk would make of it is not documented, so it is not asked."""
    with pytest.raises(RoomServiceRefused):
        await service.launch(replace(LEARNER, **changes))

    assert room.asked == []


async def test_an_extended_room_keeps_those_who_are_inside(
    service: Videsk, room: VideskStandIn, clock: Machine
) -> None:
    """Until its new end, when they are put out; a token of before still lets in until its own."""
    launch = await service.launch(LEARNER)
    tab = room.browser()
    await tab.enter(token_of(launch), alias="Ben")

    await service.extend_room(launch.room_id, closes_at=END + timedelta(minutes=10))
    clock.move_to(END + timedelta(minutes=9))
    present_before = room.list_present(only(room))
    clock.move_to(END + timedelta(minutes=10))
    async with asyncio.timeout(5):
        await tab.wait_until_out()

    assert (present_before, room.list_present(only(room))) == (["Ben"], [])
    assert room.visits[0].left_at == END + timedelta(minutes=10)


async def test_an_end_that_is_past_by_lesson_time_is_refused_by_us(
    service: Videsk, room: VideskStandIn, clock: Machine
) -> None:
    """What Videsk would do to those inside is not documented."""
    launch = await service.launch(LEARNER)
    clock.move_by(timedelta(minutes=30))

    with pytest.raises(RoomServiceRefused, match="past"):
        await service.extend_room(launch.room_id, closes_at=at(29))

    assert [asked.name for asked in room.asked] == ["create"]


async def test_who_is_put_out_by_an_old_token_comes_in_by_a_new_one(
    service: Videsk, room: VideskStandIn, clock: Machine
) -> None:
    """Where tokens do not grow with their room: the same lesson, the same room, a new launch."""
    room.rooms.limits_new_tokens = True
    launch = await service.launch(LEARNER)
    tab = room.browser()
    await tab.enter(token_of(launch))
    await service.extend_room(launch.room_id, closes_at=END + timedelta(minutes=10))
    clock.move_to(END)
    async with asyncio.timeout(5):
        await tab.wait_until_out()

    assert (await tab.enter(token_of(launch))).refusal == "jwt expired"
    again = await service.launch(replace(LEARNER, room_id=launch.room_id, room_closes_at=END + timedelta(minutes=10)))
    assert again.room_id == launch.room_id
    assert (await tab.enter(token_of(again))).is_inside


async def test_closing_puts_everybody_out_and_twice_does_no_harm(service: Videsk, room: VideskStandIn) -> None:
    """At once, for good; extending it afterwards, as a late press would, changes nothing either."""
    launch = await service.launch(LEARNER)
    tab = room.browser()
    await tab.enter(token_of(launch))

    await service.close_room(launch.room_id)
    async with asyncio.timeout(5):
        await tab.wait_until_out()
    await service.close_room(launch.room_id)
    await service.extend_room(launch.room_id, closes_at=END)
    await service.close_room("64f1a2b3c4d5e6f7a8b9c0d1")

    assert room.list_present(only(room)) == []
    assert (await tab.enter(token_of(launch))).refusal == "jwt expired"


async def test_closing_whose_answer_is_lost_is_done(service: Videsk, room: VideskStandIn) -> None:
    """The second try is told that it has ended, which is what was wanted."""
    launch = await service.launch(LEARNER)
    room.faults.switch_on("change", Fault.dropping(does_work=True), count=1)

    await service.close_room(launch.room_id)

    assert [asked.status for asked in room.asked] == [201, None, 404]


async def test_a_room_is_found_by_either_id(service: Videsk, room: VideskStandIn) -> None:
    """Read, changed and joined; an id with signs in it stays one part of the address."""
    made = await service.create_room(NewRoom(external_id="algebra/7?", name="Algebra"))
    for name in (made.id, "algebra/7?"):
        changed = await service.change_room(name, RoomChanges(name=f"by {name}", generate_token=True))
        read = await service.fetch_room(name)
        assert (changed.id, changed.name, read.id, read.access_token) == (made.id, f"by {name}", made.id, None)
        for token in (changed.access_token, await service.join_room(name)):
            assert token is not None
            assert (await room.browser().enter(token)).is_inside
    assert made.exp - made.nbf == timedelta(hours=3)


async def test_authorizations_tell_how_often_somebody_came_in_but_not_who(
    service: Videsk, room: VideskStandIn, clock: Machine
) -> None:
    """A cross-check of attendance: one for each token that was used, in the order of time."""
    ada, ben = await service.launch(LEADER), await service.launch(LEARNER)
    for launch in (ben, ada):
        await room.browser().enter(token_of(launch))
        clock.move_by(timedelta(minutes=1))

    noted = await service.fetch_authorizations(ada.room_id)

    assert [one.created_at for one in noted] == [START, at(1)]
    assert len({one.jti for one in noted}) == 2
    assert [one.ip for one in noted] == ["127.0.0.1"] * 2
    assert "127.0.0.1" not in repr(noted)


@pytest.mark.parametrize("limit", [1, 2, 5, None])
async def test_every_room_is_listed_once(
    service: Videsk, room: VideskStandIn, clock: Machine, limit: int | None
) -> None:
    """On as many pages as there are, the newest first; also when one more is made while they are read."""
    for number in range(5):
        await service.create_room(NewRoom(external_id=f"r-{number}"))
        clock.move_by(timedelta(seconds=1))

    found: list[str | None] = []
    async for one in service.iterate_rooms(RoomFilters(limit=limit)):
        found.append(one.external_id)
        if len(found) == 3:
            await service.create_room(NewRoom(external_id="late"))

    assert found == ["r-4", "r-3", "r-2", "r-1", "r-0"]


async def test_each_filter_chooses(service: Videsk, room: VideskStandIn, clock: Machine) -> None:
    """Ended rooms only when asked for; by our id; from a place on; sorted the other way."""
    made = []
    for number in range(3):
        made.append(await service.create_room(NewRoom(external_id=f"r-{number}")))
        clock.move_by(timedelta(seconds=1))
    await service.close_room(made[1].id)

    async def find(**filters: Any) -> tuple[int, list[str | None]]:
        page = await service.fetch_page(RoomFilters(**filters))
        return page.total, [one.external_id for one in page.data]

    assert await find() == (2, ["r-2", "r-0"])
    assert await find(ended=True) == (1, ["r-1"])
    assert await find(external_id="r-0") == (1, ["r-0"])
    assert await find(skip=1) == (2, ["r-0"])
    assert await find(sort={SortBy.CREATED_AT: 1}, limit=1) == (2, ["r-0"])


async def test_settings_and_an_end_that_are_told_are_read(service: Videsk, room: VideskStandIn) -> None:
    """No example shows them, but who tells is believed."""
    room.rooms.tells_ended = True
    settings = RoomSettings(max_participants=10, recording_enabled=True)
    made = await service.create_room(NewRoom(external_id="r-1", settings=settings))
    launch = await service.launch(LEARNER)

    assert (made.settings, made.ended, made.created_at) == (settings, False, START)
    assert launch.is_recorded is False


async def test_the_account_is_checked_by_a_list_of_one(service: Videsk, room: VideskStandIn) -> None:
    """The cheapest call that needs the token; the server's time comes with it."""
    account = await service.check_account()

    assert account.server_time == START
    assert [asked.name for asked in room.asked] == ["list"]


@pytest.mark.parametrize(
    "kind, status", [("api-token", 200), ("user-token", 403)], ids=["of the kind that opens rooms", "of another kind"]
)
async def test_only_an_api_token_is_taken(room: VideskStandIn, kind: str, status: int) -> None:
    """And a refusal says what may be wrong with it."""
    room.api_token = room.sign_token(kind)
    async with open_client(connections=1) as client:
        service = build_service(client, room)
        if status == 200:
            await service.check_account()
            return
        with pytest.raises(RoomServiceRefused, match="api-token") as caught:
            await service.check_account()

    assert caught.value.status == status


@pytest.mark.parametrize("token", ["", " ", "two parts", "übel"])
async def test_what_cannot_be_a_token_is_not_sent(token: str) -> None:
    """Told when the service is built, not when the first learner wants in."""
    async with open_client(connections=1) as client:
        with pytest.raises(ValueError, match="token"):
            Videsk(client, api_token=token)


@pytest.mark.parametrize("call", ["create", "change", "join"])
@pytest.mark.parametrize(
    "fault, error",
    [
        (Fault.failing(503), RoomServiceDown),
        (Fault.dropping(), RoomServiceDown),
        (Fault.rate_limited(60), RoomServiceBusy),
        (Fault.refusing("no"), RoomServiceRefused),
        (Fault.garbage(), RoomServiceNonsense),
    ],
)
async def test_a_service_that_stays_wrong_becomes_one_of_our_errors(
    service: Videsk, room: VideskStandIn, call: str, fault: Fault, error: type[RoomServiceError]
) -> None:
    """At each step of a launch; and never tells a token or the person's name."""
    first = await service.launch(LEADER)
    room.faults.switch_on(call, fault)
    with pytest.raises(error) as caught:
        await service.launch(replace(LEARNER, room_id=None if call == "create" else first.room_id))

    told = "".join(traceback.format_exception(caught.value))
    assert [secret for secret in (room.api_token, token_of(first), "Ben") if secret in told] == []
    assert token_of(first) not in repr(first)


@pytest.mark.parametrize("call", ["create", "change", "join"])
@pytest.mark.parametrize("fault", [Fault.failing(502), Fault.dropping(does_work=True), Fault.rate_limited(2)])
async def test_what_went_wrong_for_a_moment_is_asked_again(
    service: Videsk, room: VideskStandIn, call: str, fault: Fault
) -> None:
    """One way in comes out, into one room."""
    known = None if call == "create" else (await service.launch(LEADER)).room_id
    room.faults.switch_on(call, fault, count=1)

    launch = await service.launch(replace(LEARNER, room_id=known))

    assert launch.room_id == only(room).id
    assert (await room.browser().enter(token_of(launch))).is_inside


async def test_calls_keep_to_the_pace(clock: Machine) -> None:
    """A class that comes in one right after the other: nobody is refused, nobody waits longer than for their turn."""
    time = HandWound()

    async def sleep(seconds: float) -> None:
        await time.sleep(seconds)
        clock.move_by(timedelta(seconds=seconds))

    async with VideskStandIn(clock) as room, open_client(connections=8) as client:
        timing = replace(time.as_timing(), sleep=sleep)
        service = Videsk(client, api_token=room.api_token, api_url=room.api_url, now=clock.now, timing=timing)
        for _ in range(30):
            await service.launch(LEARNER)

    assert {asked.status for asked in room.asked} == {201, 409, 200}
    assert max(time.sleeps) < 0.1


async def test_who_is_told_that_nothing_is_left_waits_until_there_is(clock: Machine) -> None:
    """Somebody else uses the account too: the headers count their calls with ours, and no call is spent on a 429."""
    time = HandWound()
    async with VideskStandIn(clock, calls_per_second=2) as room, open_client(connections=1) as client:
        service = build_service(client, room, time=time)
        await service.create_room(NewRoom(external_id="r-1"))
        await service.create_room(NewRoom(external_id="r-2"))
        clock.move_by(timedelta(seconds=1))
        await service.create_room(NewRoom(external_id="r-3"))

    assert [asked.status for asked in room.asked] == [201] * 3
    assert time.sleeps[-1] == 1.0


async def test_what_it_cannot_do_it_says(service: Videsk) -> None:
    """As its capabilities do; nothing is answered in the place of what is not known."""
    door: RoomService = service
    for asked in (
        door.list_live_sessions(),
        door.list_sessions("r", overlaps_from=START, overlaps_until=END),
        door.list_present("r"),
        door.fetch_recording("s"),
        door.fetch_transcript("s"),
    ):
        with pytest.raises(RoomServiceRefused, match="Videsk"):
            await asked

    can = service.capabilities
    assert [can.attendance, can.presence, can.recording, can.transcript, can.webhooks, can.single_use] == [False] * 6
    assert not can.is_direct
    assert not await door.forget_person("k-ben")
