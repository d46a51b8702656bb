"""What the booking form holds before it is a lesson, and everything that can be wrong with it. Pure.

A draft keeps what was typed as it was typed, so that a refused form loses nothing. `check_draft` finds what is wrong;
the words for it are in `bot/messages.py`; turning a sound draft into a lesson is `bot/booking.py`'s.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.ids import Field
from storage.records import EndRule, Record, RoomRef


class ProblemCode(StrEnum):
    """Why a field is refused."""

    MISSING = "missing"
    TITLE_TOO_LONG = "title_too_long"  # facts: count, limit
    NOTE_TOO_LONG = "note_too_long"  # facts: count, limit
    NOBODY_TO_TEACH = "nobody_to_teach"
    NO_LEADER = "no_leader"
    TOO_MANY_PEOPLE = "too_many_people"  # facts: count, limit
    TOO_MANY_FOR_SERVICE = "too_many_for_service"  # facts: count, limit, service
    LEADER_AND_PARTICIPANT = "leader_and_participant"  # names
    IS_BOT = "is_bot"  # names
    IS_APP = "is_app"  # names
    IS_DEACTIVATED = "is_deactivated"  # names
    IS_UNREACHABLE = "is_unreachable"  # names: strangers, not yet accepted, messages refused
    START_PAST = "start_past"  # more than 15 minutes ago
    START_TOO_FAR = "start_too_far"  # more than two years ahead
    LENGTH_NOT_MINUTES = "length_not_minutes"  # not a whole number from 1 to 720
    MINUTES_NOT_WHOLE = "minutes_not_whole"  # facts: lowest, highest
    CLOSES_TOO_LATE = "closes_too_late"  # the service's links would not live so long; facts: days
    NOT_IN_CHANNEL = "not_in_channel"  # names: the channel; say `/invite @Hallpass`
    CHANNEL_ARCHIVED = "channel_archived"  # names: the channel
    ROOM_BUSY = "room_busy"  # another lesson holds that room then; names: its title
    ROOM_UNKNOWN = "room_unknown"
    REACH = "reach"  # the booker would reach more people an hour than allowed; facts: limit
    NOT_SUPPORTED = "not_supported"  # the service cannot do this; facts: service, what


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing wrong with one field. `names` are people's or things' names, ready to be shown (escaped later)."""

    where: Field
    code: ProblemCode
    names: tuple[str, ...] = ()
    facts: dict[str, str | int] = field(default_factory=dict)


class CautionCode(StrEnum):
    """What may be meant, and is asked back."""

    LEADER_OVERLAP = "leader_overlap"  # names: person; other lesson in facts: title, and `at`
    PARTICIPANT_OVERLAP = "participant_overlap"
    CHANNEL_HAS_GUESTS = "channel_has_guests"
    CHANNEL_IS_EXTERNAL = "channel_is_external"


@dataclass(frozen=True, kw_only=True)
class Caution:
    """Something to confirm, not to refuse."""

    code: CautionCode
    names: tuple[str, ...] = ()
    title: str = ""  # of the other lesson, where the reader may know it
    starts_at: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class BookingDraft(Record):
    """The form's content. People are Slack user ids, in the order chosen."""

    title: str = ""
    leader_ids: tuple[str, ...] = ()
    participant_ids: tuple[str, ...] = ()
    starts_at: datetime | None = None
    length_text: str = "60"
    records: bool = False
    transcribes: bool = False
    end_rule: EndRule = EndRule.ASK
    warns: bool = True
    channel_id: str | None = None
    note: str = ""
    has_more: bool = False  # "More options" are shown
    join_early_text: str = ""  # minutes as typed; empty: the default
    join_late_text: str = ""
    room: RoomRef | None = None  # an earlier lesson's; None: a new one
    language: str | None = None
    features: dict[str, bool] = field(default_factory=dict)
    zone: str = "UTC"  # the booker's, in which wall time is kept


@dataclass(frozen=True, kw_only=True)
class RoomChoice(Record):
    """An earlier lesson's room, offered for exactly these people."""

    room: RoomRef
    last_title: str
    last_starts_at: datetime
