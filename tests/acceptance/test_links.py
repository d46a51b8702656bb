"""Everybody's own way in: what the room service is asked for, where the link goes, and how a new one is had."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.rooms.base import LESSON_TAG
from bot.sandbox.faults import Fault
from bot.sandbox.lessonspace.organisation import LaunchRecord
from bot.sandbox.lessonspace.spaces import Reason
from bot.sandbox.school import School
from bot.sandbox.slack.actors import Actor
from bot.sandbox.slack.messages import Message
from storage.records import LessonState
from tests.acceptance import telling
from tests.acceptance.conftest import MONDAY_TWO_PM

START = MONDAY_TWO_PM + timedelta(hours=1)
END = START + timedelta(minutes=45)


def find_launch(school: School, name: str) -> LaunchRecord:
    """The only launch for somebody of this name."""
    [launch] = [launch for launch in school.lessonspace.launches if launch.user["name"] == name]
    return launch


@pytest.mark.parametrize(
    # options ticked; whether leader and learner are put out, and when the leader is asked; when links close
    ("options", "end_rule", "leader_leaves", "learner_leaves", "asks_at", "closes_at"),
    [
        (["warn"], "ask", False, True, END - timedelta(minutes=5), END + timedelta(minutes=30)),
        ([], "ask", False, True, None, END + timedelta(minutes=30)),
        (["warn"], "open", False, False, END - timedelta(minutes=5), END + timedelta(minutes=30)),
        (["warn", "everyone_leaves"], "ask", True, True, None, END),
    ],
)
async def test_a_launch_asks_for_exactly_what_the_lesson_says(
    school: School,
    options: list[str],
    end_rule: str,
    leader_leaves: bool,
    learner_leaves: bool,
    asks_at: Any,
    closes_at: Any,
) -> None:
    """Single use, own window, the question and the removal as the end rule has them, recording said explicitly."""
    ada = school.add("Ada")
    school.add("Ben")
    await telling.open_form(school, ada, "@Ben today 3pm 45m Algebra")
    assert ada.view is not None
    await ada.press(ada.view, "more_options")
    await telling.wait_for_words(school, ada, "People may come early by")
    assert (await telling.submit(school, ada, options=options, end_rule=end_rule)).is_fine
    await telling.settle(school)

    lesson = await telling.get_lesson(school)
    window = {"not_before": "2026-11-23T13:50:00Z", "not_after": closes_at.strftime("%Y-%m-%dT%H:%M:%SZ")}
    for name, is_leader, leaves in (("Ada", True, leader_leaves), ("Ben", False, learner_leaves)):
        launch = find_launch(school, name)
        parameters = {"kickOnExp": True} if leaves else {}
        asked = {"softExp": int(asks_at.timestamp())} if asks_at and is_leader else {}
        user = {key: value for key, value in launch.user.items() if key not in ("id", "name")}
        assert user.pop("custom_jwt_parameters", {}) == parameters | asked
        assert user == {"role": "teacher" if is_leader else "student", "leader": is_leader, "single_use": True}
        assert launch.body["timeouts"] == window
        assert (lesson.title, {LESSON_TAG: lesson.id}) == (launch.body["name"], launch.body["session_tags"])
        flags = ("allow_guests", "record_av", "record_content", "transcribe")
        assert {flag: launch.body[flag] for flag in flags} == dict.fromkeys(flags, False)
    assert find_launch(school, "Ada").launch_id == find_launch(school, "Ben").launch_id


async def test_learners_cannot_invite_and_leaders_can(school: School) -> None:
    """An invitation's address would go around every link."""
    ada = school.add("Ada")
    school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")

    learner, leader = (find_launch(school, name).body.get("features", {}) for name in ("Ben", "Ada"))
    assert learner
    assert {name for name, is_on in learner.items() if not is_on} == {"invite", "people.invite"}
    assert not {name for name, is_on in leader.items() if not is_on}


async def test_the_room_service_learns_a_name_and_nothing_else(school: School) -> None:
    """No Slack id and no address; the id that it gets is ours and stays the same for one person."""
    ada = school.add("Ada")
    ben = school.slack.as_user(school.slack.add_user("Ben", email="ben@school.test"))
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await telling.book(school, ada, "@Ben today 5pm 45m Geometry")

    launches = [launch for launch in school.lessonspace.launches if launch.user["name"] == "Ben"]
    assert len({launch.user["id"] for launch in launches}) == 1
    told = str([launch.body for launch in school.lessonspace.launches])
    assert not [word for word in (ben.user.id, ada.user.id, "@school.test", school.slack.team_id) if word in told]
    known = {"id", "name", "role", "leader", "single_use", "custom_jwt_parameters"}
    assert all(set(launch.user) <= known for launch in school.lessonspace.launches)


async def test_a_link_is_in_its_owners_button_and_nowhere_else(school: School) -> None:
    """Not in a text, not in metadata, not in a channel; Slack is told to unfurl nothing."""
    ada, ben, cara = school.add("Ada"), school.add("Ben"), school.add("Cara")
    channel = school.slack.add_channel("lessons", ["Ada", "Cara"])
    await telling.book(school, ada, "@Ben @Cara today 3pm 45m Algebra", channel=channel)
    await telling.move_to(school, 13, 50)
    await telling.move_to(school, 14, 40)
    await telling.move_to(school, 14, 50)

    urls = {launch.user["name"]: launch.url for launch in school.lessonspace.launches}
    posted = [message for place in school.slack.workspace.conversations.values() for message in place.messages]
    assert len(posted) > 8
    for message in posted:
        assert (message.unfurl_links, message.unfurl_media) == (False, False)
        said = f"{[revision.text for revision in message.revisions]} {message.metadata}"
        assert "http" not in said
        assert list(message.metadata["event_payload"]) == ["notice_id"] if message.metadata else False
    for person in (ada, ben, cara):
        shown = str([[one.blocks for one in message.revisions] for message in person.messages()])
        assert [name for name, url in urls.items() if url in shown] == [person.user.real_name]
    assert not [url for url in urls.values() if url in str([m.revisions for m in cara.messages(channel)])]


