"""Slack's framework with nothing in it, served as its own documentation serves it.

    python -m tests.bench.baselines.bare_bolt PORT commit FILE   answers before it returns, after storing FILE's rows
    python -m tests.bench.baselines.bare_bolt PORT stock         as it comes: an empty listener
    python -m tests.bench.baselines.bare_bolt PORT libraries     the same, with the libraries loaded that Hallpass uses

What a bare program stores for a form is exactly the rows that Hallpass stores, in one commit, with `sqlite3`.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from aiohttp import web
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult

from tests.bench.baselines.raw_rows import RawStore
from tests.bench.forms import SIGNING_SECRET

LIBRARIES = (
    *("apscheduler.schedulers.asyncio", "babel.dates", "cryptography.fernet", "httpx", "httpx_aiohttp", "jwt"),
    *("prometheus_client", "pydantic_settings", "rich.console", "sqlite_utils", "starlette.applications"),
    *("structlog", "uvicorn", "yaml", "slack_bolt.adapter.socket_mode.async_handler"),
)
"""pyproject.toml's dependencies, which `hallpass run` loads."""

Ack = Callable[..., Awaitable[Any]]


async def authorize() -> AuthorizeResult:
    return AuthorizeResult(enterprise_id=None, team_id="T0BENCH001", bot_token="xoxb-1", bot_id="B1", bot_user_id="U1")


def build_app(mode: str, rows: Path | None) -> AsyncApp:
    """One listener: the booking form's."""
    app = AsyncApp(signing_secret=SIGNING_SECRET, authorize=authorize, process_before_response=mode == "commit")
    store = RawStore(rows) if rows else None

    @app.view("booking")
    async def submit(ack: Ack, body: dict[str, Any]) -> None:
        if store is not None:
            state = body["view"]["state"]["values"]
            people = [*state["leaders"]["pick_leaders"]["selected_users"]]
            people += state["participants"]["pick_participants"]["selected_users"]
            store.find_people(people)
            store.commit()
            text = {"type": "mrkdwn", "text": f"{len(people)} links are on their way."}
            blocks = [{"type": "section", "text": text}]
            title = {"type": "plain_text", "text": "Booked"}
            await ack(response_action="update", view={"type": "modal", "title": title, "blocks": blocks})
        else:
            await ack()

    return app


def main() -> None:
    port, mode = int(sys.argv[1]), sys.argv[2]
    if mode == "libraries":
        for name in LIBRARIES:
            importlib.import_module(name)
    app = build_app(mode, Path(sys.argv[3]) if mode == "commit" else None)
    server = app.server(port=port, path="/slack/events", host="127.0.0.1").web_app

    async def tell(_: web.Application) -> None:
        print(json.dumps({"ready": True}), flush=True)

    server.on_startup.append(tell)
    web.run_app(server, host="127.0.0.1", port=port, print=None, access_log=None)


if __name__ == "__main__":
    main()
