"""Bolt's app, and one thing more: it says when a request has been dealt with.

A view that showed what was pressed must be drawn anew after the change and not before; a middleware sees only before.
Whoever is told must not wait: the request's answer waits for them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

Handled = Callable[[dict[str, Any]], None]


class Dispatcher(AsyncApp):
    """Every listener's app."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._on_handled: list[Handled] = []

    def on_handled(self, call: Handled) -> Handled:
        """Have this called with the payload after the listener is through, however that ended."""
        self._on_handled.append(call)
        return call

    async def async_dispatch(self, req: AsyncBoltRequest) -> BoltResponse:
        response: BoltResponse = await super().async_dispatch(req)
        for call in self._on_handled:
            call(req.body)
        return response
