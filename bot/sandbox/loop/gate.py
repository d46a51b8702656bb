"""What every call of the stand-in passes before its work: faults, form, and who asks; and how it is answered.

It knows nothing of what a call is for. Lesson time is for rooms, machine time for signatures.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from aiohttp import web

from bot.clock import Clock
from bot.sandbox.gates import ServiceGate, Work
from bot.sandbox.loop.bodies import WrongBody
from bot.sandbox.loop.hawk import HawkSessions, NotAccepted
from bot.sandbox.loop.rooms import Errno
from bot.sandbox.traffic import Party

_HTML = "<!doctype html><title>Error</title><pre>{}</pre>"
_PROOF = web.RequestKey("proof", str)  # of our answer, for who signed the request


@dataclass(frozen=True, kw_only=True)
class Asker:
    """Who asks: by a registration or by a seat."""

    hawk_id: str | None = None
    session_token: str | None = None

    @property
    def who(self) -> str:
        """As rooms know them."""
        return self.hawk_id or self.session_token or ""


class Refused(Exception):
    """An answer that is not the one that was hoped for."""

    def __init__(self, response: web.Response) -> None:
        super().__init__(str(response.status))
        self.response = response


class Gate(ServiceGate):
    """Lets calls through."""

    party = Party.LOOP

    def __init__(self, clock: Clock, *, latency: timedelta, port: int) -> None:
        super().__init__(clock, latency=latency, port=port)
        self.sessions = HawkSessions()

    def as_call(self, name: str, work: Work) -> Work:
        """A call of the API: faults come before the work, and it is noted down."""
        return self.watch(name, lambda request: self.meet_fault(name, request, lambda: self._do(work, request)))

    def refuse(self, error: str) -> web.Response:
        """403, with its reason."""
        return refuse(403, Errno.UNDEFINED, error)

    def slow_down(self, retry_after_seconds: int) -> web.Response:
        """429."""
        response = refuse(429, Errno.UNDEFINED, "Too many requests")
        response.headers["Retry-After"] = str(retry_after_seconds)
        return response

    def fail(self, status: int) -> web.Response:
        """A page, and how long to stay away."""
        response = crash(status, "Service Unavailable")
        response.headers["Retry-After"] = "30"
        return response

    def talk_nonsense(self) -> web.Response:
        """A page where JSON is awaited."""
        return crash(200, "OK")

    def dress(self, request: web.Request, response: web.StreamResponse) -> None:
        """With the time, and the proof for whoever signed the request."""
        super().dress(request, response)
        if response.status in (200, 401):
            response.headers["Timestamp"] = str(int(self.clock.now().timestamp()))
        if _PROOF in request:
            response.headers["Server-Authorization"] = request[_PROOF]

    async def _do(self, work: Work, request: web.Request) -> web.StreamResponse:
        try:
            if not _takes_json(request.headers.get("Accept", "*/*")):
                return refuse(406, Errno.BAD_JSON, "Request body should be defined as application/json")
            return await work(request)
        except Refused as refused:
            return refused.response
        except WrongBody as wrong:
            return crash(500, wrong.error) if wrong.is_crash else refuse(400, wrong.errno, wrong.error)

    async def read_body(self, request: web.Request) -> dict[str, Any]:
        """The JSON object that was sent; empty for none. What is no JSON is answered by a page."""
        content = await request.read()
        try:
            body = json.loads(content) if content and request.content_type == "application/json" else {}
        except ValueError:
            raise Refused(crash(400, "Unexpected token")) from None
        return body if isinstance(body, dict) else {}

    def authenticate(self, request: web.Request, *, takes_guests: bool = False) -> Asker | None:
        """Who asks; None: nobody in particular. Raises Refused for what is wrong or of another kind."""
        header = request.headers.get("Authorization")
        if header is None:
            return None
        scheme = header.partition(" ")[0].lower()
        if scheme == "hawk":
            return self._judge(request, header)
        if scheme == "basic" and takes_guests:
            return Asker(session_token=_read_basic(header))
        challenge = 'Basic,Hawk error="Unsupported"' if takes_guests else "Hawk"
        raise Refused(not_accepted("Unsupported", challenge))

    def demand_owner(self, request: web.Request) -> str:
        """The Hawk id of who asks. Raises Refused."""
        asker = self.authenticate(request)
        if asker is None or asker.hawk_id is None:
            raise Refused(not_accepted("Unauthorized", "Hawk"))
        return asker.hawk_id

    def _judge(self, request: web.Request, header: str) -> Asker:
        try:
            hawk_id, proof = self.sessions.judge(
                header,
                method=request.method,
                resource=request.raw_path,
                host=request.headers["Host"],
                now=self.clock.now(),
                machine_now=self.machine_now,
            )
        except NotAccepted as error:
            raise Refused(not_accepted(error.complaint, error.challenge)) from None
        request[_PROOF] = proof
        return Asker(hawk_id=hawk_id)


def answer(body: object, status: int = 200) -> web.Response:
    """In JSON."""
    return web.json_response(body, status=status)


def refuse(status: int, errno: Errno, error: str | dict[str, str]) -> web.Response:
    """The server's own form of an error."""
    return answer({"code": status, "errno": int(errno), "error": error}, status)


def not_accepted(complaint: str | dict[str, str], challenge: str) -> web.Response:
    """401."""
    response = refuse(401, Errno.INVALID_AUTH, complaint)
    response.headers["WWW-Authenticate"] = challenge
    return response


def crash(status: int, text: str) -> web.Response:
    """A page, where others would answer in JSON."""
    return web.Response(status=status, text=_HTML.format(text), content_type="text/html")


@web.middleware
async def lead_on(request: web.Request, handler: Work) -> web.StreamResponse:
    """What is nowhere is looked for under `/v0`, and there it is not found."""
    try:
        return await handler(request)
    except (web.HTTPNotFound, web.HTTPMethodNotAllowed):
        if request.path.startswith("/v0/"):
            return refuse(404, Errno.UNDEFINED, "Resource not found.")
        return web.Response(status=307, headers={"Location": f"/v0{request.raw_path}"})


def _takes_json(accept: str) -> bool:
    kinds = {part.partition(";")[0].strip().lower() for part in accept.split(",")}
    return bool(kinds & {"*/*", "application/*", "application/json"})


def _read_basic(header: str) -> str:
    try:
        return base64.b64decode(header.partition(" ")[2], validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""
