"""The one door through which room services are asked: limits, repeats, and every failure as one of our errors.

Theory of operation. A call is one or more tries. Each try has a time limit over everything (connect, send, wait, read),
because the transport's own limits do not bound a body that drips. A try ends in an `Answer` or in one error:

    outcome of a try                          error                  tried again
    never connected                           RoomServiceDown        always: nothing was sent
    cut, silent, half a body, 5xx, 408        RoomServiceDown        only what is safe to repeat
    429                                       RoomServiceBusy        after Retry-After or RateLimit-Reset, where short
    other 4xx                                 RoomServiceRefused     never
    3xx, no JSON (but 204), too long          RoomServiceNonsense    never

No error's text holds an address, a key or a body: only what was tried, the status, and names of fields that we sent.
Below us aiohttp repeats a GET once by itself when the connection was cut; a POST never.
Redirects are not followed (they would carry the key elsewhere), cookies are not kept. Only this module knows httpx,
and `downloads`, which fetches whole files from elsewhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx
from httpx_aiohttp import AiohttpTransport

from bot.clock import SystemClock
from bot.errors import RoomServiceBusy, RoomServiceDown, RoomServiceError, RoomServiceNonsense, RoomServiceRefused
from bot.rooms.pace import Pace

Query = Mapping[str, str | list[str]]
"""Parameters of an address; one with a list is written once for each of its values."""

LARGEST_BODY_BYTES = 8 * 2**20
"""8 MiB: far above any documented answer, far below what would hurt us."""

_NEVER_SENT = frozenset({"ClientConnectorError", "ConnectionTimeoutError"})
"""Names of aiohttp's errors that mean no byte of the request left us. The transport turns these and a connection cut
after sending into the same `ConnectTimeout`, so only the cause tells; by name, since aiohttp is the transport's own."""


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long and how often."""

    one_try: timedelta = timedelta(seconds=10)  # connect to last byte
    whole_call: timedelta = timedelta(seconds=25)  # all tries and the waits between; well inside a claim's 60 s lease
    tries: int = 3
    first_backoff: timedelta = timedelta(milliseconds=400)  # doubles each time, less up to half of it at random
    longest_hold: timedelta = timedelta(seconds=5)  # a longer Retry-After is the caller's to wait for


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Where the door gets time from. Handed in, so that a test neither sleeps nor reads a clock."""

    now: Callable[[], datetime] = field(default=SystemClock().machine_now)  # machine time
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    jitter: Callable[[], float] = random.random  # from 0 up to 1


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A 2xx answer whose body is a JSON object or array; an empty object where there is none, or none that is read.

    Body and headers may hold secrets: repr leaves them out.
    """

    status: int
    body: dict[str, object] | list[object] = field(repr=False)
    server_time: datetime | None  # the Date header
    text: str = field(default="", repr=False)  # the answer itself, where a single JSON string was asked for
    headers: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)  # names in lower case


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A 4xx other than 408 and 429, for a service that can say more about it than the door. Not in repr, nor for logs:
    what came with it."""

    what: str  # the call
    status: int
    detail: str  # what the door itself would say
    headers: Mapping[str, str] = field(repr=False)  # names in lower case
    body: dict[str, object] | list[object] | None = field(repr=False)  # None: no JSON object or array


Explain = Callable[[Refusal], RoomServiceError]
"""What a refusal means at one provider. The error must not hold what came with it."""


@dataclass(frozen=True, kw_only=True)
class _Call:
    """What is asked, the same in every try."""

    method: str
    url: httpx.URL
    what: str
    headers: dict[str, str] = field(repr=False)
    content: bytes | None = field(repr=False)
    own_fields: frozenset[str]
    is_repeatable: bool
    reads_body: bool
    takes_text: bool


