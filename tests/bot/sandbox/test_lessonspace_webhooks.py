"""The stand-in's webhooks: what is told of what happens, to whom, in which order, how often, and what goes wrong."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.clock import SystemClock
from bot.sandbox.lessonspace.meetings import Person, Ticket
from bot.sandbox.lessonspace.mishaps import Mishap
from bot.sandbox.lessonspace.organisation import Organisation, WebhookRule
from bot.sandbox.lessonspace.reports import Spelling
from bot.sandbox.lessonspace.stand_in import LessonspaceStandIn
from bot.sandbox.lessonspace.webhooks import Fate
from tests.bot.sandbox.callers import START, Caller, Machine, build_user


@dataclass(kw_only=True)
class Receiver:
    """Takes whatever comes and keeps it as it came; answers the statuses laid ready, else 200."""

    url: str = ""
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    statuses: deque[int] = field(default_factory=deque)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    is_told: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, request: web.Request) -> web.Response:
        self.paths.append(request.path)
        self.bodies.append(await request.read())
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        self.is_told.set()
        await self.may_answer.wait()
        status = self.statuses.popleft() if self.statuses else 200
        return web.Response(status=status, headers={"Location": "/elsewhere"} if status == 302 else None)

    @property
    def events(self) -> list[str]:
        return [headers["x-webhook-event"].removeprefix("webhooks.") for headers in self.headers]

    @property
    def told(self) -> list[Any]:
        return [json.loads(body) for body in self.bodies]

    def block(self, path: str = "hook") -> dict[str, dict[str, str]]:
        """Every webhook that there is, to one address."""
        groups = {
            "session": ("start", "idle", "end"),
            "user": ("join", "idle", "leave"),
            **dict.fromkeys(("transcription", "summary"), ("finish",)),
            "chat": ("message",),
            "cobrowser": ("start", "stop"),
        }
        return {group: dict.fromkeys(events, f"{self.url}/{path}") for group, events in groups.items()}


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    receiver.may_answer.set()
    app = web.Application()
    app.router.add_post("/{path:.*}", receiver.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield receiver
    await runner.cleanup()


async def test_a_lesson_is_told_from_its_first_visitor_to_its_end(
    caller: Caller, receiver: Receiver, clock: Machine
) -> None:
    """Each thing once, in its order, with the time at which it happened and not at which it was noticed."""
    ada = await caller.enter("Ada", webhooks=receiver.block())
    clock.move_by(timedelta(minutes=1))
    ben = await caller.enter("Ben")
    await ben.idle()
    await ada.write("hello")
    await ada.begin_browsing()
    await ada.end_browsing()
    await ben.leave()
    clock.move_by(timedelta(minutes=5))
    await ada.leave()
    clock.move_by(timedelta(hours=1))
    await caller.room.deliver_all()

    user_events = ["user.join", "user.join", "user.idle"]
    shared = ["chat.message", "cobrowser.start", "cobrowser.stop"]
    assert receiver.events == [
        "session.start", *user_events, *shared, "user.leave", "user.leave", "session.end",
    ]  # fmt: skip
    ended = START + timedelta(minutes=6, seconds=30)
    assert datetime.fromisoformat(receiver.headers[-1]["x-webhook-timestamp"]) == ended
    assert {delivery.fate for delivery in caller.room.webhooks.deliveries} == {Fate.TAKEN}


async def test_a_report_is_signed_over_its_bytes_with_the_space_s_secret(caller: Caller, receiver: Receiver) -> None:
    """HMAC-SHA256 in lower-case hex over the compact body, and an id of its own on each."""
    launched = await caller.launch(webhooks=receiver.block(), user=build_user(name="Zoë", id="p-1"))
    await caller.room.browser("laptop").join(launched["client_url"])
    await caller.room.deliver_all()

    for body, headers in zip(receiver.bodies, receiver.headers, strict=True):
        signature = hmac.new(launched["secret"].encode(), body, hashlib.sha256).hexdigest()
        assert (headers["x-webhook-signature"], headers["content-type"]) == (signature, "application/json")
        assert b'": ' not in body
    assert "Zoë".encode() in receiver.bodies[-1]
    assert len({headers["x-webhook-id"] for headers in receiver.headers}) == len(receiver.headers) == 2


SPELLINGS = {
    "as the reference has it": (Spelling(), "webhooks.user.join", 501, "time", True),
    "as handlers have it": (
        Spelling(uses_past=True, uses_external_id=True, uses_timestamp=True, names_room=False),
        "webhooks.user.joined", "p-ben", "timestamp", False,
    ),
}  # fmt: skip


@pytest.mark.parametrize("spelling, event, who, time, has_room", SPELLINGS.values(), ids=SPELLINGS.keys())
async def test_the_documents_doubts_are_switches(
    caller: Caller, receiver: Receiver, spelling: Spelling, event: str, who: object, time: str, has_room: bool
) -> None:
    """Past or plain events, whose id, the name of the time, with or without the room."""
    caller.room.spelling = spelling
    told = {"custom_jwt_parameters": {"kickOnExp": True, "meta": {"displayName": "B"}}}
    await caller.enter("Ben", webhooks=receiver.block(), told=told)
    await caller.room.deliver_all()

    joined = receiver.told[-1]
    room_id = caller.room.launches[-1].room_id
    assert (receiver.headers[-1]["x-webhook-event"], joined["user"]["id"]) == (event, who)
    assert datetime.fromisoformat(joined[time]) == START
    assert joined.get("room") == ({"id": room_id} if has_room else None)
    assert joined["session"]["id"] == caller.room.launches[-1].session_id
    assert (joined["user"]["meta"], joined["user"]["kickOnExp"]) == ({"name": "Ben", "displayName": "B"}, True)


@pytest.mark.parametrize("reason", ["empty", "idle"])
async def test_the_end_says_when_and_why(caller: Caller, receiver: Receiver, clock: Machine, reason: str) -> None:
    """Everybody left, or everybody fell idle, which is told before."""
    ben = await caller.enter("Ben", webhooks=receiver.block())
    await (ben.leave() if reason == "empty" else ben.idle())
    clock.move_by(timedelta(minutes=10))
    await caller.room.deliver_all()

    end = receiver.told[-1]
    minutes = timedelta(seconds=30) if reason == "empty" else timedelta(minutes=5)
    assert (end["id"], end["reason"]) == (caller.room.launches[-1].session_id, reason)
    assert [datetime.fromisoformat(end["summary"][name]) for name in ("start", "end")] == [START, START + minutes]
    assert ("session.idle" in receiver.events) == (reason == "idle")


async def test_what_nobody_asked_for_is_not_told(caller: Caller, receiver: Receiver) -> None:
    """Without a webhook for it, and from a space without any."""
    await caller.enter("Ben", webhooks={"user": {"join": f"{receiver.url}/joins"}})
    await caller.enter("Ada", id="lesson-2")
    await caller.room.deliver_all()

    assert receiver.paths == ["/joins"]


RULES = {
    "first wins": (WebhookRule.FIRST_WINS, ["/one"] * 2),
    "overwrite": (WebhookRule.OVERWRITE, ["/two"]),  # the whole set: no session.start any more
}


@pytest.mark.parametrize("rule, paths", RULES.values(), ids=RULES.keys())
async def test_a_later_launch_keeps_or_replaces_the_whole_set(
    caller: Caller, receiver: Receiver, rule: WebhookRule, paths: list[str]
) -> None:
    """By the switch; a launch that says nothing of webhooks leaves them as they are."""
    caller.room.organisation.webhook_rule = rule
    await caller.launch(webhooks=receiver.block("one"))
    await caller.launch(webhooks={"user": {"join": f"{receiver.url}/two"}})
    await caller.enter("Ben")
    await caller.room.deliver_all()

    assert receiver.paths == paths


def test_what_was_due_before_a_launch_is_told_as_it_stood_before() -> None:
    """The end of a session that nobody had looked at since is not the new webhooks' to tell."""
    told: list[tuple[str, dict[str, str]]] = []
    organisation = Organisation(tell=lambda space, occurrence: told.append((occurrence.event, dict(space.hooks))))
    organisation.launch({"id": "lesson-1"}, origin="http://here", now=START)
    [space] = organisation.spaces.values()
    person = Person(name="Ben", user_id=501)
    ticket = Ticket(link_id="x", person=person, opens_at=START, closes_at=START + timedelta(hours=1))
    space.leave(space.connect(ticket, "laptop", START).id, START)

    hooks = {"session": {"start": "https://hooks.example/", "end": "https://hooks.example/"}}
    organisation.launch({"id": "lesson-1", "webhooks": hooks}, origin="http://here", now=START + timedelta(minutes=1))

    assert told[-1] == ("session.end", {})
    assert sorted(space.hooks) == ["session.end", "session.start"]


