"""One message to Slack, paced. Floor 4: knows messages only as text and blocks, and people only as Slack ids.

Every call to Slack's Web API that is not Bolt's own goes through here, so that three promises hold for all of them:

- **Definite or not.** Each failure is one of `bot.errors`' Slack branch. `SlackUnknown` means that it may have been
  done; the others mean that it was not. Nothing is ever repeated in here: Slack has no idempotency key, and the SDK's
  silent retry would post a message twice. Who repeats is who can look first: the sender, by `find_post`.
- **Paced.** Posts wait in a bucket, first come, first served. A 429 shuts the gate of that one method for as long as
  Slack asks; a call at a shut gate fails at once with `SlackBusy` instead of waiting, since its caller may know
  something better to do. One `Delivery` serves one workspace, so a gate here is one a workspace and method.
- **Bounded.** Ten seconds a call, two where a trigger is spent.

It keeps no message, no link and no answer, and puts none into an exception: Slack's answers echo what was posted,
which is why their exceptions are not chained.
"""

from __future__ import annotations

import asyncio
import io
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.answers import judge_code, judge_status
from bot.clock import Clock
from bot.errors import SlackBusy, SlackDown, SlackError, SlackRefused, SlackUnknown, SlackUnreachable
from bot.ids import METADATA_EVENT
from bot.pacing import Bucket, Gates

POST = "chat.postMessage"
UPDATE = "chat.update"
TIME_LIMIT = timedelta(seconds=10)
TRIGGER_LIMIT = timedelta(seconds=2)  # a trigger lives 3 s (slack.md section 1), and the way to us took some of it
UPLOAD_LIMIT = timedelta(seconds=60)
LOOK_BACK = timedelta(seconds=60)  # how far apart Slack's clock and ours may be without our noticing
PAGE_SIZE = 200


@dataclass(frozen=True, kw_only=True)
class Posted:
    """Where a message is."""

    conversation: str  # `D…` also where it was addressed to a user id
    ts: str


@dataclass(frozen=True, kw_only=True)
class OpenedView:
    """A view as Slack keeps it; `hash` guards the next update against older state."""

    view_id: str
    hash: str


def build_client(*, token: str | None, base_url: str, session: aiohttp.ClientSession) -> AsyncWebClient:
    """A Web API client on the shared connection pool, without silent repeats. Also for Bolt's own client."""
    logger = logging.getLogger("slack_sdk.web")
    # The client formats every request for its debug log unless its own logger's level, not its parent's, says no.
    logger.setLevel(max(logger.level, logging.INFO))
    client = AsyncWebClient(token=token, base_url=base_url, session=session, retry_handlers=[], logger=logger)
    if (urlsplit(base_url).hostname or "") in {"127.0.0.1", "localhost", "::1"}:
        client.proxy = None  # the SDK reads HTTPS_PROXY but not NO_PROXY; no proxy can reach our loopback
    return client


