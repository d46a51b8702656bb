"""The shape of JSON values, as checks that name every fault with its place (a JSON pointer). Pure.

A check judges one value; checks are built from checks. They never raise and never change what they judge.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Check = Callable[[Any, str], Iterator[str]]
"""Judges one value at one place, and yields what is wrong with it."""


def say(what: str, where: str) -> str:
    """One fault with its place, in Slack's form."""
    return f"{what} [json-pointer:{where}]"


def string(most: int, *, least: int = 1, pattern: re.Pattern[str] | None = None) -> Check:
    """Text of so many characters."""

    def check(value: Any, where: str) -> Iterator[str]:
        if not isinstance(value, str):
            yield say("must be a string", where)
        elif len(value) < least:
            yield say(f"must be more than {least - 1} characters", where)
        elif len(value) > most:
            yield say(f"must be less than {most + 1} characters", where)
        elif pattern is not None and not pattern.fullmatch(value):
            yield say("failed to match the required pattern", where)

    return check


def boolean(value: Any, where: str) -> Iterator[str]:
    """True or false."""
    if not isinstance(value, bool):
        yield say("must be a boolean", where)


def integer(lowest: int, highest: int) -> Check:
    """A whole number within bounds, both included."""

    def check(value: Any, where: str) -> Iterator[str]:
        if not isinstance(value, int) or isinstance(value, bool):
            yield say("must be an integer", where)
        elif not lowest <= value <= highest:
            yield say(f"must be between {lowest} and {highest}", where)

    return check


def one_of(*allowed: str) -> Check:
    """One of these words."""

    def check(value: Any, where: str) -> Iterator[str]:
        if value not in allowed:
            yield say(f"must be one of: {', '.join(allowed)}", where)

    return check


def list_of(item: Check, *, most: int, least: int = 1) -> Check:
    """So many items, each judged."""

    def check(value: Any, where: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield say("must be an array", where)
            return
        if len(value) < least:
            yield say(f"no fewer than {least} items allowed", where)
        if len(value) > most:
            yield say(f"no more than {most} items allowed", where)
        for place, part in enumerate(value):
            yield from item(part, f"{where}/{place}")

    return check


class Object:
    """An object with exactly these fields; a name ending in `!` is required."""

    def __init__(self, fields: Mapping[str, Check]) -> None:
        self._known = {name.rstrip("!"): check for name, check in fields.items()}
        self._required = [name[:-1] for name in fields if name.endswith("!")]

    def __call__(self, value: Any, where: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield say("must be an object", where)
            return
        for name in self._required:
            if value.get(name) is None:
                yield say(f"missing required field: {name}", where)
        for name, part in value.items():
            if name not in self._known:
                yield say(f"invalid additional property: {name}", where)
            elif part is not None:
                yield from self._known[name](part, f"{where}/{name}")


def typed(shapes: Mapping[str, Check], what: str) -> Check:
    """An object whose `type` decides its shape; `what` names it in the fault."""

    def check(value: Any, where: str) -> Iterator[str]:
        kind = value.get("type") if isinstance(value, dict) else None
        if not isinstance(kind, str) or kind not in shapes:
            yield say(f"unsupported type for {what}: {kind}", where)
        else:
            yield from shapes[kind](value, where)

    return check


def anything(value: Any, where: str) -> Iterator[str]:
    """No fault at all: judged elsewhere."""
    yield from ()
