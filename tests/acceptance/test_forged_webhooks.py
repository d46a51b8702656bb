"""Webhooks that are not what they say: refused with the right status by the real server, and nothing changed."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import aiohttp
import pytest

from bot.sandbox.school import School, open_school
from bot.sandbox.slack.actors import Actor
from bot.web import LARGEST_WEBHOOK_BYTES
from bot.webhooks import Taken
from storage.store import Transaction
from tests.acceptance import telling
from tests.acceptance.conftest import MONDAY_TWO_PM


class Sender:
    """Whoever posts to the address of Ada's and Ben's room, during their lesson."""

    def __init__(self, school: School, client: aiohttp.ClientSession, ben: Actor) -> None:
        self.school = school
        self.ben = ben
        self._client = client
        launch = school.lessonspace.launches[0]
        self.address: str = launch.body["webhooks"]["user"]["join"]
        self.secret = launch.secret
        self.who = launch.user_id
        self.number = 0

    def build(self, **changes: Any) -> bytes:
        """A join, just now."""
        user = {"id": self.who, "meta": {"name": "Ada"}}
        told = {"user": user, "session": {"id": "s1"}, "time": self.school.clock.now().isoformat(), **changes}
        return json.dumps(told).encode()

    def sign(self, body: bytes, secret: str | None = None) -> str:
        return hmac.new((secret or self.secret).encode(), body, hashlib.sha256).hexdigest()

    def headers(self, body: bytes, **changes: str | None) -> dict[str, str]:
        self.number += 1
        headers = {
            "x-webhook-id": f"delivery-{self.number}",
            "x-webhook-event": "webhooks.user.join",
            "x-webhook-signature": self.sign(body),
            **{f"x-webhook-{name}": value for name, value in changes.items()},
        }
        return {name: value for name, value in headers.items() if value is not None}

    async def post(
        self,
        body: bytes | AsyncIterator[bytes],
        headers: Mapping[str, str],
        *,
        address: str | None = None,
        method: str = "POST",
    ) -> int:
        async with self._client.request(method, address or self.address, data=body, headers=headers) as response:
            await response.read()
            return response.status

    async def count_stored(self) -> int:
        assert self.school.hallpass is not None

        def count(tx: Transaction) -> int:
            connection = tx.connection  # type: ignore[attr-defined]
            return int(connection.execute("SELECT COUNT(*) FROM deliveries").fetchone()[0])

        return await self.school.hallpass.store.read(count)

    async def is_ada_inside(self) -> bool:
        await telling.settle(self.school)
        details = await telling.get_lesson_details(self.school)
        return any(seat.attendance and seat.attendance.joined_at for seat in details.leaders)


@pytest.fixture
async def sender(tmp_path: Path) -> AsyncIterator[Sender]:
    """During a lesson in which nobody has been reported yet; the lists are silent, so nothing else is known."""
    async with open_school(tmp_path, starts_at=MONDAY_TWO_PM, has_webhooks=True) as school:
        await school.start()
        ada, ben = school.add("Ada"), school.add("Ben")
        await telling.book(school, ada, "@Ben today 3pm 45m Algebra")
        await telling.move_to(school, 14, 1)
        async with aiohttp.ClientSession() as client:
            yield Sender(school, client, ben)


async def test_a_genuine_report_is_stored_and_believed(sender: Sender) -> None:
    """Else nothing below would prove anything."""
    body = sender.build()

    assert 200 == await sender.post(body, sender.headers(body))
    assert 1 == await sender.count_stored()
    assert await sender.is_ada_inside()


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"signature": None}, 403),
        ({"signature": ""}, 403),
        ({"signature": "0" * 64}, 403),
        ({"signature": "ä".encode().decode("latin-1")}, 403),
        ({"id": None}, 400),
        ({"id": "  "}, 400),
        ({"id": "x" * 300}, 400),
    ],
)
async def test_who_cannot_sign_or_name_it_is_refused(
    sender: Sender, changes: dict[str, str | None], status: int
) -> None:
    """Nothing is stored, and nobody is shown as there."""
    body = sender.build()

    assert status == await sender.post(body, sender.headers(body, **changes))
    assert (0, False) == (await sender.count_stored(), await sender.is_ada_inside())


async def test_a_signature_holds_for_its_own_body_only(sender: Sender) -> None:
    """Over the raw bytes: the same JSON written otherwise is another body."""
    body = sender.build()
    other = body.replace(b'"s1"', b'"s2"')
    spaced = body.replace(b", ", b",")

    for changed in (other, spaced):
        assert 403 == await sender.post(changed, sender.headers(body))
    assert 0 == await sender.count_stored()


async def test_an_old_secret_is_refused_from_the_launch_on_that_told_another(sender: Sender) -> None:
    """And the new one holds. Also where the old one held a moment ago."""
    school, old = sender.school, sender.secret
    body = sender.build()
    assert 200 == await sender.post(body, sender.headers(body))
    [space] = school.lessonspace.organisation.spaces.values()
    space.secret = new = str(uuid4())
    assert (await sender.ben.press(telling.find_card(sender.ben), "new_link")).is_fine
    await telling.settle(school)

    assert 403 == await sender.post(body, sender.headers(body, signature=sender.sign(body, old)))
    assert 1 == await sender.count_stored()
    assert 200 == await sender.post(body, sender.headers(body, signature=sender.sign(body, new)))
    assert 2 == await sender.count_stored()


@pytest.mark.parametrize("tail", ["wrong-key", "", "%00", "x" * 5000, "../healthz"])
async def test_a_wrong_key_finds_nothing(sender: Sender, tail: str) -> None:
    """Whatever it is like, and however well the body is signed."""
    body = sender.build()
    stem = sender.address.rpartition("/")[0]

    assert await sender.post(body, sender.headers(body), address=f"{stem}/{tail}") in (404, 405)
    assert 0 == await sender.count_stored()


async def test_another_services_name_finds_nothing(sender: Sender) -> None:
    """The key is right, the service is not."""
    body = sender.build()

    assert 404 == await sender.post(
        body, sender.headers(body), address=sender.address.replace("/lessonspace/", "/videsk/")
    )


async def test_only_posting_is_understood(sender: Sender) -> None:
    """A crawler that follows the address learns nothing but that."""
    for method in ("GET", "PUT", "DELETE", "PATCH"):
        assert 405 == await sender.post(b"", {}, method=method)


async def test_a_body_that_is_no_json_is_refused(sender: Sender) -> None:
    """Although it is signed: nothing could be made of it."""
    for body in (b"", b"{", b"[]", b'"joined"', b"\xff\xfe", b"<html>"):
        assert 400 == await sender.post(body, sender.headers(body)), body
    assert 0 == await sender.count_stored()


async def test_a_body_that_is_too_large_is_refused_whether_it_says_so_or_not(sender: Sender) -> None:
    """By its length, and without one as soon as too much of it has come; the largest one allowed is taken."""
    largest = sender.build(padding="x" * (LARGEST_WEBHOOK_BYTES - len(sender.build(padding=""))))
    assert LARGEST_WEBHOOK_BYTES == len(largest)
    larger = largest + b" "

    async def drip(body: bytes) -> AsyncIterator[bytes]:
        for start in range(0, len(body), 60_000):
            yield body[start : start + 60_000]

    assert 413 == await sender.post(larger, sender.headers(larger))
    assert 413 == await sender.post(drip(larger), sender.headers(larger))
    assert 0 == await sender.count_stored()
    assert 200 == await sender.post(largest, sender.headers(largest))
    assert 200 == await sender.post(drip(largest), sender.headers(largest))
    assert 2 == await sender.count_stored()


async def test_a_replayed_delivery_is_answered_and_changes_nothing(sender: Sender) -> None:
    """The same id once more, and the same body under another id, after Ada has left again."""
    body = sender.build()
    headers = sender.headers(body)
    left = sender.build(time=(sender.school.clock.now()).isoformat().replace("14:01", "14:03"))
    await telling.move_to(sender.school, 14, 3)
    assert [200, 200] == [
        await sender.post(body, headers),
        await sender.post(left, sender.headers(left, event="webhooks.user.leave")),
    ]
    await telling.settle(sender.school)
    before = (await telling.get_lesson_details(sender.school)).leaders

    assert 200 == await sender.post(body, headers)
    assert 2 == await sender.count_stored()
    assert 200 == await sender.post(body, sender.headers(body))
    await telling.settle(sender.school)

    after = (await telling.get_lesson_details(sender.school)).leaders
    assert [seat.attendance for seat in before] == [seat.attendance for seat in after]
    assert before[0].attendance is not None
    assert before[0].attendance.left_at is not None


async def test_what_we_do_not_act_on_is_taken_all_the_same(sender: Sender) -> None:
    """An unknown event, people nobody knows, a report of nobody, and one that says almost nothing."""
    for event, body in [
        ("webhooks.recording.finish", sender.build()),
        ("webhooks.user.joined", sender.build(user={"id": "nobody", "meta": {"name": "Dan"}})),
        ("webhooks.user.join", sender.build(user=None)),
        ("webhooks.session.end", b"{}"),
        ("webhooks.summary.finish", sender.build(summary="We met.")),
    ]:
        assert 200 == await sender.post(body, sender.headers(body, event=event)), event
    await telling.settle(sender.school)

    details = await telling.get_lesson_details(sender.school)
    assert ["Dan"] == [one.shown_name for one in details.unknown]


async def test_too_many_at_once_are_asked_to_come_again(sender: Sender) -> None:
    """And what was answered 503 is not stored."""
    hallpass = sender.school.hallpass
    assert hallpass is not None
    assert hallpass.webhooks is not None
    hallpass.webhooks._most_at_once = 2
    bodies = [sender.build(session={"id": f"s{number}"}) for number in range(40)]

    answers = await asyncio.gather(*(sender.post(body, sender.headers(body)) for body in bodies))

    assert {200, 503} == set(answers)
    assert answers.count(200) == await sender.count_stored()
    assert answers.count(503) == hallpass.webhooks.counts[Taken.BUSY]


async def test_each_of_many_is_stored_once(sender: Sender) -> None:
    """Six hundred deliveries, every third twice or more, a hundred at once: each stored once, each answered 200."""
    signed = []
    for number in range(600):
        body = sender.build(session={"id": f"s{number}"})
        signed.append((body, sender.headers(body)))
    everything = sorted([*signed, *signed[::3], *signed[::3]], key=lambda pair: sender.sign(pair[0]))
    slots = asyncio.Semaphore(100)

    async def post(body: bytes, headers: Mapping[str, str]) -> int:
        async with slots:
            return await sender.post(body, headers)

    answers = await asyncio.gather(*(post(*pair) for pair in everything))
    await telling.settle(sender.school)

    assert {200} == set(answers)
    assert 600 == await sender.count_stored()
    hallpass = sender.school.hallpass
    assert hallpass is not None
    assert not await hallpass.store.read(lambda tx: tx.deliveries.list_unworked(limit=1))


async def test_nothing_of_an_address_is_kept_or_logged_as_it_is(
    sender: Sender, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """Neither the key nor the secret nor a body: not in the database's files, not in the log, not in a repr."""
    body = sender.build(padding="what was said")
    await sender.post(body, sender.headers(body))
    await sender.post(body, sender.headers(body, signature="0" * 64))
    await telling.settle(sender.school)
    key = urlsplit(sender.address).path.rpartition("/")[2]
    hallpass = sender.school.hallpass
    assert hallpass is not None
    room = await hallpass.store.read(
        lambda tx: tx.lessons.find_room_by_webhook(hashlib.sha256(key.encode()).hexdigest())
    )

    assert len(key) >= 32
    assert room is not None
    assert key not in repr(room)
    files = await asyncio.to_thread(_read_files, tmp_path)
    for secret in (key, sender.secret, "what was said"):
        assert secret not in caplog.text
        assert secret.encode() not in files


def _read_files(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())
