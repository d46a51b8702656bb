"""What is posted from the page, done as at Slack's own client: lessons are booked, changed and joined through forms."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from bot.sandbox.faults import Fault
from bot.sandbox.play.act_routes import MOST_BYTES
from bot.sandbox.play.playground import Playground
from bot.sandbox.slack.messages import Message
from tests.acceptance import telling
from tests.bot.sandbox.play.hands import Hands, list_controls

HandsOf = Callable[[str], Hands]
DONE = (204, "", None)


async def open_form(hands: Hands, text: str = "") -> None:
    """Type the command below the conversation; the booking form opens."""
    assert await hands.type_in(f"/lesson {text}".strip()) == DONE
    await hands.playground.school.slack.wait_for(
        lambda: hands.actor.view is not None and "submit" in hands.actor.view.given
    )


async def book(hands: Hands) -> None:
    """Book for Ben at three, wait until everybody has their link, and close the result."""
    await open_form(hands, "@Ben today 3pm 45m Algebra")
    assert await hands.submit() == DONE
    await telling.settle(hands.playground.school)
    assert await hands.submit("close") == DONE


def card(hands: Hands) -> Message:
    return telling.find_card(hands.actor)


# Forms


async def test_a_lesson_is_booked_with_nothing_but_posted_forms(playground: Playground, hands_of: HandsOf) -> None:
    """Every kind of field of the form: a line, people, an instant, boxes, a channel, several lines."""
    gwen, ben, ada = hands_of("gwen"), hands_of("ben"), hands_of("ada")
    await open_form(gwen)

    told = await gwen.submit(
        title="Algebra & <more>",
        leaders=[ada.actor.user.id],
        participants=[ben.actor.user.id],
        starts_at="2026-11-23T15:00",
        length="45",
        options=["record"],
        channel=playground.cast.channel.id,
        note="Bring:\r\n- paper",
    )

    assert told == DONE
    await telling.settle(playground.school)
    read = ben.read(card(ben))
    for words in ("Algebra & <more>", "15:00 to 15:45", "- paper", "recorded"):
        assert words in read
    lesson = await telling.get_lesson(playground.school, "Algebra & <more>")
    assert playground.cast.channel.id == lesson.channel_id


async def test_what_is_wrong_stands_on_its_field_and_can_be_mended(hands_of: HandsOf) -> None:
    """First what Slack's client itself complains of, then what the bot finds; nothing that was typed is lost."""
    ada, ben = hands_of("ada"), hands_of("ben")
    await open_form(ada, "@Ben today 3pm 45m Algebra")

    told = await ada.submit(participants=[], title="", note="Bring paper")

    missing = "Please complete this required field."
    assert (204, "", "title") == (told.status, told.said, told.wrong)
    assert {"Title": missing, "Participants": missing} == ada.read_errors()

    told = await ada.submit(participants=[ben.actor.user.id], title="Algebra", length="9000")

    assert "length" == told.wrong
    assert {"Length in minutes": "Type whole minutes, from 1 to 720."} == ada.read_errors()
    assert "Bring paper" in list_controls(ada.draw(ada.view), "note")[0].read()

    assert await ada.submit(length="45") == DONE
    await telling.settle(ada.playground.school)
    assert "Bring paper" in ben.read(card(ben))


async def test_a_change_that_reports_keeps_what_else_was_typed(hands_of: HandsOf) -> None:
    """The bot answers whom was chosen with a word about them; title and note stand as they were typed."""
    ada, emil = hands_of("ada"), hands_of("emil")
    await open_form(ada, "@Ben today 3pm 45m Algebra")
    log = ada.playground.school.slack.deliveries.log
    heard = len(log)

    told = await ada.enter(
        ada.view, title="Geometry", note="Bring a ruler", participants=[emil.actor.user.id, ada.actor.user.id]
    )

    assert told == DONE
    assert ["pick_participants"] == [answer.name for answer in log[heard:]]
    form = ada.draw(ada.view)
    assert "Geometry" == list_controls(form, "title")[0].attributes["value"]
    assert "Bring a ruler" in list_controls(form, "note")[0].read()


