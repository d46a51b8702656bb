"""Our client of Agora's whiteboard against the strict stand-in: rooms, ways in, bans, tokens, and what fails how."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from bot.errors import RoomServiceBusy, RoomServiceDown, RoomServiceError, RoomServiceNonsense, RoomServiceRefused
from bot.rooms.agora_tokens import TokenRole
from bot.rooms.agora_whiteboard import GRACE, SDK_TOKEN_LIVES, SPARE_SEATS, AgoraWhiteboard
from bot.rooms.base import Capabilities, Embed, Launch, LaunchRequest, RoomService
from bot.rooms.http import HttpClient, Patience, open_client
from bot.sandbox.agora.rooms import Reason
from bot.sandbox.agora.stand_in import AgoraStandIn
from bot.sandbox.agora.tokens import Power, Token, open_token
from bot.sandbox.clock import MovableClock
from bot.sandbox.faults import Fault
from storage.records import Role
from tests.bot.rooms.recorded import START, HandWound, RecordedServer, answer
from tests.bot.rooms.test_lessonspace import END, LEADER, LEARNER

APP = "app-that-is-public/team"
ACCESS = "ak-that-nobody-may-read"
SECRET = "sk-that-nobody-may-read"
OBSERVER = replace(LEARNER, role=Role.OBSERVER, person_key="k-eve", shown_name="Eve")
ROOM = {"uuid": "u-1", "isBan": False}


class BothTimes(MovableClock):
    """Lesson time for machine time too, so that a token of ours can grow old without waiting."""

    def machine_now(self) -> Any:
        return self.now()


@pytest.fixture
def clock() -> MovableClock:
    return BothTimes(START, is_frozen=True)


@pytest.fixture
async def boards(clock: MovableClock) -> AsyncIterator[AgoraStandIn]:
    async with AgoraStandIn(clock, app_identifier=APP, access_key=ACCESS, secret_key=SECRET) as boards:
        yield boards


@pytest.fixture
async def service(boards: AgoraStandIn) -> AsyncIterator[AgoraWhiteboard]:
    async with open_client(connections=8) as client, build_service(client, boards.api_url) as service:
        yield service


def build_service(client: HttpClient, url: str, **changes: Any) -> AgoraWhiteboard:
    """As it is set up for the stand-in; in Frankfurt."""
    said: dict[str, Any] = {
        "app_identifier": APP,
        "access_key": ACCESS,
        "secret_key": SECRET,
        "region": "eu",
        "api_url": url,
        "timing": HandWound().as_timing(),
    }
    return AgoraWhiteboard(client, **(said | changes))


async def ask_recorded(ask: Callable[[AgoraWhiteboard], Awaitable[Any]], *recorded: bytes) -> Any:
    """What the client makes of these answers, each of which it must have asked for."""
    async with RecordedServer(*recorded) as server, open_client(connections=1) as client:
        found = await ask(build_service(client, server.url, patience=Patience(tries=1)))
        assert not server.scripts
        return found


def get_values(launch: Launch) -> dict[str, str]:
    """What the page is handed."""
    assert launch.embed is not None
    return launch.embed.values


def read_room_token(values: dict[str, str]) -> Token:
    return open_token(values["roomToken"], access_key=ACCESS, secret_key=SECRET)


def names(boards: AgoraStandIn) -> list[str]:
    return [asked.name for asked in boards.asked]


async def test_a_learner_s_way_in_is_a_page_with_a_token_of_their_own(
    service: AgoraWhiteboard, boards: AgoraStandIn
) -> None:
    """Everything that the browser SDK needs and nothing else about the person; no address at all."""
    launch = await service.launch(LEARNER)

    assert launch.embed is not None
    assert ("", "agora_whiteboard") == (launch.url, launch.embed.page)
    values = dict(launch.embed.values)
    assert values.pop("roomToken").startswith("NETLESSROOM_")
    assert values == {
        "script": "https://sdk.netless.link/white-web-sdk/2.15.16.js",
        "appIdentifier": APP,
        "region": "eu",
        "uuid": launch.room_id,
        "uid": "k-ben",
        "isWritable": "true",
        "shownName": "Ben",
    }
    assert (launch.room_region, launch.is_new_room, launch.is_recorded) == ("eu", True, False)
    assert launch.room_id in boards.rooms


@pytest.mark.parametrize(
    "request_, power, is_writable",
    [(LEADER, Power.WRITER, "true"), (LEARNER, Power.WRITER, "true"), (OBSERVER, Power.READER, "false")],
    ids=["leader", "learner", "observer"],
)
async def test_the_token_says_what_the_role_may_do(
    service: AgoraWhiteboard, request_: LaunchRequest, power: Power, is_writable: str
) -> None:
    """Nobody's browser gets an admin's, which could lift a ban; and it dies a little after the window."""
    launch = await service.launch(request_)

    token = read_room_token(get_values(launch))
    assert Token(kind="room", power=power, uuid=launch.room_id, expires_at=END + GRACE) == token
    assert is_writable == get_values(launch)["isWritable"]


async def test_everybody_gets_into_the_room_and_only_watchers_are_unseen(
    service: AgoraWhiteboard, boards: AgoraStandIn
) -> None:
    """The first launch makes the room; the others are told of it."""
    first = await service.launch(LEADER)
    later = [await service.launch(replace(request, room_id=first.room_id)) for request in (LEARNER, OBSERVER)]

    visits = [await boards.browser().join(get_values(launch)) for launch in (first, *later)]

    assert all(visit.is_inside for visit in visits)
    assert {first.room_id} == {launch.room_id for launch in later}
    assert [False, False] == [launch.is_new_room for launch in later]
    assert (["Ada", "Ben"], 3) == (boards.list_members(first.room_id), len(boards.list_inside(first.room_id)))


async def test_a_token_of_another_lesson_or_of_yesterday_opens_nothing(
    service: AgoraWhiteboard, boards: AgoraStandIn, clock: MovableClock
) -> None:
    """The room's and the window's fences."""
    ours, theirs = await service.launch(LEARNER), await service.launch(LEADER)
    strange = get_values(ours) | {"uuid": theirs.room_id}
    clock.move_to(END + GRACE - timedelta(seconds=1))
    in_time = await boards.browser().join(get_values(ours))
    clock.move_to(END + GRACE)

    assert in_time.is_inside
    assert Reason.OTHER_ROOM == (await boards.browser().join(strange)).refusal
    assert Reason.SPENT == (await boards.browser().join(get_values(ours))).refusal


async def test_a_room_is_made_with_the_lesson_s_name_and_room_to_spare(
    service: AgoraWhiteboard, boards: AgoraStandIn
) -> None:
    """Twice everybody, and some who are added later; without a number there is no limit, without a name no name."""
    named = await service.launch(replace(LEARNER, room_name="x" * 3000, seats=2))
    plain = await service.launch(replace(LEARNER, room_name="  "))

    rooms = [boards.rooms[launch.room_id] for launch in (named, plain)]
    assert [("x" * 2048, 2 * (2 + SPARE_SEATS)), (None, 0)] == [(room.name, room.limit) for room in rooms]


async def test_closing_puts_everybody_out_until_a_later_launch(service: AgoraWhiteboard, boards: AgoraStandIn) -> None:
    """End now; a second time it is harmless. The next lesson in the room opens it again."""
    launch = await service.launch(LEARNER)
    tab = boards.browser()
    await tab.join(get_values(launch))

    await service.close_room(launch.room_id)
    await service.close_room(launch.room_id)

    assert (Reason.BANNED, False) == (await tab.find_end(), await tab.is_inside())
    assert Reason.BANNED == (await boards.browser().join(get_values(launch))).refusal
    again = await service.launch(replace(LEARNER, room_id=launch.room_id))
    assert launch.room_id == again.room_id
    assert (await boards.browser().join(get_values(again))).is_inside


async def test_a_room_that_is_open_is_not_opened_again(service: AgoraWhiteboard, boards: AgoraStandIn) -> None:
    """One look and no change: launches come in bursts."""
    launch = await service.launch(LEARNER)
    await service.launch(replace(LEADER, room_id=launch.room_id))

    assert ["create_room", "get_room"] == names(boards)


async def test_a_room_that_is_gone_is_replaced(service: AgoraWhiteboard, boards: AgoraStandIn) -> None:
    """As when the keys belong to another project now: the launch says which room it is."""
    launch = await service.launch(replace(LEARNER, room_id="0" * 32, room_region="sg"))

    assert (True, "eu") == (launch.is_new_room, launch.room_region)
    assert (await boards.browser().join(get_values(launch))).is_inside


async def test_a_room_stays_in_the_region_it_was_made_in(boards: AgoraStandIn) -> None:
    """Although new ones are made elsewhere by now: launched, opened and closed there."""
    async with open_client(connections=1) as client:
        before = await build_service(client, boards.api_url, region="sg").launch(LEARNER)
        service = build_service(client, boards.api_url, region="eu")
        await service.close_room(before.room_id, region=before.room_region)
        after = await service.launch(replace(LEADER, room_id=before.room_id, room_region=before.room_region))

    assert (before.room_id, "sg") == (after.room_id, after.room_region)
    assert (await boards.browser().join(get_values(after))).is_inside
    assert {"sg"} == {asked.region for asked in boards.asked}


async def test_each_call_signs_for_itself_and_only_for_what_it_needs(
    service: AgoraWhiteboard, boards: AgoraStandIn, clock: MovableClock
) -> None:
    """Ten minutes, and a writer's power but for bans."""
    async with RecordedServer(answer(ROOM), answer(ROOM | {"isBan": True}, 201)) as server:
        async with open_client(connections=1) as client:
            recorded = build_service(client, server.url)
            await recorded.fetch_room("u-1")
            await recorded.ban_room("u-1")
        tokens = [
            open_token(request.headers["token"], access_key=ACCESS, secret_key=SECRET) for request in server.requests
        ]

    assert [("sdk", Power.WRITER), ("sdk", Power.ADMIN)] == [(token.kind, token.power) for token in tokens]
    assert {START + SDK_TOKEN_LIVES} == {token.expires_at for token in tokens}


