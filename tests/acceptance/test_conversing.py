"""What people type in the Messages tab: answered there, to them alone, once; and never to a program."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.manifest import load_manifest
from bot.sandbox.school import School, open_school
from bot.sandbox.slack.actors import Actor
from bot.sandbox.slack.people import UserKind
from commands.conversing import REMEMBERED, Answered, asks_for_link, read_typed
from tests.acceptance import telling
from tests.acceptance.conftest import MONDAY_TWO_PM


@pytest.fixture
async def school(tmp_path: Path) -> AsyncIterator[School]:
    """With the app exactly as its manifest says."""
    async with open_school(tmp_path, starts_at=MONDAY_TWO_PM, manifest=load_manifest()) as school:
        await school.start()
        yield school


@pytest.mark.parametrize("typed", ["link", "Link", "hi, where is my link??"])
async def test_link_gives_ones_own_way_in(school: School, typed: str) -> None:
    """Ben's link for Ben, which nobody else sees, and which stays nowhere."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")

    assert (await ben.say(typed)).is_fine

    answer = await telling.wait_for_answer(school, ben, "Your way into Algebra")
    assert telling.find_url(answer) == telling.find_url(telling.find_card(ben))
    assert ben.direct is not None
    assert answer.channel_id == ben.direct.id
    assert not ada.private_answers()
    assert ["Algebra" in text for text in telling.read_all(school, ben)] == [True, False], "card, and what Ben typed"


async def test_who_has_no_lesson_is_told_so(school: School) -> None:
    """Somebody whom Hallpass never met is looked up, and gets no link of others."""
    ada, eva = school.add("Ada"), school.add("Eva")
    school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")

    await eva.say("link")

    answer = await telling.wait_for_answer(school, eva, "You have no lesson now or soon.")
    assert telling.find_url(answer) is None


async def test_anything_else_gets_help(school: School) -> None:
    """A guest reads about the word only, a member about the commands too."""
    gwen, ada = school.add("Gwen", kind=UserKind.GUEST), school.add("Ada")

    await gwen.say("hello?")
    await ada.say("hello?")

    for_guest = gwen.read(await telling.wait_for_answer(school, gwen, "Type the word link here"))
    for_member = ada.read(await telling.wait_for_answer(school, ada, "Type the word link here"))
    assert "/lesson" not in for_guest
    assert "/lesson" in for_member


async def settle_answers(school: School) -> None:
    """Wait until every answer that was begun is given."""
    assert school.hallpass is not None
    desk = school.hallpass._desk
    assert desk is not None
    await telling.wait_until(school, lambda: not desk.tasks)


async def deliver_message(school: School, actor: Actor, **changes: Any) -> None:
    """An event about a message in their conversation with the bot, as Slack would send it."""
    direct = school.slack.workspace.open_direct([actor.user.id])
    event = {"type": "message", "channel_type": "im", "channel": direct.id, "user": actor.user.id, "text": "link"}
    assert (await school.slack.deliveries.deliver_event(event | {"ts": "1.000001"} | changes)).was_taken


@pytest.mark.parametrize(
    "changes",
    [
        {"bot_id": "B0OTHER"},
        {"subtype": "message_changed", "message": {"text": "link", "user": "U1"}},
        {"subtype": "message_deleted"},
        {"subtype": "bot_message", "user": None},
        {"edited": {"user": "U1", "ts": "2.000001"}},
        {"user": "USLACKBOT"},
        {"channel_type": "channel"},
    ],
    ids=str,
)
async def test_programs_and_edits_are_not_answered(school: School, changes: dict[str, Any]) -> None:
    """Neither other bots, nor ourselves, nor what was changed or taken back."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")

    await deliver_message(school, ben, **changes)
    await settle_answers(school)

    assert not ben.private_answers()


async def test_ourselves_we_do_not_answer(school: School) -> None:
    """Slack tells us of our own cards too."""
    ben = school.add("Ben")

    await deliver_message(school, ben, user=school.slack.bot_user_id)
    await settle_answers(school)

    assert 0 == school.slack.log.count("chat.postEphemeral")


async def test_a_repeated_event_is_answered_once(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer to Slack came too late, so it tells us again of the same message."""
    ben = school.add("Ben")
    event_id = school.slack.workspace.issue_id("Ev")
    monkeypatch.setattr(school.slack.workspace, "issue_id", lambda prefix: event_id)

    await deliver_message(school, ben, text="hello")
    await settle_answers(school)
    await deliver_message(school, ben, text="hello")
    await settle_answers(school)

    assert 1 == len(ben.private_answers())


async def test_an_answer_below_a_message_stays_below_it(school: School) -> None:
    """Typed in the thread of a card, answered in that thread."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")

    await deliver_message(school, ben, thread_ts=telling.find_card(ben).ts)

    answer = await telling.wait_for_answer(school, ben, "Your way into Algebra")
    assert answer.thread_ts == telling.find_card(ben).ts


def test_only_the_word_itself_asks_for_a_link() -> None:
    """Not a piece of another word."""
    assert asks_for_link("LINK!")
    assert asks_for_link("no links yet")
    assert not asks_for_link("blink")
    assert not asks_for_link("")


def test_what_has_no_writer_is_not_read() -> None:
    """A payload of a kind that we do not know."""
    assert read_typed({"channel_type": "im", "channel": "D1"}, bot_user_id="U0BOT") is None
    assert read_typed({"channel_type": "im", "user": "U1"}, bot_user_id="U0BOT") is None


def test_the_oldest_events_are_forgotten() -> None:
    """Memory stays small, and what was just answered is known."""
    answered = Answered()

    assert all(answered.note(str(number)) for number in range(REMEMBERED + 1))
    assert not answered.note(str(REMEMBERED))
    assert answered.note("0")
