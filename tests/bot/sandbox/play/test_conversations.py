"""A conversation on its page: order, threads, private answers, how far back, and when each message came."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.manifest import load_manifest
from bot.sandbox.play.conversations import Conversations, Shown
from bot.sandbox.play.offers import read_offers
from bot.sandbox.play.person import Person, find_person
from bot.sandbox.play.playground import Playground
from bot.sandbox.slack.conversations import Conversation
from bot.sandbox.slack.messages import Message
from tests.bot.sandbox.html_pages import parse_html


@pytest.fixture
def conversations(playground: Playground) -> Conversations:
    return Conversations(playground, read_offers(load_manifest()))


@pytest.fixture
def channel(playground: Playground) -> Conversation:
    return playground.cast.channel


def be(playground: Playground, name: str) -> Person:
    """Somebody of the cast, as of now."""
    person = find_person(playground, playground.cast.people[name].user.id)
    assert person is not None
    return person


def post(playground: Playground, place: Conversation, text: str, **more: object) -> Message:
    workspace = playground.school.slack.workspace
    return workspace.post(place, text=text, blocks=[], author_id=workspace.app.bot_user_id, **more)


def list_texts(shown: Shown) -> list[str]:
    """What each message says, an arrow before replies."""
    texts = []
    for item in shown.items:
        (form,) = [form for form in parse_html(item.html).find_all("form") if form.has_class("message")]
        is_reply = "in the thread" in parse_html(item.html).read()
        texts.append(("↳ " if is_reply else "") + " ".join(form.read().split()))
    return texts


async def test_replies_stand_below_what_they_answer(
    playground: Playground, conversations: Conversations, channel: Conversation
) -> None:
    """Whatever was said in between."""
    first = post(playground, channel, "first")
    post(playground, channel, "second")
    post(playground, channel, "answer", thread_ts=first.ts)

    assert ["first", "↳ answer", "second"] == list_texts(conversations.draw(be(playground, "ada"), channel))


async def test_private_answers_are_for_one_alone(
    playground: Playground, conversations: Conversations, channel: Conversation
) -> None:
    """In their place among the others', and said to be private."""
    post(playground, channel, "before")
    post(playground, channel, "psst", ephemeral_to=playground.cast.gwen.user.id)
    post(playground, channel, "after")

    assert ["before", "Only visible to you psst", "after"] == list_texts(
        conversations.draw(be(playground, "gwen"), channel)
    )
    assert ["before", "after"] == list_texts(conversations.draw(be(playground, "ada"), channel))


async def test_the_newest_are_shown_and_the_others_counted(
    playground: Playground, conversations: Conversations, channel: Conversation
) -> None:
    """What was removed does not count."""
    for number in range(20):
        post(playground, channel, str(number))
    channel.messages[0].is_deleted = channel.messages[18].is_deleted = True

    shown = conversations.draw(be(playground, "ada"), channel, newest=3)

    assert (["16", "17", "19"], 15) == (list_texts(shown), shown.earlier_count)
    assert 0 == conversations.draw(be(playground, "ada"), channel, newest=50).earlier_count


async def test_a_thread_that_was_answered_lately_is_shown(
    playground: Playground, conversations: Conversations, channel: Conversation
) -> None:
    """However old it is, and with what it answers: else an answer would come unseen."""
    old = post(playground, channel, "old")
    for number in range(10):
        post(playground, channel, str(number))
    post(playground, channel, "answer", thread_ts=old.ts)

    assert ["old", "↳ answer", "8", "9"] == list_texts(conversations.draw(be(playground, "ada"), channel, newest=3))


async def test_messages_say_when_they_came_by_lesson_time(
    playground: Playground, conversations: Conversations, channel: Conversation
) -> None:
    """In the reader's zone; of another day with its name. The clock that Slack stamps by is elsewhere."""
    post(playground, channel, "early")
    playground.school.clock.move_by(timedelta(minutes=30))
    post(playground, channel, "late")
    times = [
        parse_html(item.html).find_all("time")[0] for item in conversations.draw(be(playground, "ada"), channel).items
    ]
    assert ["14:00", "14:30"] == [time.read().strip() for time in times]
    assert "2026-11-23T13:30:00+00:00" == times[1].attributes["datetime"]

    playground.school.clock.move_by(timedelta(days=1))
    (first, _) = conversations.draw(be(playground, "ada"), channel).items
    assert "yesterday 14:00" == parse_html(first.html).find_all("time")[0].read().strip()


async def test_what_did_not_change_is_not_drawn_again(
    playground: Playground, conversations: Conversations, channel: Conversation
) -> None:
    """With a thousand messages a page that drew all of them at each bell would be late."""
    for number in range(1_000):
        post(playground, channel, str(number))
    before = conversations.draw(be(playground, "ada"), channel).items
    changed = channel.messages[-1]
    changed.change(text="changed", blocks=[], ts=changed.ts, has_edited_label=False)

    after = conversations.draw(be(playground, "ada"), channel).items

    assert [True] * 49 + [False] == [one.html is other.html for one, other in zip(before, after, strict=True)]
    assert "changed" in after[-1].html


async def test_another_name_is_read_at_once(
    playground: Playground, conversations: Conversations, channel: Conversation
) -> None:
    """What was drawn with the old one is not shown any more, nor what another reader read."""
    ben = playground.cast.ben.user
    post(playground, channel, f"<@{ben.id}> comes <!date^1795439400^{{time}}|soon>")
    assert ["@Ben comes 14:10"] == list_texts(conversations.draw(be(playground, "ada"), channel))

    await playground.school.slack.change_user("Ben", name="Benjamin")
    playground.cast.gwen.user.zone = "Asia/Kolkata"

    assert ["@Benjamin comes 14:10"] == list_texts(conversations.draw(be(playground, "ada"), channel))
    assert ["@Benjamin comes 18:40"] == list_texts(conversations.draw(be(playground, "gwen"), channel))


async def test_reading_is_by_person_and_conversation(playground: Playground, channel: Conversation) -> None:
    """What others said since; not one's own words, not what was removed, not others' private answers."""
    readings, (ada, gwen) = playground.readings, (playground.cast.ada.user, playground.cast.gwen.user)
    workspace = playground.school.slack.workspace
    gone = post(playground, channel, "removed")
    post(playground, channel, "there")
    post(playground, channel, "psst", ephemeral_to=gwen.id)
    workspace.post(channel, text="mine", blocks=[], author_id=ada.id)
    gone.is_deleted = True
    assert (1, 3) == (readings.count_unread(ada.id, channel), readings.count_unread(gwen.id, channel))

    readings.note(gwen.id, channel)
    post(playground, channel, "more")
    channel.messages[1].change(text="there!", blocks=[], ts="2", has_edited_label=True)

    assert (2, 1) == (readings.count_unread(ada.id, channel), readings.count_unread(gwen.id, channel))
    counts = readings.count_all(workspace)
    assert (2, 1, 0) == (counts[ada.id], counts[gwen.id], counts[playground.cast.ben.user.id])
