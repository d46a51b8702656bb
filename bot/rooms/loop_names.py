"""What we call a Loop room, so that nothing we keep opens it: its token is the end of an address that lets anybody in.

A room's id is a digest of that token. The token itself is held in memory only; a process that does not know it yet
finds it in the server's list of our rooms. Nothing here asks the server, and no token is in a repr.
"""

from __future__ import annotations

import hashlib

SPICE = b"hallpass loop room: "
"""So that a digest of ours is nobody else's of the same token. Migration 0006 names rooms alike: never changed."""


def name_room(room_token: str) -> str:
    """The id of the room with this token: always the same, and not to be turned back."""
    return hashlib.sha256(SPICE + room_token.encode()).hexdigest()[:32]


class RoomNames:
    """The tokens that this process has seen, by their rooms' ids."""

    def __init__(self) -> None:
        self._tokens: dict[str, str] = {}

    def give(self, room_token: str) -> str:
        """The room's id, by which its token is found from now on."""
        room_id = name_room(room_token)
        self._tokens[room_id] = room_token
        return room_id

    def find(self, room_id: str) -> str | None:
        """The room's token; None: not seen."""
        return self._tokens.get(room_id)

    def forget(self, room_id: str) -> None:
        """The room is gone."""
        self._tokens.pop(room_id, None)

    def __repr__(self) -> str:
        return f"<RoomNames {len(self._tokens)}>"
