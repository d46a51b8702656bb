"""Lessonspace's API reference as a table: every endpoint, filter, field sent and field answered, and where it is ours.

A row of an answer or a filter is a path in JSON (`[]`: each of an array) and a value of the documented type.
What is only on another page of theirs, or was only seen, says so in `seen`. What we leave out says why.
`test_lessonspace_reference.py` holds client and table to each other, in both directions.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bot.rooms.answers import Fields
from bot.rooms.base import Audience
from bot.rooms.http import Answer
from bot.rooms.lessonspace import Lessonspace
from bot.rooms.lessonspace_answers import parse_launch, parse_session, parse_space, parse_user
from bot.rooms.lessonspace_lists import SessionFilters, SpaceFilters, UserFilters
from bot.rooms.lessonspace_records import PROVIDER, LaunchRecord, SessionRecord, SpaceRecord, UserRecord
from storage.records import Role
from tests.bot.rooms.recorded import START
from tests.bot.rooms.test_lessonspace import LEARNER

AT = "2030-03-04T15:00:00Z"
ADDRESS = "https://school.example/x"
SUMMARIES = "their page on summaries"
SEEN = "seen in answers, not documented"


@dataclass(frozen=True, kw_only=True)
class Sent:
    """One field of a launch. `by`: the request's fields that decide it; None: a workspace's options."""

    path: str
    value: object
    by: Mapping[str, object] | None = None
    seen: str = "the reference"


@dataclass(frozen=True, kw_only=True)
class Told:
    """One field of an answer, with a value as it comes."""

    path: str
    value: object
    seen: str = "the reference"


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One endpoint. `ask` is our call of it; `answers` is what it is answered in the test, `read` makes the record."""

    line: str
    ask: Callable[[Lessonspace], Awaitable[Any]]
    answers: object
    is_limited: bool = False
    filters: Mapping[str, object] = field(default_factory=dict)  # by the API's name, a value of ours
    filters_in: type | None = None
    told: tuple[Told, ...] = ()
    told_in: type | None = None
    read: Callable[[dict[str, Any]], object] | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)


def sent(path: str, value: object, *, seen: str = "the reference", **by: object) -> Sent:
    return Sent(path=path, value=value, by=by or None, seen=seen)


def told(path: str, value: object, *, seen: str = "the reference") -> Told:
    return Told(path=path, value=value, seen=seen)


async def every(found: Any) -> list[Any]:
    return [entry async for entry in found]


WATCHED = {"webhook_url": ADDRESS}

LAUNCH: tuple[Sent, ...] = (
    sent("id", "relation-7", launch_id="relation-7"),
    sent("name", "Geometry", room_name="Geometry"),
    sent("allow_guests", True),
    sent("record_av", False, records=False),
    sent("record_content", False, records=False),
    sent("transcribe", False, transcribes=False),
    sent("summarise", True, seen=SUMMARIES),
    sent("user.name", "Cleo", shown_name="Cleo"),
    sent("user.id", "k-cleo", person_key="k-cleo"),
    sent("user.email", "cleo@school.example", email="cleo@school.example"),
    sent("user.role", "teacher", role=Role.LEADER, seen="examples of their guides"),
    sent("user.leader", True, is_leader=True),
    sent("user.profile_picture", ADDRESS),
    sent("user.camera_background_url", ADDRESS),
    sent("user.single_use", False, is_single_use=False),
    sent("user.session_limit", True),
    sent("user.custom_jwt_parameters.kickOnExp", True, leaves_at_close=True, seen="their guide on restricting access"),
    sent("user.custom_jwt_parameters.softExp", int(START.timestamp()), is_leader=True, warns_at=START,
         seen="their guide on restricting access"),
    sent("user.custom_jwt_parameters.meta", {"badge": "star"}),
    sent("user.record", True),
    sent("user.ghost", True),
    sent("webhooks.session.start", ADDRESS, **WATCHED),
    sent("webhooks.session.idle", ADDRESS, **WATCHED),
    sent("webhooks.session.end", ADDRESS, **WATCHED),
    sent("webhooks.user.join", ADDRESS, **WATCHED),
    sent("webhooks.user.idle", ADDRESS, **WATCHED),
    sent("webhooks.user.leave", ADDRESS, **WATCHED),
    sent("webhooks.transcription.finish", ADDRESS, **WATCHED),
    sent("webhooks.cobrowser.start", ADDRESS, **WATCHED),
    sent("webhooks.cobrowser.stop", ADDRESS, **WATCHED),
    sent("webhooks.chat.message", ADDRESS, **WATCHED),
    sent("webhooks.knock.request", ADDRESS, seen="the preview of their page on webhooks", **WATCHED),
    sent("webhooks.knock.admit", ADDRESS, seen="the preview of their page on webhooks", **WATCHED),
    sent("webhooks.knock.deny", ADDRESS, seen="the preview of their page on webhooks", **WATCHED),
    sent("webhooks.summary.finish", ADDRESS, seen=SUMMARIES, **WATCHED),
    sent("timeouts.not_after", "2030-03-05T15:00:00Z", closes_at=START + timedelta(days=1)),
    sent("timeouts.not_before", "2030-03-04T15:05:00Z", opens_at=START + timedelta(minutes=5)),
    sent("features", {"timer": False, "invite": False, "people.invite": False}, features={"timer": False}),
    sent("theme", {"primary": "#123456"}),
    sent("video_layout_mode", "floating"),
    sent("locale", "pl", language="pl"),
    sent("server", "eu-west-2"),
    sent("session_tags", {"hallpass_lesson": "l-1"}, tags={"hallpass_lesson": "l-1"}),
    sent("space_tags", {"school": "north"}),
    sent("invite_url", ADDRESS),
    sent("resource_url", ADDRESS),
    sent("holodeck_parameters", {"any": 1}),
    sent("auth_external.method", "redirect"),
    sent("auth_external.url", ADDRESS),
    sent("auth_external.token", "t"),
    sent("auth_external.ephemeral", True),
)  # fmt: skip

