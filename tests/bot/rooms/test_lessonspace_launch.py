"""What a launch says: the workspace's options, what they cannot touch, and what each lesson and person brings."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.errors import RoomServiceRefused
from bot.rooms.base import LESSON_TAG, LaunchRequest
from bot.rooms.http import open_client
from bot.rooms.lessonspace_body import FEATURES, SPELLINGS
from bot.rooms.lessonspace_launch import MORE_REPORTS, REPORTS, build_launch_body, build_webhooks, find_option_problems
from storage.records import Role
from tests.bot.rooms.recorded import START, RecordedServer, answer
from tests.bot.rooms.test_lessonspace import LAUNCHED, LEADER, LEARNER, build_service

OBSERVER = replace(LEARNER, role=Role.OBSERVER)
HOOK = "https://school.example/rooms/lessonspace/key-that-nobody-may-read"
TOKEN = "token-that-nobody-may-read"

EVERYTHING: dict[str, Any] = {
    "allow_guests": True,
    "features": {"timer": False, "people.invite": True},
    "theme": {"primary": "#123456", "nested": {"list": [1, None]}},
    "video_layout_mode": "sidebar",
    "locale": "it",
    "server": "eu-west-2",
    "session_tags": {"department": "maths"},
    "space_tags": {"school": "north"},
    "invite_url": "https://school.example/invite",
    "resource_url": "https://school.example/library",
    "holodeck_parameters": {"anything": {"at": "all"}},
    "auth_external": {"method": "child", "url": "https://school.example/in", "token": TOKEN, "ephemeral": True},
    "user": {
        "profile_picture": "https://school.example/logo.png",
        "camera_background_url": "https://school.example/wall.png",
        "session_limit": True,
        "custom_jwt_parameters": {"department": "maths", "meta": {"badge": "star"}},
    },
}


def find(body: Any, path: str) -> Any:
    """What lies at a dotted path; None: nothing."""
    for name in path.split("."):
        body = body.get(name) if isinstance(body, dict) else None
    return body


def with_options(request: LaunchRequest, **options: Any) -> LaunchRequest:
    return replace(request, options=options)


def test_a_workspace_s_options_all_arrive() -> None:
    """Each as it was written, beside what the lesson says, which none of them changes."""
    body = build_launch_body(with_options(LEARNER, **EVERYTHING))

    plain = build_launch_body(LEARNER)
    for name, value in EVERYTHING.items():
        if name not in ("features", "user"):
            assert body[name] == value
    assert body["features"] == {"timer": False, "invite": True, "people.invite": True}
    assert find(body, "user.custom_jwt_parameters") == {
        "department": "maths",
        "meta": {"badge": "star"},
        "kickOnExp": True,
    }
    unchanged = ("id", "name", "record_av", "record_content", "transcribe", "timeouts")
    assert {name: body[name] for name in unchanged} == {name: plain[name] for name in unchanged}
    assert find_option_problems(EVERYTHING) == {}


@pytest.mark.parametrize(
    "path, value, ours",
    [
        ("id", "another-room", "room-1"),
        ("name", "Theirs", "Algebra"),
        ("record_av", True, False),
        ("record_content", True, False),
        ("transcribe", True, False),
        ("timeouts", {"not_after": "2099-01-01T00:00:00Z"}, {"not_before": "2030-03-04T15:00:00Z",
                                                             "not_after": "2030-03-04T16:00:00Z"}),
        ("webhooks", {"chat": {"message": HOOK}}, None),
        ("user.id", "somebody", "k-ben"),
        ("user.name", "Somebody", "Ben"),
        ("user.email", "one@school.example", None),
        ("user.role", "teacher", "student"),
        ("user.leader", True, False),
        ("user.single_use", False, True),
        ("user.custom_jwt_parameters.kickOnExp", False, True),
        ("user.custom_jwt_parameters.softExp", 1, None),
        ("user.custom_jwt_parameters.exp", 4_000_000_000, None),
        ("user.custom_jwt_parameters.nbf", 1, None),
        ("user.custom_jwt_parameters.canLead", True, None),
        ("user.custom_jwt_parameters.meta.displayName", "Somebody", None),
        (f"session_tags.{LESSON_TAG}", "another lesson", None),
    ],
)  # fmt: skip
def test_what_hallpass_decides_cannot_be_overridden(path: str, value: object, ours: object) -> None:
    """It is a problem when it is set, and has no effect where it got past that."""
    options: dict[str, Any] = {}
    inner = options
    *outer, last = path.split(".")
    for name in outer:
        inner = inner.setdefault(name, {})
    inner[last] = value

    body = build_launch_body(with_options(LEARNER, **options))

    assert find(body, path) == ours
    assert path in find_option_problems(options)
    assert f"learner.{path}" in find_option_problems({"learner": options})


@pytest.mark.parametrize(
    "options, problems",
    [
        ({}, {}),
        ({"leader": {}, "observer": {"user": {"ghost": True}}}, {}),
        ({"user": {"ghost": True}}, {}),  # common to all: it holds for observers
        ({"learner": {"user": {"ghost": True}}}, {"learner.user.ghost": "is for observers only"}),
        ({"learner": {"user": {"ghost": False}}}, {}),
        ({"colour": "red"}, {"colour": "is no option of Lessonspace's"}),
        ({"leader": {"single_use": True}}, {"leader.single_use": "is no option of Lessonspace's"}),
        ({"student": {}}, {"student": "is no option of Lessonspace's"}),
        ({"learner": "quiet"}, {"learner": "must be an object"}),
        ({"user": []}, {"user": "must be an object"}),
        ({"locale": "de"}, {"locale": "must be 'en', 'fr', 'it' or 'pl'"}),
        ({"video_layout_mode": 3}, {"video_layout_mode": "must be 'grid', 'sidebar' or 'floating'"}),
        ({"allow_guests": "yes"}, {"allow_guests": "must be true or false"}),
        ({"features": {"chatt": True}}, {"features": "knows no chatt"}),
        ({"features": {"chat": "off"}}, {"features.chat": "must be true or false"}),
        ({"server": ""}, {"server": "must not be empty"}),
        ({"space_tags": {"year": 7}}, {"space_tags.year": "must be text"}),
        ({"invite_url": "school"}, {"invite_url": "must be an address, https://…"}),
        ({"auth_external": {"method": "child", "url": HOOK}}, {"auth_external.token": "is missing"}),
        ({"observer": {"id": "x"}}, {"observer.id": "is chosen by Hallpass, so that a lesson keeps its room"}),
        ({"record_av": True}, {"record_av": "is ticked for each lesson"}),
    ],
)  # fmt: skip
def test_a_problem_is_named_by_its_path_in_words(options: dict[str, Any], problems: dict[str, str]) -> None:
    """Path and words make a sentence; everything is checked, common options and each role's."""
    assert find_option_problems(options) == problems


