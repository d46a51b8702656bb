"""The small web server: Slack's endpoint in HTTP mode, room services' webhooks, join pages, health, metrics.

It parses nothing of Slack's or of a room service's: the raw request goes to Bolt, or to `webhooks.py`, which check its
signature first. What a webhook is answered:

    200    stored, or stored before; also where it says nothing that we act on
    400    without an id by which to know it again, or genuine and yet no JSON
    403    not signed with the room's present secret
    404    no such address: the key is nobody's, or another service's, or webhooks are switched off
    405    not POST
    408    the body did not come
    413    larger than `LARGEST_WEBHOOK_BYTES`, whether it said so or not
    503    too many at once, or nothing can be stored now; `Retry-After` says when to come again
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.webhooks import Taken, Webhooks

SLACK_PATH = "/slack/events"
LARGEST_REQUEST_BYTES = 1_000_000
"""1 MB; Slack's largest payloads, views with their state, are some hundred kB."""
WEBHOOK_PATH = "/rooms/{service}/{key}"
LARGEST_WEBHOOK_BYTES = 256_000
"""256 kB; a report is one, a summary of a lesson some."""
BODY_WITHIN_SECONDS = 10
OURS = {"X-Hallpass": "webhook"}
"""On every answer of that route, so that `doctor` can tell it from somebody else's 404."""
STATUSES: Mapping[Taken, int] = {
    Taken.STORED: 200,
    Taken.REPEATED: 200,
    Taken.UNKNOWN: 404,
    Taken.UNNUMBERED: 400,
    Taken.UNREADABLE: 400,
    Taken.FORGED: 403,
    Taken.BUSY: 503,
}


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
    webhooks_waiting_count: int  # stored, not worked on
    webhooks_stored_count: int
    webhooks_repeated_count: int
    webhooks_refused_count: int
    patience_seconds: float  # older than this, and we are not ready

    @property
    def is_ready(self) -> bool:
        return self.store and self.slack and self.oldest_unsent_seconds <= self.patience_seconds


SlackHandler = Callable[[Request], Awaitable[Response]]


def build_web(
    *,
    find_slack_handler: Callable[[], SlackHandler | None],
    check: Callable[[], Awaitable[Readiness]],
    webhooks: Webhooks | None = None,
    join_routes: Sequence[Route] = (),
) -> Starlette:
    """The routes. `find_slack_handler` answers None until we know who we are in Slack. `webhooks` None: there are none.
    `join_routes`: join links' pages, where there is a public address.

    Webhooks are taken in from the first moment on: they need nothing of Slack's.
    """

    async def slack(request: Request) -> Response:
        handler = find_slack_handler()
        if handler is None:
            return PlainTextResponse("starting\n", status_code=503, headers={"Retry-After": "2"})
        length = request.headers.get("content-length", "")
        if not length.isdigit() or int(length) > LARGEST_REQUEST_BYTES:
            return PlainTextResponse("too large\n", status_code=413)
        return await handler(request)

    async def webhook(request: Request) -> Response:
        return await take_webhook(request, webhooks)

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
            Route(WEBHOOK_PATH, webhook, methods=["POST"]),
            *join_routes,
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/metrics", metrics),
        ]
    )


async def take_webhook(request: Request, webhooks: Webhooks | None) -> Response:
    """One delivery. Whose address it is comes first: a stranger's body is not even read."""
    service, key = request.path_params["service"], request.path_params["key"]
    address = webhooks.find_address(service, key) if webhooks is not None else None
    if webhooks is None or address is None:
        return _answer_webhook(STATUSES[Taken.UNKNOWN], Taken.UNKNOWN.value)
    try:
        async with asyncio.timeout(BODY_WITHIN_SECONDS):
            body = await _read_body(request, LARGEST_WEBHOOK_BYTES)
    except TimeoutError:
        return _answer_webhook(408, "too slow")
    except ClientDisconnect:
        return _answer_webhook(400, "cut off")
    if body is None:
        return _answer_webhook(413, "too large")
    taken = await webhooks.take(address, dict(request.headers), body)
    return _answer_webhook(STATUSES[taken], taken.value)


async def _read_body(request: Request, most: int) -> bytes | None:
    """The body; None where it is larger, as soon as that is known."""
    length = request.headers.get("content-length", "0")
    if not length.isdigit() or len(length) > len(str(most)) or int(length) > most:
        return None
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            return None
    return bytes(body)


def _answer_webhook(status: int, what: str) -> Response:
    headers = {**OURS, "Retry-After": "2"} if status == 503 else OURS
    return PlainTextResponse(f"{what}\n", status_code=status, headers=headers)


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
            "hallpass_webhooks_waiting": ("Deliveries stored and not yet worked on", now.webhooks_waiting_count),
        }
        counters = {
            "hallpass_notices_dropped_late": ("Notices dropped because too late to be useful", now.dropped_late_count),
            "hallpass_notices_failed": ("Notices given up", now.failed_count),
            "hallpass_webhooks_stored": ("Deliveries stored since the start", now.webhooks_stored_count),
            "hallpass_webhooks_repeated": ("Deliveries that were stored before", now.webhooks_repeated_count),
            "hallpass_webhooks_refused": ("Deliveries refused or put off", now.webhooks_refused_count),
        }
        families: list[Metric] = [GaugeMetricFamily(name, told, value=value) for name, (told, value) in gauges.items()]
        return families + [CounterMetricFamily(name, told, value=value) for name, (told, value) in counters.items()]
