"""One lesson from the form to the summary, as its people see it."""

from __future__ import annotations

from bot.sandbox.lessonspace.spaces import Reason
from bot.sandbox.school import School
from bot.sandbox.slack.people import UserKind
from storage.records import LessonState
from tests.acceptance import telling


async def test_everybody_gets_a_link_of_their_own_and_the_leader_a_summary(school: School) -> None:
    """The main job: book, send, remind, warn, extend, end, sum up."""
    ada, ben, cara = school.add("Ada"), school.add("Ben"), school.add("Cara", zone="America/New_York")

    await telling.book(school, ada, "@Ben @Cara today 3pm 45m Algebra")

    people = (ada, ben, cara)
    urls = [telling.list_buttons(telling.find_card(person))["join"]["url"] for person in people]
    assert len(set(urls)) == 3
    assert [len(person.messages()) for person in people] == [1, 1, 1]
    assert "today 15:00 to 15:45" in telling.read_all(school, ben)[0]
    assert "today 09:00 to 09:45" in telling.read_all(school, cara)[0]

    assert await telling.join(school, ben) == Reason.TOO_EARLY
    await telling.move_to(school, 13, 50)
    assert [telling.read_all(school, ben)[1].splitlines()[0]] == ["Algebra starts at 15:00."]
    assert None is await telling.join(school, ben)
    assert await telling.join(school, ben, "another browser") == Reason.USED_ELSEWHERE
    assert None is await telling.join(school, ada)

    await telling.move_to(school, 14, 40)
    warning = ada.messages()[-1]
    assert "Algebra ends at 15:45." in ada.read(warning, now=school.clock.now())
    await ada.press(warning, "extend")
    await telling.settle(school)
    assert "today 15:00 to 15:55" in telling.read_all(school, ben)[0]

    await telling.move_to(school, 15, 5)
    assert (await telling.get_lesson(school)).is_running_over
    await telling.leave_all(school)
    await telling.move_to(school, 15, 7)
    assert (await telling.get_lesson(school)).state == LessonState.ENDED
    summary = telling.read_all(school, ada)[-1]
    assert "2 of 3 came." in summary
    assert "Cara: absent" in summary
    assert all("join" not in telling.list_buttons(message) for person in people for message in person.messages())


async def test_a_guest_in_a_channel_sees_no_link_and_no_names(school: School) -> None:
    """The channel has one post, the end warning and the summary: times and counts, nothing else."""
    ada, ben = school.add("Ada"), school.add("Ben", kind=UserKind.GUEST)
    channel = school.slack.add_channel("lessons", ["Ada", "Ben", "Hallpass"])

    await telling.open_form(school, ada, "@Ben today 3pm 45m Algebra")
    await telling.submit(school, ada, channel=channel.id)
    assert ada.view is not None
    assert "guest" in ada.read(ada.view).lower()
    assert (await ada.submit()).is_fine
    await telling.settle(school)
    await telling.move_to(school, 14, 40)
    await telling.move_to(school, 14, 50)

    read = [ben.read(message, now=school.clock.now()) for message in ben.messages(channel)]
    assert len(read) == 3, read
    assert not any("Ben" in text or "http" in text for text in read), read
