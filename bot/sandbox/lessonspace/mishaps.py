"""What can go wrong with a webhook on its way, switched on by event. Nothing here happens by chance.

The board only says what the next report of an event meets; `webhooks.py` carries it out.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Self

EVERY_EVENT = "*"


class MishapKind(StrEnum):
    """What goes wrong."""

    LOSE = "lose"  # never sent
    DELAY = "delay"  # sent later, and all that follows it to the same address waits with it
    REPEAT = "repeat"  # sent twice, with the same id
    REORDER = "reorder"  # sent after the next one to the same address


@dataclass(frozen=True, kw_only=True)
class Mishap:
    """One way of going wrong."""

    kind: MishapKind
    delay: timedelta = timedelta(0)  # DELAY: in lesson time

    @classmethod
    def losing(cls) -> Self:
        """Never sent."""
        return cls(kind=MishapKind.LOSE)

    @classmethod
    def delaying(cls, delay: timedelta) -> Self:
        """Sent that much lesson time later; what follows waits behind it."""
        return cls(kind=MishapKind.DELAY, delay=delay)

    @classmethod
    def repeating(cls) -> Self:
        """Sent twice, with the same id."""
        return cls(kind=MishapKind.REPEAT)

    @classmethod
    def reordering(cls) -> Self:
        """Held back until the next one to the same address was sent."""
        return cls(kind=MishapKind.REORDER)


@dataclass(kw_only=True)
class _Switched:
    mishap: Mishap
    left: int | None  # None: until switched off


class MishapBoard:
    """What the next report of an event meets. An event is named "user.join", a group "user.*", all of them "*"."""

    def __init__(self) -> None:
        self._switched: dict[str, deque[_Switched]] = {}

    def switch_on(self, event: str, mishap: Mishap, *, count: int | None = None) -> None:
        """The next `count` reports of `event` meet `mishap`; without a count, all until `switch_off`."""
        if count is not None and count < 1:
            raise ValueError("A mishap is met at least once.")
        self._switched.setdefault(event, deque()).append(_Switched(mishap=mishap, left=count))

    def switch_off(self, event: str | None = None) -> None:
        """No more mishaps for `event`, as it was named; without one, none at all."""
        if event is None:
            self._switched.clear()
        else:
            self._switched.pop(event, None)

    def take(self, event: str) -> Mishap | None:
        """What this report meets, counted as met. The closest name comes first; None: it goes well."""
        for name in (event, f"{event.partition('.')[0]}.*", EVERY_EVENT):
            waiting = self._switched.get(name)
            if waiting:
                first = waiting[0]
                if first.left is not None:
                    first.left -= 1
                    if first.left == 0:
                        waiting.popleft()
                return first.mishap
        return None
