"""Our client of Lessonspace: what it asks, what it makes of answers, and that nothing half-right gets through."""

from __future__ import annotations

import copy
import traceback
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.errors import RoomServiceBusy, RoomServiceDown, RoomServiceError, RoomServiceNonsense, RoomServiceRefused
from bot.rooms.base import Happening, LaunchRequest, RoomService, Session
from bot.rooms.http import Patience, open_client
from bot.rooms.lessonspace import Lessonspace
from bot.rooms.lessonspace_launch import build_launch_body
from bot.sandbox.clock import MovableClock
from bot.sandbox.faults import Fault
from bot.sandbox.lessonspace.spaces import Reason
from bot.sandbox.lessonspace.stand_in import LessonspaceStandIn
from storage.records import Role
from tests.bot.rooms.recorded import START, HandWound, RecordedServer, answer

KEY = "0b9d7c1e-key-that-nobody-may-read"
SECRET = "room-secret-that-nobody-may-read"
LINK = "https://go.example/?user=link-that-nobody-may-read&room=r"

END = START + timedelta(minutes=60)

LEARNER = LaunchRequest(
    launch_id="room-1",
    room_name="Algebra",
    person_key="k-ben",
    shown_name="Ben",
    role=Role.LEARNER,
    is_leader=False,
    opens_at=START,
    closes_at=END,
    warns_at=None,
    leaves_at_close=True,
)
LEADER = replace(
    LEARNER,
    person_key="k-ada",
    shown_name="Ada",
    role=Role.LEADER,
    is_leader=True,
    warns_at=START + timedelta(minutes=25),
    leaves_at_close=False,
)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(START, is_frozen=True)


@pytest.fixture
async def room(clock: MovableClock) -> AsyncIterator[LessonspaceStandIn]:
    async with LessonspaceStandIn(clock, api_key=KEY, limited_per_second=None) as room:
        yield room


@pytest.fixture
async def service(room: LessonspaceStandIn) -> AsyncIterator[RoomService]:
    async with open_client(connections=8) as client, build_service(client, room.api_url) as service:
        yield service


def build_service(client: Any, url: str, *, patience: Patience | None = None) -> Lessonspace:
    return Lessonspace(client, api_key=KEY, api_url=url, patience=patience, timing=HandWound().as_timing())


async def launch_from(recorded: bytes) -> Any:
    async with RecordedServer(recorded) as server, open_client(connections=1) as client:
        return await build_service(client, server.url, patience=Patience(tries=1)).launch(LEARNER)


def test_a_learner_s_launch_asks_for_everything_explicitly() -> None:
    """Nothing about the room or the person is left to the organisation's defaults, and nothing more is told."""
    assert build_launch_body(LEARNER) == {
        "id": "room-1",
        "name": "Algebra",
        "allow_guests": False,
        "record_av": False,
        "record_content": False,
        "transcribe": False,
        "user": {
            "id": "k-ben",
            "name": "Ben",
            "role": "student",
            "leader": False,
            "single_use": True,
            "custom_jwt_parameters": {"kickOnExp": True},
        },
        "timeouts": {"not_before": "2030-03-04T15:00:00Z", "not_after": "2030-03-04T16:00:00Z"},
        "features": {"invite": False, "people.invite": False},
    }


def test_a_leader_s_launch_has_role_lead_and_question_and_keeps_the_invitation() -> None:
    """softExp is whole UNIX seconds; leaders stay at the end unless asked otherwise."""
    body = build_launch_body(LEADER)

    assert body["user"] == {
        "id": "k-ada",
        "name": "Ada",
        "role": "teacher",
        "leader": True,
        "single_use": True,
        "custom_jwt_parameters": {"softExp": int((START + timedelta(minutes=25)).timestamp())},
    }
    assert "features" not in body