async def test_join_marks_the_link_as_opened_for_the_leader(school: School) -> None:
    """Pressing Join is seen on the leader's card."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await telling.move_to(school, 13, 55)

    assert None is await telling.join(school, ben)
    await telling.settle(school)

    assert "Ben (first lesson with you): opened 14:55" in telling.read_all(school, ada)[0]


async def test_a_new_link_before_the_window_says_when(school: School) -> None:
    """Too early: nothing changes, and the answer says when the link works."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")

    await ben.press(telling.find_card(ben), "new_link")

    await telling.wait_for_answer(school, ben, "It is too early. You can come in from 14:50")
    assert len(school.lessonspace.launches) == 2


async def test_a_new_link_inside_the_window_comes_at_once(school: School) -> None:
    """The card gets another Join that works in another browser; the button of the old card acts on nothing."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await telling.move_to(school, 13, 55)
    card = telling.find_card(ben)
    old_url, count = telling.find_url(card), len(ben.messages())
    assert None is await telling.join(school, ben, "phone")

    await ben.press(card, "new_link")
    await telling.wait_for_answer(school, ben, "Your new link for Algebra")
    await telling.settle(school)

    assert telling.find_url(card) not in (None, old_url)
    assert None is await telling.join(school, ben, "laptop")
    assert len(ben.messages()) == count
    assert {telling.find_url(message) for message in ben.messages()} == {telling.find_url(card)}
    assert "Ben (first lesson with you): " in telling.read_all(school, ada)[0]
    behind = next(number for number, one in enumerate(card.revisions) if old_url and old_url in str(one.blocks))
    await ben.press(card, "new_link", revision=behind)
    await telling.wait_for_answer(school, ben, "out of date")
    assert len([launch for launch in school.lessonspace.launches if launch.user["name"] == "Ben"]) == 2


async def test_a_new_link_after_the_window_says_so(school: School) -> None:
    """The room service is silent, so the lesson is not over yet, but its doors are closed."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    school.lessonspace.faults.switch_on("space_sessions", Fault.refusing())
    await telling.move_to(school, 15, 16)
    assert (await telling.get_lesson(school)).state is LessonState.LIVE

    await ben.press(telling.find_card(ben), "new_link", revision=0)

    await telling.wait_for_answer(school, ben, "It is too late. The way in closed at 16:15")


async def test_nobody_gets_a_link_by_somebody_elses_button(school: School) -> None:
    """Cara presses what only Ben's card has: refused, and nobody is launched."""
    ada, ben, cara = school.add("Ada"), school.add("Ben"), school.add("Cara")
    await telling.book(school, ada, "@Ben @Cara today 3pm 45m Algebra")
    await telling.move_to(school, 13, 55)

    await press_as(cara, telling.find_card(cara), telling.list_buttons(telling.find_card(ben))["new_link"]["value"])

    await telling.wait_for_answer(school, cara, "A way in is its person's alone")
    await telling.settle(school)
    assert len(school.lessonspace.launches) == 3


async def press_as(actor: Actor, card: Message, value: str) -> None:
    """Press *I need a new link* on a card whose button carries this value, as a forged request would."""
    button = telling.list_buttons(card)["new_link"]
    assert isinstance(button, dict)
    own = button["value"]
    button["value"] = value
    await actor.press(card, "new_link")
    button["value"] = own


@pytest.mark.parametrize(
    # whether the account may record and transcribe calls (the board's content it always may); what the cards say
    ("has_plan", "words"),
    [(True, "This lesson is recorded and transcribed."), (False, "This lesson is recorded.")],
)
async def test_cards_say_of_recording_what_the_room_answered(school: School, has_plan: bool, words: str) -> None:
    """Both were asked for; where the account cannot transcribe, no card says that it does."""
    school.lessonspace.organisation.has_recording_plan = has_plan
    ada, ben = school.add("Ada"), school.add("Ben")

    await telling.book(school, ada, "@Ben today 3pm 45m Algebra", options=["record", "transcribe"])

    assert find_launch(school, "Ben").body["record_av"] is True
    assert find_launch(school, "Ben").body["transcribe"] is True
    for person in (ada, ben):
        assert words in telling.read_all(school, person)[0].splitlines()


async def test_a_used_link_lets_only_its_first_browser_back_in(school: School) -> None:
    """The same browser may come back while the session runs, another may not, and nobody before or after the window."""
    ada, ben = school.add("Ada"), school.add("Ben")
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")

    assert await telling.join(school, ben, "phone") is Reason.TOO_EARLY
    await telling.move_to(school, 13, 50)
    assert await telling.join(school, ben, "phone") is None
    assert await telling.join(school, ben, "phone") is None
    assert await telling.join(school, ben, "laptop") is Reason.USED_ELSEWHERE
    url = telling.find_url(telling.find_card(ben))
    assert url is not None
    await telling.move_to(school, 15, 15)
    assert (await school.lessonspace.browser("phone").join(url)).refusal is Reason.EXPIRED