def test_no_problem_repeats_a_value() -> None:
    """It may be a secret in the wrong place."""
    wrong = {"auth_external": {"method": TOKEN, "url": TOKEN, "token": 7, TOKEN: {}}, "theme": TOKEN, "server": [TOKEN]}

    told = find_option_problems(wrong)
    with pytest.raises(RoomServiceRefused) as caught:
        build_launch_body(with_options(LEARNER, theme=TOKEN, auth_external={"token": TOKEN}))

    assert TOKEN not in " ".join(told.values())
    assert str(caught.value) == (
        "Lessonspace: launch: not sent, because of auth_external.method, auth_external.url, theme"
    )
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "request_, path, expected",
    [
        (with_options(LEARNER, allow_guests=True), "allow_guests", True),
        (with_options(LEARNER, learner={"locale": "pl"}), "locale", "pl"),
        (with_options(LEARNER, leader={"locale": "pl"}), "locale", None),
        (replace(LEARNER, options={"locale": "pl"}, language="fr"), "locale", "fr"),  # the lesson's own goes first
        (replace(LEARNER, options={"locale": "pl"}, language="de"), "locale", "pl"),
        (with_options(OBSERVER, user={"ghost": True}), "user.ghost", True),
        (with_options(LEARNER, user={"ghost": True}), "user.ghost", None),
        (with_options(LEADER, user={"ghost": True}), "user.ghost", None),
        (replace(LEARNER, options={"user": {"record": True}}, records=True), "user.record", True),
        (replace(LEARNER, options={"user": {"record": True}}), "user.record", None),  # nobody in a lesson without
        (replace(LEARNER, options={"summarise": True}, transcribes=True), "summarise", True),
        (with_options(LEARNER, summarise=True), "summarise", False),  # else the launch is an error there
        (LEARNER, "summarise", None),
        (with_options(LEARNER, features={"chat.enabled": False}), "features",
         {"chat": False, "chat.enabled": False, "invite": False, "people.invite": False}),
        (replace(LEADER, options={"features": {"chat": False}}, features={"chat.enabled": True}), "features",
         {"chat": True, "chat.enabled": True}),
        (replace(LEARNER, tags={LESSON_TAG: "l-1"}), "session_tags", {LESSON_TAG: "l-1"}),
        (replace(LEARNER, tags={LESSON_TAG: "l-1"}, options={"session_tags": {"a": "b", LESSON_TAG: "x"}}),
         "session_tags", {"a": "b", LESSON_TAG: "l-1"}),
        (replace(LEARNER, email="ben@school.example"), "user.email", "ben@school.example"),
        (replace(LEARNER, email="not told"), "user.email", None),
        (replace(LEARNER, picture_url="https://school.example/ben.png"), "user.profile_picture",
         "https://school.example/ben.png"),
        (replace(LEARNER, picture_url="no address", options={"user": {"profile_picture": "https://s.example/x"}}),
         "user.profile_picture", "https://s.example/x"),
        (replace(LEARNER, shown_name="  "), "user.name", None),  # a Guest there, rather than nobody
    ],
)  # fmt: skip
def test_options_meet_the_lesson(request_: LaunchRequest, path: str, expected: object) -> None:
    """`path` leads to the field; None: it must not be there."""
    assert find(build_launch_body(request_), path) == expected