async def test_a_webhook_is_taken_away_only_where_the_rule_has_it(caller: Caller, receiver: Receiver) -> None:
    """null or "" where later launches overwrite; refused, and nothing done, where the first one wins."""
    none = {"user": {"join": None, "leave": ""}}
    await caller.launch(webhooks=receiver.block())
    await caller.enter("Ben", webhooks=none)
    caller.room.organisation.webhook_rule = WebhookRule.FIRST_WINS
    status, _ = await caller.ask("POST", "spaces/launch/", {"id": "lesson-2", "webhooks": none})
    await caller.room.deliver_all()

    assert (status, receiver.paths) == (400, [])


async def test_what_is_not_taken_is_tried_five_times_with_the_same_id(
    caller: Caller, receiver: Receiver, clock: Machine
) -> None:
    """Longer pauses each time; what follows waits, and is told once that one is given up."""
    caller.room.webhooks.first_pause = timedelta(seconds=10)
    receiver.statuses.extend([503, 302, 404, 500, 503])
    await caller.enter("Ben", webhooks=receiver.block())
    counts = []
    async with asyncio.timeout(20):
        for seconds in (0, 9.9, 0.1, 19.9, 0.1, 39.9, 0.1, 79.9, 0.1):
            clock.move_by(timedelta(seconds=seconds))
            await caller.room.webhooks.wait_until_quiet()
            counts.append(len(receiver.events))

    assert counts == [1, 1, 2, 2, 3, 3, 4, 4, 6]
    assert set(receiver.paths) == {"/hook"}
    assert receiver.events == ["session.start"] * 5 + ["user.join"]
    assert len({headers["x-webhook-id"] for headers in receiver.headers[:5]}) == 1
    given_up, taken = caller.room.webhooks.deliveries
    assert (given_up.fate, taken.fate) == (Fate.GIVEN_UP, Fate.TAKEN)
    assert [attempt.status for attempt in given_up.attempts] == [503, 302, 404, 500, 503]


