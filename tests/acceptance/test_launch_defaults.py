"""What a school has every link say: from the environment, from Home, and each person's own language."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bot.sandbox.school import School, open_school
from bot.sandbox.slack.actors import Actor
from bot.sandbox.slack.people import UserKind
from tests.acceptance import telling
from tests.acceptance.conftest import MONDAY_TWO_PM
from tests.acceptance.test_home import buttons, forge, open_home

TOKEN = "s3cret-of-the-door"
AUTH = {"method": "redirect", "url": "https://door.example/", "token": TOKEN}


async def open_rooms(school: School, actor: Actor) -> None:
    await actor.press(await open_home(school, actor), "launch_defaults")
    await telling.wait_for_words(school, actor, "Anything else, as JSON")


def list_bodies(school: School) -> dict[str, dict[str, Any]]:
    """The latest launch of each, by name."""
    return {launch.user["name"]: launch.body for launch in school.lessonspace.launches}


async def test_what_admins_set_counts_for_the_next_links_by_role(school: School) -> None:
    """Fields and JSON; a lesson's own matters stay its own."""
    ada, olga = school.add("Ada"), school.add("Olga", kind=UserKind.ADMIN)
    school.add("Ben")
    await open_rooms(school, olga)
    rest = json.dumps({"theme": {"colour": "#123456"}, "leader": {"user": {"session_limit": True}}})

    assert (
        await telling.submit(
            school, olga, video_layout_mode="sidebar", off_learner=["chat"], server="eu-west-2", rest=rest
        )
    ).is_fine
    await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
    await telling.settle(school)

    leader, learner = list_bodies(school)["Ada"], list_bodies(school)["Ben"]
    for body in (leader, learner):
        assert ("sidebar", "eu-west-2", {"colour": "#123456"}) == (
            body["video_layout_mode"],
            body["server"],
            body["theme"],
        )
        assert ("Algebra", False) == (body["name"], body["record_av"])
    assert (True, None) == tuple(body["user"].get("session_limit") for body in (leader, learner))
    assert False is learner["features"]["chat"] is learner["features"]["chat.enabled"]
    assert "chat" not in leader.get("features", {})


async def test_a_wrong_option_is_said_at_its_field_and_nothing_is_kept(school: School) -> None:
    """In the room service's words; a correct form then goes through."""
    ada, olga = school.add("Ada"), school.add("Olga", kind=UserKind.ADMIN)
    await open_rooms(school, olga)

    wrong = await telling.submit(school, olga, invite_url="come in", rest='{"record_av": true, "locale": "xx"}')

    assert "invite_url must be an address" in wrong.errors["invite_url"]
    assert "locale must be" in wrong.errors["rest"]
    assert "record_av is ticked for each lesson." in wrong.errors["rest"]
    assert (await telling.submit(school, olga, invite_url="", rest="")).is_fine
    await telling.book(school, ada, "@Olga today 3pm 45m Algebra")
    await telling.settle(school)
    assert "invite_url" not in list_bodies(school)["Ada"]


async def test_a_secret_is_kept_and_never_shown(school: School) -> None:
    """Neither in the form nor among the changes; saving the form keeps it, also over a restart."""
    ada, olga = school.add("Ada"), school.add("Olga", kind=UserKind.ADMIN)
    await open_rooms(school, olga)
    assert (await telling.submit(school, olga, rest=json.dumps({"auth_external": AUTH}))).is_fine
    await school.stop()
    await school.start()

    await open_rooms(school, olga)
    assert olga.view is not None
    assert TOKEN not in json.dumps(olga.view.blocks)
    assert (await telling.submit(school, olga, video_layout_mode="grid")).is_fine
    await telling.book(school, ada, "@Olga today 3pm 45m Algebra")
    await telling.settle(school)

    assert AUTH == list_bodies(school)["Ada"]["auth_external"]
    await olga.press(await open_home(school, olga), "house_changes")
    text = await telling.wait_for_words(school, olga, "Changed settings")
    assert "Rooms: auth_external" in text
    assert "Rooms: video_layout_mode" in text