def test_every_feature_goes_by_both_its_names() -> None:
    """Which of the two a room understands is not known; the other one is dropped there."""
    body = build_launch_body(replace(LEADER, features=dict.fromkeys(FEATURES, False)))

    assert find(body, "features").keys() == {*FEATURES, *SPELLINGS.values()}


def test_the_webhooks_of_a_room_are_always_the_same_block() -> None:
    """Whoever is launched and whatever is ticked: a different later block would replace it, or never hold."""
    requests = (LEARNER, LEADER, replace(LEARNER, transcribes=True, records=True, options=EVERYTHING))
    blocks = [build_launch_body(replace(request, webhook_url=HOOK))["webhooks"] for request in requests]

    assert blocks == [blocks[0]] * 3
    assert blocks[0] == {group: dict.fromkeys(events, HOOK) for group, events in REPORTS.items()}
    assert HOOK not in repr(replace(LEARNER, webhook_url=HOOK))


@pytest.mark.parametrize("group", MORE_REPORTS)
def test_chat_and_the_like_are_reported_only_when_switched_on(group: str) -> None:
    """They tell more of what people do than a lesson's upkeep needs."""
    body = build_launch_body(replace(LEARNER, webhook_url=HOOK), more_reports=[group])

    assert find(body, "webhooks").keys() == {*REPORTS, group}
    assert set(find(body, f"webhooks.{group}")) == set(MORE_REPORTS[group])


def test_webhooks_that_there_are_not_are_refused_at_once() -> None:
    """A misspelt group would silently report nothing."""
    with pytest.raises(ValueError, match="there are no webhooks of chats"):
        build_webhooks(HOOK, more_reports=["chat", "chats"])


@pytest.mark.parametrize("request_", [replace(LEARNER, launch_id="x" * 65), replace(LEARNER, launch_id="")])
async def test_a_launch_that_would_be_refused_is_not_sent(request_: LaunchRequest) -> None:
    """RoomServiceRefused, naming the field, before anything leaves us."""
    async with RecordedServer() as server, open_client(connections=1) as client:
        with pytest.raises(RoomServiceRefused, match=r"not sent, because of id$"):
            await build_service(client, server.url).launch(request_)

    assert server.requests == []


@pytest.mark.parametrize(
    "address, expected",
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:DB8::1", "2001:db8::1"),
        ("me\r\nX-Other: 1", None),
        ("", None),
        (None, None),
    ],
)
async def test_a_visitor_s_address_is_passed_on_where_it_is_one(address: str | None, expected: str | None) -> None:
    """So that a space is made near whoever comes in."""
    async with RecordedServer(answer(LAUNCHED)) as server, open_client(connections=1) as client:
        await build_service(client, server.url).launch(replace(LEARNER, visitor_address=address))

    assert server.requests[0].headers.get("x-forwarded-for") == expected
    assert "authorization" in server.requests[0].headers


def test_the_two_formats_of_time_are_told_apart() -> None:
    """The window in ISO 8601 with its zone, the question to the leader in whole UNIX seconds."""
    body = build_launch_body(replace(LEADER, warns_at=START + timedelta(minutes=5, milliseconds=900)))

    assert find(body, "timeouts.not_after") == "2030-03-04T16:00:00Z"
    assert find(body, "user.custom_jwt_parameters.softExp") == 1_898_867_100 == int(START.timestamp()) + 300


def test_a_body_is_plain_json() -> None:
    """Nothing in it but what JSON has."""
    body = build_launch_body(replace(LEADER, options=EVERYTHING, webhook_url=HOOK, tags={LESSON_TAG: "l"}))

    assert json.loads(json.dumps(body)) == body
