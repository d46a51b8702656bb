"""A client between ours and a stand-in that counts what is asked, and changes one answer on its way back."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx

from bot.rooms.http import HttpClient

Meddle = Callable[[bytes], bytes]

NOT_MEANT: tuple[Any, ...] = (None, "", "x", 7, True, [], {})
"""What a field may be instead of what it should be."""

LENGTHS = {"content-length", "content-encoding", "transfer-encoding"}  # of the body as it came


class Meddler(httpx.AsyncBaseTransport):
    """Passes everything on to `client`, which is not closed by it."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client
        self.asked: list[str] = []
        self.told: list[bytes] = []
        """Bodies as they came, before any change."""
        self._changes: tuple[int, Meddle] | None = None

    def change(self, number: int, meddle: Meddle) -> None:
        """Count anew, and give the answer of that number (from 0) changed."""
        self.asked.clear()
        self.told.clear()
        self._changes = (number, meddle)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        number = len(self.told)
        self.asked.append(f"{request.method} {request.url.path}")
        response = await self._client.send(request)
        self.told.append(response.content)
        content = response.content
        if self._changes is not None and self._changes[0] == number:
            content = self._changes[1](content)
        headers = [(k, v) for k, v in response.headers.multi_items() if k.lower() not in LENGTHS]
        return httpx.Response(response.status_code, headers=headers, content=content)


def iterate_changes(content: bytes) -> Iterator[tuple[str, Meddle]]:
    """Every field of a JSON answer missing and of every wrong kind, one at a time; each with what was done."""
    try:
        whole = json.loads(content)
    except ValueError:
        return
    for path in _iterate_paths(whole):
        yield f"{path} missing", _always(_rewrite(whole, path, None, leaves_out=True))
        for value in NOT_MEANT:
            yield f"{path} = {value!r}", _always(_rewrite(whole, path, value))


def _always(content: bytes) -> Meddle:
    return lambda _: content


def _iterate_paths(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    items: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    for name, item in items:
        yield (*path, name)
        yield from _iterate_paths(item, (*path, name))


def _rewrite(whole: Any, path: tuple[str | int, ...], value: Any, *, leaves_out: bool = False) -> bytes:
    changed = copy.deepcopy(whole)
    *outer, last = path
    inner = changed
    for name in outer:
        inner = inner[name]
    if leaves_out:
        del inner[last]
    else:
        inner[last] = value
    return json.dumps(changed).encode()