@pytest.mark.parametrize(
    "request_, path, expected",
    [
        (replace(LEARNER, warns_at=END), "user.custom_jwt_parameters", {"kickOnExp": True}),  # only leaders are asked
        (replace(LEARNER, leaves_at_close=False), "user.custom_jwt_parameters", None),
        (replace(LEADER, leaves_at_close=True, warns_at=None), "user.custom_jwt_parameters", {"kickOnExp": True}),
        (replace(LEARNER, role=Role.OBSERVER), "user.role", "student"),
        (replace(LEADER, is_leader=False), "user.role", "teacher"),
        (replace(LEARNER, is_single_use=False), "user.single_use", False),
        (replace(LEARNER, records=True), "record_av", True),
        (replace(LEARNER, records=True), "record_content", True),
        (replace(LEARNER, transcribes=True), "transcribe", True),
        (replace(LEARNER, room_name="  "), "name", None),  # a blank one would be kept as blank
        (replace(LEARNER, language="pl"), "locale", "pl"),
        (replace(LEARNER, language="fr-CA"), "locale", "fr"),
        (replace(LEARNER, language="IT_it"), "locale", "it"),
        (replace(LEARNER, language="de"), "locale", None),
        (replace(LEARNER, features={"chat": False}), "features.chat", False),
        (replace(LEARNER, features={"chat": False}), "features.chat_enabled", False),
        (replace(LEARNER, features={"invite": True}), "features.people_invite", True),
        (replace(LEADER, features={"timer": False, "somebody else's": True}), "features", {"timer": False}),
        (replace(LEARNER, opens_at=START + timedelta(milliseconds=999)), "timeouts.not_before", "2030-03-04T15:00:00Z"),
    ],
)
def test_each_wish_finds_its_field(request_: LaunchRequest, path: str, expected: object) -> None:
    """`path` leads to the field (`_` for the dot inside a feature's name); None: it must not be there."""
    found: Any = build_launch_body(request_)
    for name in path.split("."):
        spelt = name.replace("_", ".") if path.startswith("features.") else name
        found = found.get(spelt) if found else None

    assert found == expected


async def test_a_launch_gives_a_way_in(service: RoomService, room: LessonspaceStandIn) -> None:
    """Link, room and secret as the service gave them; the first one is told to be new."""
    first, second = await service.launch(LEARNER), await service.launch(LEADER)

    record = room.launches[0]
    assert (first.url, first.room_id, first.room_secret) == (record.url, record.room_id, record.secret)
    assert (first.session_id, first.provider_user_id) == (record.session_id, str(record.user_id))
    assert [first.is_new_room, second.is_new_room] == [True, False]
    assert [first.is_recorded, first.is_transcribed] == [False, False]
    assert first.room_id == second.room_id


@pytest.mark.parametrize(
    "launch_request",
    [
        LEARNER,
        LEADER,
        replace(LEADER, leaves_at_close=True, records=True, transcribes=True, language="fr"),
        replace(LEARNER, features=dict.fromkeys(Lessonspace.capabilities.features, False)),
        replace(LEARNER, launch_id="x" * 64, closes_at=START + Lessonspace.capabilities.longest_window),  # type: ignore[operator]
    ],
)
async def test_whatever_we_ask_the_service_accepts(
    service: RoomService, room: LessonspaceStandIn, launch_request: LaunchRequest
) -> None:
    """The strict stand-in takes every kind of launch of ours as it is."""
    await service.launch(launch_request)

    assert room.launches[0].body == build_launch_body(launch_request)


async def test_what_the_room_s_settings_say_is_told(service: RoomService, room: LessonspaceStandIn) -> None:
    """Asked for recording and transcript, on an account without the plan for it: only the content is recorded."""
    room.organisation.has_recording_plan = False

    launch = await service.launch(replace(LEARNER, records=True, transcribes=True))

    assert [launch.is_recorded, launch.is_transcribed] == [True, False]


@pytest.mark.parametrize(
    "settings, expected",
    [
        ({"record_av": True, "record_content": False, "transcribe": True}, (True, True)),
        ({"record_av": False, "record_content": False, "transcribe": False}, (False, False)),
        ({"record_av": False}, (None, None)),
        ({"record_content": True}, (True, None)),
        ({"record_av": "yes", "transcribe": 1}, (None, None)),
        ({}, (None, None)),
        ("on", (None, None)),
        (None, (None, None)),
    ],
)
async def test_settings_that_are_not_told_stay_untold(
    settings: object, expected: tuple[bool | None, bool | None]
) -> None:
    """Never a guess about recording children."""
    launch = await launch_from(answer(LAUNCHED | {"room_settings": settings}))

    assert (launch.is_recorded, launch.is_transcribed) == expected


LAUNCHED: dict[str, object] = {"client_url": LINK, "room_id": "r-1", "secret": SECRET}


