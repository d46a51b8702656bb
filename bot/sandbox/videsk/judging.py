"""Judges bodies and queries as strictly as the documents allow: unknown fields, wrong types, times that make no sense.

Where the documents are silent the answer is the stricter of two guesses. Nothing here changes anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.sandbox.videsk.errors import Turned

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_SORTED_BY = ("createdAt", "name", "nbf", "exp")

Judge = Callable[[Any], bool]


def _is_text(most: int) -> Judge:
    return lambda value: isinstance(value, str) and 1 <= len(value) <= most


def _is_moment(value: Any) -> bool:
    return isinstance(value, str) and _MOMENT.fullmatch(value) is not None and read_moment(value) is not None


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_settings(value: Any) -> bool:
    known: dict[str, Judge] = {"maxParticipants": _is_count, "recordingEnabled": _is_flag}
    return isinstance(value, dict) and all(name in known and known[name](part) for name, part in value.items())


CREATED: Mapping[str, Judge] = {
    "externalId": _is_text(100),
    "name": _is_text(500),
    "exp": _is_moment,
    "nbf": _is_moment,
    "settings": _is_settings,
}
CHANGED: Mapping[str, Judge] = {
    "exp": _is_moment,
    "nbf": _is_moment,
    "ended": _is_flag,
    "name": _is_text(500),
    "generateToken": _is_flag,
}
JOINED: Mapping[str, Judge] = {}


@dataclass(frozen=True, kw_only=True)
class ListQuery:
    """What a list is asked for."""

    limit: int = 10
    skip: int = 0
    ended: bool = False
    external_id: str | None = None
    sort: tuple[tuple[str, int], ...] = (("createdAt", -1),)


def judge_body(body: object, allowed: Mapping[str, Judge]) -> dict[str, Any]:
    """The body, which is right by each of its fields. Turned (400) names those that are wrong."""
    if not isinstance(body, dict):
        raise Turned(400, "The body must be an object")
    errors = {
        name: "is not allowed" if name not in allowed else "is not valid"
        for name, value in body.items()
        if name not in allowed or not allowed[name](value)
    }
    if errors:
        raise Turned(400, "validation failed", errors)
    return body


def judge_query(query: list[tuple[str, str]]) -> ListQuery:
    """What the list is asked for. Turned (400) for what is unknown, said twice, or out of bounds."""
    errors: dict[str, str] = {}
    told: dict[str, Any] = {}
    for name, text in query:
        field, value = _read_parameter(name, text)
        if field is None:
            errors[name] = "is not allowed"
        elif value is None or field in told:
            errors[name] = "is not valid"
        else:
            told[field] = value
    if errors:
        raise Turned(400, "validation failed", errors)
    return ListQuery(**told)


def read_moment(text: str) -> datetime | None:
    """The instant; None where the numbers make none."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _read_parameter(name: str, text: str) -> tuple[str | None, Any]:
    """Which field of the query, and its value; None for either: not known, not valid."""
    sorted_by = re.fullmatch(r"\$sort\[(\w+)\]", name)
    if sorted_by:
        is_right = sorted_by[1] in _SORTED_BY and text in ("1", "-1")
        return "sort", ((sorted_by[1], int(text)),) if is_right else None
    match name:
        case "$limit":
            return "limit", int(text) if re.fullmatch(r"\d{1,3}", text) and 1 <= int(text) <= 100 else None
        case "$skip":
            return "skip", int(text) if re.fullmatch(r"\d{1,9}", text) else None
        case "ended":
            return "ended", {"true": True, "false": False}.get(text)
        case "externalId":
            return "external_id", text or None
    return None, None
