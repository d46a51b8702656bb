"""Moving, ending, extending and booking again from the card: by who may, and by who may not; told once, and truly."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.ids import Choice
from bot.sandbox.faults import Fault
from bot.sandbox.lessonspace.spaces import Reason
from bot.sandbox.school import School
from bot.sandbox.slack.actors import Actor
from storage.records import LessonState, NoticeKind, NoticeState, Role
from storage.store import Transaction
from tests.acceptance import telling

THREE_PM = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
"""In Berlin, where everybody is; the clock stands at two."""
HOUR = timedelta(hours=1)


def read_last(school: School, actor: Actor) -> str:
    return telling.read_all(school, actor)[-1]


def show(school: School, actor: Actor) -> str:
    """The form or answer they are looking at."""
    assert actor.view is not None
    return actor.read(actor.view, now=school.clock.now())


async def open_choice(school: School, actor: Actor, choice: Choice, title: str) -> str:
    """Choose in the menu of their card; the form with this title opens."""
    assert (await telling.choose(actor, choice)).is_fine
    return await telling.wait_for_words(school, actor, title)


async def move(school: School, actor: Actor, **fields: object) -> str:
    """Move the lesson by its form. Returns what is shown in the form's place."""
    await open_choice(school, actor, Choice.MOVE, "Move lesson")
    assert (await telling.submit(school, actor, **fields)).is_fine
    said = show(school, actor)
    await telling.settle(school)
    return said


def forge(thief: Actor, owner: Actor) -> None:
    """Put the buttons of somebody's card onto one's own, as a forged payload would."""
    theirs = [block for block in telling.find_card(owner).blocks if block["type"] == "actions"]
    telling.find_card(thief).blocks.extend(block | {"block_id": block["block_id"] + " "} for block in theirs[-1:])


async def test_a_moved_lesson_is_told_once_with_a_link_that_works_then(school: School) -> None:
    """Old and new times, the new Join, until when the old link works; reminders come for the new start alone."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    old_url = telling.find_url(telling.find_card(ben))
    assert old_url is not None

    said = await move(school, ada, starts_at=THREE_PM + HOUR)

    assert "Algebra has its new times: today 16:00 to 16:45" in said
    assert "1 person is told now." in said
    assert "2 links already sent stay valid until today 16:15" in said
    assert len(ada.messages()) == 1
    assert [len(ben.messages()), len(school.lessonspace.launches)] == [2, 4]
    word = read_last(school, ben)
    assert "Algebra was moved from today 15:00 to 15:45 to today 16:00 to 16:45." in word
    assert "The one you had stops at 16:15." in word
    for person in (ada, ben):
        assert "today 16:00 to 16:45" in telling.read_all(school, person)[0]
    new_url = telling.find_url(ben.messages()[-1])
    assert new_url == telling.find_url(telling.find_card(ben)) != old_url
    await telling.move_to(school, 13, 50)
    assert len(ben.messages()) == 2
    await telling.move_to(school, 14, 50)
    assert "Algebra starts at 16:00." in read_last(school, ben)
    assert len(ben.messages()) == 3
    assert await telling.join(school, ben, message=ben.messages()[1]) is None
    assert (await telling.get_lesson(school)).state is LessonState.BOOKED
    await telling.move_to(school, 15, 0)
    assert (await telling.get_lesson(school)).state is LessonState.LIVE
    await telling.move_to(school, 15, 40)
    telling.find_message(ada, "Algebra ends at 16:45")  # raises where there is none


async def test_a_lesson_moved_far_ahead_gets_its_links_when_they_are_due(school: School) -> None:
    """The word says when Join comes, and not to use the old link; the new one comes the day before, onto the card."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")

    await move(school, ada, starts_at=THREE_PM + timedelta(days=3))

    word = read_last(school, ben)
    assert "A Join button will be here from 25 Nov 15:00." in word
    assert "Please do not use the link you had; it stops at 16:15." in word
    assert [telling.find_url(message) for message in ben.messages()] == [None, None]
    assert len(school.lessonspace.launches) == 2
    school.clock.move_to(THREE_PM + timedelta(days=2))
    await telling.settle(school)
    url = telling.find_url(telling.find_card(ben))
    assert url == telling.find_url(ben.messages()[1]) is not None
    assert len(ben.messages()) == 2


