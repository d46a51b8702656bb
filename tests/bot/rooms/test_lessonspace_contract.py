"""Our client and the strict stand-in: what we ask is taken, what we look for is found, what is reported is read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import product

import pytest

from bot.errors import RoomServiceRefused, WebhookForged
from bot.rooms.base import LESSON_TAG, Audience, Launch, Report, Reported
from bot.rooms.http import open_client
from bot.rooms.lessonspace import Lessonspace
from bot.rooms.lessonspace_launch import MORE_REPORTS, build_launch_body
from bot.rooms.lessonspace_lists import SessionFilters, SpaceFilters, UserFilters
from bot.sandbox.clock import MovableClock
from bot.sandbox.lessonspace.api import PlaybackPath
from bot.sandbox.lessonspace.reports import Spelling
from bot.sandbox.lessonspace.stand_in import LessonspaceStandIn
from storage.records import Role
from tests.bot.rooms.recorded import START
from tests.bot.rooms.test_lessonspace import KEY, LEADER, LEARNER, build_service, clock, room
from tests.bot.rooms.test_lessonspace_launch import EVERYTHING

__all__ = ["clock", "room"]

NOWHERE = "http://127.0.0.1:9/rooms/lessonspace/key"
"""Nobody listens there: what is reported is read where the stand-in keeps it."""

TICKED = {"records": True, "transcribes": True, "options": {"summarise": True}}


@pytest.fixture
async def service(room: LessonspaceStandIn) -> AsyncIterator[Lessonspace]:
    async with open_client(connections=8) as client, build_service(client, room.api_url) as service:
        yield service


@dataclass(frozen=True, kw_only=True)
class Met:
    """A session of Ada and Ben that is over."""

    ada: Launch
    ben: Launch

    @property
    def session_id(self) -> str:
        assert self.ada.session_id
        return self.ada.session_id


async def meet(
    service: Lessonspace, room: LessonspaceStandIn, clock: MovableClock, *, minutes: int = 10, **changes: object
) -> Met:
    """Both come in, speak, and leave."""
    changes = TICKED | {"tags": {LESSON_TAG: "l-1"}} | changes
    requests = [replace(request, **changes) for request in (LEADER, LEARNER)]  # type: ignore[arg-type]
    ada, ben = [await service.launch(request) for request in requests]
    tabs = [room.browser(name) for name in ("Ada's", "Ben's")]
    for tab, launch, text in zip(tabs, (ada, ben), ("What is 3 + 4?", "Seven?"), strict=True):
        assert (await tab.join(launch.url)).is_inside
        await tab.say(text)
    clock.move_by(timedelta(minutes=minutes))
    for tab in tabs:
        await tab.leave()
    clock.move_by(timedelta(minutes=1))
    return Met(ada=ada, ben=ben)


@pytest.mark.parametrize("role", Role)
async def test_every_option_and_all_that_a_lesson_says_is_taken(
    service: Lessonspace, room: LessonspaceStandIn, role: Role
) -> None:
    """By the strict stand-in, which refuses what the real one would drop in silence."""
    request = replace(
        LEARNER,
        role=role,
        options=EVERYTHING | {"observer": {"user": {"ghost": True, "record": False}}, "summarise": True},
        records=True,
        transcribes=True,
        tags={LESSON_TAG: "l-1"},
        webhook_url=NOWHERE,
        visitor_address="203.0.113.9",
        email="ben@school.example",
    )

    await service.launch(request)

    assert room.launches[0].body == build_launch_body(request)
    assert room.launches[0].visitor_address == "203.0.113.9"


async def test_webhooks_that_are_switched_on_are_taken(room: LessonspaceStandIn) -> None:
    """Every group there is."""
    async with open_client(connections=1) as client:
        service = Lessonspace(client, api_key=KEY, api_url=room.api_url, more_reports=MORE_REPORTS)
        await service.launch(replace(LEARNER, webhook_url=NOWHERE))

    assert set(MORE_REPORTS) <= room.launches[0].body["webhooks"].keys()


async def test_a_session_carries_its_lesson_and_what_came_of_it(
    service: Lessonspace, room: LessonspaceStandIn, clock: MovableClock
) -> None:
    """Tag, recording and summary, in the room's own list; by older and by newer answers."""
    met = await meet(service, room, clock)
    clock.move_by(timedelta(hours=1))
    told = []
    for has_newer_fields in (True, False):
        room.has_newer_fields = has_newer_fields
        [session] = await service.list_sessions(
            met.ada.room_id, overlaps_from=START, overlaps_until=START + timedelta(hours=1)
        )
        told.append((session.session_id, session.tags, session.has_recording, session.summary is not None))

    same = (met.session_id, {LESSON_TAG: "l-1"}, True)
    assert told == [(*same, True), (*same, False)]


