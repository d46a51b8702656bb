"""The door for what a provider's addresses give away whole: files, perhaps long ones, from whoever keeps them for it.

Such an address is a way in for whoever holds it and belongs to a stranger: no key goes there, nothing but https (or
this very machine) is asked, redirects are followed by hand under the same rule, and no error quotes an address.

Theory of operation. Each try asks for what is still missing, by `Range` and `If-Range`. The answer decides:

    answer                                what happens
    206 that goes on where we are         added to what is there
    200, or 206 from elsewhere            all over again: the server knows no ranges, or has another version
    416 that names our very length        it was whole already
    cut, silent, 5xx, 408, 429            tried again from where we are, as long as tries bring something
    other 4xx                             RoomServiceRefused
    a web page                            RoomServiceRefused: a page is to be looked at, not to be saved

Without a strong validator two answers may be of two versions: what has none is begun again (RFC 9110, 13.1.5).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

import httpx

from bot.errors import RoomServiceDown, RoomServiceNonsense, RoomServiceRefused
from bot.rooms.addresses import is_loopback
from bot.rooms.http import HttpClient, is_transport_error, parse_http_date
from bot.rooms.parts import Part

Got = TypeVar("Got")

_PAGES = ("text/html", "application/xhtml+xml")
_MOST_REDIRECTS = 5


@dataclass(frozen=True, kw_only=True)
class Endurance:
    """How long and how often."""

    one_chunk: timedelta = timedelta(seconds=30)  # of silence, before the first byte and between any two
    fruitless_tries: int = 4  # in a row; one that brought something does not count
    first_backoff: timedelta = timedelta(seconds=1)  # doubles each time
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where the file is. `provider` and `what` name it in errors; `address` opens it and is never told."""

    provider: str
    what: str
    address: str = field(repr=False)

    def down(self, problem: str, status: int | None = None) -> RoomServiceDown:
        """Worth another try."""
        return RoomServiceDown(self.provider, f"{self.what}: {problem}", status=status)

    def refused(self, problem: str, status: int | None = None) -> RoomServiceRefused:
        """Not worth one."""
        return RoomServiceRefused(self.provider, f"{self.what}: {problem}", status=status)


OnProgress = Callable[[int, int | None], object]
"""Told how many bytes are there, and of how many where that is known."""


async def download(
    client: HttpClient,
    source: Source,
    part: Part,
    *,
    endurance: Endurance | None = None,
    on_progress: OnProgress = lambda done, total: None,
) -> None:
    """Bring `part` to its whole length; it is not finished here. What came stays there also when this fails.

    Raises RoomServiceDown when it cannot be had now, RoomServiceRefused when it cannot be had so, RoomServiceNonsense.
    """
    endurance = endurance or Endurance()
    work = _Download(client=client, source=source, part=part, endurance=endurance, on_progress=on_progress)
    failures = 0
    while True:
        before = part.size_bytes
        try:
            await work.take_rest()
            return
        except RoomServiceDown:
            failures = 1 if part.size_bytes > before else failures + 1
            if failures >= endurance.fruitless_tries:
                raise
        await endurance.sleep(endurance.first_backoff.total_seconds() * 2.0 ** (failures - 1))