async def test_the_smallest_answer_that_is_enough() -> None:
    """Link, room and secret; the rest is not told."""
    launch = await launch_from(answer(LAUNCHED, 200))

    assert (launch.url, launch.room_id, launch.room_secret) == (LINK, "r-1", SECRET)
    assert (launch.session_id, launch.provider_user_id, launch.is_new_room) == (None, None, False)


@pytest.mark.parametrize("user_id, expected", [(501, "501"), ("501", "501"), ("int", "int"), (None, None), ([], None)])
async def test_the_user_s_id_is_text_however_it_comes(user_id: object, expected: str | None) -> None:
    """Documented as an integer, shown in one sample as text."""
    assert (await launch_from(answer(LAUNCHED | {"user_id": user_id}))).provider_user_id == expected


NO_TEXTS: tuple[object, ...] = (None, "", 7, [], {})


@pytest.mark.parametrize(
    "changes, field",
    [
        *[({name: value}, name) for name in LAUNCHED for value in NO_TEXTS],
        ({"client_url": "http://go.example/?user=x"}, "client_url"),
        ({"client_url": "javascript:alert(1)"}, "client_url"),
        ({"client_url": "//go.example/"}, "client_url"),
        ({"client_url": "https://"}, "client_url"),
        ({"client_url": "https://[broken/"}, "client_url"),
        ({"client_url": "https://go.example/ two|links"}, "client_url"),
        ({"client_url": "http://127.0.0.1.example/"}, "client_url"),
    ],
)
async def test_a_launch_without_link_room_or_secret_is_no_launch(changes: dict[str, object], field: str) -> None:
    """RoomServiceNonsense names the field; a link that must not be pressed counts as none."""
    with pytest.raises(RoomServiceNonsense) as caught:
        await launch_from(answer(LAUNCHED | changes))

    assert caught.value.field == field


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/join", "http://localhost/x", "http://[::1]/x", "https://go.example/"]
)
async def test_plain_http_is_taken_on_this_machine_only(url: str) -> None:
    """A stand-in has no certificate."""
    assert (await launch_from(answer(LAUNCHED | {"client_url": url}))).url == url


@pytest.mark.parametrize("body", ["[]", '"text"', "<html>", ""])
async def test_an_answer_of_another_shape_is_nonsense(body: str) -> None:
    """A list, a text, a page, nothing."""
    with pytest.raises(RoomServiceNonsense):
        await launch_from(answer(body))


async def test_a_launch_whose_answer_is_lost_is_asked_again(service: RoomService, room: LessonspaceStandIn) -> None:
    """Cut after it was done, then failed, then well: one way in comes out; the spare link does no harm."""
    room.faults.switch_on("launch", Fault.dropping(does_work=True), count=1)
    room.faults.switch_on("launch", Fault.failing(502), count=1)

    launch = await service.launch(LEARNER)

    assert launch.url == room.launches[-1].url
    assert [asked.status for asked in room.asked] == [None, 502, 200]


@pytest.mark.parametrize(
    "fault, error",
    [
        (Fault.failing(503), RoomServiceDown),
        (Fault.dropping(), RoomServiceDown),
        (Fault.rate_limited(60), RoomServiceBusy),
        (Fault.refusing("no"), RoomServiceRefused),
        (Fault.garbage(does_work=True), RoomServiceNonsense),
    ],
)
async def test_a_service_that_stays_wrong_becomes_one_of_our_errors(
    service: RoomService, room: LessonspaceStandIn, fault: Fault, error: type[RoomServiceError]
) -> None:
    """And never tells the key, a link or the person's name."""
    room.faults.switch_on("launch", fault)

    with pytest.raises(error) as caught:
        await service.launch(LEARNER)

    told = "".join(traceback.format_exception(caught.value))
    assert [secret for secret in (KEY, "/join?", "Ben") if secret in told] == []


async def test_one_busy_launch_holds_back_the_next(room: LessonspaceStandIn) -> None:
    """The second launch waits out what the first was told, instead of asking to be told the same."""
    time = HandWound()
    room.faults.switch_on("launch", Fault.rate_limited(6), count=1)
    async with open_client(connections=4) as client:
        service = Lessonspace(client, api_key=KEY, api_url=room.api_url, timing=time.as_timing())
        with pytest.raises(RoomServiceBusy):
            await service.launch(LEARNER)
        asked_before = len(room.asked)
        await service.launch(LEADER)

    assert (asked_before, time.sleeps, len(room.launches)) == (1, [6.0], 1)