class Delivery:
    """Slack's Web API for one workspace. Safe to use from many tasks at once.

    It closes nothing: `session` belongs to the app, made with `ClientTimeout(total=10, connect=5)`.
    """

    def __init__(
        self,
        *,
        token: str,
        base_url: str,
        session: aiohttp.ClientSession,
        clock: Clock,
        posts_per_second: float = 5.0,
        burst: int = 30,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        time_limit: timedelta = TIME_LIMIT,
    ) -> None:
        self._client = build_client(token=token, base_url=base_url, session=session)
        self._session = session
        self._clock = clock
        self._bucket = Bucket(per_second=posts_per_second, burst=burst, monotonic=monotonic, sleep=sleep)
        self._gates = Gates(monotonic=monotonic)
        self._time_limit = time_limit
        self._skew = timedelta(0)
        self._granted: frozenset[str] | None = None

    @property
    def skew(self) -> timedelta:
        """How far Slack's clock was ahead of the machine's at its last answer; whole seconds."""
        return self._skew

    @property
    def granted_scopes(self) -> frozenset[str] | None:
        """The scopes that the token has, as the last answer that told them said; None: not told yet."""
        return self._granted

    # Pace

    def is_open(self, method: str) -> bool:
        """May this method be called now? False while a 429 holds."""
        return not self._gates.remaining(method)

    def opens_at(self, method: str) -> datetime:
        """When the method's gate opens, by machine time; not after now when it is open."""
        return self._clock.machine_now() + self._gates.remaining(method)

    async def take_turn(self) -> None:
        """Wait for a turn to post, first come, first served. Raises SlackBusy as soon as posting's gate is shut.

        For a caller with something to do between its turn and its post (the sender's *begin*): it then calls `post`
        with `has_turn=True`, or `give_turn_back`.
        """
        await self._bucket.take(check=lambda: self._check_gate(POST))

    def has_turn(self) -> bool:
        """Would `take_turn` return at once, without raising?"""
        return self.is_open(POST) and self._bucket.has_turn()

    def give_turn_back(self) -> None:
        """A turn taken and not used."""
        self._bucket.give_back()

    # Messages

    async def post(
        self,
        recipient: str,
        text: str,
        blocks: list[dict[str, Any]],
        *,
        notice_id: str,
        thread_ts: str | None = None,
        has_turn: bool = False,
    ) -> Posted:
        """Post one message to a user (the direct message is opened) or to a channel, marked with the notice's id.

        `text` is the fallback: never a link. Waits for a turn unless it has one.
        """
        if not has_turn:
            await self.take_turn()
        answer = await self.send(
            POST,
            channel=recipient,
            text=text,
            blocks=blocks,
            thread_ts=thread_ts,
            metadata={"event_type": METADATA_EVENT, "event_payload": {"notice_id": notice_id}},
            # Both: only together do they keep Slack's crawler off the links (slack.md section 7).
            unfurl_links=False,
            unfurl_media=False,
        )
        return _read_posted(POST, answer)

    async def update(self, conversation: str, ts: str, text: str, blocks: list[dict[str, Any]]) -> None:
        """Make a posted message read like this. Its metadata stays. SlackUnreachable: it is gone, or not ours now."""
        await self.send(UPDATE, channel=conversation, ts=ts, text=text, blocks=blocks)

    async def find_post(
        self, where: str, notice_id: str, *, since: datetime, thread_ts: str | None = None
    ) -> Posted | None:
        """The message that carries this notice's id, posted at `since` (machine time) or later; None: it is not there.

        `where` is a conversation, or a user id, whose direct message is then opened: an empty one shows to nobody.
        Reads every page, back to a minute before `since` on Slack's clock. Raises when any of it cannot be read, so
        that None is always an answer.
        """
        conversation = where if where[:1] in "CDG" else await self.open_conversation(where)
        # Taken after the first answer, so that Slack's clock is known also right after our own start.
        oldest = min(since, since + self._skew) - LOOK_BACK
        arguments: dict[str, Any] = {"channel": conversation, "oldest": f"{oldest.timestamp():.6f}", "inclusive": True}
        method = "conversations.history"
        if thread_ts is not None:
            method = "conversations.replies"
            arguments["ts"] = thread_ts
        async for page in self.fetch_pages(method, include_all_metadata=True, limit=PAGE_SIZE, **arguments):
            messages = page.get("messages")
            if not isinstance(messages, list):
                raise SlackUnknown(method, "unreadable_body")
            for message in messages:
                if _read_notice_id(message) == notice_id:
                    return _read_posted(method, {"channel": conversation, "ts": message.get("ts")})
        return None

    async def open_conversation(self, user_id: str) -> str:
        """The `D…` id of our direct message with this user."""
        answer = await self.send("conversations.open", users=user_id)
        channel = answer.get("channel")
        if not isinstance(channel, dict) or not isinstance(channel.get("id"), str):
            raise SlackUnknown("conversations.open", "unreadable_body")
        return str(channel["id"])

    async def send_file(self, user_id: str, *, name: str, content: BinaryIO, comment: str) -> None:
        """Give somebody a file in our direct message with them, in Slack's three steps. Needs `files:write`.

        `content` is read piece by piece from its beginning, and closed. Nothing is shown before the last step; where
        that has no definite answer, it may be shown or not.
        """
        length = content.seek(0, io.SEEK_END)
        content.seek(0)
        conversation = await self.open_conversation(user_id)
        method = "files.getUploadURLExternal"
        answer = await self.fetch(method, filename=name, length=length)
        address, file_id = answer.get("upload_url"), answer.get("file_id")
        if not isinstance(address, str) or not isinstance(file_id, str):
            raise SlackUnknown(method, "unreadable_body")
        await self._upload(address, content)
        files = [{"id": file_id, "title": name}]
        await self.send("files.completeUploadExternal", files=files, channel_id=conversation, initial_comment=comment)

    async def _upload(self, address: str, content: BinaryIO) -> None:
        method = "file_upload"
        try:
            async with (
                asyncio.timeout(UPLOAD_LIMIT.total_seconds()),
                self._session.post(address, data=content, allow_redirects=False) as response,
            ):
                status, headers = response.status, response.headers
        except (TimeoutError, aiohttp.ClientError, ValueError) as error:
            # Not chained: these name the address, and whoever has that can upload in our name.
            raise _translate_cut(method, error) from None
        if status != 200:
            raise self._note(judge_status(method, status, headers) or SlackRefused(method, f"http_{status}"))

    # Private answers

    async def post_ephemeral(
        self, conversation: str, user_id: str, text: str, blocks: list[dict[str, Any]], *, thread_ts: str | None = None
    ) -> None:
        """Show this in a conversation to one of its members only, until they reload."""
        await self.send(
            "chat.postEphemeral", channel=conversation, user=user_id, text=text, blocks=blocks, thread_ts=thread_ts
        )

    async def reply_private(
        self, response_url: str, text: str, blocks: list[dict[str, Any]], *, replaces: bool = False
    ) -> None:
        """Answer the person who typed or pressed, visible to them alone. Good 5 times within 30 minutes.

        `replaces`: in place of the private answer whose button was pressed.
        """
        method = "response_url"
        body = {"response_type": "ephemeral", "text": text, "blocks": blocks, "replace_original": replaces}
        self._check_gate(method)
        try:
            async with (
                asyncio.timeout(self._time_limit.total_seconds()),
                self._session.post(response_url, json=body, allow_redirects=False) as response,
            ):
                status, headers = response.status, response.headers
        except (TimeoutError, aiohttp.ClientError, ValueError) as error:
            # Not chained: these name the address, and whoever has that can answer in our name.
            raise _translate_cut(method, error) from None
        if status != 200:
            raise self._note(judge_status(method, status, headers) or SlackUnreachable(method, f"http_{status}"))

    # Views

    async def open_view(self, trigger_id: str, view: dict[str, Any]) -> OpenedView:
        """Open a form. Spends the trigger."""
        return await self._show("views.open", trigger_id=trigger_id, view=view, time_limit=TRIGGER_LIMIT)

    async def push_view(self, trigger_id: str, view: dict[str, Any]) -> OpenedView:
        """Put a form on top of the one it was asked for from. Spends the trigger."""
        return await self._show("views.push", trigger_id=trigger_id, view=view, time_limit=TRIGGER_LIMIT)

    async def update_view(self, view_id: str, view: dict[str, Any], *, seen_hash: str | None = None) -> OpenedView:
        """Redraw an open form. ViewGone: it was closed or sent off, or with `seen_hash` drawn anew since."""
        return await self._show("views.update", view_id=view_id, view=view, hash=seen_hash)

    async def publish_view(self, user_id: str, view: dict[str, Any]) -> OpenedView:
        """Draw somebody's Home tab."""
        return await self._show("views.publish", user_id=user_id, view=view)

    async def _show(self, method: str, *, time_limit: timedelta | None = None, **arguments: Any) -> OpenedView:
        answer = await self.send(method, time_limit=time_limit, **arguments)
        view = answer.get("view")
        if not isinstance(view, dict) or not isinstance(view.get("id"), str):
            raise SlackUnknown(method, "unreadable_body")
        return OpenedView(view_id=view["id"], hash=str(view.get("hash", "")))

    # Any method

    async def send(self, method: str, *, time_limit: timedelta | None = None, **arguments: Any) -> dict[str, Any]:
        """Call a method that changes something, arguments as JSON, those that are None left out. The whole answer."""
        body = {name: value for name, value in arguments.items() if value is not None}
        return await self._call(method, time_limit, {"http_verb": "POST", "json": body})

    async def fetch(self, method: str, **arguments: Any) -> dict[str, Any]:
        """Call a method that only reads. The whole answer."""
        return await self._call(method, None, {"http_verb": "GET", "params": arguments})

    async def fetch_pages(self, method: str, **arguments: Any) -> AsyncIterator[dict[str, Any]]:
        """Every page of a method that only reads, in Slack's order."""
        cursor: str | None = None
        while True:
            page = await self.fetch(method, cursor=cursor, **arguments)
            yield page
            more = page.get("response_metadata")
            following = more.get("next_cursor") if isinstance(more, dict) else None
            if not following:
                if page.get("has_more"):  # promised and not given: never take this for the end
                    raise SlackUnknown(method, "cursor_missing")
                return
            if following == cursor:
                raise SlackUnknown(method, "cursor_repeats")
            cursor = str(following)

    async def _call(self, method: str, time_limit: timedelta | None, request: Mapping[str, Any]) -> dict[str, Any]:
        self._check_gate(method)
        if self._session.closed:  # the SDK would quietly open a session of its own
            raise SlackDown(method, "closed")
        try:
            async with asyncio.timeout((time_limit or self._time_limit).total_seconds()):
                response = await self._client.api_call(method, **request)
        except SlackApiError as error:
            failure = self._judge_answer(method, error.response)
        except aiohttp.ClientError as error:
            raise _translate_cut(method, error) from error
        except TimeoutError as error:
            raise SlackUnknown(method, "timeout") from error
        except (AttributeError, TypeError, ValueError):
            # A 200 whose body is text, a list, or no UTF-8: the SDK trips over it while asking it for `ok`.
            raise SlackUnknown(method, "unreadable_body") from None
        else:
            self._note_time(response.headers)
            self._note_scopes(response.headers)
            if isinstance(response.data, dict):
                return response.data
            failure = SlackUnknown(method, "unreadable_body")
        raise self._note(failure)  # outside of `except`: not even as context may the answer travel on

    def _judge_answer(self, method: str, response: AsyncSlackResponse | aiohttp.ClientResponse) -> SlackError:
        self._note_time(response.headers)
        # The SDK hands over aiohttp's own response where it could not read the body.
        status = response.status_code if isinstance(response, AsyncSlackResponse) else response.status
        if (by_status := judge_status(method, status, response.headers)) is not None:
            return by_status
        data = response.data if isinstance(response, AsyncSlackResponse) else None
        code = data.get("error") if isinstance(data, dict) else None
        if not isinstance(code, str):
            return SlackUnknown(method, "unreadable_body") if status == 200 else SlackRefused(method, f"http_{status}")
        return judge_code(method, code, response.headers)

    def _note(self, failure: SlackError) -> SlackError:
        if isinstance(failure, SlackBusy):
            self._gates.shut(failure.method, failure.retry_after)
        return failure

    def _note_time(self, headers: Mapping[str, str]) -> None:
        try:
            told = parsedate_to_datetime(headers.get("Date", ""))
        except ValueError:
            return
        if told.tzinfo is not None:
            self._skew = timedelta(seconds=round((told.astimezone(UTC) - self._clock.machine_now()).total_seconds()))

    def _note_scopes(self, headers: Mapping[str, str]) -> None:
        told = headers.get("x-oauth-scopes")
        if told is not None:
            self._granted = frozenset(part.strip() for part in told.split(",") if part.strip())

    def _check_gate(self, method: str) -> None:
        if remaining := self._gates.remaining(method):
            raise SlackBusy(method, retry_after=remaining)


def _translate_cut(method: str, error: Exception) -> SlackError:
    """What a failed connection means: was anything sent?"""
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError | aiohttp.InvalidURL):
        return SlackDown(method, "not_connected")
    if isinstance(error, TimeoutError):
        return SlackUnknown(method, "timeout")
    return SlackUnknown(method, "connection_lost")


def _read_posted(method: str, answer: Mapping[str, Any]) -> Posted:
    conversation, ts = answer.get("channel"), answer.get("ts")
    if not isinstance(conversation, str) or not isinstance(ts, str):
        raise SlackUnknown(method, "unreadable_body")
    return Posted(conversation=conversation, ts=ts)


def _read_notice_id(message: Any) -> str | None:
    metadata = message.get("metadata") if isinstance(message, dict) else None
    if not isinstance(metadata, dict) or metadata.get("event_type") != METADATA_EVENT:
        return None
    payload = metadata.get("event_payload")
    return payload.get("notice_id") if isinstance(payload, dict) else None