class HttpClient(httpx.AsyncClient):
    """What `open_client` gives and doors are built on, so that nobody else needs httpx to name it."""

    def __init__(self, *, transport: httpx.AsyncBaseTransport, timeout: httpx.Timeout) -> None:
        super().__init__(
            transport=transport,
            timeout=timeout,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            follow_redirects=False,
            trust_env=False,
        )
        self._pool = transport
        self._usual = {"Accept-Encoding": "gzip, deflate", "User-Agent": self.headers["User-Agent"]}
        self._limits = {"timeout": timeout.as_dict()}

    @contextlib.asynccontextmanager
    async def ask(
        self, method: str, url: httpx.URL, *, headers: Mapping[str, str], content: bytes | None
    ) -> AsyncIterator[httpx.Response]:
        """The answer, its body still to be read.

        Straight to the pool: what `send` would do between (cookies, redirects, logging in) is half of its work, and all
        of it is refused here.
        """
        request = httpx.Request(
            method, url, headers={**self._usual, **headers}, content=content, extensions=self._limits
        )
        response = await self._pool.handle_async_request(request)
        try:
            yield response
        finally:
            await response.aclose()


def open_client(*, connections: int) -> HttpClient:
    """One client for the whole process, to be closed with `async with`. At most `connections` are open at once.

    aiohttp's pool carries it: httpx's own costs time quadratic in the connections open at once (encode/httpx#3215).
    """
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=30)
    # `read` is left to the door's limit over the whole try; `pool` includes the connecting in this transport.
    timeout = httpx.Timeout(connect=5, read=None, write=None, pool=8)
    return HttpClient(transport=_Transport(limits=limits), timeout=timeout)