async def test_a_lesson_without_links_yet_is_moved_without_any(school: School) -> None:
    """Booked for Thursday, moved to Friday: told once, links made once, and nobody reads of new links."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben 2026-11-26 3pm 45m Algebra")

    said = await move(school, ada, starts_at=THREE_PM + timedelta(days=4))

    assert "stay valid" not in said
    assert "was moved from 26 Nov 15:00 to 15:45 to 27 Nov 15:00 to 15:45." in read_last(school, ben)
    school.clock.move_to(THREE_PM + timedelta(days=2, hours=1))
    await telling.settle(school)
    assert not school.lessonspace.launches
    school.clock.move_to(THREE_PM + timedelta(days=3))
    await telling.settle(school)
    assert len(school.lessonspace.launches) == 2
    assert "Ben (first lesson with you): sent" in telling.read_all(school, ada)[0]
    assert "since" not in telling.read_all(school, ada)[0]


async def test_moved_there_and_back_everything_comes_as_if_never_moved(school: School) -> None:
    """Each move is told; the reminder, the start, the warning and the look of the first times come after all."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await move(school, ada, starts_at=THREE_PM + HOUR)

    await move(school, ada, starts_at=THREE_PM)
    await move(school, ada, starts_at=THREE_PM + HOUR)
    await move(school, ada, starts_at=THREE_PM)

    assert len(ben.messages()) == 5
    assert "Algebra was moved from today 16:00 to 16:45 to today 15:00 to 15:45." in read_last(school, ben)
    assert "Algebra has other times since then: today 15:00 to 15:45." in telling.read_all(school, ben)[1]
    await telling.move_to(school, 13, 50)
    assert "Algebra starts at 15:00." in read_last(school, ben)
    await telling.move_to(school, 14, 40)
    assert "Algebra ends at 15:45." in read_last(school, ada)
    await telling.move_to(school, 14, 46)
    assert (await telling.get_lesson(school)).state is LessonState.ENDED


async def test_who_never_heard_of_the_first_move_is_told_of_both_at_once(school: School) -> None:
    """Slack is away in between; a lesson moved back before anybody heard is told to nobody."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    assert school.hallpass is not None
    school.slack.faults.switch_on("chat.postMessage", Fault.rate_limited(30))
    await open_choice(school, ada, Choice.MOVE, "Move lesson")
    await telling.submit(school, ada, starts_at=THREE_PM + HOUR)
    await open_choice(school, ada, Choice.MOVE, "Move lesson")
    await telling.submit(school, ada, starts_at=THREE_PM + 2 * HOUR)
    school.slack.faults.switch_off()
    await telling.skip(school, timedelta(minutes=2))

    assert len(ben.messages()) == 2
    assert "was moved from today 15:00 to 15:45 to today 17:00 to 17:45." in read_last(school, ben)


async def test_a_lesson_that_has_begun_keeps_its_start(school: School) -> None:
    """Its form asks for the length alone; a shorter one is told, keeps the links, and the end comes sooner."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await telling.move_to(school, 14, 5)
    url = telling.find_url(telling.find_card(ben))

    asked = await open_choice(school, ada, Choice.MOVE, "Move lesson")
    assert "Starts" not in asked
    refused = await telling.submit(school, ada, length="3")
    assert "over already" in refused.errors["length"]
    assert (await telling.submit(school, ada, length="30")).is_fine
    await telling.settle(school)

    assert "Algebra now ends at 15:30, not at 15:45." in read_last(school, ben)
    assert telling.find_url(telling.find_card(ben)) == url
    await telling.move_to(school, 14, 25)
    assert "Algebra ends at 15:30." in read_last(school, ada)
    await telling.move_to(school, 14, 31)
    assert (await telling.get_lesson(school)).state is LessonState.ENDED


async def test_a_start_that_came_while_the_form_was_open_is_kept(school: School) -> None:
    """The form still has the field; another start is refused there."""
    ada = school.add("Ada")
    school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await open_choice(school, ada, Choice.MOVE, "Move lesson")
    await telling.move_to(school, 14, 1)

    refused = await telling.submit(school, ada, starts_at=THREE_PM + HOUR)

    assert "has begun" in refused.errors["starts_at"]
    assert (await telling.get_lesson(school)).starts_at == THREE_PM


