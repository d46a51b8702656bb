"""Who somebody is in Slack, and what a channel is: looked up, stored, and kept fresh. Floor 4.

Forms and listeners judge people by the stored directory, which answers at once; this module fills it. A look-up is
started when somebody is picked, when what is stored is a day old, and when Slack tells of a change. It runs in a task
of its own, so that whoever waits for it may stop waiting; a second one who wants the same person joins it.

It stores only people whom somebody picked, booked or met (most of a workspace never has a lesson), and of a channel
only whether guests and outsiders read it, never who its members are. What it could not find out, it does not guess:
a person stays unknown, a channel counts as one with guests.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

import structlog

from bot.clock import Clock
from bot.errors import SlackDown, SlackError, SlackUnknown, SlackUnreachable
from bot.profiles import build_person
from storage.records import Channel, Person, PersonKind, Workspace
from storage.store import Store, Transaction

log = structlog.get_logger(__name__)

T = TypeVar("T")

PERSON_FRESH = timedelta(hours=24)  # Slack tells us of changes; this is for those told while we were down
CHANNEL_FRESH = timedelta(minutes=10)  # nobody tells us who joined a channel
GROUP_FRESH = timedelta(minutes=5)  # how long somebody just put into a user group waits until they may book
AT_ONCE = 8
USERS_PAGES = 5  # of 1,000 people; who is a guest in larger workspaces is not found out


class SlackReads(Protocol):
    """What is needed of `bot.delivery.Delivery`. Raises SlackError's branches."""

    async def fetch(self, method: str, **arguments: Any) -> dict[str, Any]: ...
    def fetch_pages(self, method: str, **arguments: Any) -> AsyncIterator[dict[str, Any]]: ...


