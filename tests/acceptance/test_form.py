"""The booking form as tutors meet it: every refused value, what is asked back, what is preset, who may book."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.sandbox.faults import Fault
from bot.sandbox.school import School, open_school
from bot.sandbox.slack.people import UserKind
from tests.acceptance import telling
from tests.acceptance.conftest import MONDAY_TWO_PM

PEOPLE = {
    "Robo": UserKind.BOT,
    "Zap": UserKind.APP,
    "Dora": UserKind.DEACTIVATED,
    "Stan": UserKind.STRANGER,
    "Ivo": UserKind.INVITED,
}
"""Who cannot be taught here, and why."""

REFUSED = [
    # field, value, words under that field
    ("title", "x" * 81, "81 characters; 80 fit"),
    ("note", "x" * 2001, "2,001 characters; 2,000 fit"),
    ("starts_at", MONDAY_TWO_PM - timedelta(minutes=16), "more than 15 minutes ago"),
    ("starts_at", MONDAY_TWO_PM + timedelta(days=3 * 366), "two years ahead"),
    ("length", "0", "whole minutes, from 1 to 720"),
    ("length", "721", "whole minutes, from 1 to 720"),
    ("length", "12.5", "whole minutes, from 1 to 720"),
    ("length", "an hour", "whole minutes, from 1 to 720"),
    ("participants", ["Ada"], "Choose Ada either as leader or as participant"),
    ("participants", ["Ben", "Robo"], "Robo is an app, not a person"),
    ("participants", ["Ben", "Zap"], "Zap is an app, not a person"),
    ("participants", ["Ben", "Dora"], "Dora has a deactivated Slack account"),
    ("participants", ["Ben", "Stan"], "cannot write to Stan"),
    ("participants", ["Ben", "Ivo"], "cannot write to Ivo"),
    ("leaders", ["Ada", "Dora"], "Dora has a deactivated Slack account"),
]


@pytest.mark.parametrize(("field", "value", "words"), REFUSED)
async def test_a_wrong_value_is_an_error_on_its_own_field(school: School, field: str, value: Any, words: str) -> None:
    """The error names the mend, nothing else typed is lost, and once mended the form books."""
    ada = school.add("Ada")
    school.add("Ben")
    for name, kind in PEOPLE.items():
        school.add(name, kind=kind)
    await telling.open_form(school, ada, "@Ben today 3pm 45m Algebra")
    view = ada.view
    assert view is not None
    await ada.fill(view, {"note": "Bring a ruler"})
    place = next(place for place in view.inputs if place[0] == field)
    good, others = view.inputs[place], {one: typed for one, typed in view.inputs.items() if one != place}

    outcome = await telling.submit(school, ada, **{field: value})

    assert list(outcome.errors) == [field]
    assert words in outcome.errors[field]
    assert {one: typed for one, typed in view.inputs.items() if one != place} == others
    view.inputs[place] = good
    assert (await ada.submit()).response_action == "update"


@pytest.mark.parametrize("field", ["title", "participants", "leaders", "starts_at", "length"])
async def test_a_field_left_empty_is_never_sent(school: School, field: str) -> None:
    """Slack's own client asks for what is required, so nobody to teach is never booked."""
    ada = school.add("Ada")
    school.add("Ben")
    await telling.open_form(school, ada, "@Ben today 3pm 45m Algebra")

    outcome = await telling.submit(school, ada, **{field: None})

    assert list(outcome.complaints) == [field]


async def test_more_than_a_hundred_people_are_too_many(school: School) -> None:
    """A hundred participants and their leader are one person too many."""
    ada = school.add("Ada")
    people = [school.add(f"Pupil {number}").user for number in range(100)]
    await telling.open_form(school, ada, "today 3pm 45m")

    outcome = await telling.submit(school, ada, title="Assembly", participants=people)

    assert outcome.errors == {"participants": "These are 101 people; a lesson takes 100."}