async def list_all(service: AgoraWhiteboard, **asked: Any) -> list[str]:
    return [room.uuid async for room in service.iterate_rooms(**asked)]


@pytest.mark.parametrize("repeats_begin", [True, False])
@pytest.mark.parametrize("page_size", [2, 3, 5, 1000])
async def test_every_room_is_listed_once(
    service: AgoraWhiteboard, boards: AgoraStandIn, repeats_begin: bool, page_size: int
) -> None:
    """Whether or not a page begins with the room it was asked from, and whether or not the last one is full."""
    boards.repeats_begin = repeats_begin
    rooms = [(await service.create_room()).uuid for _ in range(5)]
    await service.create_room(region="sg")

    assert rooms == await list_all(service, page_size=page_size)
    assert set(rooms[2:]) - {*await list_all(service, begin_uuid=rooms[2], page_size=page_size)} <= {rooms[2]}
    assert 1 == len(await list_all(service, region="sg"))


async def test_pages_that_do_not_move_on_are_left() -> None:
    """The same full page again and again."""
    page = answer([{"uuid": "u-1"}, {"uuid": "u-2"}])

    with pytest.raises(RoomServiceNonsense) as caught:
        await ask_recorded(lambda service: list_all(service, page_size=2), page, page)

    assert caught.value.field == "rooms"


