"""The room services by name, and which of them an installation has."""

from __future__ import annotations

import pytest

from bot.assembly import list_services
from bot.errors import RoomServiceRefused
from bot.rooms.registry import RoomServices
from bot.settings import load_settings
from tests.bot.told_rooms import ToldRooms


class Board(ToldRooms):
    """Another one."""

    name = "board"


def test_the_first_is_the_one_that_lessons_use() -> None:
    """Unless somebody chooses; each is found by its name."""
    rooms, board = ToldRooms(), Board()
    services = RoomServices([rooms, board])

    assert (rooms, board, 2) == (services.default, services.get("board"), len(services))


def test_one_that_is_not_set_up_any_more_is_refused() -> None:
    """A lesson of before stays readable, and whoever needs its room hears why not."""
    services = RoomServices([ToldRooms()])

    assert services.find("board") is None
    with pytest.raises(RoomServiceRefused):
        services.get("board")


@pytest.mark.parametrize("services", [[], [ToldRooms(), ToldRooms()]])
def test_there_is_one_of_each_and_at_least_one(services: list[ToldRooms]) -> None:
    """Two of one name would hide each other."""
    with pytest.raises(ValueError, match="one name each"):
        RoomServices(services)


@pytest.mark.parametrize(
    # what is set beside the key to Lessonspace; the services, the default first
    ("told", "services"),
    [
        ({}, ["lessonspace"]),
        ({"LOOP_URL": "http://127.0.0.1:1/"}, ["lessonspace", "loop"]),
        ({"LOOP_URL": "http://127.0.0.1:1/", "HALLPASS_ROOM_SERVICE": "loop"}, ["loop", "lessonspace"]),
        ({"LOOP_URL": "http://127.0.0.1:1/", "HALLPASS_ROOM_SERVICES": "lessonspace"}, ["lessonspace"]),
        ({"HALLPASS_ROOM_SERVICES": "videsk, lessonspace"}, ["lessonspace", "videsk"]),
    ],
)
def test_offered_is_what_has_its_keys_or_what_is_listed(told: dict[str, str], services: list[str]) -> None:
    """The default always comes first, and an installation that lists some offers no others."""
    settings = load_settings({"LESSONSPACE_API_KEY": "key", **told}, env_file=None, is_for_slack=False)

    assert services == list_services(settings)
