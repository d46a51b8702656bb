"""Reads Lessonspace's answers into records, and records into what the domain knows. Pure.

What nothing can be done without is required, and its lack is an error that names the field: the rest is None where it
is not told, also where the reference calls it required, since a missing picture must not hide who came to a lesson.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TypeVar

from bot.rooms.addresses import is_safe_link
from bot.rooms.answers import Fields, list_fields, read_fields
from bot.rooms.base import Happening, Launch, Line, LiveSession, Session, SessionEvent
from bot.rooms.http import Answer
from bot.rooms.lessonspace_records import (
    PROVIDER,
    GroupRecord,
    GuestRecord,
    LaunchRecord,
    LockRecord,
    LogRecord,
    PictureRecord,
    ProfileRecord,
    RoomSettings,
    SessionRecord,
    SpaceRecord,
    UserRecord,
)

T = TypeVar("T")

_HAPPENINGS = {
    "user-joined": Happening.JOINED,
    "user-left": Happening.LEFT,
    "user-idled": Happening.IDLED,
}

_TRANSCRIPT_ADDRESSES = ("transcriptionUrl", "transcription_url", "url")
"""The reference shows no body. The first is what a client and the webhook use; the others are spelt as they spell
the rest of their API."""


def parse_launch(answer: Answer) -> LaunchRecord:
    """The way in. RoomServiceNonsense naming the field when link, room or secret are not what they should be."""
    found = read_fields(answer.body, provider=PROVIDER, what="launch")
    url = found.get_text("client_url")
    if not is_safe_link(url):
        raise found.complain("client_url", "is not an https address")
    settings = found.find_fields("room_settings")
    return LaunchRecord(
        client_url=url,
        room_id=found.get_text("room_id"),
        secret=found.get_text("secret"),
        api_base=found.find_text("api_base"),
        session_id=found.find_text("session_id"),
        user_id=found.find_id("user_id"),
        room_settings=_parse_settings(settings) if settings else None,
        extra=found.keep_rest(LaunchRecord),
    )


def build_launch(record: LaunchRecord, *, status: int) -> Launch:
    """What the domain needs of it. 201: the space is new; 200: it was there."""
    settings = record.room_settings or RoomSettings()
    return Launch(
        url=record.client_url,
        room_id=record.room_id,
        room_secret=record.secret,
        session_id=record.session_id,
        provider_user_id=record.user_id,
        is_new_room={201: True, 200: False}.get(status),
        is_recorded=settings.is_recorded,
        is_transcribed=settings.transcribe,
    )


def parse_session(found: Fields) -> SessionRecord:
    """One session of any list. RoomServiceNonsense names what cannot be read; a log is read whole or not at all."""
    space = found.find_fields("space")
    connected = found.values.get("connected_users")
    return SessionRecord(
        uuid=found.get_text("uuid"),
        start_time=found.get_moment("start_time"),
        end_time=found.find_moment("end_time"),
        id=found.find_id("id"),
        name=found.find_text("name"),
        billable_seconds=found.find_count("billable_seconds"),
        tags=_parse_tags(found),
        recording_access_policy=parse_policy(found),
        playback_url=found.find_text("playback_url"),
        profiles=_parse_each(found, "profiles", _parse_profile),
        guests=_parse_each(found, "guests", _parse_guest),
        # Documented for a single session only: a list that has something else there is not spoiled by it.
        space=parse_space(space) if space and space.find_text("slug") else None,
        logs=None if found.values.get("logs") is None else tuple(map(_parse_log, found.list_fields("logs"))),
        connected_users=tuple(connected) if isinstance(connected, list) else None,
        summary=found.find_text("summary"),
        recording_available=found.find_flag("recording_available"),
        recording_deleted=found.find_flag("recording_deleted"),
        playback_password=found.find_text("playback_password"),
        is_password_set=found.find_flag("is_password_set"),
        extra=found.keep_rest(SessionRecord),
    )


def parse_held_session(found: Fields) -> Session:
    """One session with its log in the order of time. Without a log it is nonsense: everybody would be absent."""
    found.get_list("logs")
    record = parse_session(found)
    return Session(
        session_id=record.uuid,
        started_at=record.start_time,
        ended_at=record.end_time,
        events=tuple(sorted(map(_build_event, record.logs or ()), key=lambda event: event.at)),
        names={who: name for who, name in _list_people(record) if name},
        billable=None if record.billable_seconds is None else timedelta(seconds=record.billable_seconds),
        has_recording=record.has_recording,
        tags=record.tags,
        summary=record.summary,
    )


def parse_live_session(found: Fields) -> LiveSession:
    """One entry of the organisation's list. Who was there only tells that something changed: told or not, no error."""
    record = parse_session(found)
    return LiveSession(
        session_id=record.uuid,
        room_id=record.space.slug if record.space else None,
        started_at=record.start_time,
        who=frozenset(who for who, _ in _list_people(record)),
    )


