"""Bringing things to the app: signed over HTTP, or as envelopes in Socket Mode. Three seconds, then it is too late.

Events that were not taken are brought again, at once, after a minute, after five; nothing else ever is.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlencode

import aiohttp

from bot.sandbox.slack.messages import Json
from bot.sandbox.slack.socket_mode import NoConnection, SocketMode
from bot.sandbox.slack.workspace import Workspace
from bot.sandbox.traffic import Call, Party, Wire

ACK_LIMIT = timedelta(seconds=3)
RETRY_DELAYS = (timedelta(0), timedelta(minutes=1), timedelta(minutes=5))


class DeliveryKind(StrEnum):
    """The three families; the value is the envelope's type."""

    COMMAND = "slash_commands"
    INTERACTION = "interactive"
    EVENT = "events_api"


class Trouble(StrEnum):
    """Why the app's answer does not count; the person sees a warning sign or an error."""

    TIMEOUT = "operation_timeout"  # nothing within three seconds
    CONNECTION = "connection_failed"  # nobody there
    STATUS = "http_error"  # an HTTP status other than 2xx
    UNREADABLE = "invalid_response"  # the answer makes no sense to Slack


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How the app took one delivery. `body`: the answer's JSON, or its plain text as {"text": …}; empty: nothing."""

    kind: DeliveryKind
    name: str
    status: int | None
    body: Json = field(repr=False)
    trouble: Trouble | None
    taken: timedelta
    retry: int = 0
    is_final: bool = False  # refused with `x-slack-no-retry: 1`

    @property
    def was_taken(self) -> bool:
        """Acknowledged in time?"""
        return self.trouble is None


@dataclass(frozen=True, kw_only=True)
class _Reply:
    """What came back, before it is measured and kept."""

    status: int | None = None
    body: Json = field(default_factory=dict)
    trouble: Trouble | None = None
    is_final: bool = False


