"""The lesson's post in its channel: one, kept up to date, with the warning and the summary in its thread."""

from __future__ import annotations

from pathlib import Path

from bot.sandbox.faults import Fault
from bot.sandbox.school import School, open_school
from bot.sandbox.slack.people import UserKind
from tests.acceptance import telling
from tests.acceptance.conftest import MONDAY_TWO_PM


async def test_one_post_follows_the_lesson_and_the_rest_is_its_thread(school: School) -> None:
    """Booked, on, over: the same message; what else the channel is told stands under it."""
    ada, ben = school.add("Ada"), school.add("Ben")
    channel = school.slack.add_channel("lessons", ["Ada", "Ben"])

    def read(number: int) -> str:
        return ada.read(ada.messages(channel)[number], now=school.clock.now())

    await telling.book(school, ada, "@Ben today 3pm 45m Algebra", channel=channel)
    assert "Algebra: today 15:00 to 15:45.\n2 people are invited." == read(0)

    await telling.move_to(school, 14, 0)
    assert "It is on now" in read(0)

    await telling.move_to(school, 14, 40)
    await telling.join(school, ben)
    await telling.leave_all(school)
    await telling.move_to(school, 14, 50)

    post, warning, summary = ada.messages(channel)
    assert {post.ts} == {warning.thread_ts, summary.thread_ts}
    assert post.thread_ts is None
    assert "It ended at 15:50." in read(0)
    assert "came." in read(2)


async def test_a_cancelled_lesson_is_cancelled_in_the_channel_too(school: School) -> None:
    """In place: the channel gets no second message."""
    ada = school.add("Ada")
    school.add("Ben")
    channel = school.slack.add_channel("lessons", ["Ada", "Ben"])
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra", channel=channel)
    lesson = await telling.get_lesson(school)

    await ada.press(telling.find_card(ada), "cancel")
    if ada.view is not None and ada.view.given.get("submit"):
        await ada.submit()
    await telling.settle(school)

    [post] = ada.messages(channel)
    assert "Cancelled." in ada.read(post, now=school.clock.now())
    assert lesson.channel_id == channel.id


async def test_names_stand_in_the_channel_only_where_they_may(tmp_path: Path) -> None:
    """With the setting on, leaders are named among members; where a guest reads along, nobody is; learners never."""
    settings = {"HALLPASS_CHANNEL_NAMES": "on"}
    async with open_school(tmp_path, starts_at=MONDAY_TWO_PM, settings=settings) as school:
        await school.start()
        ada, _ben, _gus = school.add("Ada"), school.add("Ben"), school.add("Gus", kind=UserKind.GUEST)
        among_us = school.slack.add_channel("staff", ["Ada", "Ben"])
        with_guest = school.slack.add_channel("lessons", ["Ada", "Ben", "Gus"])
        await telling.book(school, ada, "@Ben today 3pm 45m Algebra", channel=among_us)
        await telling.open_form(school, ada, "@Ben today 6pm 45m Botany")
        await telling.submit(school, ada, channel=with_guest)
        assert ada.view is not None
        assert (await ada.submit()).is_fine
        await telling.settle(school)
        await telling.move_to(school, 14, 0)

        staff, open_to_guests = (
            ada.read(ada.messages(channel)[0], now=school.clock.now()) for channel in (among_us, with_guest)
        )

        assert staff.startswith("Algebra with Ada: today")
        assert open_to_guests.startswith("Botany: today")
        assert not [text for text in (staff, open_to_guests) if "Ben" in text]


async def test_an_answer_that_was_lost_in_the_thread_is_found_there(school: School) -> None:
    """The warning was posted, its answer cut off: looked for among the replies, it is not posted again."""
    ada = school.add("Ada")
    school.add("Ben")
    channel = school.slack.add_channel("lessons", ["Ada", "Ben"])
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra", channel=channel)
    school.slack.faults.switch_on("chat.postMessage", Fault.dropping(does_work=True), count=2)
    await telling.move_to(school, 14, 40)
    await telling.skip(school, telling.UNTIL_LOOKED_FOR)

    assert 2 == len(ada.messages(channel))


async def test_a_channel_that_was_archived_is_named_on_the_leaders_card(school: School) -> None:
    """Booked while all was well; archived before the end warning."""
    ada = school.add("Ada")
    school.add("Ben")
    channel = school.slack.add_channel("lessons", ["Ada", "Hallpass"])
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra", channel=channel.id)

    channel.is_archived = True
    await telling.move_to(school, 14, 40)

    card = telling.read_all(school, ada)[0]
    assert "The channel could not be told. It is archived." in card
    assert any("Algebra ends at 15:45" in text for text in telling.read_all(school, ada))