async def test_sessions_are_read_with_who_came_and_when(
    service: RoomService, room: LessonspaceStandIn, clock: MovableClock
) -> None:
    """Two people, one left, it still runs: events in order, names, shared time, and no recording before its end."""
    ada = await service.launch(replace(LEADER, records=True))
    ben = await service.launch(replace(LEARNER, records=True))
    await room.browser("Ada's laptop").join(ada.url)
    clock.move_by(timedelta(minutes=2))
    tablet = room.browser("Ben's tablet")
    await tablet.join(ben.url)
    clock.move_by(timedelta(minutes=10))
    await tablet.idle()
    await tablet.leave()

    [session] = await service.list_sessions(ada.room_id, overlaps_from=START, overlaps_until=END)

    happenings = [(event.happening, event.who, event.at) for event in session.events]
    minutes = [START + timedelta(minutes=minute) for minute in (0, 2, 12)]
    assert happenings == [
        (Happening.JOINED, ada.provider_user_id, minutes[0]),
        (Happening.JOINED, ben.provider_user_id, minutes[1]),
        (Happening.IDLED, ben.provider_user_id, minutes[2]),
        (Happening.LEFT, ben.provider_user_id, minutes[2]),
    ]
    assert session.names == {ada.provider_user_id: "Ada", ben.provider_user_id: "Ben"}
    assert (session.session_id, session.started_at, session.ended_at) == (ben.session_id, START, None)
    assert (session.billable, session.has_recording) == (timedelta(minutes=10), False)
    assert session.events[1].connection == session.events[3].connection != session.events[0].connection


@pytest.mark.parametrize("is_bare", [False, True])
async def test_every_session_that_overlaps_is_found_and_no_other(
    service: RoomService, room: LessonspaceStandIn, clock: MovableClock, is_bare: bool
) -> None:
    """Solo ones, running ones, on as many pages as there are, oldest first."""
    room.page_size = 1
    room.lists_bare_arrays = is_bare
    launch = await service.launch(replace(LEARNER, is_single_use=False, closes_at=START + timedelta(days=2)))
    for _ in range(4):
        browser = room.browser("Ben's tablet")
        await browser.join(launch.url)
        clock.move_by(timedelta(minutes=10))
        await browser.leave()
        clock.move_by(timedelta(minutes=10))
    await room.browser("Ben's tablet").join(launch.url)

    async def list_starts(start: float, end: float) -> list[float]:
        moments = [START + timedelta(minutes=minute) for minute in (start, end)]
        found = await service.list_sessions(launch.room_id, overlaps_from=moments[0], overlaps_until=moments[1])
        return [(session.started_at - START) / timedelta(minutes=1) for session in found]

    assert await list_starts(0, 200) == [0, 20, 40, 60, 80]
    assert await list_starts(10.4, 40) == [0, 20]
    assert await list_starts(10.5, 40.01) == [20, 40]
    assert await list_starts(150, 200) == [80]


ENTRY: dict[str, Any] = {
    "id": 1,
    "log_type": "user-joined",
    "date": "2030-03-04T15:01:00Z",
    "profile": "501",
    "guest_uuid": None,
    "user_socket_id": "s-1",
}
SESSION: dict[str, Any] = {
    "id": 9,
    "uuid": "u-1",
    "start_time": "2030-03-04T15:00:30.500000+00:00",
    "end_time": "2030-03-04T15:45:00",
    "profiles": [{"user": 501, "name": "Ben", "role": "student"}],
    "guests": [{"id": 3, "uuid": "g-1", "session": 9, "name": "Grandma"}],
    "billable_seconds": 90,
    "logs": [ENTRY],
    "playback_url": "",
}


async def list_from(*pages: object) -> list[Session]:
    recorded = [page if isinstance(page, bytes) else answer(page) for page in pages]
    async with RecordedServer(*recorded) as server, open_client(connections=1) as client:
        service = build_service(client, server.url, patience=Patience(tries=1))
        found = await service.list_sessions("r/1?", overlaps_from=START, overlaps_until=END)
        assert server.requests[0].line.startswith("GET /v2/spaces/r%2F1%3F/sessions/?")
        assert "end_time" not in server.requests[0].line
        return found