async def test_a_lesson_that_outlasts_its_links_is_too_long(tmp_path: Path) -> None:
    """Links are made six days before; with twelve hours and eighteen to come late they would have to live too long."""
    settings = {"HALLPASS_LINK_LEAD": "6d", "HALLPASS_EXTENSION": "6h"}
    async with open_school(tmp_path, starts_at=MONDAY_TWO_PM, settings=settings) as school:
        await school.start()
        ada = school.add("Ada")
        school.add("Ben")
        await telling.open_form(school, ada, "@Ben 2026-12-14 3pm Marathon")

        outcome = await telling.submit(school, ada, length="720")

        assert list(outcome.errors) == ["length"]
        assert "7 days at most" in outcome.errors["length"]
        assert (await telling.submit(school, ada, length="60")).response_action == "update"


async def test_a_channel_must_have_the_bot_and_be_alive(school: School) -> None:
    """The field says what to type to invite the bot; an archived channel is refused; after inviting it is taken."""
    ada = school.add("Ada")
    school.add("Ben")
    without = school.slack.add_channel("maths", ["Ada"], has_bot=False)
    archived = school.slack.add_channel("old", ["Ada"], is_archived=True)
    await telling.open_form(school, ada, "@Ben today 3pm 45m Algebra")

    refused = await telling.submit(school, ada, channel=without)
    assert "#maths" in refused.errors["channel"]
    assert "/invite @Hallpass" in refused.errors["channel"]
    assert "#old is archived" in (await telling.submit(school, ada, channel=archived)).errors["channel"]
    without.members.add(school.slack.bot_user_id)
    assert (await telling.submit(school, ada, channel=without)).response_action == "update"


async def test_a_channel_shared_with_others_is_asked_about_first(school: School) -> None:
    """People of other organisations would read the title: a caution, and booked when confirmed."""
    ada = school.add("Ada")
    school.add("Ben")
    shared = school.slack.add_channel("partners", ["Ada"], is_ext_shared=True)
    await telling.open_form(school, ada, "@Ben today 3pm 45m Algebra")

    await telling.submit(school, ada, channel=shared)

    assert ada.view is not None
    assert "other organizations can read #partners" in ada.read(ada.view)
    assert (await ada.submit()).is_fine
    assert (await telling.get_lesson(school)).channel_id == shared.id