class _Transport(AiohttpTransport):
    """aiohttp's pool without its cookies: it keeps a jar of its own below httpx's."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        # No other task runs between the jar being filled and this line: nothing above awaits in between.
        if self.client is not None and not callable(self.client):
            self.client.cookie_jar.clear()
        return response


class HttpDoor:
    """The way to one provider. Safe to use from many tasks at once; the client is not closed by it.

    `base_url` is what every path is put behind; `headers` go with each request and may hold the key. `explain` makes
    the error of a refusal where the provider's answer tells more than its status.
    """

    def __init__(
        self,
        client: HttpClient,
        *,
        provider: str,
        base_url: str,
        headers: Mapping[str, str],
        patience: Patience | None = None,
        timing: Timing | None = None,
        explain: Explain | None = None,
    ) -> None:
        self.provider = provider
        self._client = client
        self._base = httpx.URL(base_url if base_url.endswith("/") else base_url + "/")
        self._join = lru_cache(maxsize=64)(self._base.join)  # launches all go to one path
        self._headers = {"Accept": "application/json", **headers}
        self._patience = patience or Patience()
        self._timing = timing or Timing()
        self._explain = explain

    def find_address(self, path: str, *, what: str, query: Query | None = None) -> str:
        """The whole address that `fetch` would ask, for a provider whose requests are signed with it."""
        return str(self._find_url(path, what=what, query=query))

    async def fetch(
        self,
        method: str,
        path: str,
        *,
        what: str,
        query: Query | None = None,
        headers: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        is_repeatable: bool = False,
        reads_body: bool = True,
        takes_text: bool = False,
        pace: Pace | None = None,
    ) -> Answer:
        """The provider's answer, or one of `RoomServiceError`'s branches.

        `path` is relative to the base address, or an address that the provider gave, which must stay on its origin.
        `what` names the call in errors. `headers` go with this call only. `is_repeatable`: doing it twice does no harm.
        `reads_body` False: only status and headers matter, whatever the body of a good answer is. `takes_text`: a good
        answer is a single JSON string, and is in `Answer.text`.
        """
        call = _Call(
            method=method,
            url=self._find_url(path, what=what, query=query),
            what=what,
            headers={**self._headers, **(headers or {})},
            content=None if body is None else json.dumps(body, separators=(",", ":")).encode(),
            own_fields=frozenset(body or ()),
            is_repeatable=is_repeatable,
            reads_body=reads_body,
            takes_text=takes_text,
        )
        if self._client.is_closed:
            raise RoomServiceDown(self.provider, f"{what}: we are closing", was_sent=False)
        return await self._try_until_done(call, pace)

    async def _try_until_done(self, call: _Call, pace: Pace | None) -> Answer:
        gives_up_at = self._timing.monotonic() + self._patience.whole_call.total_seconds()
        tries_done = 0
        while True:
            if pace:
                await pace.wait_turn()
            left_seconds = gives_up_at - self._timing.monotonic()
            if left_seconds <= 0:
                raise RoomServiceDown(self.provider, f"{call.what}: no turn in time", was_sent=tries_done > 0)
            try:
                return await self._try_once(call, min(left_seconds, self._patience.one_try.total_seconds()), pace)
            except RoomServiceError as error:
                tries_done += 1
                if pace and isinstance(error, RoomServiceBusy):
                    pace.hold(error.retry_after)
                wait_seconds = self._choose_wait(error, tries_done, is_repeatable=call.is_repeatable)
                if wait_seconds is None or self._timing.monotonic() + wait_seconds >= gives_up_at:
                    raise
            await self._timing.sleep(wait_seconds)

    def _choose_wait(self, error: RoomServiceError, tries_done: int, *, is_repeatable: bool) -> float | None:
        """Seconds to wait before trying again; None: do not."""
        if tries_done >= self._patience.tries:
            return None
        backoff = self._patience.first_backoff.total_seconds() * 2.0 ** (tries_done - 1)
        backoff *= 1 - self._timing.jitter() / 2
        match error:
            case RoomServiceBusy() if error.retry_after <= self._patience.longest_hold:
                # The jitter keeps all who were told the same from coming back in the same instant.
                return error.retry_after.total_seconds() + backoff / 2
            case RoomServiceDown() if is_repeatable or not error.was_sent:
                return backoff
            case _:
                return None

    async def _try_once(self, call: _Call, limit_seconds: float, pace: Pace | None) -> Answer:
        headers = call.headers if call.content is None else {**call.headers, "Content-Type": "application/json"}
        try:
            async with (
                asyncio.timeout(limit_seconds),
                self._client.ask(call.method, call.url, headers=headers, content=call.content) as response,
            ):
                content = await self._read(response, call.what)
        except TimeoutError as error:
            raise RoomServiceDown(self.provider, f"{call.what}: no answer within {limit_seconds:.0f} s") from error
        except Exception as error:  # of two libraries that have no error in common; what is not theirs goes on
            if not is_transport_error(error):
                raise
            was_sent = not _is_never_sent(error)
            problem = "the connection was cut" if was_sent else "no connection"
            # An error about what was received quotes it, so that one is not carried along.
            cause = None if _quotes_answer(error) else error
            raise RoomServiceDown(self.provider, f"{call.what}: {problem}", was_sent=was_sent) from cause
        if pace and response.headers.get("RateLimit-Remaining", "").strip() == "0":
            # The next one would be refused: RateLimit-Reset says for how long (draft-polli-ratelimit-headers).
            pace.hold(_parse_retry_after(response.headers.get("RateLimit-Reset"), now=self._timing.now()))
        return self._judge(call, response, content)

    async def _read(self, response: httpx.Response, what: str) -> bytes:
        content = bytearray()
        async for chunk in response.aiter_bytes():
            content += chunk
            if len(content) > LARGEST_BODY_BYTES:
                raise RoomServiceNonsense(self.provider, what, "is too long", status=response.status_code)
        return bytes(content)

    def _judge(self, call: _Call, response: httpx.Response, content: bytes) -> Answer:
        status = response.status_code
        server_time = parse_http_date(response.headers.get("Date", ""))
        if status == 429:
            told = response.headers.get("Retry-After") or response.headers.get("RateLimit-Reset")
            wait = _parse_retry_after(told, now=server_time or self._timing.now())
            raise RoomServiceBusy(self.provider, retry_after=wait)
        if status >= 500 or status == 408:
            raise RoomServiceDown(self.provider, f"{call.what}: failed there", status=status)
        if status >= 400:
            raise self._refuse(call, response, content)
        if not 200 <= status < 300:
            raise RoomServiceNonsense(self.provider, call.what, "is no answer but a way elsewhere", status=status)
        headers = _lower(response.headers)
        if call.takes_text:
            text = _parse_text(content)
            if not text:
                raise RoomServiceNonsense(self.provider, call.what, "is not a JSON string", status=status)
            return Answer(status=status, body={}, server_time=server_time, text=text, headers=headers)
        body = {} if status == 204 or not call.reads_body else _parse_json(content)
        if body is None:
            raise RoomServiceNonsense(self.provider, call.what, "is not a JSON object or list", status=status)
        return Answer(status=status, body=body, server_time=server_time, headers=headers)

    def _refuse(self, call: _Call, response: httpx.Response, content: bytes) -> RoomServiceError:
        status, detail = response.status_code, _describe_refusal(call, response.status_code, content)
        if self._explain is None:
            return RoomServiceRefused(self.provider, detail, status=status)
        return self._explain(
            Refusal(
                what=call.what,
                status=status,
                detail=detail,
                headers=_lower(response.headers),
                body=_parse_json(content),
            )
        )

    def _find_url(self, path: str, *, what: str, query: Query | None) -> httpx.URL:
        try:
            url = self._join(path)
        except (httpx.InvalidURL, ValueError) as error:
            raise RoomServiceNonsense(self.provider, what, "names an address that is none") from error
        if url.scheme == "http" and self._base.scheme == "https" and url.port is None:
            # Servers behind a proxy that ends TLS are known to give addresses of theirs without it.
            url = url.copy_with(scheme="https")
        if (url.scheme, url.host, url.port) != (self._base.scheme, self._base.host, self._base.port):
            raise RoomServiceNonsense(self.provider, what, "leads to another server")
        return url.copy_merge_params(query) if query else url


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def is_transport_error(error: Exception) -> bool:
    """httpx's own, or one of aiohttp's that the transport forgot to translate (a malformed status line, for one)."""
    return isinstance(error, httpx.HTTPError) or type(error).__module__.partition(".")[0] == "aiohttp"


def _is_never_sent(error: Exception) -> bool:
    cause = error.__cause__ or error
    return any(kind.__name__ in _NEVER_SENT for kind in type(cause).__mro__)


def _quotes_answer(error: Exception) -> bool:
    return isinstance(error, httpx.ReadError | httpx.DecodingError) or not isinstance(error, httpx.HTTPError)


def _describe_refusal(call: _Call, status: int, content: bytes) -> str:
    """What was refused, with the fields that the answer complains of: only names that we sent, never its text."""
    if status in (401, 403):
        has_key = bool(call.headers.keys() - {"Accept"})
        return f"{call.what}: {'our key is not accepted, or may not do this' if has_key else 'may not be read'}"
    if status == 404:
        return f"{call.what}: there is no such thing"
    body = _parse_json(content)
    named = sorted(call.own_fields & body.keys()) if isinstance(body, dict) else []
    return f"{call.what}: not accepted" + (f", because of {', '.join(named)}" if named else "")


def _parse_json(content: bytes) -> dict[str, object] | list[object] | None:
    """The object or list; None for anything else."""
    value = _load(content)
    return value if isinstance(value, dict | list) else None


def _parse_text(content: bytes) -> str | None:
    """The string; None for anything else."""
    value = _load(content)
    return value if isinstance(value, str) else None


def _load(content: bytes) -> object:
    """The JSON value; None where it is none.

    Raises nothing on purpose: the parser's error carries the whole text, secrets and all, to whoever logs it.
    """
    try:
        value: object = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return value


def _parse_retry_after(value: str | None, *, now: datetime) -> timedelta:
    """Seconds or an HTTP date (RFC 9110, 10.2.3). One second where it is missing, unreadable or past."""
    shortest = timedelta(seconds=1)
    if value is None:
        return shortest
    text = value.strip()
    if text.isascii() and text.isdigit():
        return max(shortest, timedelta(seconds=min(int(text[:10]), 86_400)))
    until = parse_http_date(text)
    return max(shortest, min(until - now, timedelta(days=1))) if until else shortest


def parse_http_date(text: str) -> datetime | None:
    """The moment that a header names; None where it names none."""
    try:
        moment = parsedate_to_datetime(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
