"""What can be typed and chosen: `/lesson` in all its forms, both shortcuts, the Home tab."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.sandbox.faults import Fault
from bot.sandbox.school import School
from bot.sandbox.slack.actors import Actor
from tests.acceptance import telling
from tests.acceptance.conftest import MONDAY_TWO_PM


def read_inputs(actor: Actor) -> dict[str, object]:
    """What the open form holds, by field."""
    assert actor.view is not None
    return {place[0]: value for place, value in actor.view.inputs.items()}


async def test_somebody_new_sees_a_loading_view_and_then_the_form_in_their_zone(school: School) -> None:
    """The trigger is spent at once; what was typed is read again on the clocks of the person now known."""
    cara = school.add("Cara", zone="America/New_York")
    ben = school.add("Ben")
    school.slack.latencies["users.info"] = timedelta(seconds=0.2)

    assert (await cara.slash("/lesson", "@Ben today 4pm 45m Algebra")).is_fine
    assert "One moment" in await telling.wait_for_words(school, cara, "Book a lesson")
    await telling.wait_for_words(school, cara, "That is 16:00 on Mon 23 Nov (New York time).")

    inputs = read_inputs(cara)
    assert inputs["starts_at"] == int(datetime(2026, 11, 23, 21, 0, tzinfo=UTC).timestamp())
    assert (inputs["title"], inputs["length"], inputs["participants"]) == ("Algebra", "45", [ben.user.id])


async def test_the_second_time_the_form_opens_at_once(school: School) -> None:
    """Somebody known needs no loading view."""
    ada = school.add("Ada")
    await telling.open_form(school, ada)
    await ada.close()

    assert (await ada.slash("/lesson")).is_fine

    inputs = read_inputs(ada)
    assert (inputs["leaders"], inputs["length"]) == ([ada.user.id], "60")
    assert inputs["starts_at"] == int((MONDAY_TWO_PM + timedelta(minutes=30)).timestamp())


async def test_now_means_now(school: School) -> None:
    """`/lesson now @Ben` needs only a title, and everybody can come in at once."""
    ada, ben = school.add("Ada"), school.add("Ben")

    await telling.book(school, ada, "now @Ben Algebra")

    lesson = await telling.get_lesson(school)
    assert (lesson.starts_at, lesson.ends_at) == (MONDAY_TWO_PM, MONDAY_TWO_PM + timedelta(hours=1))
    assert await telling.join(school, ben) is None


@pytest.mark.parametrize(
    # typed; what of it is quoted back
    ("typed", "quoted"),
    [
        ("at 4:30", "4:30"),  # in the morning, or after school?
        ("25:00", "25:00"),
        ("31.2.", "31.2."),
        ("in 2 hours", "in 2 hours"),
        ("next week", "next week"),
        ("4-5pm", "4-5pm"),
        ("today 9am", "today” and “9am"),  # past
    ],
)
async def test_what_was_not_understood_is_shown(school: School, typed: str, quoted: str) -> None:
    """The form opens with what was clear; the rest is quoted, and no start is guessed."""
    ada, ben = school.add("Ada"), school.add("Ben")

    await telling.open_form(school, ada, f"@Ben {typed} Algebra")

    assert ada.view is not None
    assert f"I did not understand “{quoted}”." in ada.read(ada.view)
    inputs = read_inputs(ada)
    assert (inputs["participants"], inputs["title"], inputs["starts_at"]) == ([ben.user.id], "Algebra", None)


async def test_a_global_shortcut_opens_the_form(school: School) -> None:
    """The same form, empty."""
    ada = school.add("Ada")

    assert (await ada.shortcut("book_lesson")).is_fine

    await telling.wait_for_words(school, ada, "Participants")
    assert read_inputs(ada)["leaders"] == [ada.user.id]


async def test_a_shortcut_whose_form_slack_refuses_is_answered(school: School) -> None:
    """No warning sign: with a form of its own while Slack opens one, else in their conversation; it knows no other."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await ada.close()
    school.slack.deliveries.ack_limit *= 10  # the log is written first

    school.slack.faults.switch_on("views.open", Fault.refusing("internal_error"), count=1)
    assert (await ada.shortcut("book_lesson")).is_fine
    await telling.wait_for_words(school, ada, "something went wrong on our side")
    await ada.close()

    school.slack.faults.switch_on("views.open", Fault.refusing("expired_trigger_id"))
    assert (await ada.shortcut("book_lesson")).is_fine
    await telling.wait_for_answer(school, ada, "something went wrong on our side")
    assert ben.private_answers() == []


