"""The Web API's door: tokens, scopes, limits and faults, before and after the method itself.

Refusals are HTTP 200 with `ok: false`, as in Slack; only 429 and faults that are switched on look different.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

from aiohttp import web

from bot.sandbox.faults import Fault, FaultBoard, FaultKind
from bot.sandbox.slack.arguments import Arguments, read_arguments
from bot.sandbox.slack.limits import RateLimits
from bot.sandbox.slack.messages import Json
from bot.sandbox.slack.methods import Method, TokenKind, require_scope
from bot.sandbox.slack.refusals import Refused
from bot.sandbox.slack.responses import GONE, ResponseUrls
from bot.sandbox.slack.workspace import Workspace
from bot.sandbox.traffic import Call, Party, Wire, read_route

_Handle = Callable[["Arguments | Refused"], tuple[web.Response, str | None]]
_FAULT = web.RequestKey("fault", str)


class _Cut(Exception):
    """The connection is to be cut."""


class WebApi:
    """Answers `/api/<method>`. `latency` and `latencies` (by method) are waited before every call is looked at."""

    def __init__(
        self,
        workspace: Workspace,
        methods: Mapping[str, Method],
        *,
        faults: FaultBoard,
        limits: RateLimits,
        responses: ResponseUrls,
        wire: Wire,
    ) -> None:
        self._workspace = workspace
        self._methods = methods
        self._faults = faults
        self._limits = limits
        self._wire = wire
        self._responses = responses
        self.latency = timedelta(0)
        self.latencies: dict[str, timedelta] = {}

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Handle one call, log it, and wake who waits."""
        name = request.match_info["method"]
        told = name if name in self._methods else "unknown method"
        return await self._watch(
            told, request, lambda: self._serve(name, request, lambda body: self._handle(name, request, body))
        )

    async def answer_response_url(self, request: web.Request) -> web.StreamResponse:
        """Handle one post to a `response_url`. It needs no token; faults and the log call it `response_url`."""
        name, url = "response_url", request.path
        return await self._watch(
            name, request, lambda: self._serve(name, request, lambda body: self._handle_response(url, body))
        )

    def as_upload(
        self, take: Callable[[web.Request], Awaitable[web.Response]]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """The same, logged as `upload`. It meets no fault."""

        async def handle(request: web.Request) -> web.StreamResponse:
            async def serve() -> tuple[web.Response, None]:
                return await take(request), None

            return await self._watch("upload", request, serve)

        return handle

    async def _watch(
        self, name: str, request: web.Request, serve: Callable[[], Awaitable[tuple[web.Response, str | None]]]
    ) -> web.StreamResponse:
        at, began = self._workspace.machine_now(), asyncio.get_running_loop().time()
        status, error = None, None
        try:
            response, error = await serve()
            # Whoever gave up waiting was told nothing.
            status = None if request.transport is None or request.transport.is_closing() else response.status
            return response
        except _Cut:
            error = "dropped"
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        finally:
            taken = timedelta(seconds=asyncio.get_running_loop().time() - began)
            self._wire.tell(
                Call(
                    sender=Party.BOT,
                    receiver=Party.SLACK,
                    name=name,
                    verb=request.method,
                    path=read_route(request),
                    status=status,
                    error=error,
                    fault=request.get(_FAULT),
                    at=at,
                    taken=taken,
                )
            )
            self._workspace.changes.ring()

    async def _serve(self, name: str, request: web.Request, handle: _Handle) -> tuple[web.Response, str | None]:
        arguments = await self._read(request)
        latency = self.latencies.get(name, self.latency)
        if latency:
            await asyncio.sleep(latency.total_seconds())
        fault = self._faults.take(name)
        if fault is not None:
            request[_FAULT] = fault.kind.value
        if fault is not None and not fault.does_work:
            broken = await self._break(fault)
            if broken is not None:
                return broken
        response, error = handle(arguments)
        if fault is not None and fault.does_work:
            broken = await self._break(fault)
            if broken is not None:
                return broken
        return response, error

    async def _read(self, request: web.Request) -> Arguments | Refused:
        try:
            return await read_arguments(request)
        except Refused as refused:
            return refused

    async def _break(self, fault: Fault) -> tuple[web.Response, str] | None:
        """What the fault answers instead; None where the call goes on."""
        if fault.kind is FaultKind.DELAY:
            await asyncio.sleep(fault.delay.total_seconds())
            return None
        if fault.kind is FaultKind.DROP:
            raise _Cut
        if fault.kind is FaultKind.RATE_LIMITED:
            return _refuse_rate(fault.retry_after_seconds), "ratelimited"
        if fault.kind is FaultKind.STATUS:
            return web.Response(status=fault.status, text="upstream trouble", content_type="text/html"), "status"
        if fault.kind is FaultKind.GARBAGE:
            return web.Response(body=b"<html>{not json", content_type="application/json"), "garbage"
        return _answer({"ok": False, "error": fault.error}), fault.error

    def _handle(
        self, name: str, request: web.Request, arguments: Arguments | Refused
    ) -> tuple[web.Response, str | None]:
        headers = {"x-oauth-scopes": ",".join(sorted(self._workspace.app.scopes))}
        try:
            if isinstance(arguments, Refused):
                raise arguments
            method = self._methods.get(name)
            if method is None:
                raise Refused("unknown_method", req_method=name)
            headers["x-accepted-oauth-scopes"] = ",".join(method.scopes)
            self._check_token(_read_token(request, arguments), method)
            channel = arguments.find_text("channel") or ""
            retry_after = self._limits.check(name, method.tier, channel=channel)
            if retry_after is not None:
                return _refuse_rate(retry_after), "ratelimited"
            return _answer({"ok": True} | method.handle(arguments), headers), None
        except Refused as refused:
            return _answer({"ok": False, "error": refused.error} | refused.extra, headers), refused.error

    def _handle_response(self, url: str, body: Arguments | Refused) -> tuple[web.Response, str | None]:
        try:
            if isinstance(body, Refused):
                raise body
            self._responses.take(url, body)
        except Refused as refused:
            status = 404 if refused.error in GONE else 400
            return _answer({"ok": False, "error": refused.error} | refused.extra, status=status), refused.error
        return _answer({"ok": True}), None

    def _check_token(self, token: str | None, method: Method) -> None:
        app = self._workspace.app
        if method.token is TokenKind.NONE:
            return
        if not token:
            raise Refused("not_authed")
        if token not in (app.bot_token, app.app_token):
            raise Refused("invalid_auth")
        kind = TokenKind.BOT if token == app.bot_token else TokenKind.APP
        if kind is not method.token:
            raise Refused("not_allowed_token_type")
        if kind is TokenKind.BOT and app.token_error is not None:
            raise Refused(app.token_error)
        require_scope(app.scopes if kind is TokenKind.BOT else app.app_scopes, *method.scopes)


def _read_token(request: web.Request, arguments: Arguments) -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else arguments.find_text("token")


def _answer(body: Json, headers: Mapping[str, str] | None = None, *, status: int = 200) -> web.Response:
    return web.Response(status=status, body=json.dumps(body).encode(), content_type="application/json", headers=headers)


def _refuse_rate(retry_after_seconds: int) -> web.Response:
    return web.Response(
        status=429,
        body=b'{"ok":false,"error":"ratelimited"}',
        content_type="application/json",
        headers={"Retry-After": str(retry_after_seconds)},
    )
