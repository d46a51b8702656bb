"""Room services that other packages bring: the README's own example works, and a broken one is one line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from bot.errors import RoomServiceRefused
from bot.rooms.base import RoomService
from bot.rooms.http import HttpClient, open_client
from bot.rooms.plugins import (
    Context,
    PluginBroken,
    build_plugin,
    list_installed,
    load_plugin,
    pick_settings,
)
from tests.bot.rooms.recorded import START, HandWound, RecordedServer, answer
from tests.bot.rooms.shelf import Shelf, read_example
from tests.bot.rooms.trials import BEN

KEY = "chalk-that-nobody-may-read"
BOARD = {"id": "b-1", "url": "https://board.example/b-1"}


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    monkeypatch.syspath_prepend(tmp_path)
    shelf = Shelf(tmp_path)
    yield shelf
    shelf.forget()


def build_context(client: HttpClient, settings: Mapping[str, str]) -> Context:
    return Context(client=client, settings=settings, now=lambda: START, timing=HandWound().as_timing())


def build_problem(name: str, settings: Mapping[str, str] | None = None) -> PluginBroken:
    """What is wrong with the installed service of that name."""
    context = build_context(open_client(connections=1), settings or {})
    with pytest.raises(PluginBroken) as caught:
        build_plugin(name, context)
    assert "\n" not in str(caught.value)
    return caught.value


def change(old: str, new: str) -> str:
    """The example, with one thing different."""
    source = read_example("hallpass_chalkboard.py")
    assert old in source
    return source.replace(old, new)


async def test_the_readme_s_example_is_installed_and_launches(shelf: Shelf) -> None:
    """With its own key and its own title; and its failures are ours, without the key."""
    shelf.install_example()
    async with RecordedServer(answer(BOARD), answer(status=403)) as server, open_client(connections=1) as client:
        settings = {"CHALKBOARD_URL": server.url, "CHALKBOARD_KEY": KEY}
        built: RoomService = build_plugin("chalkboard", build_context(client, settings))
        async with built as service:
            launch = await service.launch(BEN)
            with pytest.raises(RoomServiceRefused) as caught:
                await service.check_account()

    assert (launch.url, launch.room_id) == (BOARD["url"], BOARD["id"])
    [made, _] = server.requests
    assert made.line.split()[:2] == ["PUT", f"/v2/boards/{BEN.launch_id}"]
    assert (made.headers["authorization"], made.get_json()) == (f"Bearer {KEY}", {"title": "Algebra"})
    assert KEY not in str(caught.value)


async def test_what_the_example_does_not_offer_is_refused(shelf: Shelf) -> None:
    """By its base or by itself: nothing is missing that the domain may ask."""
    shelf.install_example()
    async with open_client(connections=1) as client:
        settings = {"CHALKBOARD_URL": "https://board.example/", "CHALKBOARD_KEY": KEY}
        service = build_plugin("chalkboard", build_context(client, settings))

        for asked in (
            service.close_room("b-1"),
            service.list_present("b-1"),
            service.list_sessions("b-1", overlaps_from=START, overlaps_until=START + timedelta(hours=1)),
            service.fetch_recording("s-1"),
        ):
            with pytest.raises(RoomServiceRefused):
                await asked
        assert not service.capabilities.is_direct


def test_installed_services_are_found_without_being_loaded(shelf: Shelf) -> None:
    """So that a broken one stops nobody; what takes another's name, or has none that can be one, is passed over."""
    shelf.install_example()
    shelf.install("a-bad-one", {"slate": "a_bad_one:plugin", "lessonspace": "a_bad_one:plugin", "My-Board": "x:y"},
                  source="raise RuntimeError('loaded')")  # fmt: skip

    assert list_installed() == ("chalkboard", "slate")
    assert [one.name for one in load_plugin("chalkboard").variables] == ["CHALKBOARD_URL", "CHALKBOARD_KEY"]


def test_a_package_that_breaks_as_it_is_loaded_is_one_line(shelf: Shelf) -> None:
    """Which names the package, and what went wrong."""
    shelf.install("a-bad-one", {"slate": "a_bad_one:plugin"}, source="import nowhere_at_all")
    shelf.install("gone", {"easel": "gone:plugin"}, source=None)

    told = str(build_problem("slate"))
    assert "slate cannot be loaded (ModuleNotFoundError: No module named 'nowhere_at_all')" in told
    assert told.endswith("ask whoever makes a-bad-one")
    assert "easel cannot be loaded" in str(build_problem("easel"))


@pytest.mark.parametrize(
    "old, new, expected",
    [
        ("plugin = Plugin(", "plugin = dict(", "is no Plugin but dict"),
        ('Variable(name="CHALKBOARD_KEY"', 'Variable(name="SLACK_BOT_TOKEN"', "does not begin with CHALKBOARD_"),
        ('name = "chalkboard"', 'name = "slate"', "calls itself slate"),
        ("capabilities = Capabilities(shared_address=True)", "capabilities = 1", "does not state its capabilities"),
        ("Capabilities(shared_address=True)", "Capabilities(webhooks=True)", "states webhooks without attendance"),
        ("async def check_account", "async def check", "has no check_account"),
        ("provider=self.shown_name,\n", "provider=no_such_thing,\n", "cannot be built (NameError)"),
    ],
)
def test_a_service_that_is_not_what_it_should_be_is_one_line(shelf: Shelf, old: str, new: str, expected: str) -> None:
    """Found at the start, and not by somebody who waits at a door."""
    shelf.install("hallpass-chalkboard", {"chalkboard": "hallpass_chalkboard:plugin"}, source=change(old, new))

    problem = build_problem("chalkboard", {"CHALKBOARD_URL": "https://board.example/", "CHALKBOARD_KEY": KEY})

    assert expected in problem.what
    assert "hallpass-chalkboard" in problem.mend


def test_an_error_while_building_does_not_repeat_a_setting(shelf: Shelf) -> None:
    """Its text may hold one."""
    broken = change("self._door = HttpDoor(", "raise ValueError(context.settings['CHALKBOARD_KEY'])\n        HttpDoor(")
    shelf.install("hallpass-chalkboard", {"chalkboard": "hallpass_chalkboard:plugin"}, source=broken)

    problem = build_problem("chalkboard", {"CHALKBOARD_URL": "https://board.example/", "CHALKBOARD_KEY": KEY})

    assert problem.what == "cannot be built (ValueError)"
    assert (problem.__cause__, KEY in str(problem)) == (None, False)


def test_what_it_needs_is_named(shelf: Shelf) -> None:
    """All at once."""
    shelf.install_example()

    assert build_problem("chalkboard").what == "lacks CHALKBOARD_URL, CHALKBOARD_KEY"


def test_one_that_is_not_there_or_there_twice(shelf: Shelf) -> None:
    """Neither is guessed at."""
    shelf.install("one", {"slate": "one:plugin"}, source="")
    shelf.install("two", {"slate": "two:plugin"}, source="")

    assert build_problem("slate").what == "is brought by one and two"
    assert build_problem("easel").what == "is not installed"
    assert build_problem("lessonspace").what == "is not installed"


def test_a_service_is_handed_its_own_settings_only() -> None:
    """By the beginning of their names; an empty one is not set. None of them is in a repr."""
    told = {"chalkboard_key": KEY, "CHALKBOARD_URL": "", "SLACK_BOT_TOKEN": "xoxb-1", "CHALK_KEY": "other"}

    own = pick_settings("chalkboard", told)

    assert own == {"CHALKBOARD_KEY": KEY}
    assert KEY not in repr(build_context(open_client(connections=1), own))
