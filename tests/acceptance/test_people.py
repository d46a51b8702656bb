"""Add, remove, replace, resend: from the menu on the leader's card, as its people see it, and by nobody else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.sandbox.faults import Fault
from bot.sandbox.school import School
from bot.sandbox.slack.actors import Actor
from bot.sandbox.slack.outcomes import Outcome
from bot.sandbox.slack.people import UserKind
from storage.records import NoticeKind, NoticeState
from tests.acceptance import telling


async def open_people(school: School, actor: Actor) -> None:
    """Choose *Add or remove people* on their card."""
    outcome = await actor.pick(telling.find_card(actor), "more", "people")
    assert outcome.is_fine, outcome
    await school.slack.wait_for(lambda: actor.view is not None and actor.view.callback_id == "people")


def add_field(actor: Actor) -> str:
    """The block id of the field of people in the form they look at."""
    assert actor.view is not None
    found = (str(block.get("block_id")) for block in actor.view.blocks)
    return next(block_id for block_id in found if block_id.startswith("add:"))


async def add(school: School, actor: Actor, *names: str, role: str = "learner") -> Outcome:
    """Fill in the form they look at and send it."""
    people = [school.slack.workspace.get_user(name).id for name in names]
    return await telling.submit(school, actor, **{add_field(actor): people, "role": role})


async def press(school: School, actor: Actor, action: str, name: str) -> Outcome:
    """Press a button beside somebody in the form."""
    view = actor.view
    assert view is not None
    lines = [block for block in view.blocks if block["type"] == "section"]
    rows = [block["block_id"] for block in view.blocks if block.get("block_id", "").startswith("person:")]
    place = next(number for number, block in enumerate(lines[-len(rows) :]) if name in block["text"]["text"])
    return await actor.press(view, action, block_id=rows[place])


async def start(school: School, *, minute: int | None = 55) -> tuple[Actor, Actor, Actor]:
    """Ada teaches Ben and Cara at 15:00; it is five to three, or earlier."""
    ada, ben, cara = school.add("Ada"), school.add("Ben"), school.add("Cara")
    await telling.book(school, ada, "@Ben @Cara today 3pm 45m Algebra")
    if minute is not None:
        await telling.move_to(school, 13, minute)
    return ada, ben, cara


async def test_somebody_added_comes_in_and_nobody_else_hears_of_it(school: School) -> None:
    """Their card and link at once, their own reminder only if it is not past; nobody is reminded twice."""
    ada, ben, cara = await start(school, minute=None)
    dan = school.add("Dan")
    await open_people(school, ada)

    assert (await add(school, ada, "Dan")).is_fine
    await telling.settle(school)

    assert ada.view is not None
    assert "Dan is in the lesson now" in ada.read(ada.view)
    assert "Dan" in telling.read_all(school, ada)[0]
    await telling.move_to(school, 13, 50)
    await telling.move_to(school, 13, 55)
    assert await telling.join(school, dan) is None
    assert [2, 2, 2, 2] == [len(one.messages()) for one in (ada, ben, cara, dan)]


async def test_somebody_added_to_a_live_lesson_gets_no_reminder(school: School) -> None:
    """The start is past: a card with Join, nothing else."""
    ada, _, _ = await start(school)
    dan = school.add("Dan")
    await telling.move_to(school, 14, 10)
    await open_people(school, ada)

    await add(school, ada, "Dan", role="observer")
    await telling.settle(school)

    assert await telling.join(school, dan) is None
    assert 1 == len(dan.messages())


async def test_somebody_removed_is_told_once_and_has_no_way_in_any_more(school: School) -> None:
    """A plain word; no Join anywhere; no button of theirs works; the leader reads what cannot be taken back."""
    ada, ben, cara = await start(school)
    count = len(ben.messages())
    await open_people(school, ada)

    await press(school, ada, "remove", "Ben")
    said = await telling.wait_for_words(school, ada, "Ben: no longer in the lesson")
    await telling.settle(school)

    assert "16:15; the room service cannot take it back" in said
    assert count + 1 == len(ben.messages())
    assert "You are no longer in Algebra" in telling.read_all(school, ben)[-1]
    assert not [message for message in ben.messages() if telling.list_buttons(message)]
    assert "Ben" not in telling.read_all(school, ada)[0]
    card = telling.find_card(ben)
    for action in ("new_link", "device"):
        behind = next(i for i in reversed(range(len(card.revisions))) if action in str(card.revisions[i].blocks))
        await ben.press(card, action, revision=behind)
        await telling.wait_for_answer(school, ben, "You are no longer in this lesson")
    await telling.move_to(school, 14, 40)
    assert count + 1 == len(ben.messages())
    assert telling.find_url(telling.find_card(cara))


async def test_somebody_removed_and_added_again_has_a_card_of_their_own(school: School) -> None:
    """A new message with a new link; the old card stays without; the start is not announced once more."""
    ada, ben, _ = await start(school)
    old_url = telling.find_url(telling.find_card(ben))
    await open_people(school, ada)
    await press(school, ada, "remove", "Ben")
    await telling.wait_for_words(school, ada, "Ben: no longer")
    await telling.settle(school)

    assert (await add(school, ada, "Ben")).is_fine
    await telling.settle(school)

    assert telling.find_url(telling.find_card(ben)) is None
    assert telling.find_url(ben.messages()[-1]) not in (None, old_url)
    assert await telling.join(school, ben, message=ben.messages()[-1]) is None
    reminders = await telling.list_notices(school, NoticeKind.START_REMINDER)
    assert 3 == sum(one.state is NoticeState.SENT for one in reminders)
    assert 4 == len(ben.messages())


async def test_another_leader_takes_over(school: School) -> None:
    """Cover for an ill tutor: one change; the new leader has the board and is asked before the end, the old is told."""
    ada, ben, _ = await start(school)
    eve, olga = school.add("Eve"), school.add("Olga")
    await open_people(school, ada)
    await add(school, ada, "Olga", role="leader")
    await telling.settle(school)
    await open_people(school, olga)
    await press(school, olga, "replace", "Ada")
    await school.slack.wait_for(lambda: olga.view is not None and olga.view.callback_id == "replace_person")
    assert (await telling.submit(school, olga, **{add_field(olga): eve.user.id})).is_fine
    await telling.wait_for_words(school, olga, "Eve is in the lesson now", "Ada: no longer in the lesson")
    await telling.settle(school)

    assert "You are no longer in Algebra" in telling.read_all(school, ada)[-1]
    assert (
        "Leaders: Eve and Olga" in telling.read_all(school, ben)[0]
        or "Leaders: Olga and Eve" in (telling.read_all(school, ben)[0])
    )
    before = len(ada.messages())
    await telling.move_to(school, 14, 40)
    assert "Algebra ends at 15:45." in telling.read_all(school, eve)[-1]
    assert "extend" in telling.list_buttons(eve.messages()[-1])
    assert before == len(ada.messages())


async def test_the_last_leader_and_the_last_participant_stay(school: School) -> None:
    """Refused in words; nothing changes."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await open_people(school, ada)

    await press(school, ada, "remove", "Ada")
    await telling.wait_for_words(school, ada, "A lesson needs a leader.")
    await press(school, ada, "remove", "Ben")
    await telling.wait_for_words(school, ada, "A lesson needs a participant.")
    assert [1, 1] == [len(one.messages()) for one in (ada, ben)]


