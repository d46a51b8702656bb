"""The Home tab as it is opened and pressed, and what Slack tells us of people."""

from __future__ import annotations

from typing import Any

from commands.desk import Desk
from commands.dispatching import Dispatcher
from commands.open_homes import OpenHomes


def register(app: Dispatcher, desk: Desk, homes: OpenHomes) -> None:
    """Name the events, and have a Home redrawn after anything pressed in it."""

    @app.on_handled
    def redraw(body: dict[str, Any]) -> None:
        if (body.get("view") or {}).get("type") == "home" and body.get("type") == "block_actions":
            desk.run(homes.publish(str(body["user"]["id"])))

    @app.event("app_home_opened")
    async def open_home(event: dict[str, Any]) -> None:
        if event.get("tab") == "home":
            desk.run(homes.publish(str(event["user"])))

    @app.event("user_change")
    async def change_user(event: dict[str, Any]) -> None:
        desk.run(desk.directory.note_user_change(event.get("user") or {}))