async def test_a_recorded_session_in_every_documented_type() -> None:
    """Fractions, offsets, a stamp without one, ids as text and as numbers, guests, entries of nobody."""
    logs = [
        ENTRY | {"id": "7", "date": "2030-03-04T15:03:00Z", "profile": None, "guest_uuid": "g-1"},
        ENTRY | {"profile": 501},
        ENTRY | {"id": 3, "date": "2030-03-04T15:04:00Z", "log_type": "session-idled", "profile": "",
                 "user_socket_id": None},
        ENTRY | {"id": 4, "date": "2030-03-04T15:05:00Z", "log_type": "something-new"},
    ]  # fmt: skip

    [session] = await list_from([SESSION | {"logs": logs}])

    assert session.started_at == datetime(2030, 3, 4, 15, 0, 30, 500_000, tzinfo=UTC)
    assert session.ended_at == datetime(2030, 3, 4, 15, 45, tzinfo=UTC)
    assert [(event.id, event.who) for event in session.events] == [
        ("1", "501"), ("7", "guest:g-1"), ("3", ""), ("4", "501"),
    ]  # fmt: skip
    assert [event.happening for event in session.events[2:]] == [Happening.OTHER, Happening.OTHER]
    assert session.names == {"501": "Ben", "guest:g-1": "Grandma"}
    assert (session.billable, session.has_recording) == (timedelta(seconds=90), False)


@pytest.mark.parametrize(
    "changes",
    [{"profiles": None, "guests": "none"}, {"profiles": [{"user": 501, "name": None}], "guests": [{"uuid": "g-1"}]}],
)
async def test_missing_names_are_no_error(changes: dict[str, object]) -> None:
    """They only dress up what the log says."""
    [session] = await list_from([SESSION | changes])

    assert (session.names, len(session.events)) == ({}, 1)


@pytest.mark.parametrize("figure", [None, "90", -1, True, 1.5])
async def test_a_figure_that_is_none_is_not_told(figure: object) -> None:
    """Billable time is theirs to tell; we make up none."""
    [session] = await list_from([SESSION | {"billable_seconds": figure}])

    assert session.billable is None


@pytest.mark.parametrize(
    "path, value, field",
    [
        ("uuid", None, "sessions[0].uuid"),
        ("uuid", 9, "sessions[0].uuid"),
        ("start_time", None, "sessions[0].start_time"),
        ("start_time", "today", "sessions[0].start_time"),
        ("end_time", "later", "sessions[0].end_time"),
        ("end_time", 7, "sessions[0].end_time"),
        ("logs", None, "sessions[0].logs"),
        ("logs", {}, "sessions[0].logs"),
        ("logs", ["x"], "sessions[0].logs[0]"),
        ("logs.id", None, "sessions[0].logs[0].id"),
        ("logs.date", None, "sessions[0].logs[0].date"),
        ("logs.date", 1, "sessions[0].logs[0].date"),
        ("logs.log_type", None, "sessions[0].logs[0].log_type"),
    ],
)
async def test_a_session_that_cannot_be_read_whole_is_not_read_in_part(path: str, value: object, field: str) -> None:
    """A missing entry would make somebody absent who was there."""
    session = copy.deepcopy(SESSION)
    if path.startswith("logs."):
        session["logs"][0][path.removeprefix("logs.")] = value
    else:
        session[path] = value

    with pytest.raises(RoomServiceNonsense) as caught:
        await list_from([session])

    assert caught.value.field == field


@pytest.mark.parametrize(
    "page, field",
    [
        ({"results": None, "next": None}, "results"),
        ({"next": None}, "results"),
        ({"results": [], "next": 2}, "next"),
        ({"results": [], "next": "https://elsewhere.example/v2/spaces/r/sessions/?page=2"}, "sessions"),
        ([7], "sessions[0]"),
    ],
)
async def test_a_list_of_another_shape_is_nonsense(page: object, field: str) -> None:
    """Neither envelope nor array, or a next page somewhere else: the key does not go there."""
    with pytest.raises(RoomServiceNonsense) as caught:
        await list_from(page)

    assert caught.value.field == field


