"""A workspace and a room service to test with, and what reaches them. Their clocks move only by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.lessonspace.stand_in import LessonspaceStandIn
from bot.sandbox.slack.standin import SlackStandIn
from tests.bot.sandbox.apps import RecordingApp, serve
from tests.bot.sandbox.callers import START, Caller, Machine


class HandClock:
    """Machine time under a test's control; begins at the real time, which signatures are checked against."""

    def __init__(self) -> None:
        self.instant = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.instant

    def pass_by(self, duration: timedelta) -> None:
        """Let time pass."""
        self.instant += duration


@pytest.fixture
def machine() -> HandClock:
    return HandClock()


@pytest.fixture
async def slack(machine: HandClock) -> AsyncIterator[SlackStandIn]:
    async with SlackStandIn(machine_now=machine) as standin:
        standin.add_user("Ada")
        standin.add_user("Ben", zone="America/New_York", locale="en-US")
        yield standin


@pytest.fixture
async def client(slack: SlackStandIn) -> AsyncIterator[AsyncWebClient]:
    async with aiohttp.ClientSession() as session:
        yield AsyncWebClient(token=slack.bot_token, base_url=slack.api_url, session=session, retry_handlers=[])


@pytest.fixture
async def app(slack: SlackStandIn) -> AsyncIterator[RecordingApp]:
    """An app that the workspace delivers to over HTTP."""
    recording = RecordingApp()
    async with serve(recording.build_server()) as url:
        slack.events_url = url
        yield recording


@pytest.fixture
def clock() -> Machine:
    return Machine(START, is_frozen=True)


@pytest.fixture
async def room(clock: Machine) -> AsyncIterator[LessonspaceStandIn]:
    async with LessonspaceStandIn(clock) as room:
        yield room


@pytest.fixture
async def caller(room: LessonspaceStandIn) -> AsyncIterator[Caller]:
    async with aiohttp.ClientSession() as client:
        yield Caller(room, client)
