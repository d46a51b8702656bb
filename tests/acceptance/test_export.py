"""*Export attendance* in an admin's Home: a file by direct message, for admins only, and said where it fails."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from typing import TextIO

import pytest

from bot.billing import Fields, write_csv
from bot.sandbox.faults import Fault
from bot.sandbox.school import School
from bot.sandbox.slack.people import UserKind
from commands import exporting
from storage.records import LessonId, LessonState, ParticipantId, new_id
from storage.store import Transaction
from tests.acceptance import telling
from tests.acceptance.test_home import forge, open_home


async def test_an_admin_gets_the_file_in_their_messages(school: School) -> None:
    """Everybody of the chosen days, as a spreadsheet reads it; the last day not before the first."""
    ada, olga = school.add("Ada"), school.add("Olga", kind=UserKind.ADMIN)
    school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await telling.book(school, ada, "@Ben tomorrow 3pm 45m Botany")
    await olga.press(await open_home(school, olga), "export")
    await telling.wait_for_words(school, olga, "Export attendance")

    refused = await telling.submit(school, olga, first="2026-11-23", last="2026-11-22")
    assert "before the first" in refused.errors["last"]
    assert (await telling.submit(school, olga, first="2026-11-01", last="2026-11-23")).is_fine
    await telling.wait_for_words(school, olga, "The file with 2 rows is in your messages")

    [upload] = school.slack.uploads.files
    assert olga.direct is not None
    assert olga.direct.id == upload.channel_id
    assert "attendance-2026-11-01-to-2026-11-23.csv" == upload.name
    rows = list(csv.DictReader(io.StringIO((upload.content or b"").decode("utf-8-sig"))))
    assert [("Algebra", "Ada"), ("Algebra", "Ben")] == [(row["title"], row["name"]) for row in rows]
    assert "Attendance from 2026-11-01 to 2026-11-23: 2 rows." in olga.messages()[-1].text


async def test_a_file_that_slack_refuses_is_said(school: School) -> None:
    """With Slack's own word for it; nothing half-sent is shown."""
    olga = school.add("Olga", kind=UserKind.ADMIN)
    await olga.press(await open_home(school, olga), "export")
    await telling.wait_for_words(school, olga, "Export attendance")
    school.slack.faults.switch_on("files.getUploadURLExternal", Fault.refusing("missing_scope"))

    await telling.submit(school, olga)

    await telling.wait_for_words(school, olga, "Slack did not take the file (missing_scope).")
    assert [] == school.slack.uploads.files


async def test_nobody_else_exports(school: School) -> None:
    """A forged press opens no form."""
    mallory = school.add("Mallory")
    home = await open_home(school, mallory)
    forge(home, "export", "open")

    await mallory.press(home, "export")

    await telling.wait_for_words(school, mallory, "Only admins can do that.")
    assert [] == school.slack.uploads.files


async def test_a_long_export_holds_one_day_at_a_time(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three hundred lessons over sixty days: all are in the file, in order, and never more than a day's in memory."""
    ada, olga = school.add("Ada"), school.add("Olga", kind=UserKind.ADMIN)
    school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await _repeat(school, days=60, a_day=5)
    held = []

    def note(rows: Collection[Fields], stream: TextIO, *, has_header: bool = True) -> None:
        held.append(len(rows))
        write_csv(rows, stream, has_header=has_header)

    monkeypatch.setattr(exporting, "write_csv", note)
    await olga.press(await open_home(school, olga), "export")
    await telling.wait_for_words(school, olga, "Export attendance")

    assert (await telling.submit(school, olga, first="2026-01-01", last="2026-11-23")).is_fine
    await telling.wait_for_words(school, olga, "The file with 602 rows is in your messages")

    [upload] = school.slack.uploads.files
    rows = list(csv.DictReader(io.StringIO((upload.content or b"").decode("utf-8-sig"))))
    starts = [row["planned_start"] for row in rows]
    assert (602, sorted(starts)) == (len(starts), starts)
    assert 10 == max(held)


async def _repeat(school: School, *, days: int, a_day: int) -> None:
    """The lesson that was booked, again and again on the days before it."""
    assert school.hallpass is not None
    details = await telling.get_lesson_details(school)

    def work(tx: Transaction) -> None:
        for number in range(days * a_day):
            starts_at = details.lesson.starts_at - timedelta(days=1 + number // a_day, hours=number % a_day)
            lesson = replace(
                details.lesson,
                id=LessonId(new_id()),
                submission_key=new_id(),
                starts_at=starts_at,
                ends_at=starts_at + timedelta(minutes=45),
                state=LessonState.ENDED,
                ended_at=starts_at + timedelta(minutes=45),
            )
            seats = [
                replace(seat.participant, id=ParticipantId(new_id()), lesson_id=lesson.id) for seat in details.seats
            ]
            tx.lessons.insert(lesson, seats)

    await school.hallpass.store.write(work)