@pytest.mark.parametrize(
    ("fields", "where", "words"),
    [
        ({"starts_at": THREE_PM - 3 * HOUR}, "starts_at", "15 minutes ago"),
        ({"starts_at": THREE_PM + timedelta(days=900)}, "starts_at", "two years"),
        ({"length": "an hour"}, "length", "whole minutes"),
        ({"length": "0"}, "length", "whole minutes"),
    ],
)
async def test_times_that_cannot_be_are_refused_under_their_field(
    school: School, fields: dict[str, object], where: str, words: str
) -> None:
    """As in the booking form; what was typed stays, nothing is changed."""
    ada = school.add("Ada")
    school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await open_choice(school, ada, Choice.MOVE, "Move lesson")

    refused = await telling.submit(school, ada, **fields)

    assert words in refused.errors[where]
    assert (await telling.get_lesson(school)).revision == 1


async def test_a_move_into_another_lesson_is_asked_back(school: School) -> None:
    """Named to who may know; saved when it is meant; a room that the other lesson holds is no choice at all."""
    ada, ben, cara = school.add("Ada"), school.add("Ben"), school.add("Cara")
    await telling.book(school, cara, "@Ben today 5pm 45m Secret club")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await open_choice(school, ada, Choice.MOVE, "Move lesson")

    assert (await telling.submit(school, ada, starts_at=THREE_PM + 2 * HOUR)).is_fine
    asked = show(school, ada)
    assert "Ben has another lesson then: today 17:00 to 17:45." in asked
    assert "Secret club" not in asked
    assert (await telling.get_lesson(school)).starts_at == THREE_PM
    assert (await ada.submit()).is_fine
    await telling.settle(school)

    assert (await telling.get_lesson(school)).starts_at == THREE_PM + 2 * HOUR
    assert "today 17:00 to 17:45" in telling.read_all(school, ben)[-1]


async def test_two_lessons_are_never_moved_into_one_room_at_once(school: School) -> None:
    """The same people share a room; moved onto the other lesson, they would be in both."""
    ada = school.add("Ada")
    school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra", options=["everyone_leaves"])
    await telling.book(school, ada, "@Ben today 5pm 45m Geometry", options=["everyone_leaves"])
    assert (await telling.get_lesson(school)).room == (await telling.get_lesson(school, "Geometry")).room
    await open_choice(school, ada, Choice.MOVE, "Move lesson")

    refused = await telling.submit(school, ada, starts_at=THREE_PM + 2 * HOUR)

    assert "Geometry" in refused.errors["starts_at"]


async def test_two_leaders_move_once(school: School) -> None:
    """The second form was opened before the first was sent: it changes nothing and says so."""
    ada, olga = school.add("Ada"), school.add("Olga")
    school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra", leaders=["Ada", "Olga"])
    for leader in (ada, olga):
        await open_choice(school, leader, Choice.MOVE, "Move lesson")

    await telling.submit(school, ada, starts_at=THREE_PM + HOUR)
    await telling.submit(school, olga, starts_at=THREE_PM + 2 * HOUR)

    assert "out of date" in show(school, olga)
    assert (await telling.get_lesson(school)).starts_at == THREE_PM + HOUR


@pytest.mark.parametrize("choice", [Choice.MOVE, Choice.END, Choice.AGAIN])
async def test_a_learner_gets_nowhere_with_a_leaders_menu(school: School, choice: Choice) -> None:
    """A forged payload opens no form; the refusal is private."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await telling.move_to(school, 14, 1)
    forge(ben, ada)

    await telling.choose(ben, choice)

    await telling.wait_for_answer(school, ben, "Only the lesson's leaders")
    assert ben.view is None


@pytest.mark.parametrize("action", ["extend", "cancel"])
async def test_a_learner_gets_nowhere_with_a_leaders_button(school: School, action: str) -> None:
    """Neither the change at the press nor the form."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    forge(ben, ada)

    await ben.press(telling.find_card(ben), action)

    await telling.wait_for_answer(school, ben, "Only the lesson's leaders")
    assert ben.view is None
    assert (await telling.get_lesson(school)).revision == 1