async def test_what_nobody_touched_reports_nothing(hands_of: HandsOf) -> None:
    """The whole form is posted each time; only what is another than before is told, once."""
    ada = hands_of("ada")
    await open_form(ada, "@Ben today 3pm 45m Algebra")
    log = ada.playground.school.slack.deliveries.log
    heard = len(log)

    assert await ada.enter(ada.view, title="Geometry") == DONE
    assert [] == log[heard:]


async def test_what_cannot_be_entered_is_said_at_its_field(hands_of: HandsOf) -> None:
    """A page of ours would not let anybody; a script might."""
    ada = hands_of("ada")
    await open_form(ada, "@Ben today 3pm 45m Algebra")

    told = await ada.post(f"{ada.address}/view/{ada.view.id}", [("title/title", "one\ntwo"), ("view", "submit")])

    assert ("title", {"Title": "The field has one line."}) == (told.wrong, ada.read_errors())


async def test_pushed_forms_stack_and_close_one_by_one(hands_of: HandsOf) -> None:
    """The cross closes all of them; what lies below cannot be used meanwhile."""
    ada = hands_of("ada")
    await book(ada)
    assert await ada.press(card(ada), "more", "people") == DONE
    below = await ada.wait_for_view("Ben")
    assert await ada.press(below, "replace") == DONE
    await ada.wait_for_view("Who comes instead")
    assert 2 == len(ada.actor.stack)

    for told in (
        await ada.post(f"{ada.address}/view/{below.id}", [("view", "submit")]),
        await ada.press(below, "replace"),
    ):
        assert (409, "Another form lies on top of that one: answer it first, or close it.") == (told.status, told.said)

    assert await ada.submit("close") == DONE
    assert [below] == ada.actor.stack
    assert await ada.press(below, "replace") == DONE
    await ada.wait_for_view("Who comes instead")
    assert await ada.submit("clear") == DONE
    assert [] == ada.actor.stack


async def test_somebody_elses_form_is_refused(hands_of: HandsOf) -> None:
    """Nobody fills in, sends or closes what is open for somebody else."""
    ada, ben = hands_of("ada"), hands_of("ben")
    await open_form(ada, "@Ben today 3pm 45m Algebra")

    for footer in ("submit", "close", "clear"):
        told = await ben.post(f"{ben.address}/view/{ada.view.id}", [("title/title", "Mine"), ("view", footer)])
        assert (403, "That form is open for somebody else: only they can use it.") == (told.status, told.said)
    assert ada.view.inputs["title", "title"] == "Algebra"


async def test_a_form_that_was_closed_sends_nothing(hands_of: HandsOf) -> None:
    """In another window, perhaps."""
    ada = hands_of("ada")
    await open_form(ada, "@Ben today 3pm 45m Algebra")
    address = f"{ada.address}/view/{ada.view.id}"
    assert await ada.submit("close") == DONE

    told = await ada.post(address, [("view", "submit")])

    assert (409, "That form is closed, so nothing was sent.") == (told.status, told.said)


async def test_a_form_sent_twice_at_once_books_once(playground: Playground, hands_of: HandsOf) -> None:
    """The second finds a form that shows the progress of the first."""
    ada = hands_of("ada")
    await open_form(ada, "@Ben today 3pm 45m Algebra")

    told = await asyncio.gather(ada.submit(), ada.submit())

    await telling.settle(playground.school)
    assert {204, 409} == {one.status for one in told}
    assert 1 == len(hands_of("ben").actor.messages())


# Messages


async def test_a_participants_card_is_used_by_posting_its_form(playground: Playground, hands_of: HandsOf) -> None:
    """Join is a link, whose press is told; a new link takes the place of the old; a reply shows."""
    ada, ben = hands_of("ada"), hands_of("ben")
    await book(ada)
    await telling.move_to(playground.school, 13, 55)
    before = telling.find_url(card(ben))

    log = playground.school.slack.deliveries.log
    heard = len(log)
    assert await ben.press(card(ben), "join") == DONE
    assert ["join"] == [answer.name for answer in log[heard:]]

    assert await ben.press(card(ben), "new_link") == DONE
    await ben.wait_for_message("Your new link for Algebra", is_private=True)
    await telling.settle(playground.school)
    assert telling.find_url(card(ben)) not in (None, before)