def parse_space(found: Fields) -> SpaceRecord:
    """A space. RoomServiceNonsense when it does not say which."""
    return SpaceRecord(
        slug=found.get_text("slug"),
        id=found.find_id("id"),
        alias=found.find_text("alias"),
        name=found.find_text("name"),
        organisation=found.find_id("organisation"),
        is_locked=_find_as_text(found, "is_locked"),
        tags=_parse_tags(found),
        url=found.find_text("url"),
        created_at=found.find_moment("created_at"),
        locks=_parse_each(found, "locks", _parse_lock),
        region=found.find_text("region"),
        record_av=found.find_flag("record_av"),
        extra=found.keep_rest(SpaceRecord),
    )


def parse_user(found: Fields) -> UserRecord:
    """Somebody of the organisation. RoomServiceNonsense when they have no id: nothing could be done with them."""
    picture = found.find_fields("profile_picture")
    return UserRecord(
        id=found.find_id("id") or found.find_id("user") or found.get_id("id"),
        name=found.find_text("name"),
        email=found.find_text("email"),
        role=found.find_text("role"),
        profile_picture=_parse_picture(picture) if picture else None,
        extra=found.keep_rest(UserRecord),
    )


def parse_transcript_address(answer: Answer) -> str:
    """Where the transcript lies, signed: whoever holds it may read it."""
    found = read_fields(answer.body, provider=PROVIDER, what="transcript")
    address = next((text for name in _TRANSCRIPT_ADDRESSES if (text := found.find_text(name))), None)
    if address is None:
        raise found.complain(_TRANSCRIPT_ADDRESSES[0], "is missing")
    if not is_safe_link(address):
        raise found.complain(_TRANSCRIPT_ADDRESSES[0], "is not an https address")
    return address


def parse_transcript(answer: Answer) -> tuple[Line, ...]:
    """What was said, in the order of time. A line that cannot be read is an error and not a gap in what was said."""
    found = Fields(provider=PROVIDER, values={"transcript": answer.body})
    lines = map(_parse_line, list_fields(found.get_list("transcript"), provider=PROVIDER, path="transcript"))
    return tuple(sorted(lines, key=lambda line: line.starts))


def parse_recording_address(answer: Answer) -> str:
    """Where the recording can be watched, by anybody who holds it."""
    found = read_fields(answer.body, provider=PROVIDER, what="recording")
    address = found.get_text("recording_url")
    if not is_safe_link(address):
        raise found.complain("recording_url", "is not an https address")
    return address


def parse_policy(found: Fields) -> tuple[str, ...] | None:
    """Who may watch. The reference calls it an object and describes an array; None: not told."""
    value = found.values.get("recording_access_policy")
    return tuple(str(item) for item in value) if isinstance(value, list) else None


def _parse_settings(found: Fields) -> RoomSettings:
    return RoomSettings(
        record_av=found.find_flag("record_av"),
        record_content=found.find_flag("record_content"),
        waiting_room=found.find_flag("waiting_room"),
        transcribe=found.find_flag("transcribe"),
        summarise=found.find_flag("summarise"),
        extra=found.keep_rest(RoomSettings),
    )


def _parse_picture(found: Fields) -> PictureRecord:
    return PictureRecord(
        id=found.find_id("id"),
        uploaded_at=found.find_hint("uploaded_at"),
        admin_verified=found.find_text("admin_verified"),
        image=found.find_text("image"),
        extra=found.keep_rest(PictureRecord),
    )


def _parse_profile(found: Fields) -> ProfileRecord:
    picture = found.find_fields("profile_picture")
    return ProfileRecord(
        user=found.find_id("user"),
        name=found.find_text("name"),
        email=found.find_text("email"),
        role=found.find_text("role"),
        profile_picture=_parse_picture(picture) if picture else None,
        extra=found.keep_rest(ProfileRecord),
    )