async def test_an_entry_on_two_pages_counts_once_as_it_was_last() -> None:
    """The list moved while we read it: the session had ended by the second page."""
    running = SESSION | {"end_time": None}
    second = "sessions/?page=2"

    [session] = await list_from(
        {"results": [running], "next": f"/v2/spaces/r/{second}"}, {"results": [SESSION], "next": None}
    )

    assert session.ended_at is not None


async def test_pages_that_lead_in_a_circle_are_left() -> None:
    """Each names the other as the next."""
    pages = [{"results": [], "next": f"/v2/spaces/r/sessions/?page={number}"} for number in (2, 3, 2, 3)]

    with pytest.raises(RoomServiceNonsense) as caught:
        await list_from(*pages)

    assert caught.value.field == "next"


async def test_limited_calls_keep_the_pace(room: LessonspaceStandIn) -> None:
    """Eleven readings at once are spread over two and a half seconds; launches are not slowed by them."""
    time = HandWound()
    async with open_client(connections=4) as client:
        service = Lessonspace(client, api_key=KEY, api_url=room.api_url, timing=time.as_timing())
        launch = await service.launch(LEARNER)
        for _ in range(11):
            await service.list_sessions(launch.room_id, overlaps_from=START, overlaps_until=END)
        await service.launch(LEARNER)

    assert (len(time.sleeps), round(time.seconds, 6)) == (10, 2.5)


async def test_the_account_is_told_with_its_clock(service: RoomService, room: LessonspaceStandIn) -> None:
    """Organisation's number as text, its name, and the server's time to compare ours with."""
    account = await service.check_account()

    assert (account.organisation_id, account.organisation_name) == (
        str(room.organisation.id),
        room.organisation.name,
    )
    assert account.server_time is not None


async def test_a_wrong_key_is_refused_in_words_without_it(room: LessonspaceStandIn) -> None:
    """`doctor` shows this line."""
    async with open_client(connections=1) as client:
        service = Lessonspace(client, api_key="another-key", api_url=room.api_url)
        with pytest.raises(RoomServiceRefused) as caught:
            await service.check_account()

    assert str(caught.value) == "Lessonspace: hello: our key is not accepted, or may not do this (HTTP 403)"


@pytest.mark.parametrize("organisation", [{}, {"id": "4711"}, {"id": None}, {"id": True}, []])
async def test_an_account_without_a_number_is_nonsense(organisation: object) -> None:
    """The id goes into addresses later: it must be the documented integer."""
    recorded = RecordedServer(answer({"response": "hi"}), answer(organisation))
    async with recorded as server, open_client(connections=1) as client:
        with pytest.raises(RoomServiceNonsense):
            await build_service(client, server.url).check_account()


@pytest.mark.parametrize("key", ["", "   ", "two\nlines", "ключ"])
def test_what_cannot_be_a_key_is_refused_when_it_is_handed_in(key: str) -> None:
    """It would otherwise fail in the middle of a launch, with the key in the error."""
    client: Any = None
    with pytest.raises(ValueError) as caught:
        Lessonspace(client, api_key=key)

    assert key.strip() == "" or key not in str(caught.value)


async def test_a_key_s_surrounding_space_is_not_part_of_it(room: LessonspaceStandIn) -> None:
    """As it comes out of a file."""
    async with open_client(connections=1) as client:
        await Lessonspace(client, api_key=f" {KEY}\n", api_url=room.api_url).check_account()


async def test_the_links_work_as_asked(service: RoomService, room: LessonspaceStandIn, clock: MovableClock) -> None:
    """One browser, only in the window, out at its end."""
    launch = await service.launch(replace(LEARNER, opens_at=START + timedelta(minutes=5)))
    tablet, phone = room.browser("Ben's tablet"), room.browser("phone")
    early = await tablet.join(launch.url)
    clock.move_by(timedelta(minutes=5))
    outcomes = [early.refusal, (await tablet.join(launch.url)).refusal, (await phone.join(launch.url)).refusal]
    clock.move_to(END)

    assert outcomes == [Reason.TOO_EARLY, None, Reason.USED_ELSEWHERE]
    assert not await tablet.is_inside()


async def test_repr_of_a_way_in_leaves_link_and_secret_out() -> None:
    """It ends up in logs sooner or later."""
    launch = await launch_from(answer(LAUNCHED))

    assert "nobody-may-read" not in repr(launch)
