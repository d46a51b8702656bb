"""The stand-in Videsk over HTTP: as strict as its documentation, and wrong only when told to be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from bot.sandbox.faults import Fault
from bot.sandbox.videsk.stand_in import VideskStandIn
from bot.sandbox.videsk.tokens import sign
from tests.bot.sandbox.callers import START, Machine

EVERY = "/vpaas/rooms"
AT_FOUR = "2030-03-04T16:00:00.000Z"


class Customer:
    """A client that says exactly what it is told to."""

    def __init__(self, room: VideskStandIn, client: aiohttp.ClientSession) -> None:
        self.room = room
        self.client = client
        self.headers: dict[str, str] = {}

    async def ask(
        self, method: str, path: str, body: object = None, *, key: str | None = None, **more: Any
    ) -> tuple[int, Any]:
        """Status and body; what else was answered is in `headers`."""
        headers = {"Authorization": key if key is not None else f"Bearer {self.room.api_token}"}
        address = self.room.origin + path
        async with self.client.request(method, address, json=body, headers=headers, **more) as response:
            self.headers = dict(response.headers)
            is_json = response.content_type == "application/json"
            return response.status, await (response.json() if is_json else response.text())

    async def create(self, **said: object) -> dict[str, Any]:
        status, made = await self.ask("POST", EVERY, said)
        assert status == 201, made
        found: dict[str, Any] = made
        return found


@pytest.fixture
def clock() -> Machine:
    return Machine(START, is_frozen=True)


@pytest.fixture
async def videsk(clock: Machine) -> AsyncIterator[VideskStandIn]:
    async with VideskStandIn(clock, calls_per_second=None) as videsk:
        yield videsk


@pytest.fixture
async def customer(videsk: VideskStandIn) -> AsyncIterator[Customer]:
    async with aiohttp.ClientSession() as client:
        yield Customer(videsk, client)


async def test_a_room_has_its_defaults(customer: Customer) -> None:
    """From now on, for three hours, under ids and a name of the service's own; with a token."""
    made = await customer.create()

    assert made.keys() == {"id", "name", "externalId", "exp", "nbf", "authorizations", "accessToken"}
    assert (made["nbf"], made["exp"]) == ("2030-03-04T15:00:00.000Z", "2030-03-04T18:00:00.000Z")
    assert len(made["id"]) == 24
    assert made["name"]
    assert made["externalId"]
    assert made["authorizations"] == []


async def test_every_documented_field_is_accepted(customer: Customer) -> None:
    """All at once; an access of 72 hours to the second."""
    made = await customer.create(
        externalId="x" * 100,
        name="x" * 500,
        nbf=AT_FOUR,
        exp="2030-03-07T16:00:00.000Z",
        settings={"maxParticipants": 10, "recordingEnabled": True},
    )
    status, changed = await customer.ask(
        "PATCH",
        f"{EVERY}/{made['id']}",
        {"exp": AT_FOUR, "nbf": "2030-03-04T15:30:00.000Z", "ended": False, "name": "Algebra", "generateToken": True},
    )

    assert status == 200
    assert (changed["name"], changed["nbf"], changed["exp"]) == ("Algebra", "2030-03-04T15:30:00.000Z", AT_FOUR)
    assert changed["accessToken"] != made["accessToken"]


WRONG_ROOMS = {
    "an unknown field": ({"title": "Algebra"}, "title"),
    "a long id": ({"externalId": "x" * 101}, "externalId"),
    "an empty id": ({"externalId": ""}, "externalId"),
    "a number for an id": ({"externalId": 7}, "externalId"),
    "a long name": ({"name": "x" * 501}, "name"),
    "a moment without milliseconds": ({"exp": "2030-03-04T16:00:00Z"}, "exp"),
    "a moment with an offset": ({"exp": "2030-03-04T16:00:00.000+00:00"}, "exp"),
    "a moment in seconds": ({"exp": 1_899_000_000}, "exp"),
    "a moment that no clock shows": ({"exp": "2030-03-04T25:00:00.000Z"}, "exp"),
    "an end in the past": ({"exp": "2030-03-04T15:00:00.000Z"}, "exp"),
    "an end before the beginning": ({"nbf": AT_FOUR, "exp": AT_FOUR}, "exp"),
    "more than 72 hours": ({"exp": "2030-03-07T15:00:00.001Z"}, "exp"),
    "settings of ours": ({"settings": {"recording": True}}, "settings"),
    "a limit as text": ({"settings": {"maxParticipants": "10"}}, "settings"),
    "a change of the end": ({"ended": True}, "ended"),
}


@pytest.mark.parametrize("said, field", WRONG_ROOMS.values(), ids=WRONG_ROOMS.keys())
async def test_a_wrong_room_is_refused_by_field_and_not_made(
    customer: Customer, said: dict[str, object], field: str
) -> None:
    """400 in the framework's shape."""
    status, told = await customer.ask("POST", EVERY, said)

    assert status == 400
    assert (told["name"], told["code"], told["className"], list(told["errors"])) == (
        "BadRequest",
        400,
        "bad-request",
        [field],
    )
    assert customer.room.rooms.every == []


