"""Attendance from a real browser: what the page of a room says when it opens, stays open and is closed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from bot.rooms.agora_whiteboard import AgoraWhiteboard
from bot.rooms.http import open_client
from bot.sandbox.agora.stand_in import AgoraStandIn
from bot.sandbox.clock import MovableClock
from storage.records import AttendanceEvent
from tests.bot.reception import Reception
from tests.browser.test_join_page import come_in, list_refusals, prepare
from tests.browser.window import PATIENCE, Window

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

KEYS: dict[str, Any] = {"app_identifier": "app/team", "access_key": "ak", "secret_key": "sk"}


def apart(reception: Reception) -> MovableClock:
    """The rooms' own clock: where only ours is moved, no stand-in takes open pages along: they speak by themselves."""
    return MovableClock(reception.clock.now(), is_frozen=True)


async def wait_for_words(reception: Reception, *expected: str) -> list[AttendanceEvent]:
    """Until the page has said this."""
    link = reception.link
    async with asyncio.timeout(PATIENCE):
        while True:
            events = await reception.store.read(lambda tx: tx.attendance.list_events(link.workspace_id, link.lesson_id))
            if [event.kind for event in events] == list(expected):
                return events
            await asyncio.sleep(0.05)


async def test_the_page_says_when_it_opens_and_closes(reception: Reception, new_window: Callable[..., Window]) -> None:
    """Once in, once out; nothing is refused by our own policy."""
    await reception.change_place(provider_user_id=reception.school.ben.id)
    window = new_window()
    async with AgoraStandIn(apart(reception), **KEYS) as boards, open_client(connections=4) as client:
        service = AgoraWhiteboard(client, region="eu", api_url=boards.api_url, script_url=boards.script_url, **KEYS)
        await prepare(reception, service)
        await come_in(reception, window)
        await wait_for_words(reception, "joined")
        assert await list_refusals(window) == []

        reception.clock.move_by(timedelta(seconds=90))
        await window.open("about:blank")
        events = await wait_for_words(reception, "joined", "left")

    seat = (await reception.read_details()).find_seat(reception.school.ben.id)
    assert seat is not None
    assert seat.attendance is not None
    assert [seat.attendance.joined_at, seat.attendance.left_at] == [event.at for event in events]


async def test_the_page_speaks_on_and_stops_when_put_out(reception: Reception, window: Window) -> None:
    """Seen again it speaks at once; put out of the room, it says that it left, and no more."""
    await reception.change_place(provider_user_id=reception.school.ben.id)
    async with AgoraStandIn(apart(reception), **KEYS) as boards, open_client(connections=4) as client:
        service = AgoraWhiteboard(client, region="eu", api_url=boards.api_url, script_url=boards.script_url, **KEYS)
        await prepare(reception, service)
        room_id = await come_in(reception, window)
        await wait_for_words(reception, "joined")
        reception.clock.move_by(timedelta(seconds=60))
        await window.run("document.dispatchEvent(new Event('visibilitychange'))")
        await wait_for_words(reception, "joined", "joined")
        reception.clock.move_by(timedelta(seconds=60))
        await service.close_room(room_id)
        await wait_for_words(reception, "joined", "joined", "left")
        await window.run("document.dispatchEvent(new Event('visibilitychange'))")
        await window.open("about:blank")

        assert len(await wait_for_words(reception, "joined", "joined", "left")) == 3