async def test_an_overlap_is_a_warning_to_confirm(school: School) -> None:
    """Leader and participant are busy: the form says so, keeps everything, and books when asked again."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")

    await telling.open_form(school, ada, "@Ben today 3:30pm 45m Geometry")
    outcome = await ada.submit()

    assert outcome.is_fine
    assert ada.view is not None
    assert str(ada.view.given["submit"]["text"]) == "Book anyway"
    shown = ada.read(ada.view)
    assert "Ada has another lesson then: Algebra" in shown
    assert "Ben has another lesson then: Algebra" in shown
    assert len(ben.messages()) == 1
    assert (await ada.submit()).response_action == "update"
    await telling.settle(school)
    assert len(ben.messages()) == 2
    rooms = {(await telling.get_lesson(school, title)).room for title in ("Algebra", "Geometry")}
    assert len(rooms) == 2, "two lessons at one time must never share a room"


async def test_somebody_elses_lesson_is_not_told_by_its_title(school: School) -> None:
    """A tutor learns that a pupil is busy, not with what."""
    ada, eva = school.add("Ada"), school.add("Eva")
    school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Therapy")

    await telling.open_form(school, eva, "@Ben today 3pm 45m Geometry")
    await eva.submit()

    assert eva.view is not None
    assert "Ben has another lesson then" in eva.read(eva.view)
    assert "Therapy" not in eva.read(eva.view)


async def test_the_same_people_share_a_room(school: School) -> None:
    """Under More options the earlier room is offered, with its last date, and chosen; without them it is taken."""
    ada = school.add("Ada")
    school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")

    await telling.open_form(school, ada, "@Ben tomorrow 3pm 45m Geometry")
    assert ada.view is not None
    await ada.press(ada.view, "more_options")
    await telling.wait_for_words(school, ada, "(•) The room you shared before")
    assert "Last used Mon 23 Nov: Algebra" in str(ada.view.blocks)
    assert (await ada.submit()).is_fine
    await telling.book(school, ada, "@Ben 2026-11-26 3pm 45m Calculus")
    await telling.open_form(school, ada, "@Ben 2026-11-27 3pm 45m Statistics")
    await ada.press(ada.view, "more_options")
    await telling.wait_for_words(school, ada, "The room you shared before")
    assert (await telling.submit(school, ada, room="A new room")).is_fine

    rooms = [(await telling.get_lesson(school, title)).room for title in ("Algebra", "Geometry", "Calculus")]
    assert len(set(rooms)) == 1
    assert (await telling.get_lesson(school, "Statistics")).room not in rooms


async def test_more_options_keep_what_was_typed(school: School) -> None:
    """Opening the rest of the form loses nothing, and what it adds is used."""
    ada = school.add("Ada")
    school.add("Ben")
    await telling.open_form(school, ada, "@Ben today 3pm 45m Algebra")
    assert ada.view is not None
    await ada.fill(ada.view, {"note": "Bring a ruler", "length": "50", "options": ["record"]})

    await ada.press(ada.view, "more_options")
    await telling.wait_for_words(school, ada, "People may come early by")
    assert (await telling.submit(school, ada, join_early="5", join_late="20", language="fr")).is_fine

    lesson = await telling.get_lesson(school)
    assert (lesson.note, lesson.ends_at - lesson.starts_at) == ("Bring a ruler", timedelta(minutes=50))
    assert (lesson.options.join_early, lesson.options.join_late) == (timedelta(minutes=5), timedelta(minutes=20))
    assert (lesson.options.language, lesson.options.records, lesson.options.warns) == ("fr", True, False)


@pytest.mark.parametrize("is_at_once", [False, True])
async def test_the_same_form_books_once(school: School, is_at_once: bool) -> None:
    """Sent twice, one after the other or at the same time, it is one lesson with one card each."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.open_form(school, ada, "@Ben today 3pm 45m Algebra")
    view = ada.view
    assert view is not None

    if is_at_once:
        given = dict(view.given)
        outcomes = list(await asyncio.gather(ada.submit(view), ada.submit(view)))
    else:
        given = dict(view.given)
        outcomes = [await ada.submit(view)]
        view.show(given)
        view.inputs.update(_typed(given, school, ben.user.id))
        outcomes.append(await ada.submit(view))
    await telling.settle(school)

    assert [outcome.response_action for outcome in outcomes] == ["update", "update"]
    assert [len(person.messages()) for person in (ada, ben)] == [1, 1]


def _typed(given: Mapping[str, Any], school: School, user_id: str) -> dict[tuple[str, str], Any]:
    """What the form opened with is still in it."""
    assert given["callback_id"] == "booking"
    return {("participants", "pick_participants"): [user_id]}


async def test_the_last_choices_preset_the_next_form(school: School) -> None:
    """Length, recording, channel and end rule come back; title, people and times do not."""
    ada = school.add("Ada")
    school.add("Ben")
    channel = school.slack.add_channel("lessons", ["Ada"])
    await telling.book(
        school, ada, "@Ben today 3pm Algebra", length="45", options=["record", "everyone_leaves"], channel=channel
    )

    await telling.open_form(school, ada)

    assert ada.view is not None
    inputs = {place[0]: value for place, value in ada.view.inputs.items()}
    assert (inputs["title"], inputs["participants"], inputs["length"]) == (None, [], "45")
    assert [option["value"] for option in inputs["options"]] == ["record", "everyone_leaves"]
    assert inputs["channel"] == channel.id


@pytest.mark.parametrize("kind", [UserKind.GUEST, UserKind.SINGLE_CHANNEL_GUEST])
async def test_guests_may_not_book(school: School, kind: UserKind) -> None:
    """Somebody never seen before gets the loading view, then the refusal; the second time the refusal at once."""
    guest = school.add("Gus", kind=kind)

    await guest.slash("/lesson")
    await telling.wait_for_words(school, guest, "You cannot book lessons here.")
    await guest.close()
    await guest.slash("/lesson")

    await telling.wait_for_answer(school, guest, "You cannot book lessons here.")
    assert guest.view is None