async def test_spaces_and_addresses_do_not_wait_for_each_other(caller: Caller, receiver: Receiver) -> None:
    """One line for each: while one address pauses, the others are told."""
    hooks = receiver.block()
    receiver.statuses.append(503)
    await caller.enter("Ben", webhooks=hooks)
    async with asyncio.timeout(20):
        await caller.room.webhooks.wait_until_quiet()
        await caller.enter("Ada", id="lesson-2", webhooks=hooks)
        await caller.room.webhooks.wait_until_quiet()

    assert receiver.events == ["session.start", "session.start", "user.join"]
    assert (caller.room.is_quiet, caller.room.webhooks.waiting_count) == (True, 2)


async def test_an_answer_that_does_not_come_is_none(caller: Caller, receiver: Receiver) -> None:
    """Nobody there, or nothing within the limit: no status, and tried again."""
    caller.room.webhooks.answer_limit = timedelta(milliseconds=50)
    receiver.may_answer.clear()
    ben = await caller.enter("Ben", webhooks={"user": {"join": f"{receiver.url}/slow", "leave": "http://127.0.0.1:9/"}})
    async with asyncio.timeout(20):
        await caller.room.webhooks.wait_until_quiet()
        receiver.may_answer.set()
        await ben.leave()
        await caller.room.deliver_all()

    slow, nobody = caller.room.webhooks.deliveries
    assert [attempt.status for attempt in slow.attempts] == [None, 200]
    assert [attempt.status for attempt in nobody.attempts] == [None] * 5


