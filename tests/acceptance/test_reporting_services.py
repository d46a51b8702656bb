"""Several room services report at once, one of them another package's: each to its own address, in nobody's way."""

from __future__ import annotations

import hashlib
import hmac
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.sandbox.school import School, open_school
from bot.sandbox.slack.actors import Actor
from storage.store import Transaction
from tests.acceptance import telling
from tests.acceptance.conftest import MONDAY_TWO_PM
from tests.bot.rooms.shelf import Shelf

SECRET = "known to the bell and to us"
SOURCE = f'''
"""A room service that asks nobody: it keeps its launches, and reads what is reported of them."""

import hashlib
import hmac
import json
from datetime import datetime

from bot.errors import WebhookForged
from bot.rooms.base import (
    AccountCheck, Capabilities, Incoming, Launch, NothingAfterwards, Report, Reported
)
from bot.rooms.plugins import Plugin

LAUNCHED = []


class Bell(NothingAfterwards):
    name = "bell"
    shown_name = "Bell"
    capabilities = Capabilities(single_use=True, window=True, webhooks=True, attendance=True)

    async def launch(self, request):
        LAUNCHED.append(request)
        return Launch(
            url="https://bell.example/" + request.person_key,
            room_id=request.launch_id,
            room_secret="{SECRET}",
            provider_user_id=request.person_key,
        )

    async def list_sessions(self, room_id, *, overlaps_from, overlaps_until):
        return []

    async def list_live_sessions(self):
        return []

    async def check_account(self):
        return AccountCheck(organisation_id="", organisation_name=None, server_time=None)

    async def close_room(self, room_id, *, region=None):
        pass

    def open_webhook(self, headers):
        return Incoming(delivery_id=headers["webhook-id"], event="joined", at=None)

    def read_webhook(self, headers, body, *, secret, received_at):
        made = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        if headers.get("bell-signature") != made:
            raise WebhookForged("Bell", "not signed")
        told = json.loads(body)
        return Report(kind=Reported.JOINED, at=datetime.fromisoformat(told["at"]), session_id="b1", who=told["who"])

    async def __aenter__(self):
        return self

    async def __aexit__(self, kind, error, trace):
        pass


plugin = Plugin(build=lambda context: Bell())
'''


@dataclass
class Bells:
    """Ada and Ben in a lesson of the bell's, Cara and Ben in one of Lessonspace's, both on."""

    school: School
    shelf: Shelf
    client: httpx.AsyncClient
    ada: Actor
    ben: Actor

    @property
    def launched(self) -> list[Any]:
        return list(sys.modules["hallpass_bell"].LAUNCHED)

    @property
    def address(self) -> str:
        """Where the bell's room reports."""
        return str(self.launched[0].webhook_url)

    async def ring(self, body: bytes, *, number: str = "1", address: str | None = None, **headers: str) -> int:
        """A delivery, signed unless told otherwise."""
        signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        told = {"webhook-id": number, "bell-signature": signature, **headers}
        return (await self.client.post(address or self.address, content=body, headers=told)).status_code

    def say_joined(self, name: str) -> bytes:
        who = next(one.person_key for one in self.launched if one.shown_name == name)
        return json.dumps({"who": who, "at": self.school.clock.now().isoformat()}).encode()

    async def list_problems(self) -> list[str | None]:
        """Of every delivery that is stored."""
        assert self.school.hallpass is not None
        await telling.settle(self.school)

        def read(tx: Transaction) -> list[str | None]:
            connection = tx.connection  # type: ignore[attr-defined]
            return [row[0] for row in connection.execute("SELECT problem FROM deliveries ORDER BY id")]

        return await self.school.hallpass.store.read(read)


@pytest.fixture
async def bells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bells]:
    folder = tmp_path / "packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    shelf = Shelf(folder)
    shelf.install("hallpass-bell", {"bell": "hallpass_bell:plugin"}, source=SOURCE)
    settings = {"HALLPASS_ROOM_SERVICES": "lessonspace, bell"}
    async with (
        open_school(tmp_path, starts_at=MONDAY_TWO_PM, has_webhooks=True, settings=settings) as school,
        httpx.AsyncClient() as client,
    ):
        await school.start()
        ada, ben = school.add("Ada"), school.add("Ben")
        school.add("Cara")
        await telling.open_form(school, ada, "@Ben today 3pm 45m Algebra")
        assert ada.view is not None
        await ada.pick(ada.view, "pick_service", "bell")
        await telling.wait_for_words(school, ada, "Bell itself lets each link work once")
        assert (await telling.submit(school, ada)).is_fine
        await telling.settle(school)
        await telling.book(school, ada, "@Cara tomorrow 3pm 45m Geometry")
        await telling.move_to(school, 14, 1)
        yield Bells(school=school, shelf=shelf, client=client, ada=ada, ben=ben)
    shelf.forget()


async def test_each_service_s_rooms_know_an_address_of_their_own(bells: Bells) -> None:
    """By the service's name and the room's key; who came to either is on its leader's card at once."""
    own = bells.school.lessonspace.launches[0].body["webhooks"]["user"]["join"]

    assert "/rooms/bell/" in bells.address
    assert "/rooms/lessonspace/" in own
    assert 200 == await bells.ring(bells.say_joined("Ben"))
    await telling.settle(bells.school)
    assert "joined 15:01" in bells.ada.read(telling.find_card(bells.ada))
    assert [None] == await bells.list_problems()


async def test_no_service_s_key_opens_another_s_address(bells: Bells) -> None:
    """Nor is a delivery read by any service but the room's own."""
    body = bells.say_joined("Ben")
    own = bells.school.lessonspace.launches[0].body["webhooks"]["user"]["join"]

    for address in (bells.address.replace("/bell/", "/lessonspace/"), own.replace("/lessonspace/", "/bell/")):
        assert 404 == await bells.ring(body, address=address)
    assert 403 == await bells.ring(body, **{"bell-signature": "f" * 64})
    assert [] == await bells.list_problems()


async def test_a_service_that_breaks_over_a_delivery_stops_nobody(bells: Bells) -> None:
    """Neither at the door nor afterwards: it is refused, and the next one is worked on."""
    own = hmac.new(SECRET.encode(), b"{}", hashlib.sha256).hexdigest()

    assert 400 == await bells.ring(b"{}"), "genuine, and the bell's own code fails over it"
    unnumbered = await bells.client.post(bells.address, content=b"{}", headers={"bell-signature": own})
    assert 400 == unnumbered.status_code
    assert 200 == await bells.ring(bells.say_joined("Ada"), number="2")
    assert [None] == await bells.list_problems()


async def test_what_waits_of_a_service_that_is_gone_is_set_aside(bells: Bells) -> None:
    """It was stored just before a restart without it; nothing is taken from it any more."""
    hallpass = bells.school.hallpass
    assert hallpass is not None
    assert hallpass.reports is not None
    hallpass.reports.stop()
    assert 200 == await bells.ring(bells.say_joined("Ben"))
    await bells.school.stop()
    bells.school.change_setting("HALLPASS_ROOM_SERVICES", "lessonspace")
    await bells.school.start()

    assert ["service_gone"] == await bells.list_problems()
    assert 404 == await bells.ring(bells.say_joined("Ben"), number="2")
