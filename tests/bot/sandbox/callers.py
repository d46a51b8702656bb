"""A customer of the stand-in Lessonspace, who says exactly what they are told to; and one clock for both times."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import aiohttp

from bot.sandbox.clock import MovableClock
from bot.sandbox.lessonspace.browser import Browser
from bot.sandbox.lessonspace.stand_in import LessonspaceStandIn

START = datetime(2030, 3, 4, 15, 0, tzinfo=UTC)


class Machine(MovableClock):
    """A clock for both times, so that a rate can be tried without waiting."""

    def machine_now(self) -> datetime:
        return self.now()


class Caller:
    """A client that says exactly what it is told to."""

    def __init__(self, room: LessonspaceStandIn, client: aiohttp.ClientSession) -> None:
        self.room = room
        self.client = client

    async def ask(self, method: str, path: str, body: object = None, *, key: str | None = None) -> tuple[int, Any]:
        headers = {"Authorization": key if key is not None else f"Organisation {self.room.api_key}"}
        address = path if path.startswith("http") else self.room.api_url + path
        async with self.client.request(method, address, json=body, headers=headers) as response:
            is_json = response.content_type == "application/json"
            return response.status, await (response.json() if is_json else response.text())

    async def launch(self, **changes: object) -> dict[str, Any]:
        status, answer = await self.ask("POST", "spaces/launch/", build_body(**changes))
        assert status in (200, 201), answer
        found: dict[str, Any] = answer
        return found

    async def find(self, path: str) -> Any:
        """What a GET answers that must go well."""
        status, found = await self.ask("GET", path)
        assert status == 200, found
        return found

    async def find_all(self, path: str) -> list[dict[str, Any]]:
        """The first page of a list of the organisation's."""
        found: list[dict[str, Any]] = (await self.find(f"{self.org}{path}"))["results"]
        return found

    async def enter(self, name: str, /, *, told: Mapping[str, object] | None = None, **changes: object) -> Browser:
        """Somebody is launched into a space and comes in, at a device of their own. `told` is said of them besides."""
        launched = await self.launch(user=build_user(id=f"p-{name.lower()}", name=name, **(told or {})), **changes)
        browser = self.room.browser(f"{name}'s laptop")
        visit = await browser.join(launched["client_url"])
        assert visit.is_inside, visit
        return browser

    @property
    def org(self) -> str:
        """Below which the organisation's own calls are."""
        return f"organisations/{self.room.organisation.id}/"


def build_body(**changes: object) -> dict[str, object]:
    """A launch that is right, with changes at its top."""
    body: dict[str, object] = {
        "id": "lesson-1",
        "user": {"id": "p-1", "name": "Ben", "role": "student", "single_use": True},
        "timeouts": {"not_before": "2030-03-04T15:00:00Z", "not_after": "2030-03-04T16:00:00Z"},
    }
    return body | changes


def build_user(**changes: object) -> dict[str, object]:
    return {"id": "p-1", "name": "Ben"} | changes
