"""The stand-in's rooms: what they are, who is inside, and when that ends. Times are handed in.

Whether a room that ran out counts as one that ended, and whether an id of ours is free again after the end, is not
documented; here it does, and it is not.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from bot.sandbox.videsk.errors import Turned
from bot.sandbox.videsk.judging import ListQuery, read_moment
from bot.sandbox.videsk.tokens import Pass

LONGEST_ACCESS = timedelta(hours=72)
USUAL_ACCESS = timedelta(hours=3)


@dataclass(frozen=True, kw_only=True)
class Authorization:
    """A token that was let in, or given out."""

    ip: str
    jti: str
    created_at: datetime


@dataclass(kw_only=True, eq=False)
class Room:
    """One room. `ended_at` None: nobody ended it; it may have run out all the same."""

    id: str
    external_id: str
    name: str
    nbf: datetime
    exp: datetime
    created_at: datetime
    settings: dict[str, Any] = field(default_factory=dict)
    ended_at: datetime | None = None
    authorizations: list[Authorization] = field(default_factory=list)

    def is_over(self, now: datetime) -> bool:
        """By somebody's word or by the clock."""
        return self.ended_at is not None or self.exp <= now

    def describe(self) -> dict[str, object]:
        """As an answer has it: without what no example shows."""
        return {
            "id": self.id,
            "name": self.name,
            "externalId": self.external_id,
            "exp": _format(self.exp),
            "nbf": _format(self.nbf),
            "authorizations": [
                {"ip": one.ip, "jti": one.jti, "createdAt": _format(one.created_at)} for one in self.authorizations
            ],
        }


class Rooms:
    """Every room of the account, oldest first. Raises Turned where the real one refuses."""

    def __init__(self) -> None:
        self.every: list[Room] = []
        self.caps_access = True
        """Refuse more than 72 hours from `nbf` to `exp`."""
        self.tells_ended = False
        """Have `ended`, `settings` and `createdAt` in answers, which no example shows."""
        self.limits_new_tokens = False
        """A token ends when the room did as it was given out, also for who is inside by it."""

    def find(self, name: str) -> Room | None:
        """By its id or by the customer's."""
        return next((room for room in self.every if name in (room.id, room.external_id)), None)

    def get(self, name: str) -> Room:
        """By its id or by the customer's. Turned (404) where there is none."""
        room = self.find(name)
        if room is None:
            raise Turned(404, f"No record found for id '{name}'")
        return room

    def create(self, body: dict[str, Any], now: datetime) -> Room:
        """A new one, of a body whose fields are right."""
        nbf, exp = _read_window(body)
        nbf = nbf or now
        exp = exp or now + USUAL_ACCESS
        self._judge_window(nbf, exp, now)
        if "externalId" in body and any(room.external_id == body["externalId"] for room in self.every):
            raise Turned(409, "externalId already exists")
        room = Room(
            id=secrets.token_hex(12),
            external_id=body.get("externalId") or str(uuid4()),
            name=body.get("name") or f"Room {len(self.every) + 1}",
            nbf=nbf,
            exp=exp,
            created_at=now,
            settings=dict(body.get("settings", {})),
        )
        self.every.append(room)
        return room

    def change(self, name: str, body: dict[str, Any], now: datetime) -> Room:
        """One that is not over, changed."""
        room = self.get(name)
        if room.is_over(now):
            raise Turned(404, f"No record found for id '{name}'")
        if not body:
            raise Turned(400, "nothing to change")
        nbf, exp = _read_window(body)
        if nbf or exp:
            self._judge_window(nbf or room.nbf, exp or room.exp, now)
        room.nbf, room.exp = nbf or room.nbf, exp or room.exp
        room.name = body.get("name", room.name)
        if body.get("ended"):
            room.ended_at = now
        return room

    def list(self, query: ListQuery, now: datetime) -> tuple[int, list[Room]]:
        """How many there are in all, and those of the page."""
        found = [room for room in self.every if room.is_over(now) is query.ended]
        if query.external_id is not None:
            found = [room for room in found if room.external_id == query.external_id]
        for name, direction in query.sort:
            found.sort(key=lambda room: _sort_key(room, name), reverse=direction < 0)
        return len(found), found[query.skip : query.skip + query.limit]

    def describe(self, room: Room, now: datetime) -> dict[str, object]:
        """As this account's answers have it."""
        told = room.describe()
        if self.tells_ended:
            told |= {"ended": room.is_over(now), "settings": room.settings, "createdAt": _format(room.created_at)}
        return told

    def issue(self, room: Room) -> Pass:
        """A token of the room, as long as it is open now."""
        return Pass(jti=str(uuid4()), room_id=room.id, nbf=room.nbf, exp=room.exp)

    def closes_at(self, room: Room, told: Pass) -> datetime:
        """When whoever is inside by this token is put out."""
        return min(room.exp, told.exp) if self.limits_new_tokens else room.exp

    def _judge_window(self, nbf: datetime, exp: datetime, now: datetime) -> None:
        if exp <= now:
            raise Turned(400, "validation failed", {"exp": "must be in the future"})
        if exp <= nbf:
            raise Turned(400, "validation failed", {"exp": "must be after nbf"})
        if self.caps_access and exp - nbf > LONGEST_ACCESS:
            raise Turned(400, "validation failed", {"exp": "must be within 72 hours"})


def _read_window(body: dict[str, Any]) -> Iterator[datetime | None]:
    return (read_moment(body[name]) if name in body else None for name in ("nbf", "exp"))


def _sort_key(room: Room, name: str) -> Any:
    return {"createdAt": room.created_at, "name": room.name, "nbf": room.nbf, "exp": room.exp}[name]


def _format(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