async def test_a_message_shortcut_books_with_its_author(school: School) -> None:
    """The author of the message is the participant."""
    ada, ben = school.add("Ada"), school.add("Ben")
    channel = school.slack.add_channel("general", ["Ada", "Ben"])
    message = school.slack.workspace.post(channel, text="Can we meet?", blocks=[], author_id=ben.user.id)

    assert (await ada.message_shortcut("book_lesson_with", message)).is_fine

    await telling.wait_for_words(school, ada, "Participants")
    assert read_inputs(ada)["participants"] == [ben.user.id]


@pytest.mark.parametrize(
    # typed; what the private answer says
    ("command", "typed", "words"),
    [
        ("/lesson", "help", "`/lesson link` gives you the way into your lesson"),
        ("/lesson", "Algebra please", "“Algebra please” is not something I understand."),
        ("/lesson", "list", "Algebra with Ben (booked)"),
        ("/lessons", "", "Algebra with Ben (booked)"),
        ("/lesson", "link", "Your way into Algebra"),
    ],
)
async def test_a_typed_question_is_answered_privately(school: School, command: str, typed: str, words: str) -> None:
    """Nobody else sees it, and no form opens."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await ada.close()

    assert (await ada.slash(command, typed)).is_fine

    answer = await telling.wait_for_answer(school, ada, words.replace("`", ""))
    assert "http" not in answer.text
    assert not ben.private_answers()
    assert ada.view is None


async def test_link_gives_ones_own_way_in_and_only_that(school: School) -> None:
    """Ben's link for Ben; who has no lesson is told so."""
    ada, ben, eva = school.add("Ada"), school.add("Ben"), school.add("Eva")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")

    await ben.slash("/lesson", "link")
    answer = await telling.wait_for_answer(school, ben, "Your way into Algebra")
    await eva.slash("/lesson", "link")
    await telling.wait_for_answer(school, eva, "You have no lesson now or soon.")

    assert telling.find_url(answer) == telling.find_url(telling.find_card(ben))


async def test_a_learner_sees_in_the_list_only_the_leader(school: School) -> None:
    """Many learners are minors: they are not told who else comes."""
    ada, ben = school.add("Ada"), school.add("Ben")
    school.add("Cara")
    await telling.book(school, ada, "@Ben @Cara today 3pm 45m Algebra")

    await ben.slash("/lesson", "list")

    answer = await telling.wait_for_answer(school, ben, "Algebra with Ada (booked)")
    assert "Cara" not in ben.read(answer)


async def test_home_shows_the_day_and_books(school: School) -> None:
    """A welcome the first time, then today's lessons; its button opens the form."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await ada.close()

    await ada.open_home()
    await school.slack.wait_for(lambda: ada.home is not None)
    assert ada.home is not None
    first = ada.read(ada.home, now=school.clock.now())
    assert "Welcome to Hallpass" in first
    assert "Algebra with Ben (booked)" in first
    await ada.press(ada.home, "book")
    await telling.wait_for_words(school, ada, "Participants")
    await ben.open_home()
    await school.slack.wait_for(lambda: ben.home is not None)
    assert ben.home is not None
    assert "Algebra with Ada (booked)" in ben.read(ben.home, now=school.clock.now())


async def test_a_button_that_nobody_understands_any_more_is_answered(school: School) -> None:
    """A value from another time changes nothing, and the person is told."""
    ada = school.add("Ada")
    school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    button = telling.list_buttons(telling.find_card(ada))["cancel"]
    assert isinstance(button, dict)
    button["value"] = "v0:who:knows"

    await ada.press(telling.find_card(ada), "cancel")

    await telling.wait_for_answer(school, ada, "out of date")
    assert (await telling.get_lesson(school)).is_open


async def test_a_private_answer_comes_though_slack_asked_to_wait(school: School) -> None:
    """Said again when Slack takes it, and once: who typed would otherwise not know that there was an answer."""
    ada = school.add("Ada")
    school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    school.slack.faults.switch_on("response_url", Fault.rate_limited(1), count=1)
    assert (await ada.slash("/lesson", "list")).is_fine
    await telling.wait_for_answer(school, ada, "Algebra")
    assert len(ada.private_answers()) == 1
    assert [call.status for call in school.slack.log.list_calls("response_url")] == [429, 200]
