"""The one list of all that runs: what is asked, what is made of it, and what it does not know."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.errors import RoomServiceBusy, RoomServiceNonsense
from bot.rooms.base import LiveSession, RoomService
from bot.rooms.http import open_client
from bot.rooms.lessonspace import Lessonspace
from bot.sandbox.clock import MovableClock
from bot.sandbox.faults import Fault
from bot.sandbox.lessonspace.stand_in import LessonspaceStandIn
from tests.bot.rooms.recorded import START, RecordedServer, answer
from tests.bot.rooms.test_lessonspace import LEADER, LEARNER, build_service, clock, room, service

__all__ = ["clock", "room", "service"]

RUNNING = {"uuid": "s-1", "start_time": "2030-03-04T15:00:00Z", "end_time": None, "profiles": [{"user": 501}]}


async def list_from(*pages: object) -> list[LiveSession]:
    answers = [answer({"id": 4711}), *map(answer, pages)]
    async with RecordedServer(*answers) as server, open_client(connections=1) as client:
        return await build_service(client, server.url).list_live_sessions()


async def test_all_that_run_are_listed_solo_ones_too(
    service: RoomService, room: LessonspaceStandIn, clock: MovableClock
) -> None:
    """Two rooms, one with somebody alone; who left is still named; a session that ended is not there."""
    ada, ben = await service.launch(LEADER), await service.launch(LEARNER)
    await room.browser("Ada").join(ada.url)
    clock.move_by(timedelta(minutes=1))
    tab = room.browser("Ben")
    await tab.join(ben.url)
    await tab.leave()
    cleo = await service.launch(replace(LEARNER, launch_id="room-2", person_key="k-cleo"))
    await room.browser("Cleo").join(cleo.url)
    dan = await service.launch(replace(LEARNER, launch_id="room-3", person_key="k-dan"))
    gone = room.browser("Dan")
    await gone.join(dan.url)
    await gone.leave()
    clock.move_by(timedelta(minutes=1))

    first, second = await service.list_live_sessions()

    assert ada.session_id == first.session_id
    assert frozenset({ada.provider_user_id, ben.provider_user_id}) == first.who
    assert (START, None) == (first.started_at, first.room_id)
    assert frozenset({cleo.provider_user_id}) == second.who


@pytest.mark.parametrize("is_bare", [False, True])
async def test_every_page_of_either_shape_is_read(
    service: RoomService, room: LessonspaceStandIn, is_bare: bool
) -> None:
    """Thirty rooms at twenty a page, or all in one bare list; whose key it is, is asked once."""
    room.lists_bare_arrays = is_bare
    for number in range(30):
        launch = await service.launch(replace(LEARNER, launch_id=f"room-{number}", person_key=f"k-{number}"))
        await room.browser(f"{number}").join(launch.url)

    assert 30 == len(await service.list_live_sessions())
    assert 30 == len(await service.list_live_sessions())
    assert 1 == [asked.name for asked in room.asked].count("my_organisation")


async def test_guests_and_a_room_that_is_told() -> None:
    """Guests are marked as such, and a list that says whose room it is is believed."""
    told = RUNNING | {"guests": [{"id": 1, "uuid": "g-1"}], "space": {"slug": "room-1"}}

    [session] = await list_from([told])

    assert (frozenset({"501", "guest:g-1"}), "room-1") == (session.who, session.room_id)


async def test_people_who_are_not_told_are_no_error() -> None:
    """The session itself says that something runs."""
    [session] = await list_from([{name: value for name, value in RUNNING.items() if name != "profiles"}])

    assert frozenset() == session.who


@pytest.mark.parametrize("missing", ["uuid", "start_time"])
async def test_a_session_that_cannot_be_read_spoils_the_list(missing: str) -> None:
    """A shorter list would make somebody leave who is there."""
    with pytest.raises(RoomServiceNonsense):
        await list_from([{name: value for name, value in RUNNING.items() if name != missing}])


async def test_the_list_keeps_the_pace_of_all_limited_calls(room: LessonspaceStandIn) -> None:
    """A 429 on it is told with how long to wait, after the short ones were waited for."""
    room.faults.switch_on("sessions", Fault.rate_limited(30))
    async with open_client(connections=1) as client:
        with pytest.raises(RoomServiceBusy) as caught:
            await Lessonspace(client, api_key=room.api_key, api_url=room.api_url).list_live_sessions()

    assert timedelta(seconds=30) == caught.value.retry_after