async def test_a_session_is_found_renamed_and_given_an_audience(
    service: Lessonspace, room: LessonspaceStandIn, clock: MovableClock
) -> None:
    """The organisation's own audience first, then ours, then its own again."""
    met = await meet(service, room, clock)

    found = await service.fetch_session(met.session_id)
    renamed = await service.change_session(met.session_id, name="Fractions", audiences=[Audience.TEACHER])
    again = await service.change_session(met.session_id, name="Fractions II")
    reset = await service.change_session(met.session_id, name="Fractions II", audiences=[])

    assert (found.space and found.space.slug, found.end_time is not None) == (met.ada.room_id, True)
    assert [(record.name, record.recording_access_policy) for record in (renamed, again, reset)] == [
        ("Fractions", ("teacher",)),
        ("Fractions II", ("teacher",)),
        ("Fractions II", ()),
    ]


async def test_a_session_that_there_is_not_is_refused(service: Lessonspace) -> None:
    """With the status that says so."""
    with pytest.raises(RoomServiceRefused) as caught:
        await service.fetch_session("00000000-0000-4000-8000-000000000000")

    assert caught.value.status == 404


async def test_a_transcript_is_there_when_it_is_ready(
    service: Lessonspace, room: LessonspaceStandIn, clock: MovableClock
) -> None:
    """None until then; then who said what, when, by the service's own ids."""
    met = await meet(service, room, clock)

    early = await service.fetch_transcript(met.session_id)
    clock.move_by(timedelta(hours=1))
    lines = await service.fetch_transcript(met.session_id)

    assert early is None
    assert [(line.speaker, line.who, line.text) for line in lines or ()] == [
        ("Ada", met.ada.provider_user_id, "What is 3 + 4?"),
        ("Ben", met.ben.provider_user_id, "Seven?"),
    ]


async def test_a_later_launch_that_leaves_the_transcript_out_would_lose_it(
    service: Lessonspace, room: LessonspaceStandIn, clock: MovableClock
) -> None:
    """So each launch says it: another link during the lesson changes nothing."""
    requests = [replace(request, **TICKED) for request in (LEADER, LEARNER, LEARNER)]  # type: ignore[arg-type]
    ada, ben, _ = [await service.launch(request) for request in requests]
    tabs = [room.browser("Ada's"), room.browser("Ben's")]
    await tabs[0].join(ada.url)
    await tabs[1].join(ben.url)
    await tabs[0].say("Hello.")
    clock.move_by(timedelta(minutes=10))
    for tab in tabs:
        await tab.leave()
    clock.move_by(timedelta(hours=1))

    assert len(await service.fetch_transcript(ada.session_id or "") or ()) == 1


@pytest.mark.parametrize("path", PlaybackPath)
async def test_a_recording_is_found_at_either_address(
    service: Lessonspace, room: LessonspaceStandIn, clock: MovableClock, path: PlaybackPath
) -> None:
    """Each time another one; none where nothing was recorded."""
    room.playback_path = path
    met = await meet(service, room, clock)
    first, second = [await service.fetch_recording(met.session_id) for _ in range(2)]
    bare = await meet(service, room, clock, launch_id="room-2", records=False, transcribes=False, options={})

    assert first is not None
    assert first.startswith("http://127.0.0.1")
    assert first != second
    assert await service.fetch_recording(bare.session_id) is None


@pytest.mark.parametrize("is_bare", [False, True])
async def test_filters_find_what_they_say(
    service: Lessonspace, room: LessonspaceStandIn, clock: MovableClock, is_bare: bool
) -> None:
    """Two lessons in two rooms and a solo visit; each filter finds those it should, in either shape of list."""
    room.lists_bare_arrays, room.page_size = is_bare, 1
    one = await meet(service, room, clock)
    two = await meet(
        service, room, clock, minutes=20, launch_id="Room-2", room_name="Biology", tags={LESSON_TAG: "l-2"}
    )
    middle = START + timedelta(minutes=11)
    solo = await service.launch(replace(LEARNER, launch_id="room-3", person_key="k-cleo", shown_name="Cleo"))
    await room.browser("Cleo's").join(solo.url)

    async def find(**filters: object) -> list[str | None]:
        found = service.iterate_sessions(SessionFilters(**filters))  # type: ignore[arg-type]
        return [record.uuid async for record in found]

    first, second, third = one.session_id, two.session_id, solo.session_id
    rooms = (one.ada.room_id, two.ada.room_id)
    people = (one.ada.provider_user_id, one.ben.provider_user_id)
    quarter = timedelta(minutes=15)
    assert await find() == [third, second, first]
    assert await find(include_single_user=False) == [second, first]
    assert await find(in_progress_only=True) == [third]
    assert await find(launch_id="Room-2") == [second]
    assert await find(launch_id="room-2") == []
    assert await find(tags={LESSON_TAG: "L-1"}) == [first]
    assert await find(tags={LESSON_TAG: ""}) == [second, first]
    assert await find(search="biol") == [second]
    assert await find(start_time_after=middle - timedelta(seconds=1)) == [third, second]
    assert await find(end_time_before=middle) == [first]
    assert await find(space=rooms) == [second, first]
    assert await find(user=people) == [second, first]
    assert await find(user_external_id="K-CLEO") == [third]
    assert await find(user_name="cle") == [third]
    assert await find(duration_min=quarter) == [second]
    assert await find(user=people, duration_max=quarter) == [first]


