"""Preferences, through the Home tab: what is chosen there is what comes, to that person alone."""

from __future__ import annotations

from bot.sandbox.school import School
from bot.sandbox.slack.actors import Actor
from bot.sandbox.slack.outcomes import Outcome
from storage.records import NoticeKind, NoticeState
from tests.acceptance import telling


async def prefer(school: School, actor: Actor, *, courtesies: list[str], minutes: str = "") -> Outcome:
    """Open the form from the Home tab, fill it, save it."""
    await actor.open_home()
    await school.slack.wait_for(lambda: actor.home is not None)
    assert actor.home is not None
    assert (await actor.press(actor.home, "preferences")).is_fine
    assert actor.view is not None
    await actor.fill(actor.view, {"courtesies": courtesies, "remind_before": minutes})
    return await actor.submit()


async def test_ones_own_time_before_the_start(school: School) -> None:
    """Half an hour before for Ben, ten minutes for Cara, each once."""
    ada, ben, cara = school.add("Ada"), school.add("Ben"), school.add("Cara")
    await telling.book(school, ada, "@Ben @Cara today 4pm 45m Algebra")

    assert (await prefer(school, ben, courtesies=["reminds", "nudges"], minutes="30")).is_fine

    await telling.move_to(school, 14, 30)
    assert (2, 1) == (len(ben.messages()), len(cara.messages()))
    assert "Algebra starts at 16:00." in telling.read_all(school, ben)[-1]
    await telling.move_to(school, 14, 50)
    assert (2, 2) == (len(ben.messages()), len(cara.messages()))


async def test_without_reminders_the_rest_still_arrives(school: School) -> None:
    """No reminder for Ben; that the lesson was cancelled reaches him as everybody."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await prefer(school, ben, courtesies=["nudges"])
    await telling.book(school, ada, "@Ben today 4pm 45m Algebra")

    await telling.move_to(school, 14, 50)

    reasons = {
        (one.state, one.reason) for one in await telling.list_notices(school, NoticeKind.START_REMINDER) if one.reason
    }
    assert {(NoticeState.DROPPED, "not_wanted")} == reasons
    assert 1 == len(ben.messages())


async def test_the_form_opens_as_it_was_saved_and_is_ones_own(school: School) -> None:
    """What Ben chose is Ben's; Cara's form is as it was."""
    ben, cara = school.add("Ben"), school.add("Cara")
    await prefer(school, ben, courtesies=["reminds"], minutes="45")

    for actor, expected in ((ben, ("45", ["reminds"])), (cara, (None, ["reminds", "nudges"]))):
        await actor.open_home()
        await school.slack.wait_for(lambda actor=actor: actor.home is not None)  # type: ignore[misc]
        assert actor.home is not None
        await actor.press(actor.home, "preferences")
        assert actor.view is not None
        inputs = {place[0]: value for place, value in actor.view.inputs.items()}
        ticked = [option["value"] for option in inputs["courtesies"]]
        assert expected == (inputs.get("remind_before"), ticked)


async def test_what_cannot_be_minutes_stays_in_the_form(school: School) -> None:
    """The mistake is named on its field, and nothing was saved."""
    ben = school.add("Ben")

    outcome = await prefer(school, ben, courtesies=[], minutes="soon")

    assert outcome.errors is not None
    assert "Type whole minutes" in outcome.errors["remind_before"]