@pytest.mark.parametrize(
    "said, status",
    [
        ({}, 400),
        ({"settings": {}}, 400),
        ({"externalId": "other"}, 400),
        ({"ended": "true"}, 400),
        ({"generateToken": 1}, 400),
        ({"exp": "2030-03-04T14:59:59.000Z"}, 400),
        ({"exp": "2030-03-07T15:00:00.001Z"}, 400),
        ([], 400),
    ],
)
async def test_a_wrong_change_is_refused(customer: Customer, said: object, status: int) -> None:
    """And changes nothing."""
    made = await customer.create()

    assert (await customer.ask("PATCH", f"{EVERY}/{made['id']}", said))[0] == status
    assert customer.room.rooms.every[0].describe() | {"accessToken": made["accessToken"]} == made


async def test_the_cap_on_access_can_be_lifted(customer: Customer) -> None:
    """Only one page of theirs knows of it."""
    customer.room.rooms.caps_access = False

    await customer.create(exp="2042-03-04T15:00:00.000Z")


async def test_an_id_of_ours_is_taken_once(customer: Customer) -> None:
    """409, also after the room has ended."""
    made = await customer.create(externalId="lesson-1")
    await customer.ask("PATCH", f"{EVERY}/{made['id']}", {"ended": True})

    status, told = await customer.ask("POST", EVERY, {"externalId": "lesson-1"})

    assert (status, told["className"]) == (409, "conflict")


@pytest.mark.parametrize("is_ended_by_hand", [True, False])
async def test_a_room_that_is_over_can_be_read_and_not_changed(
    customer: Customer, clock: Machine, is_ended_by_hand: bool
) -> None:
    """404, as for one that never was; in no list unless asked for. A token of it opens nothing."""
    made = await customer.create(externalId="lesson-1", exp=AT_FOUR)
    path = f"{EVERY}/lesson-1"
    if is_ended_by_hand:
        assert (await customer.ask("PATCH", path, {"ended": True}))[0] == 200
    else:
        clock.move_by(timedelta(hours=1))

    assert (await customer.ask("PATCH", path, {"name": "x"}))[0] == 404
    assert (await customer.ask("GET", path))[0] == 200
    _, joined = await customer.ask("POST", f"{path}/join", {})
    for token in (made["accessToken"], joined["accessToken"]):
        assert (await customer.room.browser().enter(token)).code == 4401
    assert (await customer.ask("GET", EVERY))[1]["total"] == 0
    assert (await customer.ask("GET", f"{EVERY}?ended=true"))[1]["total"] == 1
    customer.room.joins_ended_rooms = False
    assert (await customer.ask("POST", f"{path}/join", {}))[0] == 403


@pytest.mark.parametrize(
    "method, path, body",
    [
        ("GET", "/nothing", None),
        ("PATCH", "/nothing", {"name": "x"}),
        ("POST", "/nothing/join", {}),
        ("GET", "/../other", None),
    ],
)
async def test_what_is_not_there_is_told_in_the_framework_s_shape(
    customer: Customer, method: str, path: str, body: object
) -> None:
    """404, by whichever id."""
    status, told = await customer.ask(method, EVERY + path, body)

    assert (status, told["name"], told["code"], told["className"]) == (404, "NotFound", 404, "not-found")


async def test_deleting_is_always_refused(customer: Customer) -> None:
    """As in their sample, and the room stays."""
    made = await customer.create()

    status, told = await customer.ask("DELETE", f"{EVERY}/{made['id']}")

    assert (status, told) == (
        403,
        {"name": "Forbidden", "message": "Not allowed", "code": 403, "className": "forbidden"},
    )
    assert (await customer.ask("GET", f"{EVERY}/{made['id']}"))[0] == 200


@pytest.mark.parametrize("body", [None, [], {"name": "Ben"}])
async def test_joining_takes_an_empty_object_and_nothing_else(customer: Customer, body: object) -> None:
    """It knows no name, no role and no lifetime."""
    made = await customer.create()

    assert (await customer.ask("POST", f"{EVERY}/{made['id']}/join", body))[0] == 400


@pytest.mark.parametrize("data, kind", [("{", "application/json"), ("{}", "text/plain"), ("", "application/json")])
async def test_a_body_that_is_no_json_is_refused(customer: Customer, data: str, kind: str) -> None:
    """Half of one, one by another name, none."""
    headers = {"Authorization": f"Bearer {customer.room.api_token}", "Content-Type": kind}
    async with customer.client.post(customer.room.origin + EVERY, data=data, headers=headers) as response:
        assert response.status == 400