async def test_the_leaders_card_is_used_by_posting_its_form(playground: Playground, hands_of: HandsOf) -> None:
    """Extend; move and cancel through the forms that open; everybody is told."""
    ada, ben = hands_of("ada"), hands_of("ben")
    await book(ada)

    assert await ada.press(card(ada), "extend") == DONE
    await telling.settle(playground.school)
    assert "15:55" in ben.read(card(ben))

    assert await ada.press(card(ada), "more", "move") == DONE
    await ada.wait_for_view("Move lesson")
    assert await ada.submit(starts_at="2026-11-23T17:00") == DONE
    await telling.settle(playground.school)
    assert "17:00" in ben.read(card(ben))
    assert await ada.submit("close") == DONE

    assert await ada.press(card(ada), "cancel") == DONE
    await ada.wait_for_view("Cancel this lesson?")
    assert await ada.submit(reason="Ada is ill") == DONE
    await telling.settle(playground.school)
    assert "Ada is ill" in ben.read(card(ben))


async def test_a_card_can_be_pressed_as_somebody_saw_it(playground: Playground, hands_of: HandsOf) -> None:
    """It changed between drawing and pressing: the bot hears of the press as of an outdated card, and says so."""
    ada = hands_of("ada")
    await book(ada)
    form = ada.draw(card(ada))
    assert await ada.press(card(ada), "extend", form=form) == DONE
    await telling.settle(playground.school)

    assert await ada.press(card(ada), "extend", form=form) == DONE

    await ada.wait_for_message("out of date", is_private=True)
    await telling.settle(playground.school)
    assert "15:55" in ada.read(card(ada))


async def test_a_double_click_is_two_presses(playground: Playground, hands_of: HandsOf) -> None:
    """Neither waits for the other, and the bot extends once."""
    ada = hands_of("ada")
    await book(ada)
    form = ada.draw(card(ada))
    log = playground.school.slack.deliveries.log
    heard = len(log)

    told = await asyncio.gather(*(ada.press(card(ada), "extend", form=form) for _ in range(2)))

    await telling.settle(playground.school)
    assert [DONE, DONE] == told
    assert ["extend", "extend"] == [answer.name for answer in log[heard:]]
    assert "15:55" in ada.read(card(ada))


async def test_what_is_gone_is_said_and_nothing_is_sent(playground: Playground, hands_of: HandsOf) -> None:
    """A button that there never was, a message that was deleted, and one of somebody else."""
    ada, ben, cara = hands_of("ada"), hands_of("ben"), hands_of("cara")
    await book(ada)
    log = playground.school.slack.deliveries.log
    heard = len(log)
    address = ben.draw(card(ben)).attributes["action"]

    told = await ben.post(address, [("block/extend", "1")])
    assert (409, True) == (told.status, "not there any more" in told.said)
    told = await cara.post(address.replace(ben.address, cara.address), [("block/extend", "1")])
    assert (409, "That message is gone, so nothing was sent.") == (told.status, told.said)
    form = ben.draw(card(ben))
    message = card(ben)
    message.is_deleted = True
    told = await ben.press(message, "new_link", form=form)
    assert (409, "That message is gone, so nothing was sent.") == (told.status, told.said)
    assert [] == log[heard:]


# Home


async def test_preferences_are_set_from_home(playground: Playground, hands_of: HandsOf) -> None:
    """Boxes and a choice; Home shows them at once."""
    ben = hands_of("ben")
    await ben.actor.open_home()
    await playground.school.slack.wait_for(lambda: ben.actor.home is not None)
    assert ben.actor.home is not None

    assert await ben.press(ben.actor.home, "preferences") == DONE
    view = await ben.wait_for_view("remind")
    assert "remind_before" == (await ben.submit(remind_before="soon")).wrong
    assert await ben.submit(remind_before="25", courtesies=["nudges"]) == DONE

    assert view not in ben.actor.stack
    assert await ben.press(ben.actor.home, "preferences") == DONE
    form = ben.draw(await ben.wait_for_view("remind"))
    assert "25" == list_controls(form, "remind_before")[0].attributes["value"]
    ticked = [box.attributes["value"] for box in list_controls(form, "courtesies") if "checked" in box.attributes]
    assert ["nudges"] == ticked


