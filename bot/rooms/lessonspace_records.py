"""What Lessonspace answers, as typed records under its own field names, so that its reference can be read beside them.

They hold what was told and judge nothing: None is "not told". Fields that are not known here are kept in `extra`.
Ids are text: the same id is a number here and a text there. Links, secrets and what was said never show in repr.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from storage.records import Record

PROVIDER: Final = "Lessonspace"


@dataclass(frozen=True, kw_only=True)
class RoomSettings(Record):
    """What holds in a space after a launch. None: not told."""

    record_av: bool | None = None
    record_content: bool | None = None
    waiting_room: bool | None = None
    transcribe: bool | None = None
    summarise: bool | None = None
    extra: dict[str, object] = field(default_factory=dict, repr=False)

    @property
    def is_recorded(self) -> bool | None:
        """True if picture, sound or content is; False only when both are told to be off."""
        told = (self.record_av, self.record_content)
        if True in told:
            return True
        return None if None in told else False


@dataclass(frozen=True, kw_only=True)
class LaunchRecord(Record):
    """The answer to a launch. Link, room and secret are always there, and never in repr."""

    client_url: str = field(repr=False)
    room_id: str
    secret: str = field(repr=False)
    api_base: str | None = field(default=None, repr=False)
    session_id: str | None = None
    user_id: str | None = None
    room_settings: RoomSettings | None = None
    extra: dict[str, object] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True)
class PictureRecord(Record):
    """Somebody's picture."""

    id: str | None = None
    uploaded_at: datetime | None = None
    admin_verified: str | None = None  # "not-verified" or "verified"
    image: str | None = field(default=None, repr=False)
    extra: dict[str, object] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True)
class ProfileRecord(Record):
    """Somebody who was in a session and whom Lessonspace knows. `user` is its own id, not ours."""

    user: str | None = None
    name: str | None = None
    email: str | None = None
    role: str | None = None  # "teacher", "student" or "admin"
    profile_picture: PictureRecord | None = None
    extra: dict[str, object] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True)
class UserRecord(Record):
    """Somebody of the organisation. The reference shows no body: these are what a session's profiles have too."""

    id: str  # under `id`, else under `user`
    name: str | None = None
    email: str | None = None
    role: str | None = None
    profile_picture: PictureRecord | None = None
    extra: dict[str, object] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True)
class GuestRecord(Record):
    """Somebody who was in a session by no launch of ours."""

    id: str | None = None
    uuid: str | None = None
    session: str | None = None  # the session's number, not its UUID
    name: str | None = None  # seen, not documented
    extra: dict[str, object] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True)
class LogRecord(Record):
    """One entry of a session's log."""

    id: str
    log_type: str
    date: datetime
    profile: str | None = None  # the same id as `ProfileRecord.user`
    guest_uuid: str | None = None
    created_at: datetime | None = None
    user_socket_id: str | None = None
    extra: dict[str, object] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True)
class GroupRecord(Record):
    """A group that a lock lets in."""

    id: str | None = None
    name: str | None = None
    extra: dict[str, object] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True)
class LockRecord(Record):
    """What closes a space to everybody but some."""

    id: str | None = None
    organisation: str | None = None
    allowed_users: str | None = None
    allowed_groups: tuple[GroupRecord, ...] = ()
    active: bool | None = None
    lock_before: datetime | None = None
    lock_after: datetime | None = None
    extra: dict[str, object] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True)
class SpaceRecord(Record):
    """A space. `slug` is the room's id everywhere else."""

    slug: str
    id: str | None = None
    alias: str | None = None
    name: str | None = None
    organisation: str | None = None
    is_locked: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    url: str | None = field(default=None, repr=False)  # may hold a way in
    created_at: datetime | None = None
    locks: tuple[LockRecord, ...] = ()
    region: str | None = None
    record_av: bool | None = None
    extra: dict[str, object] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True)
class SessionRecord(Record):
    """One session. `uuid` is its id in addresses and webhooks; `end_time` None: it is running."""

    uuid: str
    start_time: datetime
    end_time: datetime | None = None
    id: str | None = None
    name: str | None = None
    billable_seconds: int | None = None
    tags: dict[str, str] = field(default_factory=dict)
    recording_access_policy: tuple[str, ...] | None = None  # empty: as the organisation has it
    playback_url: str | None = field(default=None, repr=False)  # an address of the API, not for a browser
    profiles: tuple[ProfileRecord, ...] = ()
    guests: tuple[GuestRecord, ...] = ()
    space: SpaceRecord | None = None  # always there for a single session
    logs: tuple[LogRecord, ...] | None = None  # only in a space's own list
    connected_users: tuple[object, ...] | None = None  # likewise; what one entry looks like is not documented
    summary: str | None = field(default=None, repr=False)  # from here on: seen, not documented
    recording_available: bool | None = None
    recording_deleted: bool | None = None
    playback_password: str | None = field(default=None, repr=False)
    is_password_set: bool | None = None
    extra: dict[str, object] = field(default_factory=dict, repr=False)

    @property
    def has_recording(self) -> bool:
        """Newer answers say so; older ones only have an address or none."""
        if self.recording_deleted:
            return False
        return self.playback_url is not None if self.recording_available is None else self.recording_available
