"""Whom the organisation knows: everybody that a launch named, by the customer's id or else by their name.

Guests are not among them. Who was deleted is not known any more, and would get a new number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

FIRST_NUMBER = 501


@dataclass(kw_only=True)
class User:
    """Somebody with an account, as the last launch named them."""

    number: int
    external_id: str  # the customer's; their name where none was given
    name: str
    role: str
    email: str = field(default="", repr=False)


class Users:
    """The organisation's users. Numbers are never given twice."""

    def __init__(self) -> None:
        self._known: dict[str, User] = {}  # by how a launch tells them apart
        self._next_number = FIRST_NUMBER

    def know(self, asked: Mapping[str, Any]) -> User:
        """Who is meant by the `user` of a launch; somebody new where nobody is."""
        key = f"id:{asked['id']}" if asked.get("id") else f"name:{asked.get('name')}"
        user = self._known.get(key)
        if user is None:
            user = User(number=self._next_number, external_id=asked.get("id") or asked["name"], name="", role="student")
            self._known[key] = user
            self._next_number += 1
        user.name = asked.get("name") or "Guest"
        user.role = asked.get("role", user.role)
        user.email = asked.get("email", user.email)
        return user

    def find(self, number: int | None) -> User | None:
        """Who has that number, unless they were deleted."""
        return next((user for user in self._known.values() if user.number == number), None)

    def forget(self, number: int) -> bool:
        """Delete somebody. False when nobody has that number."""
        known = len(self._known)
        self._known = {key: user for key, user in self._known.items() if user.number != number}
        return len(self._known) < known

    def list_all(self) -> list[User]:
        """Everybody, in the order of their numbers."""
        return list(self._known.values())