@pytest.mark.parametrize(
    # whom the form names; what is said under the field
    ("name", "role", "words"),
    [
        ("Ben", "learner", "Ben is in this lesson already."),
        ("Ben", "leader", "either as leader or as participant"),
        ("Robot", "learner", "is an app"),
        ("Gone", "learner", "deactivated"),
    ],
)
async def test_who_cannot_be_added_is_said_under_the_field(school: School, name: str, role: str, words: str) -> None:
    """The form stays with what was picked."""
    ada, _, _ = await start(school, minute=None)
    school.add("Robot", kind=UserKind.BOT)
    school.add("Gone", kind=UserKind.DEACTIVATED)
    await open_people(school, ada)

    outcome = await add(school, ada, name, role=role)
    assert outcome.errors is not None
    assert words in outcome.errors[add_field(ada)]


async def test_an_overlap_is_asked_back(school: School) -> None:
    """*Add anyway* adds."""
    ada, _, _ = await start(school, minute=None)
    dan, olga = school.add("Dan"), school.add("Olga")
    await telling.book(school, olga, "@Dan today 3:15pm 45m Geometry")
    await open_people(school, ada)

    await add(school, ada, "Dan")
    await telling.wait_for_words(school, ada, "Dan has another lesson then")
    assert ada.view is not None
    assert ada.view.given["submit"]["text"] == "Add anyway"
    assert (await ada.submit()).is_fine
    await telling.settle(school)
    assert 2 == len(dan.messages())
    assert olga.messages()