@dataclass(frozen=True, kw_only=True)
class _Download:
    """One file on its way."""

    client: HttpClient
    source: Source
    part: Part
    endurance: Endurance
    on_progress: OnProgress

    async def take_rest(self) -> None:
        """One try."""
        address = _check(self.source, self.source.address)
        for _ in range(_MOST_REDIRECTS + 1):
            headers = {"Accept": "*/*", "Accept-Encoding": "identity", **_ask_rest(self.part)}
            request = self.client.build_request("GET", address, headers=headers)
            response = await self._within_limit(self.client.send(request, stream=True))
            try:
                if not response.has_redirect_location:
                    await self._take(response)
                    return
                address = _check(self.source, response.headers["Location"], base=address)
            finally:
                await response.aclose()
        raise RoomServiceNonsense(self.source.provider, self.source.what, "leads from address to address")

    async def _take(self, response: httpx.Response) -> None:
        part, total = self.part, _find_total(response)
        if response.status_code == 416 and part.size_bytes and total == part.size_bytes:
            return
        if response.status_code == 416 or (response.status_code == 206 and not _goes_on(response, part)):
            part.begin(None)
            raise self.source.down("the rest was asked for and something else was sent", response.status_code)
        self._judge(response)
        if response.status_code != 206:
            part.begin(_find_version(response))
        self.on_progress(part.size_bytes, total)
        async for chunk in self._read(response):
            part.add(chunk)
            self.on_progress(part.size_bytes, total)
        if total is not None and part.size_bytes != total:
            raise self.source.down("the connection was cut")

    def _judge(self, response: httpx.Response) -> None:
        """Nothing for a 200 or 206 with a file in it."""
        status, source = response.status_code, self.source
        if status >= 500 or status in (408, 429):
            raise source.down("failed there", status)
        if status >= 400:
            raise source.refused("its address does not work, or no longer", status)
        if status not in (200, 206):
            raise RoomServiceNonsense(source.provider, source.what, "is neither a file nor a refusal", status=status)
        if response.headers.get("Content-Type", "").partition(";")[0].strip().lower() in _PAGES:
            # Their pages call it an interactive recording: as a rule it is to be watched and there is no file of it.
            raise source.refused("its address leads to a page to look at, not to a file to save")

    async def _read(self, response: httpx.Response) -> AsyncIterator[bytes]:
        chunks = response.aiter_bytes()
        while (chunk := await self._within_limit(anext(chunks, None))) is not None:
            yield chunk

    async def _within_limit(self, work: Awaitable[Got]) -> Got:
        """What comes of it, within the time that one chunk may take; every failure of the transport as ours."""
        seconds = self.endurance.one_chunk.total_seconds()
        try:
            async with asyncio.timeout(seconds):
                return await work
        except TimeoutError:
            raise self.source.down(f"nothing came for {seconds:g} s") from None
        except Exception as error:  # of two libraries that have no error in common; what is not theirs goes on
            if not is_transport_error(error):
                raise
            # Without its cause: that may quote the address.
            raise self.source.down("the connection was cut, or never made") from None


def _check(source: Source, address: str, *, base: httpx.URL | None = None) -> httpx.URL:
    """The address, absolute; RoomServiceNonsense for one that nothing may be asked of."""
    try:
        url = base.join(address) if base else httpx.URL(address)
    except (httpx.InvalidURL, ValueError):
        raise RoomServiceNonsense(source.provider, source.what, "has an address that is none") from None
    is_near = url.scheme == "http" and is_loopback(url.host) and (base is None or is_loopback(base.host))
    if url.scheme != "https" and not is_near:
        raise RoomServiceNonsense(source.provider, source.what, "has an address without encryption")
    return url


def _ask_rest(part: Part) -> dict[str, str]:
    if not part.size_bytes or part.version is None:
        return {}
    return {"Range": f"bytes={part.size_bytes}-", "If-Range": part.version}


def _find_total(response: httpx.Response) -> int | None:
    """How long the whole file is, where the answer tells."""
    if response.headers.get("Content-Encoding", "identity") != "identity":
        return None
    if response.status_code in (206, 416):
        told = re.fullmatch(r"bytes (?:\d+-\d+|\*)/(\d+)", response.headers.get("Content-Range", ""))
        return int(told[1]) if told else None
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isascii() and length.isdigit() else None


def _goes_on(response: httpx.Response, part: Part) -> bool:
    """Does the answer begin where the part ends?"""
    if response.headers.get("Content-Encoding", "identity") != "identity":
        return False
    told: str = response.headers.get("Content-Range", "")
    return told.startswith(f"bytes {part.size_bytes}-")


def _find_version(response: httpx.Response) -> str | None:
    """What tells this version from every other; None where that cannot be relied on."""
    if response.headers.get("Content-Encoding", "identity") != "identity":
        return None
    tag: str = response.headers.get("ETag", "")
    if tag.startswith('"') and tag.endswith('"') and len(tag) > 1:
        return tag
    changed = parse_http_date(response.headers.get("Last-Modified", ""))
    told = parse_http_date(response.headers.get("Date", ""))
    if tag or changed is None or told is None or told - changed < timedelta(seconds=1):
        return None  # a weak tag, or changed within the second in which it was sent (RFC 9110, 8.8.2.2)
    return str(response.headers["Last-Modified"])
