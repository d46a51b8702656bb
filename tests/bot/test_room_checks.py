"""`hallpass doctor` with several room services: each has its own lines, and a mend that is its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.manifest import load_manifest
from bot.room_checks import MENDS, describe_account, find_mend
from bot.rooms.base import AccountCheck
from bot.rooms.plugins import OWN
from bot.sandbox.faults import Fault
from bot.sandbox.houses import EVERY
from bot.sandbox.school import School, open_school
from tests.bot.commandline import CommandLine
from tests.bot.rooms.shelf import Shelf
from tests.bot.test_doctor import find_row, see

PUBLIC = "http://127.0.0.1:9/"


@pytest.fixture
async def school(tmp_path: Path) -> AsyncIterator[School]:
    """Every service there is; no bot runs."""
    folder = tmp_path / "school"
    folder.mkdir()
    async with open_school(folder, is_frozen=False, manifest=load_manifest(), services=EVERY) as school:
        yield school


async def test_each_service_has_a_line_of_its_own(school: School, line: CommandLine) -> None:
    """Whose key it is, as far as the service says; and no line ends in the middle."""
    ran = await see(school, line, HALLPASS_PUBLIC_URL=PUBLIC)

    assert "Lessonspace ok organisation Brook Lane Tutors (4711)" == find_row(ran, "Lessonspace")
    assert "Videsk ok answers, and takes our key" == find_row(ran, "Videsk")
    assert find_row(ran, "Agora Whiteboard").startswith("Agora Whiteboard ok answers (")
    assert find_row(ran, "Mozilla Loop").startswith("Mozilla Loop ok answers (127.0.0.1:")
    for name in ("Lessonspace", "Videsk", "Agora Whiteboard", "Mozilla Loop"):
        assert f"Clock and {name} ok agree" == find_row(ran, f"Clock and {name}")


async def test_what_is_wrong_with_one_is_mended_by_its_own_variables(school: School, line: CommandLine) -> None:
    """The others are as they are."""
    wrong = {"VIDESK_API_TOKEN": "t" * 40, "AGORA_ACCESS_KEY": "nobody-s", "LOOP_URL": "http://127.0.0.1:9/"}
    ran = await see(school, line, HALLPASS_PUBLIC_URL=PUBLIC, **wrong)

    assert 1 == ran.status
    assert "Videsk problem refuses our key copy VIDESK_API_TOKEN again" in find_row(ran, "Videsk")
    assert "Agora Whiteboard problem refuses our key copy AGORA_ACCESS_KEY" in find_row(ran, "Agora Whiteboard")
    assert "look at this machine's network and LOOP_URL" in find_row(ran, "Mozilla Loop")
    assert "Lessonspace ok" in find_row(ran, "Lessonspace")
    assert not [row for row in ran.out.splitlines() if "problem" in row and "LESSONSPACE" in row]


async def test_a_service_that_fails_holds_back_no_other(school: School, line: CommandLine) -> None:
    """It fails by itself, and what the others say is told."""
    school.lessonspace.faults.switch_on("hello", Fault.failing(503))

    ran = await see(school, line, HALLPASS_PUBLIC_URL=PUBLIC)

    assert "look at this machine's network and LESSONSPACE_API_URL" in find_row(ran, "Lessonspace")
    assert "Videsk ok" in find_row(ran, "Videsk")


async def test_links_that_cannot_work_are_named_before_the_start_is_refused(school: School, line: CommandLine) -> None:
    """`run` would stop at the first; here all are told, with what to set."""
    ran = await see(school, line, HALLPASS_PUBLIC_URL="")

    assert 1 == ran.status
    for name in ("Videsk", "Agora Whiteboard"):
        row = find_row(ran, f"Links at {name}")
        assert row.startswith(f"Links at {name} problem {name} needs a page")
        assert row.endswith("set HALLPASS_PUBLIC_URL")
    assert "Links at Lessonspace" not in ran.out
    assert "Links at Mozilla Loop" not in ran.out


async def test_an_installed_service_that_cannot_be_built_is_a_line(
    school: School, line: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With whom to ask; the others are looked at all the same."""
    shelf = Shelf(tmp_path / "packages")
    shelf.folder.mkdir()
    monkeypatch.syspath_prepend(shelf.folder)
    source = "from bot.rooms.plugins import Plugin\nplugin = Plugin(build=lambda context: 1 / 0)\n"
    shelf.install("slates", {"slate": "slates:plugin"}, source=source)

    services = ",".join([*EVERY, "slate"])
    ran = await see(school, line, HALLPASS_PUBLIC_URL=PUBLIC, HALLPASS_ROOM_SERVICES=services)
    shelf.forget()

    assert 1 == ran.status
    row = find_row(ran, "Room service slate")
    assert row.startswith("Room service slate problem cannot be built (ZeroDivisionError)")
    assert row.endswith("ask whoever makes slates")
    assert "Videsk ok" in find_row(ran, "Videsk")


async def test_where_no_room_reports_nothing_is_said_of_webhooks(tmp_path: Path, line: CommandLine) -> None:
    """Nor is anybody told to let through what nobody sends."""
    async with open_school(tmp_path, is_frozen=False, has_webhooks=True, services=("videsk", "loop")) as school:
        await school.start()
        ran = await see(school, line)

    assert find_row(ran, "Public address").endswith("leads to Hallpass")
    assert "Webhooks" not in ran.out[ran.out.index("Checks") :]


def test_every_service_of_ours_has_a_mend() -> None:
    """Another package's is mended by its own variables, too."""
    assert OWN == MENDS.keys()
    assert "CHALKBOARD_" in find_mend("chalkboard").refused


@pytest.mark.parametrize(
    "organisation_id, name, expected",
    [("4711", "Tutors", "organisation Tutors (4711)"), ("4711", None, "answers (4711)"), ("", None, "answers, and")],
)
def test_an_account_is_described_without_dangling_words(organisation_id: str, name: str | None, expected: str) -> None:
    """Whatever the service does not tell."""
    told = describe_account(AccountCheck(organisation_id=organisation_id, organisation_name=name, server_time=None))

    assert told.startswith(expected)
    assert told == told.strip()
