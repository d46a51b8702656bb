"""What was given up stands in an admin's Home, and goes out when the admin says so."""

from __future__ import annotations

from bot.sandbox.school import School
from bot.sandbox.slack.people import UserKind
from storage.records import NoticeKind, NoticeState
from tests.acceptance import telling
from tests.acceptance.test_home import buttons, forge, open_home, press


async def book_in_archived_channel(school: School) -> None:
    """A lesson whose channel was archived before it was summed up."""
    ada = school.add("Ada")
    school.add("Ben")
    channel = school.slack.add_channel("lessons", ["Ada", "Ben"])
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra", channel=channel)
    await telling.move_to(school, 14, 35)
    channel.is_archived = True
    await telling.move_to(school, 14, 50)


async def test_a_summary_for_a_channel_is_sent_when_the_channel_is_back(school: School) -> None:
    """Home says which lesson, what, where and why; after the press it is there, once, and Home is calm."""
    olga = school.add("Olga", kind=UserKind.ADMIN)
    await book_in_archived_channel(school)
    text = olga.read(await open_home(school, olga), now=school.clock.now())
    assert "Given up in the last seven days" in text
    assert "The summary did not reach #lessons." in text
    assert "It is archived." in text

    channel = next(one for one in school.slack.workspace.conversations.values() if one.name == "lessons")
    channel.is_archived = False
    await press(school, olga, "try_notices")
    await telling.wait_for_words(school, olga, "sent again")
    await telling.settle(school)

    states = [(one.state) for one in await telling.list_notices(school, NoticeKind.SUMMARY) if one.channel_id]
    assert [NoticeState.SENT] == states
    assert "Given up in the last" not in olga.read(await open_home(school, olga), now=school.clock.now())


async def test_nobody_else_has_it_sent_again(school: School) -> None:
    """A forged press is refused, and nothing is sent."""
    mallory = school.add("Mallory")
    await book_in_archived_channel(school)
    lesson = await telling.get_lesson(school)
    home = await open_home(school, mallory)
    assert "try_notices" not in buttons(home)
    forge(home, "try_notices", f'{{"lesson_id": "{lesson.id}", "kind": "summary"}}')

    await mallory.press(home, "try_notices")

    await telling.wait_for_words(school, mallory, "Only admins can do that.")
    states = [one.state for one in await telling.list_notices(school, NoticeKind.SUMMARY) if one.channel_id]
    assert [NoticeState.FAILED] == states


async def test_a_forged_kind_is_refused(school: School) -> None:
    """Whatever the value says, only what can be given up is tried again."""
    olga = school.add("Olga", kind=UserKind.ADMIN)
    await book_in_archived_channel(school)
    lesson = await telling.get_lesson(school)
    home = await open_home(school, olga)
    forge(home, "try_notices", f'{{"lesson_id": "{lesson.id}", "kind": "everything"}}')

    await olga.press(home, "try_notices")

    await telling.wait_for_words(school, olga, "Hallpass")
    states = [one.state for one in await telling.list_notices(school, NoticeKind.SUMMARY) if one.channel_id]
    assert [NoticeState.FAILED] == states