async def test_end_now_is_over_at_once_and_summed_up_when_the_room_is_empty(school: School) -> None:
    """Join goes off every card, nobody is warned any more; the summary knows who was there."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await telling.move_to(school, 14, 0)
    for person in (ada, ben):
        assert await telling.join(school, person) is None
    await telling.move_to(school, 14, 20)
    count = len(ada.messages())
    asked = await open_choice(school, ada, Choice.END, "End this lesson now?")
    assert "Whoever is in the room can stay there" in asked
    assert "2 links already sent stay valid until" in asked

    assert (await ada.submit()).is_fine
    assert "Algebra is over. The summary comes as a message when the room is empty." in show(school, ada)
    await telling.settle(school)

    lesson = await telling.get_lesson(school)
    assert (lesson.state, lesson.ended_at) == (LessonState.ENDED, THREE_PM + timedelta(minutes=20))
    assert not [one for person in (ada, ben) for one in person.messages() if telling.find_url(one)]
    assert len(ada.messages()) == count
    await telling.move_to(school, 14, 41)
    await telling.leave_all(school)
    await telling.move_to(school, 14, 50)
    assert "2 of 2 came." in read_last(school, ada)
    assert len(ada.messages()) == count + 1
    looks = await telling.list_notices(school, NoticeKind.READ_SESSIONS)
    assert {look.state for look in looks} == {NoticeState.SENT, NoticeState.DROPPED}


async def test_a_lesson_that_has_not_begun_is_not_ended(school: School) -> None:
    """Its card does not offer it, and a card that did is answered in words."""
    ada = school.add("Ada")
    school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    assert "End now" not in str(telling.find_card(ada).blocks)
    await telling.move_to(school, 14, 1)
    await telling.choose(ada, Choice.END)
    await telling.wait_for_words(school, ada, "End this lesson now?")

    assert (await ada.submit()).is_fine
    await telling.settle(school)
    revisions = telling.find_card(ada).revisions
    live = next(number for number, one in enumerate(revisions) if "End now" in str(one.blocks))
    telling.find_card(ada).blocks.extend(revisions[live].blocks[-1:])
    await telling.choose(ada, Choice.END)

    await telling.wait_for_answer(school, ada, "This lesson is over")


async def test_extending_into_the_next_lesson_asks_first(school: School) -> None:
    """Whose and when; left, nothing changes; meant, it is extended once."""
    ada = school.add("Ada")
    school.add("Ben"), school.add("Cara")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await telling.book(school, ada, "@Cara today 3:50pm 45m Geometry")
    await telling.move_to(school, 14, 30)

    await ada.press(telling.find_card(ada), "extend")
    await telling.wait_for_words(school, ada, "Extend anyway?")
    asked = show(school, ada)
    assert "Ada has another lesson then: Geometry, today 15:50 to 16:35." in asked
    await ada.close()
    assert (await telling.get_lesson(school)).extension_count == 0
    await ada.press(telling.find_card(ada), "extend")
    await telling.wait_for_words(school, ada, "Extend anyway?")
    assert (await ada.submit()).is_fine
    await telling.settle(school)

    assert "Algebra now ends at 15:55." in show(school, ada)
    assert (await telling.get_lesson(school)).extension_count == 1


async def test_a_lesson_that_came_between_is_asked_about_too(school: School) -> None:
    """The question was answered for one lesson; another one booked meanwhile is another question."""
    ada, cara = school.add("Ada"), school.add("Cara")
    school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await telling.book(school, ada, "@Cara today 3:50pm 45m Geometry")
    await telling.move_to(school, 14, 30)
    await ada.press(telling.find_card(ada), "extend")
    await telling.wait_for_words(school, ada, "Extend anyway?")
    await telling.book(school, cara, "@Ben today 3:45pm 20m Secret club")  # asked about the overlap, and meant
    assert (await cara.submit()).is_fine

    assert (await ada.submit()).is_fine

    asked = show(school, ada)
    assert "Ben has another lesson then: today 15:45 to 16:05." in asked
    assert (await telling.get_lesson(school)).extension_count == 0


async def test_everybody_told_reads_why_a_lesson_is_cancelled(school: School) -> None:
    """As it was written, escaped, on the card and in the message; too long a one is refused."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")

    said = await telling.cancel(school, ada, "I am <ill> & sorry")
    await telling.settle(school)

    assert "Algebra is cancelled." in said
    for text in (read_last(school, ben), telling.read_all(school, ben)[0], telling.read_all(school, ada)[0]):
        assert "I am <ill> & sorry" in text
    assert "&lt;ill&gt;" in str(ben.messages()[-1].blocks)


async def test_book_again_fills_the_form_for_next_week(school: School) -> None:
    """The same people, title, length as booked, options and room, at the same time of day."""
    ada = school.add("Ada")
    school.add("Ben"), school.add("Cara")
    await telling.book(school, ada, "@Ben @Cara today 3pm 45m Algebra", options=["warn", "record"])
    await ada.press(telling.find_card(ada), "extend")
    await telling.settle(school)
    first = await telling.get_lesson(school)

    await open_choice(school, ada, Choice.AGAIN, "Book a lesson")
    assert (await telling.submit(school, ada, title="Algebra again")).is_fine
    await telling.settle(school)

    again = await telling.get_lesson(school, "Algebra again")
    assert (again.starts_at, again.ends_at) == (THREE_PM + timedelta(days=7), THREE_PM + timedelta(days=7, minutes=45))
    assert (again.room, again.options) == (first.room, first.options)
    details = await telling.get_lesson_details(school, "Algebra again")
    assert [seat.person.name for seat in details.seats] == ["Ada", "Ben", "Cara"]


