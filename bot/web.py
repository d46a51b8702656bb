"""The small web server: Slack's endpoint in HTTP mode, health for whoever watches, metrics.

It parses nothing of Slack's: the raw request goes to Bolt, which checks its signature first.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

SLACK_PATH = "/slack/events"
LARGEST_REQUEST_BYTES = 1_000_000
"""1 MB; Slack's largest payloads, views with their state, are some hundred kB."""


@dataclass(frozen=True, kw_only=True)
class Readiness:
    """What `/readyz` tells. Ready: the store answers, Slack is connected, nothing owed is left lying."""

    store: bool
    slack: bool
    oldest_unsent_seconds: float  # 0: nothing is due and unsent
    waiting_count: int
    unknown_count: int
    stale_card_count: int
    dropped_late_count: int
    failed_count: int
    patience_seconds: float  # older than this, and we are not ready

    @property
    def is_ready(self) -> bool:
        return self.store and self.slack and self.oldest_unsent_seconds <= self.patience_seconds


SlackHandler = Callable[[Request], Awaitable[Response]]


def build_web(
    *, find_slack_handler: Callable[[], SlackHandler | None], check: Callable[[], Awaitable[Readiness]]
) -> Starlette:
    """The routes. `find_slack_handler` answers None until we know who we are in Slack."""

    async def slack(request: Request) -> Response:
        handler = find_slack_handler()
        if handler is None:
            return PlainTextResponse("starting\n", status_code=503, headers={"Retry-After": "2"})
        length = request.headers.get("content-length", "")
        if not length.isdigit() or int(length) > LARGEST_REQUEST_BYTES:
            return PlainTextResponse("too large\n", status_code=413)
        return await handler(request)

    async def healthz(request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(request: Request) -> Response:
        readiness = await check()
        body: dict[str, Any] = {
            "ready": readiness.is_ready,
            "store": readiness.store,
            "slack": readiness.slack,
            "oldest_unsent_seconds": round(readiness.oldest_unsent_seconds, 1),
        }
        return JSONResponse(body, status_code=200 if readiness.is_ready else 503)

    async def metrics(request: Request) -> Response:
        registry = CollectorRegistry()
        registry.register(_Owed(await check()))
        return Response(generate_latest(registry), media_type="text/plain; version=0.0.4")

    return Starlette(
        routes=[
            Route(SLACK_PATH, slack, methods=["POST"]),
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/metrics", metrics),
        ]
    )


class _Owed(Collector):
    """Readiness as metrics."""

    def __init__(self, readiness: Readiness) -> None:
        self._readiness = readiness

    def collect(self) -> list[Metric]:
        now = self._readiness
        gauges = {
            "hallpass_slack_connected": ("Whether Slack is connected", float(now.slack)),
            "hallpass_oldest_unsent_seconds": ("Age of the oldest unsent notice", now.oldest_unsent_seconds),
            "hallpass_notices_waiting": ("Notices due and not yet sent", now.waiting_count),
            "hallpass_notices_unknown": ("Notices posted without a definite answer", now.unknown_count),
            "hallpass_cards_stale": ("Cards behind what is true", now.stale_card_count),
        }
        counters = {
            "hallpass_notices_dropped_late": ("Notices dropped because too late to be useful", now.dropped_late_count),
            "hallpass_notices_failed": ("Notices given up", now.failed_count),
        }
        families: list[Metric] = [GaugeMetricFamily(name, told, value=value) for name, (told, value) in gauges.items()]
        return families + [CounterMetricFamily(name, told, value=value) for name, (told, value) in counters.items()]