@pytest.mark.parametrize("page_size", [0, 1, 1001])
async def test_a_page_of_an_impossible_size_is_refused_before_it_is_asked_for(
    service: AgoraWhiteboard, boards: AgoraStandIn, page_size: int
) -> None:
    """Of one there is no way on; more than a thousand the API refuses."""
    with pytest.raises(ValueError):
        await list_all(service, page_size=page_size)

    assert [] == boards.asked


@pytest.mark.parametrize("role, power", list(zip(TokenRole, Power, strict=True)))
async def test_tokens_can_be_had_over_the_network_too(
    service: AgoraWhiteboard, boards: AgoraStandIn, role: TokenRole, power: Power
) -> None:
    """Of all three kinds and roles, with an end."""
    room = await service.create_room()
    lives = timedelta(minutes=10)

    tokens = [
        await service.request_sdk_token(role=role, lives=lives),
        await service.request_room_token(room.uuid, role=role, lives=lives),
        await service.request_task_token("t-1", role=role, lives=lives),
    ]

    opened = [open_token(token, access_key=ACCESS, secret_key=SECRET) for token in tokens]
    assert [("sdk", None), ("room", room.uuid), ("task", "t-1")] == [(token.kind, token.uuid) for token in opened]
    assert {(power, START + lives)} == {(token.power, token.expires_at) for token in opened}