OLDER_FEATURES = (
    *("chat", "timer", "participants", "fullscreen", "tabContextMenu", "importZip", "importPdf", "exportZip"),
    *("tabDownload", "emojis", "invite", "endSession", "profanityFilter", "hideTabbar", "hideToolbar"),
)
NEWER_FEATURES = (
    *("apps.enabled", "av.enabled", "av.screenShare", "av.publishing", "chat.enabled", "options.fullscreen"),
    *("reactions.emojis", "people.invite", "import.zip", "breakouts.enabled", "options.profanityFilter"),
)

LAUNCHED = (
    told("client_url", ADDRESS),
    told("api_base", ADDRESS),
    told("room_id", "r-1"),
    told("secret", "s"),
    told("session_id", "s-1"),
    told("user_id", 501),
    told("room_settings.record_av", True),
    told("room_settings.record_content", True),
    told("room_settings.waiting_room", True),
    told("room_settings.transcribe", True),
    told("room_settings.summarise", True, seen=SUMMARIES),
)

PROFILE = (
    told("name", "Ben"),
    told("profile_picture.id", 4),
    told("profile_picture.uploaded_at", AT),
    told("profile_picture.admin_verified", "verified"),
    told("profile_picture.image", ADDRESS),
    told("email", "ben@school.example"),
    told("role", "student"),
)

SPACE = (
    told("id", "5b1f"),
    told("alias", "algebra"),
    told("slug", "r-1"),
    told("name", "Algebra"),
    told("organisation", 4711),
    told("is_locked", "true"),
    told("tags", '{"school": "north"}'),
    told("url", ADDRESS),
    told("created_at", AT),
    told("locks[].id", 1),
    told("locks[].organisation", 4711),
    told("locks[].allowed_users", "501"),
    told("locks[].allowed_groups[].id", 2),
    told("locks[].allowed_groups[].name", "Year 7"),
    told("locks[].active", True),
    told("locks[].lock_before", AT),
    told("locks[].lock_after", AT),
    told("region", "eu-west-2"),
    told("record_av", True),
)

SESSION = (
    told("id", 9),
    told("uuid", "s-1"),
    told("name", "Algebra"),
    told("start_time", AT),
    told("end_time", AT),
    told("profiles[].user", 501),
    *(told(f"profiles[].{row.path}", row.value) for row in PROFILE),
    told("guests[].id", 3),
    told("guests[].uuid", "g-1"),
    told("guests[].session", 9),
    told("guests[].name", "Grandma", seen=SEEN),
    told("billable_seconds", 90),
    told("tags", '{"hallpass_lesson": "l-1"}'),
    told("recording_access_policy", ["teacher", "admin"]),
    told("playback_url", ADDRESS),
    told("summary", "They did fractions.", seen=SEEN),
    told("recording_available", True, seen=SEEN),
    told("recording_deleted", True, seen=SEEN),
    told("playback_password", "p", seen=SEEN),
    told("is_password_set", True, seen=SEEN),
)

LOGGED = (
    told("logs[].id", 1),
    told("logs[].log_type", "user-joined"),
    told("logs[].date", AT),
    told("logs[].profile", "501"),
    told("logs[].guest_uuid", "g-1"),
    told("logs[].created_at", AT),
    told("logs[].user_socket_id", "c-1"),
    told("connected_users", [{"profile": "501"}]),
)

SESSION_FILTERS: Mapping[str, object] = {
    "search": "algebra",
    "page": 2,
    "include_single_user": True,
    "duration_min": timedelta(seconds=60),
    "duration_max": timedelta(seconds=60),
    **dict.fromkeys(("start_time_after", "start_time_before", "end_time_after", "end_time_before"), START),
    **dict.fromkeys(("date_after", "date_before"), START),
    "user": ("501",),
    "space": ("r-1",),
    "launch_id": "room-1",
    "in_progress_only": True,
    "tags": {"hallpass_lesson": "l-1"},
    "user_external_id": "k-ben",
    "user_name": "Ben",
}