@pytest.mark.parametrize(
    "query, expected",
    [
        ("", ["r-3", "r-1", "r-0"]),
        ("?ended=true", ["r-2"]),
        ("?externalId=r-1", ["r-1"]),
        ("?externalId=r-2", []),
        ("?$limit=2", ["r-3", "r-1"]),
        ("?$limit=2&$skip=2", ["r-0"]),
        ("?$sort[createdAt]=1", ["r-0", "r-1", "r-3"]),
        ("?$sort[name]=-1&$limit=1", ["r-3"]),
    ],
)
async def test_a_list_is_filtered_sorted_and_cut(
    customer: Customer, clock: Machine, query: str, expected: list[str]
) -> None:
    """With how many there are in all."""
    for number in range(4):
        await customer.create(externalId=f"r-{number}", name=f"room {number}")
        clock.move_by(timedelta(seconds=1))
    await customer.ask("PATCH", f"{EVERY}/r-2", {"ended": True})

    _, page = await customer.ask("GET", EVERY + query)

    assert [room["externalId"] for room in page["data"]] == expected
    assert page["total"] == {"?ended=true": 1, "?externalId=r-1": 1, "?externalId=r-2": 0}.get(query, 3)


@pytest.mark.parametrize(
    "query",
    ["$limit=0", "$limit=101", "$limit=x", "$skip=-1", "ended=yes", "externalId=", "limit=5", "$sort=createdAt",
     "$sort[hat]=1", "$sort[name]=2", "ended=true&ended=false"],
)  # fmt: skip
async def test_a_parameter_that_is_none_is_refused(customer: Customer, query: str) -> None:
    """Where the real one might pass over it in silence."""
    assert (await customer.ask("GET", f"{EVERY}?{query}"))[0] == 400


async def test_who_has_no_good_token_is_refused_in_the_documented_words(customer: Customer, clock: Machine) -> None:
    """None, none that is one, somebody else's, one that has expired; and one of another kind."""
    room = customer.room
    keys = {
        "": 'Authorization header with valid JWT is required.',
        room.api_token: 'Authorization header with valid JWT is required.',
        "Bearer nonsense": "jwt malformed",
        f"Bearer {sign('x' * 32, kind='api-token')}": "invalid signature",
        f"Bearer {room.sign_token(exp=int(START.timestamp()))}": "jwt expired",
    }  # fmt: skip
    told = {key: await customer.ask("GET", EVERY, key=key) for key in keys}
    other, _ = await customer.ask("GET", EVERY, key=f"Bearer {room.sign_token('session')}")

    assert {key: answer["message"] for key, (_, answer) in told.items()} == keys
    assert {(status, answer["className"]) for status, answer in told.values()} == {(401, "not-authenticated")}
    assert other == 403


async def test_twenty_calls_a_second_are_counted_and_told(clock: Machine) -> None:
    """What is left goes down to nothing; then 429 until the second is over."""
    async with VideskStandIn(clock) as room, aiohttp.ClientSession() as client:
        customer = Customer(room, client)
        told = []
        for _ in range(21):
            status, _ = await customer.ask("GET", EVERY)
            told.append((status, customer.headers["Ratelimit-Remaining"]))
        described = {name: customer.headers[f"Ratelimit-{name}"] for name in ("Limit", "Reset", "Policy")}
        clock.move_by(timedelta(seconds=1))
        status, _ = await customer.ask("GET", EVERY)

    assert told == [*((200, str(left)) for left in range(19, -1, -1)), (429, "0")]
    assert described == {"Limit": "20", "Reset": "1", "Policy": "20;w=1"}
    assert (status, customer.headers["Ratelimit-Remaining"]) == (200, "19")


@pytest.mark.parametrize(
    "fault, status, is_done",
    [
        (Fault.failing(503), 503, False),
        (Fault.failing(500, does_work=True), 500, True),
        (Fault.refusing("not today"), 403, False),
        (Fault.rate_limited(3), 429, False),
        (Fault.garbage(does_work=True), 200, True),
        (Fault.slow(timedelta(milliseconds=1)), 201, True),
        (Fault.slow(timedelta(milliseconds=1), after_work=True), 201, True),
    ],
)
async def test_a_fault_is_met_once_and_does_its_work_only_when_told_to(
    customer: Customer, fault: Fault, status: int, is_done: bool
) -> None:
    """Of one call by its name; the next one goes well."""
    customer.room.faults.switch_on("create", fault, count=1)

    assert (await customer.ask("POST", EVERY, {}))[0] == status
    assert len(customer.room.rooms.every) == int(is_done)
    await customer.create()


async def test_a_cut_call_may_have_been_done(customer: Customer) -> None:
    """The caller cannot know; the stand-in notes that there was no answer."""
    customer.room.faults.switch_on("create", Fault.dropping(does_work=True), count=1)

    with pytest.raises(aiohttp.ClientError):
        await customer.ask("POST", EVERY, {})

    assert len(customer.room.rooms.every) == 1
    assert [asked.status for asked in customer.room.asked] == [None]


async def test_every_call_takes_as_long_as_it_is_told_to(clock: Machine) -> None:
    """Latency comes before anything else."""
    async with VideskStandIn(clock, latency=timedelta(hours=1)) as room, aiohttp.ClientSession() as client:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await Customer(room, client).ask("GET", EVERY)

    assert room.asked == []
