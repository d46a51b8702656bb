"""The stand-in whiteboard is as strict as the documents: tokens, roles, regions, bodies, and who gets into a room."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest

from bot.sandbox.agora.rooms import Reason
from bot.sandbox.agora.stand_in import AgoraStandIn
from bot.sandbox.agora.tokens import BadToken, Power, Token, make_token, open_token
from bot.sandbox.faults import Fault
from tests.bot.sandbox.callers import START, Machine

EXAMPLE = {"access_key": "ak-example", "secret_key": "sk-example"}
NONCE = "11111111-1111-1111-8111-111111111111"
ROOM_SIG = "14a8f50ff9c09860314793079a53e623bc17cfdbe960a4108c1986c8b63aaa75"
SDK_SIG = "3b99bb34f7d938430dd1a9e1aa0e47ad498fac398d36ccd373fb7452a0afb979"
ROOM_QUERY = f"ak=ak-example&expireAt=1700000000000&nonce={NONCE}&role=2&sig={ROOM_SIG}&uuid=room-uuid-example"
SDK_QUERY = f"sig={SDK_SIG}&role=0&nonce={NONCE}&ak=ak-example"


def wrap(prefix: str, query: str) -> str:
    return prefix + base64.urlsafe_b64encode(query.encode()).decode().rstrip("=")


def test_the_known_tokens_are_opened() -> None:
    """Those of the reference page, whatever the order of their query."""
    room = open_token(wrap("NETLESSROOM_", ROOM_QUERY), **EXAMPLE)
    sdk = open_token(wrap("NETLESSSDK_", SDK_QUERY), **EXAMPLE)

    end = datetime.fromtimestamp(1_700_000_000, UTC)
    assert Token(kind="room", power=Power.READER, uuid="room-uuid-example", expires_at=end) == room
    assert Token(kind="sdk", power=Power.ADMIN, uuid=None, expires_at=None) == sdk
    assert [False, True] == [room.is_spent(now) for now in (end - timedelta(milliseconds=1), end)]
    assert not sdk.is_spent(end)


@pytest.mark.parametrize(
    "token",
    [
        "",
        wrap("NETLESSSDK_", ROOM_QUERY),  # another kind's fields
        wrap("NETLESSTEAM_", SDK_QUERY),
        wrap("NETLESSROOM_", ROOM_QUERY) + "=",
        wrap("NETLESSROOM_", ROOM_QUERY) + "!",
        wrap("NETLESSROOM_", ROOM_QUERY.replace("role=2", "role=0")),
        wrap("NETLESSROOM_", ROOM_QUERY.replace("1700000000000", "1800000000000")),
        wrap("NETLESSROOM_", ROOM_QUERY.replace("room-uuid", "another-uuid")),
        wrap("NETLESSROOM_", ROOM_QUERY + "&role=2"),
        wrap("NETLESSSDK_", SDK_QUERY.replace(f"sig={SDK_SIG}&", "")),
    ],
)
def test_a_token_that_was_changed_is_not_believed(token: str) -> None:
    """One letter is enough."""
    with pytest.raises(BadToken):
        open_token(token, **EXAMPLE)


@pytest.mark.parametrize("keys", [{"secret_key": "another"}, {"access_key": "another"}])
def test_a_token_of_another_key_pair_is_not_believed(keys: dict[str, str]) -> None:
    """Of another project."""
    with pytest.raises(BadToken):
        open_token(wrap("NETLESSROOM_", ROOM_QUERY), **(EXAMPLE | keys))


class Caller:
    """A client that says exactly what it is told to."""

    def __init__(self, boards: AgoraStandIn, client: aiohttp.ClientSession) -> None:
        self.boards = boards
        self.client = client

    def sign(self, kind: str = "sdk", power: Power = Power.ADMIN, **changes: Any) -> str:
        """A token that is good for five minutes."""
        keys = {"access_key": self.boards.access_key, "secret_key": self.boards.secret_key}
        said: dict[str, Any] = keys | {"power": power, "expires_at": START + timedelta(minutes=5)}
        return make_token(kind, **(said | changes))

    async def ask(
        self, method: str, path: str, body: object = None, *, token: str | None = None, region: str | None = "eu"
    ) -> tuple[int, Any]:
        told = {"token": self.sign() if token is None else token, "region": region}
        headers = {name: value for name, value in told.items() if value}
        async with self.client.request(method, self.boards.api_url + path, json=body, headers=headers) as response:
            return response.status, await response.json()

    async def make_room(self, **body: object) -> str:
        status, room = await self.ask("POST", "rooms", body)
        assert status == 201, room
        uuid: str = room["uuid"]
        return uuid

    async def join(self, uuid: str, power: Power = Power.WRITER, /, **changes: str | None) -> Any:
        """What came of it, and the tab."""
        tab = self.boards.browser()
        values: dict[str, Any] = {
            "appIdentifier": self.boards.app_identifier,
            "region": "eu",
            "uuid": uuid,
            "roomToken": self.sign("room", power, uuid=uuid),
            "uid": "k-1",
            "isWritable": "false" if power is Power.READER else "true",
            "shownName": power.name,
        }
        return (await tab.join(values | changes)).refusal, tab


@pytest.fixture
async def boards() -> AsyncIterator[AgoraStandIn]:
    async with AgoraStandIn(Machine(START, is_frozen=True)) as boards:
        yield boards


@pytest.fixture
async def caller(boards: AgoraStandIn) -> AsyncIterator[Caller]:
    async with aiohttp.ClientSession() as client:
        yield Caller(boards, client)


async def test_a_room_is_told_with_every_documented_field(caller: Caller) -> None:
    """Made, read and listed alike, at the body's top; the list is a bare array."""
    uuid = await caller.make_room(isRecord=False, limit=3, name="Algebra")

    status, room = await caller.ask("GET", f"rooms/{uuid}")

    assert status == 200
    assert room == {
        "uuid": uuid,
        "teamUUID": caller.boards.team_uuid,
        "appUUID": caller.boards.app_uuid,
        "isRecord": False,
        "isBan": False,
        "createdAt": "2030-03-04T15:00:00.000Z",
        "limit": 3,
    }
    assert (200, [room]) == await caller.ask("GET", "rooms")
    assert (200, [room]) == await caller.ask("GET", "rooms/?limit=2")