async def test_a_token_without_an_end_is_not_asked_for(service: AgoraWhiteboard, boards: AgoraStandIn) -> None:
    """A lifetime of nothing means for ever there."""
    for lives in (timedelta(0), timedelta(microseconds=999), timedelta(seconds=-1)):
        with pytest.raises(ValueError):
            await service.request_sdk_token(role=TokenRole.WRITER, lives=lives)

    assert [] == boards.asked


@pytest.mark.parametrize("told", ["NETLESSROOM_abc", "abc", ""])
async def test_a_token_of_another_kind_is_nonsense(told: str) -> None:
    """And none at all as well; the error does not repeat it."""
    with pytest.raises(RoomServiceNonsense) as caught:
        await ask_recorded(
            lambda service: service.request_sdk_token(role=TokenRole.ADMIN, lives=timedelta(minutes=1)),
            answer(f'"{told}"', 201),
        )

    assert "abc" not in str(caught.value)


async def test_the_account_is_known_by_its_keys(service: AgoraWhiteboard, clock: MovableClock) -> None:
    """The API says nothing more of whose they are; the server's time is there to compare ours with."""
    account = await service.check_account()

    assert (APP, None, START) == (account.organisation_id, account.organisation_name, account.server_time)


@pytest.mark.parametrize("changes", [{"secret_key": "another"}, {"access_key": "another"}])
async def test_keys_that_are_wrong_are_refused_in_words_without_them(
    boards: AgoraStandIn, changes: dict[str, str]
) -> None:
    """`doctor` shows this line."""
    async with open_client(connections=1) as client:
        with pytest.raises(RoomServiceRefused) as caught:
            await build_service(client, boards.api_url, **changes).check_account()

    assert "Agora Whiteboard: rooms: our key is not accepted, or may not do this (HTTP 401)" == str(caught.value)


async def test_our_clock_may_be_behind_by_less_than_a_token_s_life(boards: AgoraStandIn) -> None:
    """A spent token is refused like a wrong key."""
    async with open_client(connections=1) as client:
        service = build_service(client, boards.api_url)
        boards.clock_skew = SDK_TOKEN_LIVES - timedelta(seconds=1)
        await service.check_account()
        boards.clock_skew = SDK_TOKEN_LIVES
        with pytest.raises(RoomServiceRefused):
            await service.check_account()


@dataclass(frozen=True, kw_only=True)
class Lost:
    """One call, and the stand-in's name for it."""

    name: str
    ask: Callable[[AgoraWhiteboard, str], Awaitable[object]]


CALLS = [
    Lost(name="create_room", ask=lambda service, _: service.launch(LEARNER)),
    Lost(name="get_room", ask=lambda service, uuid: service.launch(replace(LEARNER, room_id=uuid))),
    Lost(name="ban_room", ask=lambda service, uuid: service.close_room(uuid)),
    Lost(name="list_rooms", ask=lambda service, _: service.check_account()),
]
every_call = pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)


@every_call
@pytest.mark.parametrize("fault", [Fault.failing(), Fault.dropping(does_work=True), Fault.rate_limited()])
async def test_a_call_that_is_lost_once_is_asked_again(
    service: AgoraWhiteboard, boards: AgoraStandIn, call: Lost, fault: Fault
) -> None:
    """Each of them may be done twice."""
    uuid = (await service.create_room()).uuid
    boards.faults.switch_on(call.name, fault, count=1)

    await call.ask(service, uuid)

    assert boards.faults.take(call.name) is None


@every_call
@pytest.mark.parametrize(
    "fault, expected",
    [
        (Fault.failing(), RoomServiceDown),
        (Fault.rate_limited(60), RoomServiceBusy),
        (Fault.refusing(f"no: {SECRET}"), RoomServiceRefused),
        (Fault.garbage(), RoomServiceNonsense),
    ],
    ids=["down", "busy", "refusing", "nonsense"],
)
async def test_a_call_that_fails_says_how(
    service: AgoraWhiteboard, boards: AgoraStandIn, call: Lost, fault: Fault, expected: type[RoomServiceError]
) -> None:
    """One of our errors each time, with nothing in it that is secret."""
    uuid = (await service.create_room()).uuid
    boards.faults.switch_on(call.name, fault)

    with pytest.raises(expected) as caught:
        await call.ask(service, uuid)

    assert "nobody-may-read" not in f"{caught.value!r} {caught.value}"
    assert uuid not in str(caught.value)