async def test_spaces_and_users_are_listed(service: Lessonspace, room: LessonspaceStandIn, clock: MovableClock) -> None:
    """With their filters, page by page."""
    room.page_size = 1
    one = await meet(service, room, clock, options={"space_tags": {"year": "7"}})
    two = await meet(service, room, clock, launch_id="room-2", room_name="Biology")

    async def spaces(**filters: object) -> set[str]:
        return {space.slug async for space in service.iterate_spaces(SpaceFilters(**filters))}  # type: ignore[arg-type]

    async def users(**filters: object) -> set[str | None]:
        return {user.name async for user in service.iterate_users(UserFilters(**filters))}  # type: ignore[arg-type]

    first, second = one.ada.room_id, two.ada.room_id
    assert await spaces() == {first, second}
    assert await spaces(search="biol") == {second}
    assert await spaces(tag_key="year", tag_value="7") == {first}
    assert await spaces(session=(one.session_id, two.session_id)) == {first, second}
    assert await spaces(date_after=START + timedelta(minutes=12)) == {second}
    assert await users() == {"Ada", "Ben"}
    assert await users(role=("teacher",)) == {"Ada"}
    assert await users(space=(first, second), search="be") == {"Ben"}


async def test_somebody_is_forgotten_once(service: Lessonspace, room: LessonspaceStandIn, clock: MovableClock) -> None:
    """By the id that the launch gave; the second time there is nobody."""
    met = await meet(service, room, clock)
    assert met.ben.provider_user_id

    assert [await service.forget_person(met.ben.provider_user_id) for _ in range(2)] == [True, False]
    assert [user.name async for user in service.iterate_users()] == ["Ada"]


SPELLINGS = [
    Spelling(uses_past=past, uses_external_id=external, uses_timestamp=stamp, names_room=named)
    for past, external, stamp, named in product((False, True), repeat=4)
]


@pytest.mark.parametrize("spelling", SPELLINGS, ids=repr)
async def test_what_is_reported_is_read_however_it_is_written(
    service: Lessonspace, room: LessonspaceStandIn, clock: MovableClock, spelling: Spelling
) -> None:
    """A whole session, from the first join to the summary, in every spelling that somebody has seen."""
    room.spelling = spelling
    met = await meet(service, room, clock, webhook_url=NOWHERE)
    clock.move_by(timedelta(hours=1))

    reports = read_all(service, room, secret=met.ada.room_secret or "")

    assert [report.kind for report in reports] == [
        Reported.SESSION_STARTED,
        *[Reported.JOINED] * 2,
        *[Reported.LEFT] * 2,
        Reported.SESSION_ENDED,
        Reported.TRANSCRIPT_READY,
        Reported.SUMMARY_READY,
    ]
    people = [report for report in reports if report.kind is Reported.JOINED]
    ids = ("k-ada", "k-ben") if spelling.uses_external_id else (met.ada.provider_user_id, met.ben.provider_user_id)
    assert [(report.who, report.shown_name, report.at) for report in people] == [
        (ids[0], "Ada", START),
        (ids[1], "Ben", START),
    ]
    assert {report.session_id for report in reports[:-1]} == {met.session_id}
    assert {report.room_id for report in reports} <= {met.ada.room_id, None}
    assert reports[-1].summary


async def test_what_another_room_s_secret_signed_is_forged(
    service: Lessonspace, room: LessonspaceStandIn, clock: MovableClock
) -> None:
    """A key of ours in the address alone proves nothing."""
    await meet(service, room, clock, webhook_url=NOWHERE)
    other = await service.launch(replace(LEARNER, launch_id="room-2"))

    with pytest.raises(WebhookForged):
        read_all(service, room, secret=other.room_secret or "")


def read_all(service: Lessonspace, room: LessonspaceStandIn, *, secret: str) -> list[Report]:
    """Everything that the stand-in sent or wanted to, as we read it."""
    deliveries = room.webhooks.deliveries
    assert deliveries
    for delivery in deliveries:
        incoming = service.open_webhook(delivery.headers)
        assert incoming is not None
        assert (incoming.delivery_id, incoming.at) == (delivery.id, delivery.at)
    return [
        service.read_webhook(delivery.headers, delivery.body, secret=secret, received_at=delivery.at)
        for delivery in deliveries
    ]
