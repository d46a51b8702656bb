"""Who we are to a Loop server: a session token that it gave us once, and that our rooms belong to.

Theory of operation. The token is kept by the account's owner (`SessionKeeper`) before anything is done with it, and is
only replaced by one that was proved to work: a server behind a wrong address refuses every token, and must not make us
throw away the one that our rooms belong to. What a 401 says decides:

    it tells its time, proved with our key     our difference to its clock is noted; asked again, once
    it tells a time without that proof         refused: nobody else may put our clock wrong
    it does not know the token (any more)      another process' newer token, or we register anew; asked again, once

Nothing was done when a 401 came, so asking again is safe for every call. The token is in no repr, log or error.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from bot.errors import RoomServiceNonsense
from bot.rooms.hawk import (
    Credentials,
    build_header,
    derive_credentials,
    is_session_token,
    parse_challenge,
    read_server_time,
)
from bot.rooms.http import Answer, HttpDoor, Query
from bot.rooms.loop_answers import EXPIRED, INVALID_AUTH, LoopRefused
from bot.rooms.loop_records import PROVIDER


class SessionKeeper(Protocol):
    """Keeps the account's session token over restarts, for all processes, sealed. Safe to use from many tasks."""

    async def load(self) -> str | None:
        """The token as it is kept now; None: there is none."""
        ...

    async def save(self, session_token: str, *, instead_of: str | None) -> str:
        """Keep it where `instead_of` is kept (None: nothing), in one statement. What is kept now: another process may
        have been first, and then that one's holds."""
        ...


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request, as the door takes it; signed anew each time it is asked."""

    method: str
    path: str
    what: str
    query: Query | None = None
    body: Mapping[str, object] | None = field(default=None, repr=False)
    is_repeatable: bool = False
    reads_body: bool = True


REGISTER = Call(method="POST", path="registration", what="registration", body={}, is_repeatable=True, reads_body=False)
"""Without credentials it gives a token, with good ones it changes nothing."""


class LoopIdentity:
    """Asks in our name. `now` is machine time."""

    def __init__(self, door: HttpDoor, *, keeper: SessionKeeper, now: Callable[[], datetime]) -> None:
        self._door = door
        self._keeper = keeper
        self._now = now
        self._token: str | None = None
        self._ahead = timedelta(0)  # how far the server's clock is from ours
        self._registers = asyncio.Lock()

    async def ask(self, call: Call) -> Answer:
        """The answer to us. `LoopRefused`, status 401, only where neither clock nor token can be mended."""
        token = await self._find_token()
        try:
            return await self._send(call, token)
        except LoopRefused as refused:
            if not _is_about_token(refused):
                raise
        return await self._send(call, await self._replace(token))

    async def _send(self, call: Call, token: str) -> Answer:
        """Signed with this token; twice where the first answer proves that our clock is wrong."""
        credentials = derive_credentials(token)
        try:
            return await self._fetch(call, self._sign(call, credentials))
        except LoopRefused as refused:
            if not self._set_clock(refused, credentials):
                raise
        return await self._fetch(call, self._sign(call, credentials))

    async def _fetch(self, call: Call, headers: Mapping[str, str]) -> Answer:
        return await self._door.fetch(
            call.method,
            call.path,
            what=call.what,
            query=call.query,
            headers=headers,
            body=call.body,
            is_repeatable=call.is_repeatable,
            reads_body=call.reads_body,
        )

    def _sign(self, call: Call, credentials: Credentials) -> dict[str, str]:
        # The door's tries share one header. The server takes a nonce twice, and they are all over in half its minute.
        url = self._door.find_address(call.path, what=call.what, query=call.query)
        nonce, at = secrets.token_urlsafe(6), self._now() + self._ahead
        return {"Authorization": build_header(credentials, method=call.method, url=url, at=at, nonce=nonce)}

    def _set_clock(self, refused: LoopRefused, credentials: Credentials) -> bool:
        """Take the server's time for its. False: it told none, or did not prove that it is its own."""
        challenge = parse_challenge(refused.challenge) if refused.status == 401 else None
        told = read_server_time(challenge, credentials) if challenge else None
        if told is None:
            return False
        self._ahead = told - self._now()
        return True

    async def _find_token(self) -> str:
        async with self._registers:
            if self._token is None:
                self._token = await self._load_or_register(None)
            return self._token

    async def _replace(self, refused: str) -> str:
        """A token that is not the refused one."""
        async with self._registers:
            # Who waited here finds the newer token kept, and takes that.
            self._token = await self._load_or_register(refused)
            return self._token

    async def _load_or_register(self, refused: str | None) -> str:
        kept = await self._keeper.load()
        if kept is not None and kept != refused and is_session_token(kept):
            return kept
        return await self._keeper.save(await self._register(), instead_of=kept)

    async def _register(self) -> str:
        """A new token that works. One that is not used lapses by itself."""
        answer = await self._fetch(REGISTER, {})
        token = answer.headers.get("hawk-session-token", "")
        if not is_session_token(token):
            problem = "is not 64 hex digits" if token else "is missing"
            raise RoomServiceNonsense(PROVIDER, "Hawk-Session-Token", problem, status=answer.status)
        await self._send(REGISTER, token)
        return token


def _is_about_token(refused: LoopRefused) -> bool:
    """The server does not know it. A 401 that tells a time is about clocks, whatever its number."""
    challenge = parse_challenge(refused.challenge)
    is_about_time = challenge is not None and challenge.ts is not None
    return refused.status == 401 and refused.errno in (INVALID_AUTH, EXPIRED) and not is_about_time
