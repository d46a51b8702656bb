"""A school with every room service there is: whoever books chooses in the form, and no two lessons are mixed up."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.ids import Field
from bot.sandbox.houses import EVERY
from bot.sandbox.school import School, open_school
from storage.store import Transaction
from tests.acceptance import telling
from tests.acceptance.conftest import MONDAY_TWO_PM


@pytest.fixture
async def school(tmp_path: Path) -> AsyncIterator[School]:
    async with open_school(tmp_path, starts_at=MONDAY_TWO_PM, services=EVERY) as school:
        await school.start()
        yield school


async def test_every_service_can_be_chosen_in_one_school(school: School) -> None:
    """One lesson in each, all with a Join that leads to Hallpass's own page, as with a public address by default."""
    ada, ben = school.add("Ada"), school.add("Ben")

    for number, service in enumerate(EVERY):
        await telling.book(school, ada, f"@Ben today {number + 3}pm 45m Algebra {number}", **{Field.SERVICE: service})

    assert school.hallpass is not None
    assert list(EVERY) == await school.hallpass.store.read(list_services)
    urls = [telling.list_buttons(message)["join"]["url"] for message in ben.messages()]
    assert len(EVERY) == len({url for url in urls if f":{school.hallpass.port}/join/" in url})


def list_services(tx: Transaction) -> list[str]:
    """Of every lesson, in the order of their starts."""
    found = [lesson for workspace in tx.workspaces.list_all() for lesson in tx.lessons.list_between(workspace.id)]
    return [
        tx.lessons.get_details(lesson.workspace_id, lesson.id).service
        for lesson in sorted(found, key=lambda one: one.starts_at)
    ]


async def test_the_first_service_is_the_one_that_nobody_has_to_choose(tmp_path: Path) -> None:
    """Whoever leaves the field alone has a lesson there."""
    async with open_school(tmp_path, starts_at=MONDAY_TWO_PM, services=("loop", "lessonspace")) as school:
        await school.start()
        ada = school.add("Ada")
        school.add("Ben")
        await telling.book(school, ada, "@Ben today 3pm 45m Algebra")

        assert "loop" == (await telling.get_lesson_details(school)).service