async def test_house_rules_are_set_from_an_admins_home(playground: Playground, hands_of: HandsOf) -> None:
    """A wrong value stands on its field; the right one counts."""
    ines = hands_of("ines")
    await ines.actor.open_home()
    await playground.school.slack.wait_for(lambda: ines.actor.home is not None)
    assert ines.actor.home is not None
    assert await ines.press(ines.actor.home, "house_rules") == DONE
    await ines.wait_for_view("Settings")

    assert "extension" == (await ines.submit(extension="0")).wrong
    assert "1 to 720" in " ".join(ines.read_errors().values())
    assert await ines.submit(extension="15") == DONE

    home = ines.actor.home
    await playground.school.slack.wait_for(lambda: "Extension: 15 min." in ines.read(home))


# The composer


async def test_a_private_answer_comes_where_the_command_was_typed(playground: Playground, hands_of: HandsOf) -> None:
    """In a channel too; nobody else sees it."""
    ada = hands_of("ada")
    channel = playground.cast.channel

    assert await ada.type_in("/lesson help", channel_id=channel.id) == DONE

    answer = await ada.wait_for_message("opens the form", is_private=True)
    assert (channel.id, ada.actor.user.id) == (answer.channel_id, answer.ephemeral_to)
    assert [] == hands_of("gwen").actor.private_answers()


async def test_what_is_no_command_is_said_to_the_bot_alone(playground: Playground, hands_of: HandsOf) -> None:
    """In their own conversation it answers; in a channel nothing is posted."""
    ada = hands_of("ada")
    told = await ada.type_in("link?", channel_id=playground.cast.channel.id)
    assert (409, True) == (told.status, "Only commands work here" in told.said)
    assert [] == playground.cast.channel.messages

    assert await ada.type_in("link for @Ben & me?") == DONE

    assert ["link for <@{}> &amp; me?".format(hands_of("ben").actor.user.id)] == [m.text for m in ada.actor.messages()]
    await ada.wait_for_message("no lesson", is_private=True)


@pytest.mark.parametrize(
    ("typed", "status", "words"), [("/recital", 200, "There is no such command."), ("  ", 204, ""), ("", 204, "")]
)
async def test_what_leads_nowhere_is_told(hands_of: HandsOf, typed: str, status: int, words: str) -> None:
    """Nothing typed is nothing sent."""
    told = await hands_of("ada").type_in(typed)

    assert (status, words) == (told.status, told.said)


async def test_somebody_types_only_where_they_are(playground: Playground, hands_of: HandsOf) -> None:
    """Not in other people's conversations, nor in a channel that they are not in."""
    cara, ada = hands_of("cara"), hands_of("ada")
    for place in (ada.direct_id, playground.cast.channel.id, "C404"):
        told = await cara.type_in("/lesson help", channel_id=place)
        assert (403, "You are not in that conversation.") == (told.status, told.said)


# Shortcuts


async def test_shortcuts_open_the_form(hands_of: HandsOf) -> None:
    """From the menu by the composer; and on a message, with its author in the form."""
    ada, ben = hands_of("ada"), hands_of("ben")
    assert await ada.post(f"{ada.address}/shortcut/book_lesson") == DONE
    await ada.wait_for_view("Participants")
    assert await ada.submit("close") == DONE

    message = ada.playground.school.slack.workspace.post(
        ada.playground.cast.channel, text="Can we go on?", blocks=[], author_id=ben.actor.user.id
    )
    assert await ada.post(f"{ada.address}/shortcut/book_lesson_with/{message.channel_id}/{message.ts}") == DONE
    view = await ada.wait_for_view("Participants")
    assert [ben.actor.user.id] == view.inputs["participants", view_action(view.inputs, "participants")]

    told = await ada.post(f"{ada.address}/shortcut/book_lesson_with/{message.channel_id}/1.5")
    assert (409, "That message is gone, so nothing was sent.") == (told.status, told.said)
    told = await ada.post(f"{ada.address}/shortcut/recital")
    assert "There is no such shortcut." == told.said


