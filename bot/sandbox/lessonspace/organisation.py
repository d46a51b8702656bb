"""The customer's side of the stand-in: its spaces, its users, what each launch gave. Knows no HTTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import partial
from itertools import count
from typing import Any
from uuid import uuid4

from bot.sandbox.lessonspace.aftercare import Aftercare
from bot.sandbox.lessonspace.launching import Problems, choose_window, find_problems, list_hooks
from bot.sandbox.lessonspace.links import build_link
from bot.sandbox.lessonspace.meetings import Occurrence, Person
from bot.sandbox.lessonspace.spaces import Space
from bot.sandbox.lessonspace.users import Users

_SETTINGS = ("record_av", "record_content", "waiting_room", "transcribe", "summarise")

_HOME_REGION = "eu-west-2"
"""Of spaces whose launch names none. The real service guesses it from the visitor's address."""


class WebhookRule(StrEnum):
    """What a launch's webhooks do to a space that has some: the documentation's versions disagree."""

    FIRST_WINS = "first wins"
    OVERWRITE = "overwrite"  # the whole set, without merging; null or "" takes one away


@dataclass(frozen=True, kw_only=True)
class LaunchRecord:
    """One launch that was done: what was asked, and what came of it."""

    at: datetime
    body: dict[str, Any]
    launch_id: str
    room_id: str
    is_new: bool
    url: str = field(repr=False)
    secret: str = field(repr=False)
    session_id: str
    user_id: int
    settings: dict[str, bool]
    region: str
    visitor_address: str | None = field(default=None, repr=False)  # from X-Forwarded-For

    @property
    def user(self) -> dict[str, Any]:
        """The `user` that was asked for; empty for a guest's link."""
        user: dict[str, Any] = self.body.get("user", {})
        return user


@dataclass(kw_only=True)
class Organisation:
    """Everything one API key owns."""

    id: int = 4711
    name: str = "Brook Lane Tutors"
    has_recording_plan: bool = True
    is_window_shortened: bool = False
    """Cut windows over seven days to seven days, instead of refusing them."""
    webhook_rule: WebhookRule = WebhookRule.OVERWRITE
    aftercare: Aftercare = field(default_factory=Aftercare)
    launches: list[LaunchRecord] = field(default_factory=list)
    spaces: dict[str, Space] = field(default_factory=dict)
    """By launch id."""
    users: Users = field(default_factory=Users)
    tell: Callable[[Space, Occurrence], None] = field(default=lambda space, occurrence: None, repr=False)
    """Hears of whatever happens in any space, in the order of time."""
    _ids: count[int] = field(default_factory=lambda: count(1001))

    def launch(
        self, body: object, *, origin: str, now: datetime, visitor_address: str | None = None
    ) -> LaunchRecord | Problems:
        """Do one launch, or say by field why not; then nothing was done."""
        problems = find_problems(body, removes_webhooks=self.webhook_rule is WebhookRule.OVERWRITE)
        if problems or not isinstance(body, dict):
            return problems
        window = choose_window(body, now=now, is_shortened=self.is_window_shortened)
        if isinstance(window, dict):
            return window
        known = self.spaces.get(body["id"])
        settings = self._choose_settings(body, known.settings if known else {})
        if body.get("summarise") and not settings["summarise"]:
            return {"summarise": ["A summary needs transcribe and record_av."]}
        space = known or self._build_space(body, now)
        space.advance(now)  # whatever was due before, happens as it stood before
        self._tell_space(space, body)
        space.settle(settings, body.get("session_tags", {}), now)
        user_id, person = self._know(body.get("user"))
        record = LaunchRecord(
            at=now,
            body=body,
            launch_id=space.launch_id,
            room_id=space.room_id,
            is_new=known is None,
            url=build_link(
                origin,
                room_id=space.room_id,
                secret=space.secret,
                session_id=space.session_id,
                person=person,
                user=body.get("user", {}),
                window=window,
                now=now,
            ),
            secret=space.secret,
            session_id=space.session_id,
            user_id=user_id,
            settings=dict(space.settings),
            region=space.region,
            visitor_address=visitor_address,
        )
        self.launches.append(record)
        return record

    def find_space(self, room_id: str) -> Space | None:
        """The space with the provider's id, as our URLs name it."""
        return next((space for space in self.spaces.values() if space.room_id == room_id), None)

    def advance(self, now: datetime) -> None:
        """Let happen in every space whatever was due up to `now`."""
        for space in tuple(self.spaces.values()):
            space.advance(now)

    def find_next(self) -> datetime | None:
        """When something will happen by itself in any space."""
        return min((at for space in self.spaces.values() if (at := space.find_next())), default=None)

    def _choose_settings(self, body: Mapping[str, Any], before: Mapping[str, bool]) -> dict[str, bool]:
        """The space's settings after a launch: what it leaves out stays, but for `transcribe`, which goes off."""
        settings = {name: bool(body.get(name, before.get(name))) for name in _SETTINGS}
        settings["transcribe"] = bool(body.get("transcribe"))
        if not self.has_recording_plan:
            settings |= {"record_av": False, "transcribe": False}
        settings["summarise"] &= settings["transcribe"] and settings["record_av"]
        return settings

    def _build_space(self, body: Mapping[str, Any], now: datetime) -> Space:
        space = Space(
            room_id=str(uuid4()),
            launch_id=body["id"],
            secret=str(uuid4()),
            ids=self._ids,
            aftercare=self.aftercare,
            created_at=now,
            region=body.get("server", _HOME_REGION),  # for good: a later launch cannot move it
        )
        space.tell = partial(self._pass_on, space)
        self.spaces[space.launch_id] = space
        return space

    def _tell_space(self, space: Space, body: Mapping[str, Any]) -> None:
        space.name = body.get("name", space.name)
        space.tags |= body.get("space_tags", {})
        if "webhooks" in body and (self.webhook_rule is WebhookRule.OVERWRITE or not space.hooks):
            space.hooks = list_hooks(body["webhooks"])

    def _pass_on(self, space: Space, occurrence: Occurrence) -> None:
        self.tell(space, occurrence)

    def _know(self, asked: Mapping[str, Any] | None) -> tuple[int, Person]:
        """The provider's own number for somebody: by our id, else by name. Without a user, a guest of no account."""
        if not asked or not (asked.get("id") or asked.get("name")):
            return next(self._ids), Person(name="Guest", guest_id=str(uuid4()))
        user = self.users.know(asked)
        return user.number, Person(name=user.name, user_id=user.number, role=user.role)
