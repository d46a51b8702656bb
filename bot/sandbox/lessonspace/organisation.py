"""The customer's side of the stand-in: its spaces, its users, what each launch gave. Knows no HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any
from uuid import uuid4

from bot.sandbox.lessonspace.launching import Problems, choose_window, find_problems
from bot.sandbox.lessonspace.links import build_link
from bot.sandbox.lessonspace.spaces import Person, Space

_SETTINGS = ("record_av", "record_content", "waiting_room", "transcribe", "summarise")


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
    launches: list[LaunchRecord] = field(default_factory=list)
    spaces: dict[str, Space] = field(default_factory=dict)
    """By launch id."""
    _user_ids: dict[str, int] = field(default_factory=dict)
    _ids: count[int] = field(default_factory=lambda: count(1001))

    def launch(self, body: object, *, origin: str, now: datetime) -> LaunchRecord | Problems:
        """Do one launch, or say by field why not; then nothing was done."""
        problems = find_problems(body)
        if problems or not isinstance(body, dict):
            return problems
        window = choose_window(body, now=now, is_shortened=self.is_window_shortened)
        if isinstance(window, dict):
            return window
        is_new = body["id"] not in self.spaces
        space = self._ensure_space(body)
        space.advance(now)
        user_id, person = self._know(body.get("user"))
        url = build_link(
            origin,
            room_id=space.room_id,
            secret=space.secret,
            person=person,
            user=body.get("user", {}),
            window=window,
            now=now,
        )
        record = LaunchRecord(
            at=now,
            body=body,
            launch_id=space.launch_id,
            room_id=space.room_id,
            is_new=is_new,
            url=url,
            secret=space.secret,
            session_id=space.session_id,
            user_id=user_id,
            settings=dict(space.settings),
        )
        self.launches.append(record)
        return record

    def find_space(self, room_id: str) -> Space | None:
        """The space with the provider's id, as our URLs name it."""
        return next((space for space in self.spaces.values() if space.room_id == room_id), None)

    def _ensure_space(self, body: Mapping[str, Any]) -> Space:
        launch_id = body["id"]
        if launch_id not in self.spaces:
            self.spaces[launch_id] = Space(
                room_id=str(uuid4()), launch_id=launch_id, secret=str(uuid4()), ids=self._ids
            )
        space = self.spaces[launch_id]
        space.name = body.get("name", space.name)
        can_record = self.has_recording_plan
        for name in _SETTINGS:
            asked = body.get(name)
            if name == "transcribe":
                asked = bool(asked)  # a launch that leaves it out switches it off again
            if asked is not None:
                space.settings[name] = asked and (can_record or name not in ("record_av", "transcribe"))
            space.settings.setdefault(name, False)
        return space

    def _know(self, user: Mapping[str, Any] | None) -> tuple[int, Person]:
        """The provider's own number for somebody: by our id, else by name. Without a user, a guest of no account."""
        if not user or not (user.get("id") or user.get("name")):
            return next(self._ids), Person(name="Guest", guest_id=str(uuid4()))
        key = user.get("id") or f"name:{user['name']}"
        user_id = self._user_ids.setdefault(key, len(self._user_ids) + 501)
        return user_id, Person(name=user.get("name", "Guest"), user_id=user_id, role=user.get("role", "student"))
