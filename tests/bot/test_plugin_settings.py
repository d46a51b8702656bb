"""Settings of room services that other packages bring: checked with all others, shown with all others, never told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.assembly import open_room_services
from bot.identity import StartRefused
from bot.settings import Settings, SettingsError, Source, load_settings
from tests.bot.rooms.shelf import Shelf, read_example

KEY = "chalk-that-nobody-may-read"
ASKED = {"HALLPASS_ROOM_SERVICE": "chalkboard"}
TOLD = {"CHALKBOARD_URL": "https://board.example/", "CHALKBOARD_KEY": KEY}
SLACK = {"SLACK_BOT_TOKEN": "xoxb-1-2", "SLACK_APP_TOKEN": "xapp-1-2"}


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    monkeypatch.syspath_prepend(tmp_path)
    shelf = Shelf(tmp_path)
    yield shelf
    shelf.forget()


def load(told: dict[str, str], *, env_file: Path | None = None) -> Settings:
    return load_settings(SLACK | told, env_file=env_file)


def find_problems(told: dict[str, str]) -> list[str]:
    """One line each."""
    with pytest.raises(SettingsError) as caught:
        load(told)
    lines = [str(problem) for problem in caught.value.problems]
    assert KEY not in "".join(lines)
    return lines


def test_an_installed_service_is_asked_for_by_its_name(shelf: Shelf) -> None:
    """Without Lessonspace's key; its settings stand among the others, the secret one hidden from view and from logs."""
    shelf.install_example()

    settings = load(ASKED | TOLD)

    lines = {line.variable: line for line in settings.describe()}
    assert lines["CHALKBOARD_URL"].shown == "https://board.example/"
    assert lines["CHALKBOARD_URL"].meaning == "where Chalkboard has its calls"
    assert (lines["CHALKBOARD_KEY"].shown, lines["CHALKBOARD_KEY"].source) == ("set", Source.ENVIRONMENT)
    assert KEY in settings.list_secrets()
    assert (KEY in repr(settings), KEY in repr(settings.plugins)) == (False, False)


def test_its_settings_may_stand_in_the_file(shelf: Shelf, tmp_path: Path) -> None:
    """The environment wins, as everywhere."""
    shelf.install_example()
    file = tmp_path / ".env"
    file.write_text(f"CHALKBOARD_URL=https://other.example/\nCHALKBOARD_KEY={KEY}\n")

    settings = load(ASKED | {"CHALKBOARD_URL": "https://board.example/"}, env_file=file)

    assert settings.plugins["chalkboard"].values == TOLD
    sources = {line.variable: line.source for line in settings.describe()}
    assert (sources["CHALKBOARD_URL"], sources["CHALKBOARD_KEY"]) == (Source.ENVIRONMENT, Source.ENV_FILE)


def test_an_unknown_name_is_answered_with_what_there_is(shelf: Shelf) -> None:
    """Hallpass's own and those that are installed."""
    [before] = find_problems({"HALLPASS_ROOM_SERVICE": "chalkbord", "LESSONSPACE_API_KEY": "k"})
    shelf.install_example()
    [after] = find_problems({"HALLPASS_ROOM_SERVICE": "chalkbord", "LESSONSPACE_API_KEY": "k"})

    assert before.endswith("use lessonspace, videsk, agora_whiteboard, loop")
    assert after.endswith("use lessonspace, videsk, agora_whiteboard, loop; installed here: chalkboard")


def test_what_it_needs_is_told_with_everything_else_that_is_missing(shelf: Shelf) -> None:
    """Each with its meaning; a command that needs no room service does without."""
    shelf.install_example()

    assert find_problems(ASKED) == [
        "CHALKBOARD_URL is missing: set it: where Chalkboard has its calls",
        "CHALKBOARD_KEY is missing: set it: the key to them",
    ]
    assert load_settings(ASKED, env_file=None, is_for_slack=False).plugins["chalkboard"].values == {}


def test_a_broken_one_stops_the_start_only_where_lessons_need_it(shelf: Shelf) -> None:
    """One line. Where it is one of several, the others go on, and the line is a warning."""
    shelf.install("slates", {"slate": "slates:plugin"}, source="import nowhere_at_all")
    lessonspace = {"LESSONSPACE_API_KEY": "123e4567-e89b-12d3-a456-426614174000"}

    [problem] = find_problems({"HALLPASS_ROOM_SERVICE": "slate"})
    settings = load(lessonspace | {"HALLPASS_ROOM_SERVICES": "lessonspace, slate"})

    assert problem.startswith("HALLPASS_ROOM_SERVICE asks for slate, which cannot be loaded")
    [warning] = settings.warnings
    assert warning.startswith("room service slate cannot be loaded")
    assert warning.endswith("it is not offered")
    assert load(lessonspace).warnings == ()  # nobody asked for it


def test_a_mistyped_setting_of_its_own_is_named(shelf: Shelf) -> None:
    """Its value is not."""
    shelf.install_example()

    assert load(ASKED | TOLD | {"CHALKBOARD_KYE": KEY}).warnings == ("CHALKBOARD_KYE is no setting of chalkboard's",)


async def test_several_services_stand_beside_each_other(shelf: Shelf) -> None:
    """An installed one and our own; one that cannot be built is left out."""
    shelf.install_example()
    broken = read_example("hallpass_chalkboard.py").replace("chalkboard", "slate").replace("CHALKBOARD_", "SLATE_")
    broken = broken.replace("self._door = ", "self._door = nothing and ")
    shelf.install("slates", {"slate": "slates:plugin"}, source=broken)
    told = {
        "LESSONSPACE_API_KEY": "123e4567-e89b-12d3-a456-426614174000",
        "HALLPASS_ROOM_SERVICES": "lessonspace,chalkboard,slate",
        "SLATE_URL": "https://slate.example/",
        "SLATE_KEY": KEY,
    }

    async with open_room_services(load(TOLD | told)) as services:
        assert [service.name for service in services] == ["lessonspace", "chalkboard"]


async def test_one_that_cannot_be_built_stops_the_start_where_lessons_need_it(shelf: Shelf) -> None:
    """With one line, without what was set."""
    source = read_example("hallpass_chalkboard.py")
    broken = source.replace("self._door = ", "raise ValueError(context.settings)\n        self._door = ")
    shelf.install("hallpass-chalkboard", {"chalkboard": "hallpass_chalkboard:plugin"}, source=broken)

    with pytest.raises(StartRefused) as refused:
        async with open_room_services(load(ASKED | TOLD)):
            pass
    assert refused.value.what.startswith("HALLPASS_ROOM_SERVICE=chalkboard cannot be built")
    assert "hallpass-chalkboard" in refused.value.mend
    assert KEY not in str(refused.value)
