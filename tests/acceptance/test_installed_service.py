"""A lesson in a room service that another package brings: the README's own example, in the running bot."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.identity import StartRefused
from bot.sandbox.school import open_school
from bot.settings import SettingsError
from tests.acceptance import telling
from tests.acceptance.conftest import MONDAY_TWO_PM
from tests.bot.rooms.recorded import RecordedServer, answer
from tests.bot.rooms.shelf import Shelf

KEY = "chalk-that-nobody-may-read"
BOARD = {"id": "b-1", "url": "https://board.example/b-1"}


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    folder = tmp_path / "packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    shelf = Shelf(folder)
    yield shelf
    shelf.forget()


async def test_a_lesson_is_held_in_an_installed_service(
    shelf: Shelf, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Its links go by a press in Slack without anybody having said so, since it states nothing that would do instead;
    window and person are Hallpass's to check, and nothing of it is asked before."""
    shelf.install_example()
    async with RecordedServer(answer({"id": 7}), answer(BOARD)) as boards:
        settings = {"HALLPASS_ROOM_SERVICE": "chalkboard", "CHALKBOARD_URL": boards.url, "CHALKBOARD_KEY": KEY}
        async with open_school(tmp_path, starts_at=MONDAY_TWO_PM, settings=settings) as school:
            school.change_setting("LESSONSPACE_API_KEY", "")
            await school.start()
            ada, ben = school.add("Ada"), school.add("Ben")
            await telling.book(school, ada, "@Ben today 3pm 45m Algebra")

            await ben.press(telling.find_card(ben), "join")
            await telling.wait_for_answer(school, ben, "too early")
            await telling.move_to(school, 13, 55)
            await ben.press(telling.find_card(ben), "join")
            await school.slack.wait_for(lambda: len(ben.private_answers()) > 1)
            found = telling.list_buttons(ben.private_answers()[-1])

            assert found["go_in"]["url"] == BOARD["url"]
            assert [request.line.split()[0] for request in boards.requests] == ["GET", "PUT"]
            assert (await telling.get_lesson_details(school)).service == "chalkboard"
            assert KEY not in "".join(capfd.readouterr())


@pytest.mark.parametrize(
    "source, expected",
    [("import nowhere_at_all", "cannot be loaded"), ("plugin = 7", "is no Plugin but int")],
)
async def test_a_broken_one_stops_the_start_with_a_line(
    shelf: Shelf, tmp_path: Path, source: str, expected: str
) -> None:
    """Which says whom to ask."""
    shelf.install("slates", {"slate": "slates:plugin"}, source=source)
    settings = {"HALLPASS_ROOM_SERVICE": "slate"}
    async with open_school(tmp_path, starts_at=MONDAY_TWO_PM, settings=settings) as school:
        with pytest.raises((StartRefused, SettingsError), match=expected) as refused:
            await school.start()

    assert str(refused.value).endswith("ask whoever makes slates")
    assert "\n" not in str(refused.value)