@pytest.mark.parametrize(
    "method, path, body, status",
    [
        ("POST", "rooms", {"isRecord": True}, 400),
        ("POST", "rooms", {"limit": -1}, 400),
        ("POST", "rooms", {"limit": "3"}, 400),
        ("POST", "rooms", {"name": ""}, 400),
        ("POST", "rooms", {"name": "x" * 2049}, 400),
        ("POST", "rooms", {"colour": "red"}, 400),
        ("POST", "rooms", [], 400),
        ("GET", "rooms?limit=0", None, 400),
        ("GET", "rooms?limit=1001", None, 400),
        ("GET", "rooms?page=2", None, 400),
        ("GET", "rooms?beginUUID=none", None, 400),
        ("GET", "rooms/none", None, 404),
        ("PATCH", "rooms/none", {"isBan": True}, 404),
        ("PATCH", "rooms/{uuid}", {}, 400),
        ("PATCH", "rooms/{uuid}", {"isBan": "true"}, 400),
        ("PATCH", "rooms/{uuid}", {"isBan": True, "limit": 2}, 400),
        ("DELETE", "rooms/{uuid}", None, 405),
        ("GET", "rooms/{uuid}/users", None, 404),
        ("POST", "tokens/teams", {"accessKey": "x", "secretAccessKey": "x", "lifespan": 1, "role": "admin"}, 401),
        ("POST", "tokens/rooms/none", {"lifespan": 1, "role": "reader"}, 404),
        ("POST", "tokens/rooms/{uuid}", {"lifespan": "1", "role": "reader"}, 400),
        ("POST", "tokens/rooms/{uuid}", {"lifespan": -1, "role": "reader"}, 400),
        ("POST", "tokens/rooms/{uuid}", {"lifespan": 1, "role": "2"}, 400),
        ("POST", "tokens/tasks/t-1", {"lifespan": 1, "role": "reader", "ak": "x"}, 400),
    ],
)
async def test_what_is_not_documented_is_refused(
    caller: Caller, method: str, path: str, body: object, status: int
) -> None:
    """With a message, and without doing it."""
    uuid = await caller.make_room()

    found, told = await caller.ask(method, path.replace("{uuid}", uuid), body)

    assert (status, ["message"]) == (found, [*told])
    assert [uuid] == [*caller.boards.rooms]
    assert not caller.boards.rooms[uuid].is_ban


