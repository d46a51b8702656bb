"""Faults that a stand-in service can be told to have: slow, refusing, failing, cut off, talking nonsense.

A fault is switched on for one method (or for all), for so many calls or until it is switched off. The board only
says which fault the next call meets; the service carries it out. Nothing here happens by chance.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Self

EVERY_METHOD = "*"


class FaultKind(StrEnum):
    """What goes wrong."""

    DELAY = "delay"  # the answer comes, later
    RATE_LIMITED = "rate_limited"  # 429 with Retry-After
    STATUS = "status"  # a bare HTTP status, such as 503
    REFUSAL = "refusal"  # the service's own error answer, such as `internal_error`
    DROP = "drop"  # the connection is cut without an answer
    GARBAGE = "garbage"  # an answer that cannot be read


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One way of failing. `does_work`: what was asked for happened all the same, the caller just cannot know."""

    kind: FaultKind
    does_work: bool = False
    delay: timedelta = timedelta(0)  # DELAY: before the work, or after it where `does_work`
    retry_after_seconds: int = 1  # RATE_LIMITED
    status: int = 503  # STATUS
    error: str = "internal_error"  # REFUSAL

    @classmethod
    def slow(cls, delay: timedelta, *, after_work: bool = False) -> Self:
        """Answers after `delay`; with `after_work` the work is done at once and only the answer is late."""
        return cls(kind=FaultKind.DELAY, delay=delay, does_work=after_work)

    @classmethod
    def rate_limited(cls, retry_after_seconds: int = 1) -> Self:
        """429 with that Retry-After. Never does the work."""
        return cls(kind=FaultKind.RATE_LIMITED, retry_after_seconds=retry_after_seconds)

    @classmethod
    def failing(cls, status: int = 503, *, does_work: bool = False) -> Self:
        """A bare HTTP status without a body worth reading."""
        return cls(kind=FaultKind.STATUS, status=status, does_work=does_work)

    @classmethod
    def refusing(cls, error: str = "internal_error", *, does_work: bool = False) -> Self:
        """The service's own error answer."""
        return cls(kind=FaultKind.REFUSAL, error=error, does_work=does_work)

    @classmethod
    def dropping(cls, *, does_work: bool = False) -> Self:
        """Cuts the connection before, or with `does_work` after, doing what was asked."""
        return cls(kind=FaultKind.DROP, does_work=does_work)

    @classmethod
    def garbage(cls, *, does_work: bool = False) -> Self:
        """Answers 200 with a body that is not JSON."""
        return cls(kind=FaultKind.GARBAGE, does_work=does_work)


@dataclass(kw_only=True)
class _Switched:
    fault: Fault
    left: int | None  # None: until switched off


class FaultBoard:
    """Which fault the next call of a method meets. A method's own faults come before those of every method."""

    def __init__(self) -> None:
        self._switched: dict[str, deque[_Switched]] = {}

    def switch_on(self, method: str, fault: Fault, *, count: int | None = None) -> None:
        """The next `count` calls of `method` meet `fault`; without a count, all until `switch_off`.

        Faults of one method queue up: the next begins when the one before is used up.
        """
        if count is not None and count < 1:
            raise ValueError("A fault is met at least once.")
        self._switched.setdefault(method, deque()).append(_Switched(fault=fault, left=count))

    def switch_off(self, method: str | None = None) -> None:
        """No more faults for `method`; without one, none at all."""
        if method is None:
            self._switched.clear()
        else:
            self._switched.pop(method, None)

    def take(self, method: str) -> Fault | None:
        """The fault this call meets, counted as met; None for a call that goes well."""
        for name in (method, EVERY_METHOD):
            waiting = self._switched.get(name)
            if waiting:
                return _take_first(waiting)
        return None


def _take_first(waiting: deque[_Switched]) -> Fault:
    first = waiting[0]
    if first.left is not None:
        first.left -= 1
        if first.left == 0:
            waiting.popleft()
    return first.fault