@pytest.mark.parametrize(
    "body, field",
    [
        ({}, "uuid"),
        ({"uuid": ""}, "uuid"),
        ({"uuid": 7}, "uuid"),
        ([], "room"),
        ({"uuid": "u", "createdAt": 1}, "createdAt"),
    ],
)
async def test_half_a_room_is_nonsense(body: object, field: str) -> None:
    """No way in is made from it."""
    with pytest.raises(RoomServiceNonsense) as caught:
        await ask_recorded(lambda service: service.launch(LEARNER), answer(body, 201))

    assert caught.value.field == field


@pytest.mark.parametrize("told", [{"uuid": "u-1"}, {"uuid": "u-1", "isBan": False}])
async def test_a_room_is_closed_only_when_the_service_says_so(told: object) -> None:
    """Somebody goes away in the belief that nobody is left inside."""
    with pytest.raises(RoomServiceNonsense) as caught:
        await ask_recorded(lambda service: service.close_room("u-1"), answer(told, 201))

    assert caught.value.field == "isBan"


@pytest.mark.parametrize("status", [200, 201])
async def test_a_ban_may_be_answered_with_either_status(
    service: AgoraWhiteboard, boards: AgoraStandIn, status: int
) -> None:
    """Documented is 201."""
    boards.ban_status = status

    assert (await service.ban_room((await service.create_room()).uuid)).is_ban


async def test_a_room_that_does_not_say_whether_it_is_shut_is_opened() -> None:
    """Rather once too often than a learner before a closed door."""
    launch = await ask_recorded(
        lambda service: service.launch(replace(LEARNER, room_id="u-1")), answer({"uuid": "u-1"}), answer(ROOM, 201)
    )

    assert launch.room_id == "u-1"


async def test_what_it_cannot_tell_is_an_error_and_never_nothing(service: AgoraWhiteboard) -> None:
    """An empty list of sessions would make everybody absent."""
    asked: list[Awaitable[object]] = [
        service.list_sessions("u-1", overlaps_from=START, overlaps_until=END),
        service.list_live_sessions(),
        service.list_present("u-1"),
        service.fetch_recording("s-1"),
        service.fetch_transcript("s-1"),
    ]

    for call in asked:
        with pytest.raises(RoomServiceRefused):
            await call


async def test_it_states_what_it_can_and_has_no_end_of_its_own(service: AgoraWhiteboard) -> None:
    """Everything else is Hallpass's to guard; an extension asks for nothing."""
    as_service: RoomService = service

    await as_service.extend_room("u-1", closes_at=END)

    assert Capabilities(close_room=True, own_page=True) == as_service.capabilities


@pytest.mark.parametrize(
    "changes",
    [
        {"region": "gb-lon"},
        {"region": ""},
        {"app_identifier": " "},
        {"access_key": "two\nlines"},
        {"secret_key": "ключ"},
    ],
)
async def test_what_cannot_work_is_refused_when_it_is_handed_in(changes: dict[str, str]) -> None:
    """Not in the middle of somebody's launch; and without repeating a key."""
    async with open_client(connections=1) as client:
        with pytest.raises(ValueError) as caught:
            build_service(client, "https://agora.example/v5/", **changes)

    assert all(not value.strip() or value not in str(caught.value) for value in changes.values())


async def test_nothing_secret_shows_itself(service: AgoraWhiteboard) -> None:
    """Way in, client and keys: they end up in logs sooner or later."""
    launch = await service.launch(LEARNER)
    shown = f"{launch!r} {launch.embed!r} {service!r}"

    assert get_values(launch)["roomToken"] not in shown
    assert "NETLESS" not in shown
    assert "nobody-may-read" not in shown
    assert isinstance(launch.embed, Embed)


async def test_calls_keep_the_rate_that_is_set(boards: AgoraStandIn) -> None:
    """None is documented; a 429 holds all of them."""
    time = HandWound()
    async with open_client(connections=1) as client:
        service = build_service(client, boards.api_url, timing=time.as_timing(), calls_per_second=2)
        for _ in range(3):
            await service.check_account()

    assert [0.5, 0.5] == time.sleeps
    assert [("list_rooms", "eu", 200)] * 3 == [(asked.name, asked.region, asked.status) for asked in boards.asked]