@pytest.mark.parametrize("region", [None, "", "gb-lon", "EU"])
@pytest.mark.parametrize("path", ["rooms", "tokens/teams"])
async def test_every_call_names_a_region(caller: Caller, path: str, region: str | None) -> None:
    """One that there is."""
    assert 400 == (await caller.ask("POST", path, {}, region=region))[0]


async def test_a_room_is_only_where_it_was_made(caller: Caller) -> None:
    """Neither read nor listed nor joined elsewhere."""
    uuid = await caller.make_room()

    assert 404 == (await caller.ask("GET", f"rooms/{uuid}", region="sg"))[0]
    assert (200, []) == await caller.ask("GET", "rooms", region="sg")
    assert Reason.OTHER_REGION == (await caller.join(uuid, region="sg"))[0]


@pytest.mark.parametrize(
    "method, path, body, lowest, kinds",
    [
        ("POST", "rooms", {}, Power.WRITER, ("sdk",)),
        ("GET", "rooms/{uuid}", None, Power.WRITER, ("sdk", "room")),
        ("GET", "rooms", None, Power.WRITER, ("sdk", "room")),
        ("PATCH", "rooms/{uuid}", {"isBan": True}, Power.ADMIN, ("sdk", "room")),
        ("POST", "tokens/rooms/{uuid}", {"lifespan": 1, "role": "reader"}, Power.READER, ("sdk",)),
        ("POST", "tokens/tasks/t-1", {"lifespan": 1, "role": "reader"}, Power.READER, ("sdk",)),
    ],
)
async def test_each_call_takes_the_documented_tokens_only(
    caller: Caller, method: str, path: str, body: object, lowest: Power, kinds: tuple[str, ...]
) -> None:
    """401 without a good one, 403 for a role too low, another kind, or another room's."""
    uuid = await caller.make_room()
    path = path.replace("{uuid}", uuid)

    async def ask(token: str) -> int:
        return (await caller.ask(method, path, body, token=token))[0]

    for kind in ("sdk", "room", "task"):
        for power in Power:
            told = {} if kind == "sdk" else {"uuid": uuid}
            is_enough = kind in kinds and power <= lowest
            assert is_enough == (await ask(caller.sign(kind, power, **told)) < 300), (kind, power)
    if uuid in path:
        assert 403 == await ask(caller.sign("room", uuid="another"))
    assert 401 == await ask("nonsense")
    assert 401 == await ask(caller.sign(expires_at=START))
    assert 401 == await ask(caller.sign(secret_key="another"))


async def test_a_token_gives_away_no_more_than_it_may(caller: Caller) -> None:
    """A writer's makes writers and readers; a lifetime of 0 is for ever."""
    uuid = await caller.make_room()
    writer = caller.sign(power=Power.WRITER)
    ask = {"lifespan": 0, "role": "admin"}

    assert 403 == (await caller.ask("POST", f"tokens/rooms/{uuid}", ask, token=writer))[0]
    status, token = await caller.ask("POST", f"tokens/rooms/{uuid}", ask | {"role": "writer"}, token=writer)

    told = open_token(token, access_key=caller.boards.access_key, secret_key=caller.boards.secret_key)
    assert (201, Token(kind="room", power=Power.WRITER, uuid=uuid, expires_at=None)) == (status, told)


async def test_a_ban_puts_everybody_out_and_can_be_undone(caller: Caller) -> None:
    """Watchers too; the room can still be read, and the same token opens it again."""
    uuid = await caller.make_room()
    tabs = [(await caller.join(uuid, power))[1] for power in Power]

    status, room = await caller.ask("PATCH", f"rooms/{uuid}", {"isBan": True})

    assert (201, True) == (status, room["isBan"])
    assert [Reason.BANNED] * 3 == [await tab.find_end() for tab in tabs]
    assert (200, room) == await caller.ask("GET", f"rooms/{uuid}")
    assert Reason.BANNED == (await caller.join(uuid))[0]
    await caller.ask("PATCH", f"rooms/{uuid}", {"isBan": False})
    assert (await caller.join(uuid))[0] is None