async def test_nobody_reaches_more_people_an_hour_than_allowed(tmp_path: Path) -> None:
    """Two people an hour: the third is refused with the limit, an admin is not, and an hour later it works."""
    async with open_school(tmp_path, starts_at=MONDAY_TWO_PM, settings={"HALLPASS_REACH": "2"}) as school:
        await school.start()
        ada, root = school.add("Ada"), school.add("Root", kind=UserKind.ADMIN)
        for name in ("Ben", "Cara", "Dan"):
            school.add(name)
        await telling.book(school, ada, "@Ben @Cara today 3pm 45m Algebra")
        await telling.open_form(school, ada, "@Dan today 5pm 45m Geometry")

        assert "2 people an hour" in (await ada.submit()).errors["participants"]
        await telling.book(school, root, "@Ben @Cara @Dan tomorrow 3pm 45m Chess")
        school.clock.move_by(timedelta(minutes=61))
        assert (await ada.submit()).is_fine


async def test_somebody_picked_and_then_deactivated_is_named(school: School) -> None:
    """The form judges people as they are when it is sent."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.open_form(school, ada, "@Ben today 3pm 45m Algebra")
    await school.slack.deactivate(ben.user)
    await telling.wait_until_known(school, ben, lambda person: person.is_deactivated)

    outcome = await ada.submit()

    assert "Ben has a deactivated Slack account" in outcome.errors["participants"]


async def test_somebody_never_looked_up_is_checked_before_the_form_is_taken(school: School) -> None:
    """No pick was reported, so the submission itself looks."""
    ada = school.add("Ada")
    dora = school.add("Dora", kind=UserKind.DEACTIVATED)
    await telling.open_form(school, ada)
    assert ada.view is not None
    ada.view.inputs["participants", "pick_participants"] = [dora.user.id]

    outcome = await telling.submit(school, ada, title="Algebra")

    assert "Dora has a deactivated Slack account" in outcome.errors["participants"]


async def test_who_could_not_be_checked_in_time_is_checked_before_the_link_is_made(school: School) -> None:
    """Slack is slow to say who Dora is: the lesson is booked, no link is made for her, and the leader reads why."""
    ada = school.add("Ada")
    await telling.open_form(school, ada)
    dora = school.add("Dora", kind=UserKind.DEACTIVATED)
    school.slack.faults.switch_on("users.info", Fault.slow(timedelta(seconds=1.7)), count=1)
    assert ada.view is not None
    ada.view.inputs["participants", "pick_participants"] = [dora.user.id]

    assert (await telling.submit(school, ada, title="Algebra")).is_fine
    await telling.settle(school)

    assert "Dora (first lesson with you): could not be reached." in telling.read_all(school, ada)[0]
    assert [launch.user["name"] for launch in school.lessonspace.launches] == ["Ada"]


async def test_a_start_a_moment_ago_means_now(school: School) -> None:
    """Fifteen minutes ago is taken, and the lesson starts now."""
    ada = school.add("Ada")
    school.add("Ben")
    await telling.book(school, ada, "@Ben Algebra", starts_at=MONDAY_TWO_PM - timedelta(minutes=15), length="30")

    lesson = await telling.get_lesson(school)
    assert (lesson.starts_at, lesson.ends_at) == (MONDAY_TWO_PM, MONDAY_TWO_PM + timedelta(minutes=30))


async def test_progress_moves_and_ends_in_the_result(school: School) -> None:
    """Two of three are sent and one is slow: the view says so, then names everybody and who is new to the leader."""
    ada = school.add("Ada")
    school.add("Ben"), school.add("Cara")
    await telling.open_form(school, ada, "@Ben @Cara today 3pm 45m Algebra")
    school.lessonspace.faults.switch_on("launch", Fault.slow(timedelta(seconds=1.6)), count=1)

    outcome = await ada.submit()

    assert "Sent 0 of 3." in str(outcome.body)
    await telling.wait_for_words(school, ada, "Sent 2 of 3.")
    result = await telling.wait_for_words(school, ada, "Everybody has been reached.")
    assert "Ben (first lesson with you): sent" in result
    assert "Ada (leader): sent" in result


async def test_who_was_not_reached_is_named_and_tried_again(school: School) -> None:
    """The result names the person and why. Once the cause is gone, Try again in it reaches them and says so."""
    ada, mona = school.add("Ada"), school.add("Mona", kind=UserKind.MESSAGES_REFUSED)
    school.add("Ben")
    await telling.open_form(school, ada, "@Ben @Mona today 3pm 45m Algebra")
    await ada.submit()
    result = await telling.wait_for_words(school, ada, "1 person was not reached.")
    assert "Mona (first lesson with you): could not be reached. Slack does not let Hallpass write" in result
    await telling.settle(school)
    assert not mona.messages()

    mona.user.kind = UserKind.MEMBER
    assert ada.view is not None
    await ada.press(ada.view, "try_again")

    await telling.wait_for_words(school, ada, "Everybody has been reached.")
    assert len(mona.messages()) == 1
    school.clock.move_by(timedelta(minutes=1))
    await telling.settle(school)
    assert len(ada.messages()) == 1, "the result was seen in the form: no message about it"


async def test_a_failure_reaches_the_booker_once_when_the_form_is_closed(school: School) -> None:
    """The office books for Ada and closes the form: one message names both, Try again in it reaches them."""
    office, ada = school.add("Olga"), school.add("Ada")
    lost = [school.add(name, kind=UserKind.MESSAGES_REFUSED) for name in ("Mona", "Nils")]
    await telling.open_form(school, office, "@Mona @Nils today 3pm 45m Algebra")
    outcome = await telling.submit(school, office, leaders=["Ada"])
    assert outcome.is_fine
    await office.close()
    await telling.settle(school)
    assert not office.messages()

    school.clock.move_by(timedelta(seconds=20))
    await telling.settle(school)
    [told] = telling.read_all(school, office)
    assert "2 people could not be reached for Algebra" in told
    assert "Mona and Nils" in told
    assert "Olga booked you to lead Algebra" in ada.messages()[0].text

    for person in lost:
        person.user.kind = UserKind.MEMBER
    await office.press(office.messages()[0], "try_again")
    await telling.settle(school)
    assert [len(person.messages()) for person in lost] == [1, 1]
    school.clock.move_by(timedelta(minutes=1))
    await telling.settle(school)
    assert len(office.messages()) == 1


async def test_somebody_deactivated_after_booking_is_told_to_the_leader(school: School) -> None:
    """The link comes two days later; by then Ben is gone."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben 2026-11-26 3pm 45m Algebra")
    await ada.close()
    await school.slack.deactivate(ben.user)
    await telling.wait_until_known(school, ben, lambda person: person.is_deactivated)

    school.clock.move_to(datetime(2026, 11, 25, 14, 0, tzinfo=UTC))
    await telling.settle(school)

    card = telling.read_all(school, ada)[0]
    assert "Ben (first lesson with you): could not be reached. Their Slack account is deactivated." in card
    school.clock.move_by(timedelta(seconds=20))
    await telling.settle(school)
    assert "1 person could not be reached for Algebra" in ada.messages()[-1].text


async def test_first_lesson_is_said_only_once(school: School) -> None:
    """The second lesson of the same people is nobody's first."""
    ada = school.add("Ada")
    school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await telling.book(school, ada, "@Ben today 5pm 45m Geometry")

    read = telling.read_all(school, ada)
    assert "first lesson" in read[0]
    assert "first lesson" not in read[1]


async def test_a_form_whose_answer_was_lost_books_once(school: School) -> None:
    """The bot dies before it can answer; the form is still open, and sent again it is the same lesson."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.open_form(school, ada, "@Ben today 3pm 45m Algebra")
    view = ada.view
    assert view is not None
    given, typed = dict(view.given), dict(view.inputs)
    assert (await ada.submit()).is_fine
    await telling.crash(school)
    view.show(given)  # as if nothing had come back
    view.inputs = typed
    assert (await ada.submit(view)).trouble is not None

    await school.start()
    assert (await ada.submit(view)).response_action == "update"
    await telling.skip(school, telling.UNTIL_LOOKED_FOR)
    await telling.skip(school, telling.UNTIL_LOOKED_FOR)

    assert [len(person.messages()) for person in (ada, ben)] == [1, 1]
