"""What tests of Loop share: a keeper in memory, clients on one clock with the stand-in, and a launch."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.clock import Clock
from bot.rooms.base import LaunchRequest
from bot.rooms.http import Patience
from bot.rooms.loop import Loop
from bot.rooms.loop_answers import LoopRefused
from bot.rooms.loop_body import Wanted
from storage.records import Role
from tests.bot.rooms.recorded import START, HandWound

TOKEN = "a0" * 32
END = START + timedelta(minutes=60)

LEARNER = LaunchRequest(
    launch_id="0198c0de-room-1-7f3a2b91",
    room_name="Algebra",
    person_key="k-ben",
    shown_name="Ben",
    role=Role.LEARNER,
    is_leader=False,
    opens_at=START,
    closes_at=END,
    warns_at=None,
    leaves_at_close=True,
    room_opens_at=START,
    room_closes_at=END + timedelta(minutes=30),
    seats=2,
)
LEADER = replace(LEARNER, person_key="k-ada", shown_name="Ada", role=Role.LEADER, is_leader=True)
WANTED = Wanted(name="Geometry", owner="Ada", max_size=3, closes_at=END)


class Memory:
    """Keeps a token as an account does: who comes second gets the first one's."""

    def __init__(self, kept: str | None = None) -> None:
        self.kept = kept
        self.saved: list[str] = []

    async def load(self) -> str | None:
        return self.kept

    async def save(self, session_token: str, *, instead_of: str | None) -> str:
        if self.kept == instead_of:
            self.kept = session_token
            self.saved.append(session_token)
        assert self.kept is not None
        return self.kept


def build_loop(client: Any, url: str, *, clock: Clock, keeper: Memory | None = None) -> Loop:
    """On the clock's machine time; what it waits for passes at once."""
    hand = HandWound()
    timing = replace(hand.as_timing(), now=clock.machine_now)
    return Loop(client, url=url, keeper=keeper or Memory(), timing=timing)


def build_recorded(client: Any, url: str, *, keeper: Memory | None = None, tries: int = 1) -> Loop:
    """For a server that answers what was recorded; it has a token already."""
    patience = Patience(tries=tries)
    timing = HandWound().as_timing()
    return Loop(client, url=url, keeper=keeper or Memory(TOKEN), patience=patience, timing=timing)


async def refusal_of(call: Awaitable[object]) -> LoopRefused:
    with pytest.raises(LoopRefused) as caught:
        await call
    return caught.value