async def test_nothing_secret_shows_in_what_is_kept(caller: Caller, receiver: Receiver) -> None:
    """Neither address nor body nor signature is in a delivery's repr."""
    await caller.enter("Ben", webhooks=receiver.block("key-of-the-room"))
    await caller.room.deliver_all()

    shown = repr(caller.room.webhooks.deliveries)
    assert "user.join" in shown
    assert [
        word for word in ("key-of-the-room", "Ben", receiver.headers[0]["x-webhook-signature"]) if word in shown
    ] == []


MISHAPS = {
    "nothing": ("chat.message", Mishap.losing(), None, "start join leave end"),
    "user events lost": ("user.*", Mishap.losing(), None, "start end"),
    "everything lost": ("*", Mishap.losing(), None, ""),
    "the first one repeated": ("*", Mishap.repeating(), 1, "start start join leave end"),
    "the join before the start": ("session.start", Mishap.reordering(), None, "join start leave end"),
    "the end held back for good": ("session.end", Mishap.reordering(), None, "start join leave"),
    "the join delayed": ("user.join", Mishap.delaying(timedelta(hours=2)), 1, "start"),
}
"""What it goes wrong with, how, how often; and what was told by the time at which all is quiet."""


@pytest.mark.parametrize("event, mishap, count, events", MISHAPS.values(), ids=MISHAPS.keys())
async def test_reports_go_wrong_as_they_are_told_to(
    caller: Caller, receiver: Receiver, clock: Machine, event: str, mishap: Mishap, count: int | None, events: str
) -> None:
    """Lost, twice with one id, out of order, late; what was delayed or held back comes in the end."""
    webhooks = caller.room.webhooks
    webhooks.mishaps.switch_on(event, mishap, count=count)
    ben = await caller.enter("Ben", webhooks=receiver.block())
    await ben.leave()
    clock.move_by(timedelta(minutes=1))
    async with asyncio.timeout(20):
        await webhooks.wait_until_quiet()
        assert [event.partition(".")[2] for event in receiver.events] == events.split()
        await caller.room.deliver_all()

    lost = [delivery for delivery in webhooks.deliveries if delivery.fate is Fate.LOST]
    assert len(webhooks.deliveries) == 4
    assert len({headers["x-webhook-id"] for headers in receiver.headers}) == 4 - len(lost)


async def test_a_delay_ends_when_lesson_time_has_passed_it(caller: Caller, receiver: Receiver, clock: Machine) -> None:
    """And with it the waiting of what comes behind."""
    caller.room.webhooks.mishaps.switch_on("session.start", Mishap.delaying(timedelta(minutes=5)))
    await caller.enter("Ben", webhooks=receiver.block())
    async with asyncio.timeout(20):
        await caller.room.webhooks.wait_until_quiet()
        before = list(receiver.events)
        clock.move_by(timedelta(minutes=5))
        await caller.room.webhooks.wait_until_quiet()

    assert (before, receiver.events) == ([], ["session.start", "user.join"])


async def test_on_a_clock_that_runs_things_happen_at_their_moment(receiver: Receiver) -> None:
    """Nobody asks and nobody moves the clock: who is to be put out at the link's end is, and it is told."""
    closes_at = datetime.now(UTC) + timedelta(seconds=2)
    async with LessonspaceStandIn(SystemClock()) as room, aiohttp.ClientSession() as client, asyncio.timeout(20):
        await Caller(room, client).enter(
            "Ben",
            told={"custom_jwt_parameters": {"kickOnExp": True}},
            timeouts={"not_after": closes_at.isoformat()},
            webhooks={"user": {"leave": f"{receiver.url}/hook"}},
        )
        await receiver.is_told.wait()

    assert receiver.events == ["user.leave"]