async def test_book_again_keeps_the_lesson_s_own_room(school: School) -> None:
    """Not the room that the same people used since, in a lesson of another subject."""
    ada = school.add("Ada")
    school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await telling.book(school, ada, "@Ben today 4pm 45m Physics")  # while links of the first still work: another room
    algebra, physics = [await telling.get_lesson(school, title) for title in ("Algebra", "Physics")]
    assert algebra.room != physics.room

    await open_choice(school, ada, Choice.AGAIN, "Book a lesson")
    assert (await telling.submit(school, ada, title="Algebra again")).is_fine
    await telling.settle(school)

    assert (await telling.get_lesson(school, "Algebra again")).room == algebra.room


async def end_algebra(school: School) -> None:
    """It ends, nobody came, and the summary is there."""
    await telling.move_to(school, 14, 50)
    assert (await telling.get_lesson(school)).state is LessonState.ENDED


@pytest.mark.parametrize("where", ["card", "summary"])
async def test_a_lesson_that_is_over_is_booked_again_from_its_card_and_its_summary(school: School, where: str) -> None:
    """Who only watched does so again, unless they were taken out of the form; and the form says so."""
    ada, ben = school.add("Ada"), school.add("Ben")
    school.add("Cara"), school.add("Dan")
    await telling.book(school, ada, "@Ben @Cara @Dan today 3pm 45m Algebra")
    await make_observers(school, "Cara", "Dan")
    await end_algebra(school)
    message = telling.find_card(ada) if where == "card" else telling.find_message(ada, "Summary of Algebra")

    assert (await ada.press(message, "again")).is_fine
    assert "Cara and Dan only watch, as before." in await telling.wait_for_words(school, ada, "Book a lesson")
    form = ada.view
    assert form is not None
    await ada.fill(form, {"participants": ["Ben", "Cara"]})
    await telling.wait_for_words(school, ada, "Cara only watches, as before.")
    assert (await telling.submit(school, ada, title="Algebra again")).response_action == "update"
    await telling.settle(school)

    seats = (await telling.get_lesson_details(school, "Algebra again")).seats
    assert [seat.participant.role for seat in seats] == [Role.LEADER, Role.LEARNER, Role.OBSERVER]
    assert "again" not in telling.list_buttons(telling.find_card(ben))


async def make_observers(school: School, *names: str) -> None:
    """These only watch."""
    details = await telling.get_lesson_details(school)

    def change(tx: Transaction) -> None:
        for seat in details.seats:
            if seat.person.name in names:
                tx.lessons.update_participant(replace(seat.participant, role=Role.OBSERVER))

    assert school.hallpass is not None
    await school.hallpass.store.write(change)


async def test_nobody_else_books_a_lesson_again(school: School) -> None:
    """A forged button of a lesson that is over tells a learner nothing of who was in it."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await end_algebra(school)
    forge(ben, ada)

    await ben.press(telling.find_card(ben), "again")

    await telling.wait_for_answer(school, ben, "Only the lesson's leaders")
    assert ben.view is None


async def test_a_summary_opened_in_home_offers_the_next_week(school: School) -> None:
    """The form comes on top of the summary."""
    ada = school.add("Ada")
    school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await end_algebra(school)
    await ada.open_home()
    await school.slack.wait_for(lambda: ada.home is not None)
    assert ada.home is not None
    assert (await ada.press(ada.home, "summary")).is_fine
    await telling.wait_for_words(school, ada, "Summary")
    assert ada.view is not None

    assert (await ada.press(ada.view, "again")).is_fine

    await telling.wait_for_words(school, ada, "Book a lesson")
    assert len(ada.stack) == 2


async def test_the_early_bird_of_the_old_time_stands_before_a_closed_door(school: School) -> None:
    """The link of the old window is the provider's and works then; the new one does not yet."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await move(school, ada, starts_at=THREE_PM + HOUR)
    await telling.move_to(school, 14, 0)

    assert await telling.join(school, ben) is Reason.TOO_EARLY
