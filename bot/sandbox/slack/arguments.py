"""A Web API call's arguments, read strictly. They come as JSON, as a form, or in the address; all three are merged."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from bot.sandbox.slack.refusals import Refused, refuse_arguments


class Arguments:
    """What a method was called with. Reading one of a wrong type refuses the call, naming the argument."""

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = {name: value for name, value in values.items() if value is not None}

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str) -> str:
        """A required string."""
        value = self.find_text(name)
        if value is None or value == "":
            raise refuse_arguments([f"missing required field: {name}"])
        return value

    def find_text(self, name: str) -> str | None:
        """A string, or None where it was left out."""
        value = self._values.get(name)
        if value is not None and not isinstance(value, str):
            raise refuse_arguments([f"must be a string [json-pointer:/{name}]"])
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A boolean; forms write it as true, false, 1 or 0."""
        value = self._values.get(name, default)
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.lower() in ("1", "true", "0", "false"):
            return value.lower() in ("1", "true")
        raise refuse_arguments([f"must be a boolean [json-pointer:/{name}]"])

    def find_flag(self, name: str) -> bool | None:
        """A boolean, or None where it was left out."""
        return self.flag(name) if name in self._values else None

    def number(self, name: str, *, default: int, lowest: int, highest: int, error: str = "invalid_arguments") -> int:
        """A whole number within bounds; refused with `error` outside of them."""
        value = self._values.get(name, default)
        if isinstance(value, str) and value.isdecimal():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
            raise refuse_arguments([f"must be between {lowest} and {highest} [json-pointer:/{name}]"], error=error)
        return value

    def structure(self, name: str, *, error: str = "invalid_arguments") -> Any:
        """An object or array, given as such or as JSON in a string; None where it was left out."""
        value = self._values.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            raise refuse_arguments([f"must be valid JSON [json-pointer:/{name}]"], error=error) from None


async def read_arguments(request: web.Request) -> Arguments:
    """Every argument of the call; refused where the body is not what its Content-Type says."""
    values: dict[str, Any] = dict(request.query)
    if request.method != "POST":
        return Arguments(values)
    if request.content_type == "application/json":
        try:
            body = json.loads(await request.text() or "{}")
        except ValueError:
            raise Refused("invalid_json") from None
        if not isinstance(body, dict):
            raise Refused("json_not_object")
        return Arguments(values | body)
    if request.content_type not in ("application/x-www-form-urlencoded", "multipart/form-data"):
        if await request.read():
            raise Refused("invalid_post_type")
        return Arguments(values)
    return Arguments(values | dict(await request.post()))
