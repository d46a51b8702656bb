"""Somebody's browser: runs what a page of ours was handed as the browser SDK would, and tells what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import ClientSession

from bot.sandbox.agora.rooms import Reason


@dataclass(frozen=True, kw_only=True)
class Visit:
    """What came of joining: inside, or why not."""

    refusal: Reason | None = None

    @property
    def is_inside(self) -> bool:
        return self.refusal is None


class Browser:
    """One tab. Joining again in it leaves first, as a reload does."""

    def __init__(self, origin: str, client: ClientSession) -> None:
        self._origin = origin
        self._client = client
        self._address: str | None = None  # of the open connection

    async def join(self, values: Mapping[str, str]) -> Visit:
        """With what a page was handed. Every answer but yes and no is a RuntimeError: the stand-in is broken."""
        await self.leave()
        names = ("appIdentifier", "region", "uuid", "roomToken", "uid")
        told: dict[str, object] = {name: values.get(name) for name in names}
        told["isWritable"] = values.get("isWritable") != "false"
        told["userPayload"] = {"nickName": values.get("shownName", "")}
        async with self._client.post(f"{self._origin}/connections/", json=told) as response:
            answer = await response.json()
            if response.status == 403:
                return Visit(refusal=Reason(answer["reason"]))
            if response.status != 201:
                raise RuntimeError(f"joining answered {response.status}")
        self._address = f"{self._origin}/connections/{answer['connection']}/"
        return Visit()

    async def leave(self) -> bool:
        """Close the tab. False when it was not inside any more."""
        address, self._address = self._address, None
        if address is None:
            return False
        async with self._client.post(f"{address}leave/") as response:
            return response.status == 200

    async def find_end(self) -> Reason | None:
        """Why this tab was put out; None: it was not."""
        if self._address is None:
            return None
        async with self._client.get(self._address) as response:
            told = await response.json()
            return Reason(told["reason"]) if response.status == 410 else None

    async def is_inside(self) -> bool:
        """Still inside? Somebody may have been put out."""
        if self._address is None:
            return False
        async with self._client.get(self._address) as response:
            return response.status == 200