async def test_resending_brings_the_way_in_once_more(school: School) -> None:
    """The same link while it was not opened; another one once it was, and the card follows."""
    ada, ben, _ = await start(school)
    url = telling.find_url(telling.find_card(ben))
    await open_people(school, ada)
    await press(school, ada, "resend", "Ben")
    await telling.wait_for_words(school, ada, "Ben gets their way in once more")
    await telling.settle(school)
    assert "Here is your way into Algebra once more" in telling.read_all(school, ben)[-1]
    assert url == telling.find_url(ben.messages()[-1])

    assert await telling.join(school, ben, "phone") is None
    await press(school, ada, "resend", "Ben")
    await school.slack.wait_for(lambda: ada.view is not None)
    await telling.settle(school)
    assert telling.find_url(ben.messages()[-1]) not in (None, url)
    assert telling.find_url(telling.find_card(ben)) == telling.find_url(ben.messages()[-1])
    assert await telling.join(school, ben, "laptop", message=ben.messages()[-1]) is None


async def test_a_form_that_is_behind_changes_nothing_and_shows_what_is_true(school: School) -> None:
    """The lesson was extended since: pressing Remove only redraws the form."""
    ada, _, _ = await start(school)
    await open_people(school, ada)
    await ada.press(telling.find_card(ada), "extend")
    await telling.settle(school)

    await press(school, ada, "remove", "Ben")
    await telling.wait_for_words(school, ada, "out of date", "15:55")
    assert not await telling.list_notices(school, NoticeKind.REMOVED)
    await press(school, ada, "remove", "Ben")
    await telling.wait_for_words(school, ada, "Ben: no longer in the lesson")


async def test_only_who_runs_the_lesson_changes_who_takes_part(school: School) -> None:
    """A learner with a forged menu, and with a form sent in Ada's name for it, gets a refusal and changes nothing."""
    ada, ben, _ = await start(school, minute=None)
    school.add("Dan")
    await open_people(school, ada)
    own, hers = telling.find_card(ben), telling.find_card(ada)
    forged = next(block for block in hers.blocks if "overflow" in str(block))
    own.blocks.append(forged)

    await ben.pick(own, "more", "people")
    await telling.wait_for_answer(school, ben, "Only the lesson's leaders")
    assert ada.view is not None
    for action in ("remove", "resend", "replace"):
        row = next(block for block in ada.view.blocks if block.get("block_id", "").startswith("person:"))
        own.blocks.append({**row, "elements": [one for one in row["elements"] if one["action_id"] == action]})
        await ben.press(own, action)
        own.blocks.pop()
    await telling.settle(school)
    assert not await telling.list_notices(school, NoticeKind.REMOVED)
    assert not await telling.list_notices(school, NoticeKind.RESENT)
    assert {"Ada", "Ben", "Cara"} == {launch.user["name"] for launch in school.lessonspace.launches}


