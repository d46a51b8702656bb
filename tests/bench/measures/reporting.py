"""Two hundred webhooks a second for half a minute: all stored, none twice, answered in time, and Slack unharmed."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from bot.webhook_keys import digest_of
from storage.records import (
    CardId,
    CardKind,
    LessonState,
    LinkId,
    LinkWay,
    NoticeId,
    NoticeKind,
    NoticeState,
    Role,
    RoomRef,
    new_id,
)
from storage.sealing import Sealer, new_key
from storage.sqlite import open_store
from storage.store import Transaction
from tests.bench.processes import ServicesProcess, running
from tests.bench.report import Line, Verdict, judge, percentile, spread
from tests.bench.school import Bot, People, add_people, build_policy, running_bot
from tests.records import make_card, make_lesson, make_link, make_notice, make_participant, make_room

ROOMS = 40
PEOPLE = 10
PER_SECOND = 200
SECONDS = 30
QUICK_SECONDS = 8
LIMIT_SECONDS = 30
"""The provider's: later than that, and a delivery has failed."""
FORM_PEOPLE = 5
FORM_EVERY_SECONDS = 0.25


def measure(services: ServicesProcess, folder: Path, *, is_quick: bool) -> Iterator[Line]:
    """Forms of five people while forty lessons report, against the same with nothing going on, before and after."""
    seconds = QUICK_SECONDS if is_quick else SECONDS
    forms = round(seconds / FORM_EVERY_SECONDS)
    folder.mkdir(parents=True, exist_ok=True)
    key, people = new_key(), People(2 * FORM_PEOPLE * (forms + 5) + ROOMS * PEOPLE)
    rooms = asyncio.run(_prepare(folder / "hallpass.db", people, Sealer([key])))
    rooms_file = folder / "rooms.json"
    rooms_file.write_text(json.dumps(rooms))
    settings = {
        "HALLPASS_ENCRYPTION_KEYS": key,
        "HALLPASS_PUBLIC_URL": "http://127.0.0.1:1/",  # asked by nobody here: the reporter knows the port
        "HALLPASS_LINKS": "direct",
        "HALLPASS_WEBHOOKS": "on",
    }
    with running_bot(
        services, folder, people=len(people.ids), is_prepared=True, is_observed=True, settings=settings
    ) as bot:
        services.configure()
        bot.people.take(ROOMS * PEOPLE)
        idle = _book(bot, forms // 2)
        bot.process.ask()
        arguments = (str(bot.port), str(rooms_file), str(PER_SECOND), str(seconds))
        with running("tests.bench.reporter", *arguments) as reporter:
            reporter.read_line()
            busy = _book(bot, forms)
            told = reporter.read_line()
        stall = bot.process.ask()
        left, lasted = _wait_until_worked(folder / "hallpass.db")
        idle += _book(bot, forms // 2)
    yield from _judge(told, idle, busy, stall, folder / "hallpass.db")
    yield judge(
        f"{_name(told)}: not worked on when they stopped and 5 s later",
        left,
        0,
        told=f"of {told['sent_count']}" + ("" if left else f", all done after {lasted:.1f} s"),
        unit="of them",
    )


def _judge(
    told: dict[str, Any], idle: list[float], busy: list[float], stall: dict[str, Any], path: Path
) -> Iterator[Line]:
    took, sent = told["took"], told["sent_count"]
    with closing(sqlite3.connect(path)) as connection:
        rows, ids = connection.execute(
            "SELECT COUNT(*), COUNT(DISTINCT room || delivery_id) FROM deliveries"
        ).fetchone()
    refused = sum(count for status, count in told["answers"].items() if status != "200")
    what = _name(told)
    yield judge(
        f"{what}: not stored, stored twice or refused",
        abs(sent - ids) + (rows - ids) + refused,
        0,
        told=f"{rows} stored of {sent} sent, {len(took)} posted",
        unit="of them",
    )
    yield judge(
        f"{what}: slowest answer, to the provider's limit",
        took[-1] / LIMIT_SECONDS,
        1 / 30,
        told=f"{took[-1] * 1000:.3g} ms, 99 of 100 within {percentile(took, 99) * 1000:.3g} ms",
    )
    told_ack = f"{percentile(busy, 99) * 1000:.3g} ms against {percentile(idle, 99) * 1000:.3g} ms; {spread(busy)}"
    yield judge(
        "form acknowledged meanwhile, 99 of 100, later than idle by",
        (percentile(busy, 99) - percentile(idle, 99)) * 1000,
        10,
        told=told_ack,
        unit="ms",
    )
    yield Line(
        what="longest stall of the event loop while webhooks come",
        figure=f"{stall['longest_seconds'] * 1000:.3g} ms (of which {stall['busy_seconds'] * 1000:.3g} ms at work)",
        verdict=Verdict.TOLD,
    )


def _name(told: dict[str, Any]) -> str:
    return f"{PER_SECOND} webhooks a second for {told['seconds']:.0f} s"


def _book(bot: Bot, forms: int) -> list[float]:
    """A form every quarter of a second; how long each took."""
    took = []
    began = time.perf_counter()
    for number in range(forms):
        time.sleep(max(0.0, began + number * FORM_EVERY_SECONDS - time.perf_counter()))
        took.append(bot.book(FORM_PEOPLE))
    return took[3:]


def _wait_until_worked(path: Path) -> tuple[int, float]:
    """How many still wait, at most five seconds after the last answer; and how many seconds it took."""
    began = time.monotonic()
    while True:
        with closing(sqlite3.connect(path)) as connection:
            (left,) = connection.execute("SELECT COUNT(*) FROM deliveries WHERE worked_at IS NULL").fetchone()
        lasted = time.monotonic() - began
        if not left or lasted > 5:
            return int(left), lasted
        time.sleep(0.05)


async def _prepare(path: Path, people: People, sealer: Sealer) -> list[dict[str, Any]]:
    """Forty lessons that are on, each in its own room, everybody with a link and a card; their rooms' addresses."""
    now = datetime.now(UTC)
    async with open_store(path) as store:
        await store.write(lambda tx: add_people(tx, people, now=now))
        taken = People(len(people.ids))
        return [
            await store.write(partial(_add_lesson, taken.take(PEOPLE), sealer, number, now)) for number in range(ROOMS)
        ]


def _add_lesson(ids: list[str], sealer: Sealer, number: int, now: datetime, tx: Transaction) -> dict[str, Any]:
    key = f"key-of-room-{number:02d}-{number:08x}"
    policy = build_policy(tx, now=now)
    [workspace] = tx.workspaces.list_all()
    secret = f"secret-of-{key}"
    room = make_room(
        id=RoomRef(new_id()),
        workspace_id=workspace.id,
        account_id=policy.account_id,
        room_id=f"space-{key}",
        secret_sealed=sealer.seal(secret),
        webhook_digest=digest_of(key),
        webhook_key_sealed=sealer.seal(key),
    )
    tx.lessons.insert_room(room)
    known = tx.people.list_by_user_ids(workspace.id, ids)
    persons = [known[user_id] for user_id in ids]
    lesson = make_lesson(
        workspace_id=workspace.id,
        room=room.id,
        starts_at=now - timedelta(minutes=5),
        booked_by=persons[0].id,
        state=LessonState.LIVE,
    )
    places = [
        make_participant(
            lesson,
            person,
            Role.LEARNER if place else Role.LEADER,
            position=place,
            provider_user_id=f"{key}-{place}",
        )
        for place, person in enumerate(persons)
    ]
    tx.lessons.insert(lesson, places)
    for place, person in zip(places, persons, strict=True):
        sent = make_notice(
            lesson,
            person,
            id=NoticeId(new_id()),
            kind=NoticeKind.JOIN_LINK,
            occasion="link:1",
            about=place.id,
            state=NoticeState.SENT,
            due_at=now,
            sent_at=now,
            conversation="D1",
            ts="1.1",
            created_at=now,
        )
        tx.notices.insert([sent])
        kind = CardKind.LEADER if place.is_leader else CardKind.PARTICIPANT
        tx.cards.insert(make_card(sent, kind, id=CardId(new_id()), posted_at=now))
        link = make_link(
            place, id=LinkId(new_id()), way=LinkWay.DIRECT, made_at=now, url_sealed=sealer.seal("https://x")
        )
        opens_at, closes_at = lesson.starts_at - timedelta(minutes=10), lesson.ends_at + timedelta(minutes=30)
        tx.lessons.insert_link(replace(link, opens_at=opens_at, closes_at=closes_at, delivered_at=now))
    return {"path": f"/rooms/lessonspace/{key}", "secret": secret, "people": [f"{key}-{n}" for n in range(len(ids))]}