@pytest.mark.parametrize("is_forged", [True, False])
async def test_nobody_else_sets_rooms(school: School, is_forged: bool) -> None:
    """A forged press is refused in words, and so is a form sent by somebody who is admin no more."""
    actor = school.add("Mallory", kind=UserKind.MEMBER if is_forged else UserKind.ADMIN)
    ada = school.add("Ada")
    home = await open_home(school, actor)
    if is_forged:
        assert "launch_defaults" not in buttons(home)
        forge(home, "launch_defaults", "open")
        await actor.press(home, "launch_defaults")
    else:
        await open_rooms(school, actor)
        await school.slack.change_user(actor.user, kind=UserKind.MEMBER)
        await telling.wait_until_known(school, actor, lambda person: not person.is_admin)
        await telling.submit(school, actor, video_layout_mode="grid")

    await telling.wait_for_words(school, actor, "Only admins can do that.")
    await telling.book(school, ada, "@Mallory today 3pm 45m Algebra")
    await telling.settle(school)
    assert "video_layout_mode" not in list_bodies(school)["Ada"]


async def test_the_environment_s_options_hold_until_home_says_otherwise(tmp_path: Path) -> None:
    """Name by name, also inside a role's own."""
    options = {"video_layout_mode": "grid", "learner": {"features": {"chat": False, "timer": False}}}
    settings = {"LESSONSPACE_LAUNCH": json.dumps(options)}
    async with open_school(tmp_path, starts_at=MONDAY_TWO_PM, settings=settings) as school:
        await school.start()
        ada, olga = school.add("Ada"), school.add("Olga", kind=UserKind.ADMIN)
        school.add("Ben")
        await open_rooms(school, olga)
        assert olga.view is not None
        assert "learner.features and video_layout_mode" in json.dumps(olga.view.blocks)
        rest = '{"learner": {"features": {"chat": true}}}'
        assert (await telling.submit(school, olga, rest=rest)).is_fine
        await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
        await telling.settle(school)

        learner = list_bodies(school)["Ben"]
        assert "grid" == learner["video_layout_mode"]
        assert (True, False) == (learner["features"]["chat"], learner["features"]["timer"])


async def test_the_room_speaks_to_each_in_their_own_language(school: School) -> None:
    """As they read Slack, where the room can; else as it does by itself. A language chosen for the lesson wins."""
    ada = school.add("Ada")
    ben = school.slack.as_user(school.slack.add_user("Ben", locale="fr-CA"))
    school.slack.add_user("Cleo", locale="ja-JP")
    await telling.book(school, ada, "@Ben @Cleo today 3pm 45m Algebra")
    await telling.settle(school)

    assert {"Ada": "en", "Ben": "fr", "Cleo": None} == {
        name: body.get("locale") for name, body in list_bodies(school).items()
    }
    assert ben.messages()


async def test_where_no_service_takes_options_there_is_no_rooms(tmp_path: Path) -> None:
    """Neither its button, nor its form by a button from before."""
    async with open_school(tmp_path, starts_at=MONDAY_TWO_PM, services=("loop",)) as school:
        await school.start()
        olga = school.add("Olga", kind=UserKind.ADMIN)
        home = await open_home(school, olga)
        assert "launch_defaults" not in buttons(home)
        assert "house_rules" in buttons(home)
        forge(home, "launch_defaults", "open")

        await olga.press(home, "launch_defaults")

        await telling.wait_for_words(school, olga, "out of date")


async def test_rooms_are_lessonspace_s_also_where_another_service_is_the_first(tmp_path: Path) -> None:
    """What is set counts for the lessons that are booked there, is shown again, and touches nobody else's account."""
    settings = {"HALLPASS_ROOM_SERVICES": "loop, lessonspace"}
    async with open_school(tmp_path, starts_at=MONDAY_TWO_PM, services=("loop",), settings=settings) as school:
        school.change_setting("LESSONSPACE_API_KEY", school.lessonspace.api_key)
        await school.start()
        ada, olga = school.add("Ada"), school.add("Olga", kind=UserKind.ADMIN)
        school.add("Ben")
        await open_rooms(school, olga)
        assert (await telling.submit(school, olga, video_layout_mode="sidebar", off_learner=["chat"])).is_fine

        await telling.open_form(school, ada, "@Ben today 3pm 45m Algebra")
        assert ada.view is not None
        await ada.pick(ada.view, "pick_service", "lessonspace")
        await telling.wait_for_words(school, ada, "Lessonspace itself lets each link work once")
        assert (await telling.submit(school, ada)).is_fine
        await telling.settle(school)
        await open_rooms(school, olga)

        assert "sidebar" == list_bodies(school)["Ben"]["video_layout_mode"]
        assert list_bodies(school)["Ben"]["features"]["chat"] is False
        assert olga.view is not None
        layout = next(one for one in olga.view.blocks if one.get("block_id") == "video_layout_mode")
        assert "sidebar" == layout["element"]["initial_option"]["value"]