class Deliveries:
    """The way to the app. With `events_url` it is HTTP; without, Socket Mode."""

    def __init__(self, workspace: Workspace, sockets: SocketMode, wire: Wire) -> None:
        self._workspace = workspace
        self._sockets = sockets
        self._wire = wire
        self._client: aiohttp.ClientSession | None = None
        self._retries: set[asyncio.Task[None]] = set()
        self.events_url: str | None = None
        self.ack_limit = ACK_LIMIT
        self.retry_delays: Sequence[timedelta] = RETRY_DELAYS
        self.log: list[Answer] = []

    async def open(self) -> None:
        """Be ready to deliver."""
        self._client = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())

    async def close(self) -> None:
        """Give up what would have been brought again, and close the connections."""
        for task in self._retries:
            task.cancel()
        await asyncio.gather(*self._retries, return_exceptions=True)
        if self._client is not None:
            await self._client.close()

    @property
    def retrying_count(self) -> int:
        """How many events are still to be brought again."""
        return len(self._retries)

    async def deliver(
        self, kind: DeliveryKind, name: str, payload: Json, *, retry: int = 0, reason: str = ""
    ) -> Answer:
        """Bring it once and wait for the answer, three seconds at most. `name` is for the log."""
        loop = asyncio.get_running_loop()
        at, began = self._workspace.machine_now(), loop.time()
        reply = _Reply()
        try:
            async with asyncio.timeout(self.ack_limit.total_seconds()):
                if self.events_url is None:
                    reply = await self._send_envelope(kind, payload, retry, reason)
                else:
                    reply = await self._send_http(self.events_url, kind, payload, retry, reason)
        except TimeoutError:
            reply = _Reply(trouble=Trouble.TIMEOUT)
        except (NoConnection, aiohttp.ClientError, OSError):
            reply = _Reply(trouble=Trouble.CONNECTION)
        taken = timedelta(seconds=loop.time() - began)
        answer = Answer(
            kind=kind,
            name=name,
            status=reply.status,
            body=reply.body,
            trouble=reply.trouble,
            taken=taken,
            retry=retry,
            is_final=reply.is_final,
        )
        self.log.append(answer)
        self._tell(answer, payload, at)
        self._workspace.changes.ring()
        return answer

    def _tell(self, answer: Answer, payload: Json, at: datetime) -> None:
        """An interaction is told with its kind, since a button and a form may be called the same."""
        kind = f"{payload['type']} " if answer.kind is DeliveryKind.INTERACTION else ""
        again = f" again, {answer.retry}" if answer.retry else ""
        self._wire.tell(
            Call(
                sender=Party.SLACK,
                receiver=Party.BOT,
                name=f"{kind}{answer.name}{again}",
                verb="WebSocket" if self.events_url is None else "POST",
                path="",
                status=answer.status,
                error=answer.trouble,
                at=at,
                taken=answer.taken,
            )
        )

    async def deliver_event(self, event: Json) -> Answer:
        """Bring an event; where it is not taken, bring it again later while this returns the first try's answer."""
        envelope = self._wrap_event(event)
        answer = await self.deliver(DeliveryKind.EVENT, event["type"], envelope)
        if not answer.was_taken and not answer.is_final:
            task = asyncio.create_task(self._bring_again(envelope, answer))
            self._retries.add(task)
            task.add_done_callback(self._forget)
        return answer

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._retries.discard(task)
        self._workspace.changes.ring()

    async def _bring_again(self, envelope: Json, answer: Answer) -> None:
        for retry, delay in enumerate(self.retry_delays, start=1):
            await asyncio.sleep(delay.total_seconds())
            reason = "http_timeout" if answer.trouble is Trouble.TIMEOUT else str(answer.trouble)
            name = envelope["event"]["type"]
            answer = await self.deliver(DeliveryKind.EVENT, name, envelope, retry=retry, reason=reason)
            if answer.was_taken or answer.is_final:
                return

    async def verify_url(self) -> bool:
        """Does the address answer Slack's challenge, as it must before events are sent to it?"""
        challenge = secrets.token_hex(16)
        payload = {"type": "url_verification", "challenge": challenge, "token": self._workspace.app.verification_token}
        answer = await self.deliver(DeliveryKind.EVENT, "url_verification", payload)
        return answer.was_taken and challenge in (answer.body.get("challenge"), answer.body.get("text"))

    def _wrap_event(self, event: Json) -> Json:
        workspace, app = self._workspace, self._workspace.app
        return {
            "token": app.verification_token,
            "team_id": workspace.team_id,
            "context_team_id": workspace.team_id,
            "api_app_id": app.app_id,
            "event": event,
            "type": "event_callback",
            "event_id": workspace.issue_id("Ev"),
            "event_time": int(workspace.machine_now().timestamp()),
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": workspace.team_id,
                    "user_id": app.bot_user_id,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": False,
        }

    async def _send_envelope(self, kind: DeliveryKind, payload: Json, retry: int, reason: str) -> _Reply:
        takes_payload = kind is not DeliveryKind.EVENT
        more = {} if takes_payload else {"retry_attempt": retry, "retry_reason": reason}
        answer = await self._sockets.send(kind.value, payload, takes_payload=takes_payload, **more)
        body = answer.get("payload", {})
        return _Reply(status=200, body=body if takes_payload and isinstance(body, dict) else {})

    async def _send_http(self, url: str, kind: DeliveryKind, payload: Json, retry: int, reason: str) -> _Reply:
        if self._client is None:
            raise RuntimeError("The workspace has not been started.")
        data, content_type = _encode(kind, payload)
        headers = self.sign(data) | {"Content-Type": content_type, "User-Agent": "Slackbot 1.0 (stand-in)"}
        if retry:
            headers |= {"x-slack-retry-num": str(retry), "x-slack-retry-reason": reason}
        async with self._client.post(url, data=data, headers=headers, allow_redirects=False) as response:
            text = await response.text()
            if not 200 <= response.status < 300:
                is_final = response.headers.get("x-slack-no-retry") == "1"
                return _Reply(status=response.status, trouble=Trouble.STATUS, is_final=is_final)
            body = _decode(text, response.content_type)
            trouble = Trouble.UNREADABLE if body is None else None
            return _Reply(status=response.status, body=body or {}, trouble=trouble)

    def sign(self, data: bytes) -> dict[str, str]:
        """Slack's v0 signature over a body, made now."""
        stamp = str(int(self._workspace.machine_now().timestamp()))
        secret = self._workspace.app.signing_secret.encode()
        digest = hmac.new(secret, b"v0:" + stamp.encode() + b":" + data, hashlib.sha256).hexdigest()
        return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}


def _encode(kind: DeliveryKind, payload: Json) -> tuple[bytes, str]:
    if kind is DeliveryKind.EVENT:
        return json.dumps(payload).encode(), "application/json"
    fields = payload if kind is DeliveryKind.COMMAND else {"payload": json.dumps(payload)}
    return urlencode(fields).encode(), "application/x-www-form-urlencoded"


def _decode(text: str, content_type: str) -> Json | None:
    if content_type != "application/json":
        return {"text": text} if text else {}
    try:
        body = json.loads(text or "{}")
    except ValueError:
        return None
    return body if isinstance(body, dict) else None