async def test_a_lesson_far_ahead_invites_whom_it_adds(school: School) -> None:
    """The card without Join first; the link with everybody else's."""
    ada, ben, dan = school.add("Ada"), school.add("Ben"), school.add("Dan")
    start_at = school.clock.now() + timedelta(days=3)
    await telling.open_form(school, ada, "@Ben Algebra")
    await telling.submit(school, ada, starts_at=start_at, length="45", title="Algebra")
    await telling.settle(school)
    await open_people(school, ada)
    await add(school, ada, "Dan")
    await telling.settle(school)

    assert [None, None] == [telling.find_url(telling.find_card(one)) for one in (ben, dan)]
    school.clock.move_to(start_at - timedelta(hours=23))
    await telling.settle(school)
    assert all(telling.find_url(telling.find_card(one)) for one in (ben, dan))
    assert [1, 1] == [len(one.messages()) for one in (ben, dan)]


async def test_somebody_who_came_and_was_removed_is_in_the_summary(school: School) -> None:
    """With their minutes and by name, not as a stranger; who was invited is counted without them."""
    ada, ben, cara = await start(school)
    for person in (ada, ben, cara):
        assert await telling.join(school, person) is None
    await telling.move_to(school, 14, 20)
    await open_people(school, ada)
    await press(school, ada, "remove", "Ben")
    await telling.wait_for_words(school, ada, "Ben: no longer")
    await telling.settle(school)
    await telling.leave_all(school)
    await telling.move_to(school, 14, 45)
    await telling.move_to(school, 14, 47)

    summary = telling.read_all(school, ada)[-1]
    assert "2 of 2 came." in summary
    assert "Ben: 20 min" in summary
    assert "without a link" not in summary
    assert "Ben" not in "".join(text for text in telling.read_all(school, ben) if "came" in text)


async def test_somebody_removed_while_their_link_is_made_stays_removed(school: School) -> None:
    """The launch comes back to a place that is gone: nothing is posted, and nobody is put back."""
    ada, _, _ = await start(school)
    dan = school.add("Dan")
    await open_people(school, ada)
    school.lessonspace.faults.switch_on("launch", Fault.slow(timedelta(seconds=0.6)), count=1)
    assert (await add(school, ada, "Dan")).is_fine
    assert school.hallpass is not None
    scheduler = school.hallpass.scheduler
    await telling.wait_until(school, lambda: scheduler is not None and scheduler.in_flight_count > 0)

    await press(school, ada, "remove", "Dan")
    await telling.wait_for_words(school, ada, "Dan: no longer in the lesson")
    await telling.settle(school)

    assert "Dan" in {launch.user["name"] for launch in school.lessonspace.launches}
    assert not dan.messages()
    assert "Dan" not in telling.read_all(school, ada)[0]
    await open_people(school, ada)
    assert ada.view is not None
    assert "Dan" not in ada.read(ada.view)


async def test_a_class_is_shown_page_by_page(school: School) -> None:
    """Next and back; what is pressed there is about whom it stands beside."""
    ada = school.add("Ada")
    names = [f"Kid{number:02}" for number in range(24)]
    for name in names:
        school.add(name)
    await telling.book(school, ada, " ".join(f"@{name}" for name in names) + " today 3pm 45m Algebra")
    await open_people(school, ada)
    assert ada.view is not None
    assert "Kid23" not in await telling.wait_for_words(school, ada, "Page 1 of 2", "Kid00")

    await ada.press(ada.view, "turn_page")
    assert "Kid00" not in await telling.wait_for_words(school, ada, "Page 2 of 2", "Kid23")
    await press(school, ada, "remove", "Kid23")
    await telling.wait_for_words(school, ada, "Kid23: no longer in the lesson", "Page 2 of 2")
    await ada.press(ada.view, "turn_back")
    await telling.wait_for_words(school, ada, "Page 1 of 2", "Kid00")
