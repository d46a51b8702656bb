"""A launch's side of the room: what it told of the room is kept, and told again to the next launch."""

from __future__ import annotations

from collections import deque
from datetime import timedelta
from typing import Any

from bot.launching import Launcher
from bot.rooms.base import Launch, LaunchRequest
from bot.rooms.registry import RoomServices
from bot.sandbox.clock import MovableClock
from storage.records import Room
from storage.sealing import Sealer, new_key
from tests.bot.lessons_in_store import StoredSchool
from tests.bot.told_rooms import ToldRooms
from tests.records import STARTS_AT


class Launching(ToldRooms):
    """Gives the launches it was handed, and keeps what it was asked."""

    def __init__(self, *launches: Launch) -> None:
        super().__init__()
        self.launches = deque(launches)
        self.requests: list[LaunchRequest] = []

    async def launch(self, request: LaunchRequest) -> Launch:
        self.requests.append(request)
        return self.launches.popleft()


async def launch_all(stored: StoredSchool, rooms: Launching, *, sealer: Sealer | None = None) -> list[Room]:
    """The room after each of the launches, which make links for Ben's further devices."""
    lesson = await stored.book(stored.ben)
    directory: Any = None  # nobody is looked up for a further device
    launcher = Launcher(
        store=stored.store,
        services=RoomServices([rooms]),
        directory=directory,
        sealer=sealer or Sealer([new_key()]),
        clock=MovableClock(STARTS_AT - timedelta(minutes=5), is_frozen=True),
        at_once=1,
    )
    found = []
    for device in range(2, 2 + len(rooms.launches)):
        details = await stored.details(lesson)
        [ben] = [seat for seat in details.seats if not seat.participant.is_leader]
        await launcher.make_device_link(details, ben, device)
        found.append((await stored.details(lesson)).room)
    return found


async def test_a_room_s_region_is_kept_and_told_to_later_launches(stored: StoredSchool) -> None:
    """A launch that says nothing of it changes nothing."""
    rooms = Launching(Launch(url="x", room_id="r-1", room_region="eu"), Launch(url="x", room_id="r-1"))

    *_, room = await launch_all(stored, rooms)

    assert [None, "eu"] == [request.room_region for request in rooms.requests]
    assert ("r-1", "eu") == (room.room_id, room.region)


async def test_a_room_s_secret_is_the_one_told_last(stored: StoredSchool) -> None:
    """Told again it is left as it is stored; another one takes its place, and so does the former one told once more."""
    told = ["one", "one", "two", "two", "one"]
    rooms = Launching(*[Launch(url="x", room_id="r-1", room_secret=secret) for secret in told])
    sealer = Sealer([new_key()])

    kept = [room.secret_sealed or b"" for room in await launch_all(stored, rooms, sealer=sealer)]

    assert told == [sealer.unseal(sealed) for sealed in kept]
    assert (kept[0], kept[2]) == (kept[1], kept[3])
