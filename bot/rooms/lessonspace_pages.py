"""Reads Lessonspace's lists page by page: lazily where people look, whole or not at all where a lesson depends on it.

A list may move while it is read, so an entry may come twice; it counts once. Which pages follow is the service's word,
but for one that leads in a circle.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import TypeVar

from bot.errors import RoomServiceNonsense
from bot.rooms.answers import Fields
from bot.rooms.http import HttpDoor, Query
from bot.rooms.lessonspace_lists import parse_page
from bot.rooms.lessonspace_records import PROVIDER
from bot.rooms.pace import Pace

T = TypeVar("T")

_MOST_PAGES = 50
"""Of one room's sessions in some days, or of all that run now; more is a list that never ends."""

_MOST_PAGES_EVER = 100_000
"""Of all that an organisation ever had."""

_IDS = ("uuid", "slug", "id", "user")
"""What tells entries apart, in any of the lists."""


async def iterate(
    door: HttpDoor, path: str, query: Query, *, what: str, parse: Callable[[Fields], T], pace: Pace | None = None
) -> AsyncGenerator[T]:
    """Each entry once, as it was told first; the next page is asked for when its first entry is wanted."""
    seen: set[str] = set()
    pages = _iterate_pages(door, path, query, what=what, pace=pace, most_pages=_MOST_PAGES_EVER)
    async with aclosing(pages):
        async for entries in pages:
            for entry in entries:
                key = _find_key(entry)
                if key is None or key not in seen:
                    seen |= {key} if key else set()
                    yield parse(entry)


async def read_whole(
    door: HttpDoor, path: str, query: Query, *, what: str, parse: Callable[[Fields], T], pace: Pace | None = None
) -> list[T]:
    """Every entry of a short list, each as it was told last. RoomServiceNonsense rather than a part of them."""
    found: dict[str, T] = {}
    pages = _iterate_pages(door, path, query, what=what, pace=pace, most_pages=_MOST_PAGES)
    async with aclosing(pages):
        async for entries in pages:
            found |= {_find_key(entry) or entry.get_text("uuid"): parse(entry) for entry in entries}
    return list(found.values())


async def _iterate_pages(
    door: HttpDoor, path: str, query: Query, *, what: str, pace: Pace | None, most_pages: int
) -> AsyncGenerator[list[Fields]]:
    asked_for: set[str] = set()
    here: str | None = path
    parameters: Query | None = query
    while here is not None:
        answer = await door.fetch("GET", here, what=what, query=parameters, is_repeatable=True, pace=pace)
        entries, following = parse_page(answer, what=what, asked=here)
        yield entries
        if following is not None and (following in asked_for or len(asked_for) >= most_pages):
            raise RoomServiceNonsense(PROVIDER, "next", "never comes to an end")
        here, parameters = following, None  # the address of a next page has its parameters
        asked_for |= {following} if following else set()


def _find_key(entry: Fields) -> str | None:
    return next((key for name in _IDS if (key := entry.find_id(name))), None)