class Directory:
    """The people and channels of one workspace. Close it before the store."""

    def __init__(
        self, *, slack: SlackReads, store: Store, workspace: Workspace, clock: Clock, at_once: int = AT_ONCE
    ) -> None:
        self._slack = slack
        self._store = store
        self._workspace = workspace
        self._clock = clock
        self._slots = asyncio.Semaphore(at_once)
        self._running: dict[str, asyncio.Task[Any]] = {}
        self._groups: dict[str, tuple[frozenset[str], datetime]] = {}
        self._names: dict[str, str] = {}
        self._names_at: datetime | None = None
        self._is_closed = False

    async def close(self) -> None:
        """Let go of every look-up under way. Whoever asks later is told that Slack is down."""
        self._is_closed = True
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    # People

    async def ensure_known(self, user_ids: Iterable[str], *, within: timedelta) -> dict[str, Person]:
        """Those of these people who are known, by Slack id, after looking up who is unknown or a day old.

        Returns after `within` at the latest; what is still under way then goes on. Raises nothing of Slack's.
        """
        wanted = tuple(dict.fromkeys(user_ids))
        known = await self._list_known(wanted)
        tasks = self._start(user_id for user_id in wanted if self._is_stale(known.get(user_id)))
        if not tasks:
            return known
        await asyncio.wait(tasks, timeout=within.total_seconds())
        return await self._list_known(wanted)

    async def refresh(self, user_ids: Iterable[str]) -> None:
        """Look up who is unknown or a day old, to the end. Raises nothing of Slack's."""
        wanted = tuple(dict.fromkeys(user_ids))
        known = await self._list_known(wanted)
        if tasks := self._start(user_id for user_id in wanted if self._is_stale(known.get(user_id))):
            await asyncio.wait(tasks)

    async def look_up(self, user_id: str) -> Person:
        """The person as Slack describes them now, stored. Raises SlackError when it cannot say.

        Somebody whom Slack does not know or show is stored as unreachable, with its code, and returned.
        """
        return await asyncio.shield(self._join(f"user {user_id}", lambda: self._look_up(user_id)))

    async def note_user_change(self, user: Mapping[str, Any]) -> None:
        """Slack told of a change: bring the stored person up to date. Somebody whom we never met is not stored."""
        user_id = user.get("id")
        if not isinstance(user_id, str):
            return

        def work(tx: Transaction) -> None:
            known = tx.people.find(self._workspace.id, user_id)
            if known is not None:
                tx.people.save(build_person(user, self._workspace, known=known, checked_at=self._clock.machine_now()))

        await self._store.write(work)

    def _start(self, user_ids: Iterable[str]) -> list[asyncio.Task[Any]]:
        def make(user_id: str) -> Callable[[], Coroutine[Any, Any, Person]]:
            return lambda: self._look_up(user_id)

        return [self._join(f"user {user_id}", make(user_id)) for user_id in user_ids]

    async def _list_known(self, user_ids: tuple[str, ...]) -> dict[str, Person]:
        return await self._store.read(lambda tx: tx.people.list_by_user_ids(self._workspace.id, user_ids))

    def _is_stale(self, person: Person | None) -> bool:
        if person is None or person.checked_at is None:
            return True
        return self._clock.machine_now() - person.checked_at >= PERSON_FRESH

    async def _look_up(self, user_id: str) -> Person:
        failure = None
        user: Mapping[str, Any] = {"id": user_id}
        try:
            answer = await self._slack.fetch("users.info", user=user_id, include_locale=True)
            user = _read_object("users.info", answer, "user")
        except SlackUnreachable as error:
            failure = error.code
        now = self._clock.machine_now()

        def work(tx: Transaction) -> Person:
            known = tx.people.find(self._workspace.id, user_id)
            person = build_person(user, self._workspace, known=known, checked_at=now)
            stored: Person = tx.people.save(replace(person, unreachable=failure) if failure else person)
            return stored

        return await self._store.write(work)

    # Channels

    async def ensure_channel_known(self, channel_id: str, *, within: timedelta) -> Channel | None:
        """The channel, looked up again unless we were in it some minutes ago. None: not known within that time.

        One that cannot be written to is always asked about again: whoever was told to invite us has just done so.
        """
        known = await self._find_channel(channel_id)
        if known is not None and self._is_fresh(known):
            return known
        task = self._join(f"channel {channel_id}", lambda: self._look_up_channel(channel_id))
        await asyncio.wait([task], timeout=within.total_seconds())
        return await self._find_channel(channel_id)

    async def refresh_channel(self, channel_id: str) -> None:
        """Look it up unless it is fresh, to the end. Raises nothing of Slack's."""
        known = await self._find_channel(channel_id)
        if known is None or not self._is_fresh(known):
            await asyncio.wait([self._join(f"channel {channel_id}", lambda: self._look_up_channel(channel_id))])

    async def look_up_channel(self, channel_id: str) -> Channel | None:
        """The channel as it is now, stored. None when Slack cannot say: then assume the worst of its readers."""
        task = self._join(f"channel {channel_id}", lambda: self._look_up_channel(channel_id))
        await asyncio.wait([task])
        return None if task.cancelled() or task.exception() else task.result()

    async def note_channel_change(self, channel_id: str) -> None:
        """Slack told of a change: look a channel that we know up again."""
        if await self._find_channel(channel_id) is not None:
            await self.look_up_channel(channel_id)

    async def _find_channel(self, channel_id: str) -> Channel | None:
        return await self._store.read(lambda tx: tx.people.find_channel(self._workspace.id, channel_id))

    def _is_fresh(self, channel: Channel) -> bool:
        is_usable = channel.is_member and not channel.is_archived
        return is_usable and self._clock.machine_now() - channel.checked_at < CHANNEL_FRESH

    async def _look_up_channel(self, channel_id: str) -> Channel:
        try:
            answer = await self._slack.fetch("conversations.info", channel=channel_id)
        except SlackUnreachable:
            # A private channel without us in it does not exist, as far as Slack tells us.
            found: Mapping[str, Any] = {"id": channel_id}
        else:
            found = _read_object("conversations.info", answer, "channel")
        known = await self._find_channel(channel_id)
        is_member = bool(found.get("is_member"))
        channel = Channel(
            workspace_id=self._workspace.id,
            channel_id=channel_id,
            name=str(found.get("name") or (known.name if known else "")),
            is_member=is_member,
            is_archived=bool(found.get("is_archived")),
            is_external=bool(found.get("is_ext_shared") or found.get("is_pending_ext_shared")),
            has_guests=await self._has_guests(channel_id) if is_member else True,
            checked_at=self._clock.machine_now(),
        )
        await self._store.write(lambda tx: tx.people.save_channel(channel))
        return channel

    async def _has_guests(self, channel_id: str) -> bool:
        """Whether a guest, or anybody whom we cannot place, reads the channel."""
        members: set[str] = set()
        async for page in self._slack.fetch_pages("conversations.members", channel=channel_id, limit=1000):
            members.update(str(user_id) for user_id in page.get("members") or ())
        known = await self._list_known(tuple(members))
        if any(_is_guest(person) for person in known.values()):
            return True
        members -= {user_id for user_id, person in known.items() if not self._is_stale(person)}
        page_count = 0
        if members:
            async for page in self._slack.fetch_pages("users.list", limit=1000):
                for user in page.get("members") or ():
                    if user.get("id") in members:
                        members.discard(user["id"])
                        if user.get("is_restricted") or user.get("is_ultra_restricted"):
                            return True
                page_count += 1
                if not members or page_count == USERS_PAGES:
                    break
        return bool(members)

    # User groups

    async def list_group(self, group_id: str) -> frozenset[str]:
        """Slack ids of who is in a user group, at most some minutes old.

        When Slack cannot say, those who were in it last; raises SlackError if it never could.
        """
        kept = self._groups.get(group_id)
        if kept is None or self._clock.machine_now() - kept[1] >= GROUP_FRESH:
            try:
                return await asyncio.shield(self._join(f"group {group_id}", lambda: self._look_up_group(group_id)))
            except SlackError:
                if kept is None:
                    raise
        return self._groups[group_id][0]

    def peek_group(self, group_id: str) -> frozenset[str]:
        """Who was in the user group when `list_group` last asked; nobody if it never did."""
        return self._groups[group_id][0] if group_id in self._groups else frozenset()

    async def list_group_names(self) -> Mapping[str, str]:
        """Every user group's handle by Slack id, at most some minutes old. Raises SlackError."""
        if self._names_at is None or self._clock.machine_now() - self._names_at >= GROUP_FRESH:
            await asyncio.shield(self._join("groups", self._look_up_groups))
        return self._names

    def peek_group_name(self, group_id: str) -> str:
        """The user group's handle when `list_group_names` last asked; its id where that is not known."""
        handle = self._names.get(group_id)
        return f"@{handle}" if handle else group_id

    async def _look_up_groups(self) -> None:
        answer = await self._slack.fetch("usergroups.list")
        listed = answer.get("usergroups")
        if not isinstance(listed, list):
            raise SlackUnknown("usergroups.list", "unreadable_body")
        groups = (one for one in listed if isinstance(one, dict) and isinstance(one.get("id"), str))
        self._names = {one["id"]: str(one.get("handle") or one["id"]) for one in groups}
        self._names_at = self._clock.machine_now()

    async def _look_up_group(self, group_id: str) -> frozenset[str]:
        answer = await self._slack.fetch("usergroups.users.list", usergroup=group_id)
        users = answer.get("users")
        if not isinstance(users, list):
            raise SlackUnknown("usergroups.users.list", "unreadable_body")
        members = frozenset(str(user_id) for user_id in users)
        self._groups[group_id] = (members, self._clock.machine_now())
        return members

    # Look-ups under way

    def _join(self, key: str, work: Callable[[], Coroutine[Any, Any, T]]) -> asyncio.Task[T]:
        """The look-up of this name that is under way, or a new one."""
        if (running := self._running.get(key)) is not None:
            return running

        async def run() -> T:
            async with self._slots:
                if self._is_closed:
                    raise SlackDown("directory", "closed")
                return await work()

        task = asyncio.get_running_loop().create_task(run(), name=key)
        self._running[key] = task
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._running.pop(task.get_name(), None)
        if task.cancelled() or (error := task.exception()) is None:
            return
        # Said here, since whoever wanted to know may have stopped waiting.
        if isinstance(error, SlackError):
            log.info("look_up_failed", method=error.method, code=error.code)
        else:
            log.error("look_up_failed_unexpectedly", exc_info=error)


def _is_guest(person: Person) -> bool:
    return person.kind in (PersonKind.GUEST, PersonKind.SINGLE_CHANNEL_GUEST)


def _read_object(method: str, answer: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = answer.get(name)
    if not isinstance(value, dict) or not isinstance(value.get("id"), str):
        raise SlackUnknown(method, "unreadable_body")
    return value