async def test_a_limit_counts_whoever_draws(caller: Caller) -> None:
    """Those who only watch are neither counted nor listed; who left makes room."""
    uuid = await caller.make_room(limit=2)
    admin, writer = [(await caller.join(uuid, power))[1] for power in (Power.ADMIN, Power.WRITER)]

    assert Reason.FULL == (await caller.join(uuid))[0]
    assert (await caller.join(uuid, Power.READER))[0] is None
    assert ["ADMIN", "WRITER"] == caller.boards.list_members(uuid)
    assert await admin.leave()
    assert not await admin.leave()
    assert (await caller.join(uuid))[0] is None
    assert await writer.is_inside()


@pytest.mark.parametrize(
    "power, changes, reason",
    [
        (Power.WRITER, {"appIdentifier": "another"}, Reason.OTHER_APP),
        (Power.WRITER, {"uuid": "none"}, Reason.NO_ROOM),
        (Power.WRITER, {"uid": ""}, Reason.NO_UID),
        (Power.WRITER, {"roomToken": "NETLESSROOM_x"}, Reason.BAD_TOKEN),
        (Power.READER, {"isWritable": "true"}, Reason.WATCHES_ONLY),
    ],
)
async def test_who_is_turned_away_is_told_why(
    caller: Caller, power: Power, changes: dict[str, str], reason: Reason
) -> None:
    """Each part of what a page is handed is judged."""
    uuid = await caller.make_room()

    refusal, tab = await caller.join(uuid, power, **changes)

    assert (reason, False) == (refusal, await tab.is_inside())
    assert [] == caller.boards.list_inside(uuid)


async def test_a_project_s_token_opens_no_room_in_a_browser(caller: Caller) -> None:
    """Handed to a page it would be a mistake, and must show as one."""
    uuid = await caller.make_room()

    assert Reason.BAD_TOKEN == (await caller.join(uuid, roomToken=caller.sign()))[0]


async def test_the_end_of_a_token_is_looked_at_on_joining(caller: Caller) -> None:
    """Lesson time; whoever is inside stays, since nothing is documented of being put out. Anybody may hold it."""
    uuid = await caller.make_room()
    token = caller.sign("room", Power.WRITER, uuid=uuid)
    first = (await caller.join(uuid, roomToken=token))[1]
    second = (await caller.join(uuid, roomToken=token, uid="somebody else"))[1]
    clock: Any = caller.boards.clock
    clock.move_by(timedelta(minutes=5))

    assert Reason.SPENT == (await caller.join(uuid, roomToken=token))[0]
    assert [True, True] == [await first.is_inside(), await second.is_inside()]


async def test_a_tab_that_joins_again_left_before(caller: Caller) -> None:
    """As a reload does."""
    uuid = await caller.make_room()
    values = {"appIdentifier": caller.boards.app_identifier, "region": "eu", "uuid": uuid, "uid": "k-1"}
    values["roomToken"] = caller.sign("room", uuid=uuid)
    tab = caller.boards.browser()

    for _ in range(2):
        assert (await tab.join(values)).is_inside

    assert 1 == len(caller.boards.list_inside(uuid))
    assert await tab.find_end() is None


async def test_the_script_is_there_for_pages_of_other_origins(caller: Caller) -> None:
    """It is named in no page but ours, and a browser asks for leave to run and to call."""
    async with caller.client.get(caller.boards.script_url) as response:
        text = await response.text()

    assert ("text/javascript", "*") == (response.content_type, response.headers["Access-Control-Allow-Origin"])
    assert "window.WhiteWebSdk = { WhiteWebSdk }" in text


@pytest.mark.parametrize(
    "fault, status",
    [
        (Fault.failing(500), 500),
        (Fault.rate_limited(7), 429),
        (Fault.refusing("no"), 403),
        (Fault.slow(timedelta(0)), 201),
    ],
)
async def test_faults_are_met_by_the_call_they_are_for(caller: Caller, fault: Fault, status: int) -> None:
    """Once, and noted with their status."""
    caller.boards.faults.switch_on("create_room", fault, count=1)
    headers = {"token": caller.sign(), "region": "eu"}

    async with caller.client.post(f"{caller.boards.api_url}rooms", json={}, headers=headers) as response:
        assert status == response.status

    assert (await caller.ask("GET", "rooms"))[0] == 200
    assert [("create_room", status), ("list_rooms", 200)] == [(one.name, one.status) for one in caller.boards.asked]
