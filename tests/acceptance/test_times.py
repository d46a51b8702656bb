"""Times across the days on which clocks change, and in each reader's own zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.sandbox.school import open_school
from tests.acceptance import telling


@pytest.mark.parametrize(
    # the tutor's zone; when booking; the day typed; the start, by the clocks' new time; how a reader in Tokyo reads it
    ("zone", "booked_at", "day", "starts_at", "in_tokyo"),
    [
        (
            "Europe/Berlin",
            datetime(2027, 3, 26, 12, tzinfo=UTC),
            "2027-03-29",
            datetime(2027, 3, 29, 14, tzinfo=UTC),
            "Mon 29 Mar, 23:00",
        ),
        (
            "Europe/Berlin",
            datetime(2027, 10, 29, 12, tzinfo=UTC),
            "2027-11-01",
            datetime(2027, 11, 1, 15, tzinfo=UTC),
            "Tue 2 Nov, 00:00",
        ),
        (
            "America/New_York",
            datetime(2027, 3, 12, 12, tzinfo=UTC),
            "2027-03-15",
            datetime(2027, 3, 15, 20, tzinfo=UTC),
            "Tue 16 Mar, 05:00",
        ),
    ],
)
async def test_a_lesson_keeps_its_wall_time_over_a_change_of_clocks(
    tmp_path: Path, zone: str, booked_at: datetime, day: str, starts_at: datetime, in_tokyo: str
) -> None:
    """Booked for four in the afternoon, it is at four; the reminder comes ten minutes before; Tokyo reads its own."""
    settings = {"HALLPASS_QUIET_HOURS": "off"}  # in Tokyo it is night
    async with open_school(tmp_path, starts_at=booked_at, settings=settings) as school:
        await school.start()
        ada, yui = school.add("Ada", zone=zone), school.add("Yui", zone="Asia/Tokyo")

        await telling.book(school, ada, f"@Yui {day} 4pm 45m Algebra")

        lesson = await telling.get_lesson(school)
        assert (lesson.starts_at, lesson.wall_start, lesson.zone) == (starts_at, f"{day}T16:00", zone)
        assert "16:00 to 16:45" in telling.read_all(school, ada)[0]
        assert in_tokyo.partition(", ")[2] in telling.read_all(school, yui)[0]
        school.clock.move_to(starts_at - timedelta(minutes=10))
        await telling.settle(school)
        assert "Algebra starts at 16:00" in ada.messages()[-1].text
        assert f"Algebra starts at {in_tokyo[-5:]}" in yui.messages()[-1].text


async def test_an_hour_that_is_left_out_is_not_guessed(tmp_path: Path) -> None:
    """Half past two does not exist that night in Berlin: shown as not understood."""
    async with open_school(tmp_path, starts_at=datetime(2027, 3, 26, 12, 0, tzinfo=UTC)) as school:
        await school.start()
        ada = school.add("Ada")
        school.add("Ben")

        await telling.open_form(school, ada, "@Ben 2027-03-28 02:30 45m Astronomy")

        assert ada.view is not None
        assert "I did not understand “2027-03-28” and “02:30”" in ada.read(ada.view)


async def test_a_reader_who_moved_reads_their_new_zone(tmp_path: Path) -> None:
    """Slack tells of the change, and what is written afterwards is in the new zone."""
    async with open_school(tmp_path, starts_at=datetime(2026, 11, 23, 13, 0, tzinfo=UTC)) as school:
        await school.start()
        ada, ben = school.add("Ada"), school.add("Ben")
        await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
        await school.slack.change_user(ben.user, zone="Europe/London")
        await telling.wait_until_known(school, ben, lambda person: person.zone == "Europe/London")

        await telling.move_to(school, 13, 50)

        assert "Algebra starts at 14:00" in ben.messages()[-1].text
        assert "Algebra starts at 15:00" in ada.messages()[-1].text