def _parse_guest(found: Fields) -> GuestRecord:
    return GuestRecord(
        id=found.find_id("id"),
        uuid=found.find_text("uuid"),
        session=found.find_id("session"),
        name=found.find_text("name"),
        extra=found.keep_rest(GuestRecord),
    )


def _parse_log(found: Fields) -> LogRecord:
    return LogRecord(
        id=found.get_id("id"),
        log_type=found.get_text("log_type"),
        date=found.get_moment("date"),
        profile=found.find_id("profile"),
        guest_uuid=found.find_id("guest_uuid"),
        created_at=found.find_hint("created_at"),
        user_socket_id=found.find_id("user_socket_id"),
        extra=found.keep_rest(LogRecord),
    )


def _parse_lock(found: Fields) -> LockRecord:
    return LockRecord(
        id=found.find_id("id"),
        organisation=found.find_id("organisation"),
        allowed_users=found.find_text("allowed_users"),
        allowed_groups=_parse_each(found, "allowed_groups", _parse_group),
        active=found.find_flag("active"),
        lock_before=found.find_hint("lock_before"),
        lock_after=found.find_hint("lock_after"),
        extra=found.keep_rest(LockRecord),
    )


def _parse_group(found: Fields) -> GroupRecord:
    return GroupRecord(id=found.find_id("id"), name=found.find_text("name"), extra=found.keep_rest(GroupRecord))


def _parse_line(found: Fields) -> Line:
    starts, ends = _parse_seconds(found, "start_time"), _parse_seconds(found, "end_time")
    if ends < starts:
        raise found.complain("end_time", "is before start_time")
    user = found.find_fields("user")
    if not isinstance(found.values.get("text"), str):
        found.get_text("text")  # empty is fine, anything but text is not
    return Line(
        starts=starts,
        ends=ends,
        speaker=(user.find_text("name") if user else None) or "",
        who=user.find_id("id") if user else None,
        text=str(found.values["text"]),
        breakout=found.find_id("breakout_id"),
    )


def _parse_seconds(found: Fields, name: str) -> timedelta:
    """Seconds from the session's start, with fractions."""
    value = found.values.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise found.complain(name, "is missing" if value is None else "is not a number of seconds")
    try:
        seconds = timedelta(seconds=value)
    except (OverflowError, ValueError) as error:  # infinite, or no number: JSON's readers let both in
        raise found.complain(name, "is not a number of seconds") from error
    if seconds < timedelta(0):
        raise found.complain(name, "is below zero")
    return seconds


def _build_event(entry: LogRecord) -> SessionEvent:
    return SessionEvent(
        id=entry.id,
        happening=_HAPPENINGS.get(entry.log_type, Happening.OTHER),
        # Empty for what concerns nobody in particular, such as the whole session falling idle.
        who=entry.profile or (f"guest:{entry.guest_uuid}" if entry.guest_uuid else ""),
        connection=entry.user_socket_id,
        at=entry.date,
    )


def _list_people(record: SessionRecord) -> Iterator[tuple[str, str | None]]:
    """Everybody in a session who can be told apart, with their name where it is told."""
    yield from ((profile.user, profile.name) for profile in record.profiles if profile.user)
    yield from ((f"guest:{guest.uuid}", guest.name) for guest in record.guests if guest.uuid)


def _parse_each(found: Fields, name: str, parse: Callable[[Fields], T]) -> tuple[T, ...]:
    """Each object of an array that only dresses up the rest: none where it is no array."""
    return tuple(map(parse, found.list_fields(name))) if isinstance(found.values.get(name), list) else ()


def _parse_tags(found: Fields) -> dict[str, str]:
    """Documented as text, sent to them as an object: an object in JSON, or as it is; else there are none."""
    value = found.values.get("tags")
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    if not isinstance(value, dict):
        return {}
    return {str(name): item for name, item in value.items() if isinstance(item, str)}


def _find_as_text(found: Fields, name: str) -> str | None:
    """`is_locked` is documented as text and reads like a flag."""
    flag = found.find_flag(name)
    return found.find_text(name) if flag is None else str(flag).lower()