def view_action(inputs: dict[tuple[str, str], object], block_id: str) -> str:
    return next(action for block, action in inputs if block == block_id)


# Trouble


async def test_without_a_bot_everything_says_where_to_start_it(playground: Playground, hands_of: HandsOf) -> None:
    """Commands, buttons, forms and shortcuts; the form stays with what was typed, and can be sent later."""
    ada = hands_of("ada")
    await book(ada)
    await open_form(ada, "@Cara today 5pm 45m Geometry")
    await playground.kill_bot()

    for told in (
        await ada.type_in("/lesson help"),
        await ada.press(card(ada), "extend"),
        await ada.post(f"{ada.address}/shortcut/book_lesson"),
        await ada.submit(note="Bring a ruler"),
    ):
        assert (200, "Hallpass is not running: start it under Trouble. Nothing reached it.") == (told.status, told.said)
    assert "Slack brings your message again" in (await ada.type_in("hello?")).said
    assert "Bring a ruler" in list_controls(ada.draw(ada.view), "note")[0].read()

    await playground.start_bot()
    assert await ada.submit() == DONE
    await telling.settle(playground.school)
    assert "Bring a ruler" in hands_of("cara").read(card(hands_of("cara")))


async def test_a_bot_too_slow_for_slack_is_said(playground: Playground, hands_of: HandsOf) -> None:
    """The trigger has expired by then: what to do again is said too."""
    ada = hands_of("ada")
    playground.school.slack.deliveries.ack_limit *= 0

    assert (
        "/lesson failed with the error “operation_timeout”. Hallpass did not answer within three seconds, and may have "
        "done it all the same: look first. If a form was to open, type it again."
    ) == (await ada.type_in("/lesson")).said


async def test_a_form_that_slack_did_not_open_is_said(playground: Playground, hands_of: HandsOf) -> None:
    """Its trigger had expired; the bot took the press in time, so Slack's client itself would show nothing."""
    ada = hands_of("ada")
    await book(ada)
    playground.school.slack.deliveries.ack_limit *= 10  # the bot writes much about it into its log first
    playground.school.slack.faults.switch_on("views.open", Fault.refusing("expired_trigger_id"), count=2)

    told = await ada.type_in("/lesson")
    assert (
        "No form opened: Slack did not take it from Hallpass (expired_trigger_id). You can type it again." == told.said
    )
    assert "You can press again." in (await ada.press(card(ada), "cancel")).said

    assert await ada.press(card(ada), "cancel") == DONE
    await ada.wait_for_view("Cancel this lesson?")


@pytest.mark.parametrize(("body", "status"), [(b"text=%ff", 400), (b"\xff", 400), (b"text=" + b"a" * MOST_BYTES, 413)])
async def test_what_no_form_posts_is_refused(hands_of: HandsOf, body: bytes, status: int) -> None:
    """It is no text, or far too much of it; nobody is told that they are not here."""
    ada = hands_of("ada")

    answer = await ada.client.post(f"{ada.address}/say/{ada.direct_id}", content=body)

    assert (status, True) == (answer.status_code, "nothing was sent" in answer.text)
    assert [] == ada.actor.messages()


async def test_whoever_is_not_here_can_do_nothing(hands_of: HandsOf) -> None:
    """A page of a school that was begun anew."""
    ada = hands_of("ada")
    for path in ("view/V1", "message/C1/1.5", "say/C1", "shortcut/book_lesson", "shortcut/book_lesson_with/C1/1.5"):
        told = await ada.post(f"/as/U404/{path}", [("view", "submit")])
        assert (404, True) == (told.status, "Load the page again" in told.said)
    assert 404 == (await ada.client.get("/as/U404/complete/C1")).status_code