ONE_ANSWER = {"search": "its answer is one thing", "page": "its answer is one thing"}

ONE_SESSION: dict[str, Any] = {"uuid": "s-1", "start_time": AT, "space": {"slug": "r-1"}}


def in_session(values: dict[str, Any]) -> SessionRecord:
    return parse_session(Fields(provider=PROVIDER, values=values))


def in_launch(values: dict[str, Any]) -> LaunchRecord:
    return parse_launch(Answer(status=201, body=values, server_time=None))


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        line="GET /organisations/{organisation}/sessions/",
        ask=lambda service: every(service.iterate_sessions(SessionFilters(**SESSION_FILTERS))),  # type: ignore[arg-type]
        answers=[],
        is_limited=True,
        filters=SESSION_FILTERS,
        filters_in=SessionFilters,
    ),
    Endpoint(
        line="GET /organisations/{organisation}/sessions/{session}/",
        ask=lambda service: service.fetch_session("{session}"),
        answers=ONE_SESSION,
        is_limited=True,
        told=(*SESSION, *(told(f"space.{row.path}", row.value) for row in SPACE)),
        told_in=SessionRecord,
        read=in_session,
    ),
    Endpoint(
        line="PATCH /organisations/{organisation}/sessions/{session}/",
        ask=lambda service: service.settle_session("{session}", name="Algebra", audiences=list(Audience)),
        answers={"name": "Algebra", "recording_access_policy": []},
        is_limited=True,
    ),
    Endpoint(
        line="GET /organisations/{organisation}/sessions/{session}/transcript/",
        ask=lambda service: service.fetch_transcript_address("{session}"),
        answers={"transcriptionUrl": ADDRESS},
        is_limited=True,
        left_out=ONE_ANSWER,
    ),
    Endpoint(
        line="GET /organisations/{organisation}/spaces/",
        ask=lambda service: every(
            service.iterate_spaces(
                SpaceFilters(
                    session=("s-1",), tag_key="year", tag_value="7", user=("501",), assigned_to=("501",), search="a",
                    page=2, date_after=START, date_before=START,
                )
            )
        ),
        answers=[],
        filters=dict.fromkeys(
            ("session", "tag_key", "tag_value", "user", "assigned_to", "search", "page", "date_after", "date_before")
        ),
        filters_in=SpaceFilters,
        left_out={"date": "deprecated there: date_before and date_after"},
        told=SPACE,
        told_in=SpaceRecord,
        read=lambda values: parse_space(Fields(provider=PROVIDER, values=values)),
    ),
    Endpoint(
        line="GET /organisations/{organisation}/users/",
        ask=lambda service: every(
            service.iterate_users(UserFilters(role=("teacher",), space=("r-1",), session=("s-1",), search="a", page=2))
        ),
        answers=[],
        filters=dict.fromkeys(("role", "space", "session", "search", "page")),
        filters_in=UserFilters,
        told=(told("id", 501, seen=SEEN), *(told(row.path, row.value, seen=SEEN) for row in PROFILE)),
        told_in=UserRecord,
        read=lambda values: parse_user(Fields(provider=PROVIDER, values=values)),
    ),
    Endpoint(
        line="DELETE /organisations/{organisation}/users/{user}/",
        ask=lambda service: service.delete_user("{user}"),
        answers={},
    ),
    Endpoint(
        line="GET /sessions/{session}/playback/",
        ask=lambda service: service.fetch_recording("{session}"),
        answers={"recording_url": ADDRESS},
        left_out=ONE_ANSWER,
    ),
    Endpoint(
        line="POST /spaces/launch/",
        ask=lambda service: service.launch(LEARNER),
        answers={"client_url": ADDRESS, "room_id": "r-1", "secret": "s"},
        told=LAUNCHED,
        told_in=LaunchRecord,
        read=in_launch,
    ),
    Endpoint(
        line="GET /spaces/{space}/sessions/",
        ask=lambda service: every(
            service.iterate_space_sessions(
                "{space}",
                SessionFilters(**{name: value for name, value in SESSION_FILTERS.items() if name != "space"}),  # type: ignore[arg-type]
            )
        ),
        answers=[],
        is_limited=True,
        filters={name: value for name, value in SESSION_FILTERS.items() if name != "space"},
        filters_in=SessionFilters,
        left_out={"space": "is the address itself"},
        told=(*SESSION, *LOGGED),
        told_in=SessionRecord,
        read=in_session,
    ),
)  # fmt: skip

UNDOCUMENTED_CALLS = ("GET /hello/", "GET /my-organisation/")
"""Seen in the official plugin and in connectors: whose key is it?"""
