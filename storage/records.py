"""What Hallpass remembers, as frozen records. No behaviour beyond what makes a record whole.

Every `_at` is an aware datetime in UTC; a naive one is refused when the record is built.
Every duration is a `timedelta`. Enum values are what is stored. Ids are sortable UUIDs (version 7), ours;
`user_id`, `channel_id` and `ts` are Slack's own; `room_id`, `session_id`, `provider_user_id` the provider's.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache, cached_property
from typing import NewType, get_args, get_type_hints
from uuid import UUID

WorkspaceId = NewType("WorkspaceId", str)
PersonId = NewType("PersonId", str)
LessonId = NewType("LessonId", str)
ParticipantId = NewType("ParticipantId", str)
LinkId = NewType("LinkId", str)
NoticeId = NewType("NoticeId", str)
CardId = NewType("CardId", str)
AccountId = NewType("AccountId", str)
RoomRef = NewType("RoomRef", str)
"""Our own id of a room. The provider's is `room_id`."""
ClaimId = NewType("ClaimId", str)


_id_lock = threading.Lock()
_last_tick = 0


def new_id() -> str:
    """A fresh id, greater as text than every id made before in this process (RFC 9562, UUID version 7).

    48 bits of milliseconds, then 12 bits of their fraction (its method 3), counted up while the clock stands still.
    """
    global _last_tick
    with _id_lock:
        _last_tick = tick = max(_last_tick + 1, time.time_ns() * 4096 // 1_000_000)
    milliseconds, fraction = divmod(tick, 4096)
    value = (milliseconds & ((1 << 48) - 1)) << 80 | 0x7 << 76 | fraction << 64 | 0x2 << 62 | secrets.randbits(62)
    return str(UUID(int=value))


class Record:
    """What every record keeps: datetimes are aware and in UTC."""

    def __post_init__(self) -> None:
        for name in _moments_of(type(self)):  # type: ignore[arg-type]  # mypy takes the instances' hash for the class's
            value = getattr(self, name)
            if value is None or value.tzinfo is UTC:
                continue
            if value.tzinfo is None:
                raise ValueError(f"{type(self).__name__}.{name} has no time zone")
            if value.utcoffset() != timedelta(0):
                object.__setattr__(self, name, value.astimezone(UTC))


@cache
def _moments_of(record: Hashable) -> tuple[str, ...]:
    """The fields that hold a datetime, or may. Found out once: a class of thirty is some hundred records."""
    hints = get_type_hints(record)
    return tuple(name for name, hint in hints.items() if datetime in (hint, *get_args(hint)))


class PersonKind(StrEnum):
    """What somebody is in Slack."""

    MEMBER = "member"
    GUEST = "guest"  # multi-channel guest
    SINGLE_CHANNEL_GUEST = "single_channel_guest"
    STRANGER = "stranger"  # from another organisation, no shared channel: cannot be written to
    EXTERNAL = "external"  # from another organisation, in a shared channel
    INVITED = "invited"  # has not accepted the invitation yet
    BOT = "bot"
    APP = "app"
    UNKNOWN = "unknown"  # not looked up yet
    FORGOTTEN = "forgotten"  # had a place once; nobody knows any more who they were


FORGOTTEN_NAME = "Somebody forgotten"
"""What stands in a lesson in place of the name of somebody of kind FORGOTTEN."""


class Role(StrEnum):
    """What a participant does in the lesson."""

    LEADER = "leader"
    LEARNER = "learner"
    OBSERVER = "observer"


class LessonState(StrEnum):
    """Where a lesson is in its life; the moves are in `bot/states.py`."""

    BOOKED = "booked"
    LIVE = "live"
    ENDED = "ended"
    CANCELLED = "cancelled"


class EndRule(StrEnum):
    """How a lesson ends (design: three ends)."""

    ASK = "ask"  # ask the leaders, then close the learners' links
    OPEN = "open"  # ask the leaders, put nobody out
    EVERYONE_LEAVES = "everyone_leaves"  # all are put out at the end


class Reply(StrEnum):
    """What a participant answered to the invitation."""

    NONE = "none"
    COMING = "coming"
    NOT_COMING = "not_coming"
    LATE = "late"


class LinkWay(StrEnum):
    """How a join link reaches the room."""

    DIRECT = "direct"
    PAGE = "page"
    PRESS = "press"


class NoticeKind(StrEnum):
    """What we owe somebody. The last three send nothing to anybody: they are work."""

    INVITATION = "invitation"  # the card without Join, for a lesson more than a link's lead away
    JOIN_LINK = "join_link"  # launch, then the card with Join (posted, or updated where it exists)
    START_REMINDER = "start_reminder"
    END_WARNING = "end_warning"  # to leaders, and to the channel
    MOVED = "moved"  # the times changed so that people must come in again
    CANCELLED = "cancelled"
    REMOVED = "removed"  # somebody was taken out of the lesson
    RESENT = "resent"  # somebody's way in once more, because a leader asked for it
    REPLY = "reply"  # to leaders: a participant can't come, or can after all
    CHANNEL = "channel"  # the lesson's one post in its channel
    NOT_REACHED = "not_reached"  # to the booker: who could not be reached, and why
    LATE_NUDGE = "late_nudge"  # to somebody who has not joined some minutes after the start
    LEADER_MISSING = "leader_missing"  # to booker and admins: learners are inside, and no leader
    STILL_NOT_REACHED = "still_not_reached"  # to booker and admins: the start is near
    SUMMARY = "summary"
    GO_LIVE = "go_live"
    READ_SESSIONS = "read_sessions"  # after the end: ask who came, end the lesson, sum it up
    COLLECT = "collect"  # after the end: ask for recording, transcript and summary text until they are there
    KEEP_ROOM = "keep_room"  # the room itself has an end, which must not come before the last door closes
    ERASE_SECRETS = "erase_secrets"


class NoticeState(StrEnum):
    """Where a notice is. *Unknown* is BEGUN whose lease ran out or whose sender said so."""

    WAITING = "waiting"
    CLAIMED = "claimed"
    BEGUN = "begun"
    SENT = "sent"  # also: work done
    DROPPED = "dropped"  # its fact no longer holds, or it is too late to be useful
    FAILED = "failed"  # given up, visibly


TOO_LATE = "too_late"
"""The reason of a notice that was dropped because it could be of no use any more; counted by `Notices.pending`."""


class CardKind(StrEnum):
    """A message that is brought up to date after it was posted."""

    PARTICIPANT = "participant"  # one for each lesson and learner or observer
    LEADER = "leader"  # one for each lesson and leader
    REMINDER = "reminder"
    WARNING = "warning"
    MOVED = "moved"
    RESENT = "resent"
    NUDGE = "nudge"
    SUMMARY = "summary"
    CHANNEL = "channel"  # the lesson's one post in its channel; warning and summary stand in its thread


class Produced(StrEnum):
    """What has become of a session's recording or transcript."""

    NOT_ASKED = "not_asked"  # nobody wanted one
    AWAITED = "awaited"
    READY = "ready"
    MISSING = "missing"  # it was wanted, and there will be none
    ERASED = "erased"  # it was ready, and has been kept long enough


class Verdict(StrEnum):
    """What is known of somebody's presence."""

    PRESENT = "present"
    ABSENT = "absent"
    UNKNOWN = "unknown"  # the service did not answer
    UNINVITED = "uninvited"  # came without a link of ours


@dataclass(frozen=True, kw_only=True)
class Workspace(Record):
    """A Slack workspace."""

    id: WorkspaceId
    external_id: str  # Slack's id of the team
    name: str
    bot_user_id: str | None = None
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class Person(Record):
    """Somebody, as the directory knows them. `user_id` and `conversation` come from their Slack address."""

    id: PersonId
    workspace_id: WorkspaceId
    user_id: str
    name: str  # as shown to others
    kind: PersonKind = PersonKind.UNKNOWN
    zone: str | None = None  # IANA name; None: unknown, the lesson's own zone is used
    locale: str = "en-US"
    is_admin: bool = False  # Slack's admin or owner
    is_deactivated: bool = False
    may_be_recorded: bool | None = None  # consent; None: never asked
    conversation: str | None = None  # the `D…` id, once something was posted
    unreachable: str | None = None  # Slack's code, while a post to them fails for good
    checked_at: datetime | None = None  # machine time of the last look at Slack


@dataclass(frozen=True, kw_only=True)
class Channel(Record):
    """A Slack channel that was once chosen in a form."""

    workspace_id: WorkspaceId
    channel_id: str
    name: str
    is_member: bool  # Hallpass is in it
    is_archived: bool = False
    is_external: bool = False  # other organisations are in it
    has_guests: bool = False
    checked_at: datetime


@dataclass(frozen=True, kw_only=True)
class RoomAccount(Record):
    """Our account at a room service. A lesson names an account, never a service."""

    id: AccountId
    workspace_id: WorkspaceId
    service: str  # "lessonspace"
    external_id: str | None = None  # the provider's id of our organisation
    settings_sealed: bytes | None = field(default=None, repr=False)
    secret_sealed: bytes | None = field(default=None, repr=False)  # what the service gave us to be known by
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class Room(Record):
    """A provider's place. Many lessons may share one, never two at the same time."""

    id: RoomRef
    workspace_id: WorkspaceId
    account_id: AccountId
    launch_id: str  # what we call it to the provider; opaque, at most 64 characters
    room_id: str | None = None  # the provider's id, known after the first launch
    secret_sealed: bytes | None = field(default=None, repr=False)
    webhook_digest: str | None = field(default=None, repr=False)  # SHA-256 of the key in its webhooks' address, hex
    webhook_key_sealed: bytes | None = field(default=None, repr=False)  # the key itself: each launch repeats it
    region: str | None = None
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class LessonOptions(Record):
    """How a lesson behaves. The durations are kept with the lesson, so a changed setting moves no booked lesson."""

    records: bool = False  # asked for; what the room answered is `Lesson.is_recorded`
    transcribes: bool = False
    end_rule: EndRule = EndRule.ASK
    warns: bool = True  # ask before the end
    join_early: timedelta = timedelta(minutes=10)
    join_late: timedelta = timedelta(minutes=30)  # three extensions; zero where everyone leaves
    warn_before: timedelta = timedelta(minutes=5)
    remind_before: timedelta = timedelta(minutes=10)
    extension: timedelta = timedelta(minutes=10)
    link_lead: timedelta = timedelta(hours=24)
    language: str | None = None  # the room's; None: the service's default
    features: dict[str, bool] = field(default_factory=dict)  # the room's, by the service's own names


@dataclass(frozen=True, kw_only=True)
class Lesson(Record):
    """What was booked."""

    id: LessonId
    workspace_id: WorkspaceId
    room: RoomRef
    title: str
    state: LessonState = LessonState.BOOKED
    starts_at: datetime
    ends_at: datetime
    wall_start: str  # "2026-11-23T16:00", in `zone`: what the booker chose
    zone: str  # IANA name
    booked_by: PersonId
    booked_at: datetime
    options: LessonOptions = field(default_factory=LessonOptions)
    channel_id: str | None = None
    note: str = ""
    revision: int = 1  # counted up by every change of the lesson or of who takes part
    extension_count: int = 0
    submission_key: str | None = None  # the form it came from; unique in a workspace
    series_id: str | None = None
    original_wall_start: str | None = None
    external_key: str | None = None
    is_recorded: bool | None = None  # what the room's settings said at the last launch
    is_transcribed: bool | None = None
    is_running_over: bool = False
    is_let_end: bool = False  # a leader answered *Let it end*
    live_at: datetime | None = None
    ended_at: datetime | None = None  # when it ended for us
    cancelled_at: datetime | None = None
    cancelled_by: PersonId | None = None
    cancel_reason: str | None = None  # in the words of who cancelled; everybody told reads it

    @property
    def standing(self) -> tuple[int, LessonState]:
        """What tells whether anything about it was changed since."""
        return self.revision, self.state

    @property
    def is_open(self) -> bool:
        """Neither over nor called off."""
        return self.state in (LessonState.BOOKED, LessonState.LIVE)


@dataclass(frozen=True, kw_only=True)
class Participant(Record):
    """Somebody with a place in one lesson."""

    id: ParticipantId
    workspace_id: WorkspaceId
    lesson_id: LessonId
    person_id: PersonId
    role: Role
    position: int  # the order in the form
    opens_at: datetime | None = None  # own window; None: the role's default
    closes_at: datetime | None = None
    link_number: int = 1  # of the link that counts; a new link counts it up
    reply: Reply = Reply.NONE
    is_new_to_leader: bool = False  # first lesson with any of the leaders
    failure: str | None = None  # why they could not be reached, a code (bot/messages.py words it)
    provider_user_id: str | None = None
    removed_at: datetime | None = None
    added_by: PersonId | None = None  # who put them in after booking; None: in it since it was booked
    added_at: datetime | None = None

    @property
    def is_leader(self) -> bool:
        return self.role is Role.LEADER


@dataclass(frozen=True, kw_only=True)
class Link(Record):
    """One join link: one person, one use, the window `[opens_at, closes_at)`."""

    id: LinkId
    workspace_id: WorkspaceId
    lesson_id: LessonId
    participant_id: ParticipantId
    number: int
    device: int = 1  # links of the same number work side by side, one for each further device asked for
    way: LinkWay
    opens_at: datetime
    closes_at: datetime
    warns_at: datetime | None = None  # the soft expiry it was made with
    url_sealed: bytes | None = field(default=None, repr=False)  # erased after the lesson
    token_digest: bytes | None = field(default=None, repr=False)
    token_sealed: bytes | None = field(default=None, repr=False)
    session_id: str | None = None  # the provider's, for the next or current session
    made_at: datetime
    delivered_at: datetime | None = None  # shown on a card or in a message
    opened_at: datetime | None = None  # Join pressed
    redeemed_at: datetime | None = None
    redeemed_by: bytes | None = field(default=None, repr=False)  # SHA-256 of the secret of the browser that came first
    revoked_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Notice(Record):
    """One message owed to one person or channel, or one piece of work. Holds ids, never names or text.

    Unique by lesson, kind, recipient, about and occasion.
    """

    id: NoticeId
    workspace_id: WorkspaceId
    lesson_id: LessonId
    kind: NoticeKind
    person_id: PersonId | None = None  # the recipient, when it is a person
    channel_id: str | None = None  # the recipient, when it is a channel
    about: ParticipantId | None = None
    occasion: str  # the fact announced: an instant, a link number, …
    due_at: datetime  # lesson time
    lesson_starts_at: datetime  # for the order of sending
    state: NoticeState = NoticeState.WAITING
    not_before: datetime | None = None  # machine time: back-off
    claim_id: ClaimId | None = None
    leased_until: datetime | None = None  # machine time
    begun_at: datetime | None = None  # machine time of the last begin
    attempts: int = 0
    reason: str | None = None  # why dropped or failed, a code
    conversation: str | None = None  # where it was posted
    ts: str | None = None
    sent_at: datetime | None = None  # lesson time
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class Card(Record):
    """A posted message that follows the truth. Exists from the moment it was posted."""

    id: CardId
    workspace_id: WorkspaceId
    lesson_id: LessonId
    kind: CardKind
    person_id: PersonId | None = None
    channel_id: str | None = None
    notice_id: NoticeId  # the notice that posted it
    conversation: str
    ts: str
    posted_at: datetime  # lesson time
    revision_shown: int = 0
    revision_wanted: int = 0
    due_at: datetime | None = None  # lesson time of the next change that time itself brings
    not_before: datetime | None = None  # machine time: back-off
    claim_id: ClaimId | None = None
    leased_until: datetime | None = None  # machine time
    attempts: int = 0
    is_final: bool = False  # nothing will change it any more, or it is gone


@dataclass(frozen=True, kw_only=True)
class AttendanceEvent(Record):
    """One thing that a source reported. Append-only, unique by its source's own id."""

    id: str
    workspace_id: WorkspaceId
    lesson_id: LessonId
    source: str  # "sessions", "webhook", later "redemption"
    source_id: str  # the provider's id of the entry
    session_id: str
    kind: str  # joined, left, idled, other
    who: str  # provider_user_id, or "guest:<uuid>"
    connection: str | None  # the provider's connection; several tabs are several
    shown_name: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Attendance(Record):
    """One person's presence in one lesson, computed. `participant_id` None: somebody who came without a link."""

    workspace_id: WorkspaceId
    lesson_id: LessonId
    participant_id: ParticipantId | None
    who: str  # provider_user_id, "guest:…", or the participant's id when never seen
    shown_name: str
    verdict: Verdict
    joined_at: datetime | None = None
    left_at: datetime | None = None
    present: timedelta = timedelta(0)  # stints merged, clipped to the lesson
    late_by: timedelta | None = None  # None: in time, or never
    corrected_present: timedelta | None = None
    corrected_by: PersonId | None = None


@dataclass(frozen=True, kw_only=True)
class LessonTotals(Record):
    """What a lesson came to. `is_known` False: the service did not answer in time."""

    workspace_id: WorkspaceId
    lesson_id: LessonId
    is_known: bool
    really_started_at: datetime | None = None
    really_ended_at: datetime | None = None
    together: timedelta = timedelta(0)  # a leader and a learner present at the same time
    billable: timedelta | None = None  # the service's own figure
    session_count: int = 0
    has_recording: bool = False
    inside_count: int | None = None  # in the room now, by its own count; None: it does not count, or is not asked now
    read_at: datetime


@dataclass(frozen=True, kw_only=True)
class HeldSession(Record):
    """One session of a lesson, as the room service last told of it."""

    workspace_id: WorkspaceId
    lesson_id: LessonId
    session_id: str
    started_at: datetime
    ended_at: datetime | None = None
    has_recording: bool = False
    recording: Produced = Produced.NOT_ASKED  # READY: the service gave an address of it
    transcript: Produced = Produced.NOT_ASKED
    transcript_at: datetime | None = None  # when its transcript was stored; None: not there (yet)
    summary: str | None = field(default=None, repr=False)  # the service's own text
    is_settled: bool = False  # named after the lesson at the provider, and its recording's policy set


@dataclass(frozen=True, kw_only=True)
class TranscriptLine(Record):
    """Something said in a lesson's session. Times count from the session's start."""

    workspace_id: WorkspaceId
    lesson_id: LessonId
    session_id: str
    position: int  # from 0, in the order of the transcript
    starts: timedelta
    ends: timedelta
    speaker: str
    who: str | None = None  # provider_user_id
    text: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Delivery(Record):
    """A webhook's delivery whose key and signature were right, kept once by its id, worked on afterwards."""

    id: str
    workspace_id: WorkspaceId
    room: RoomRef
    delivery_id: str  # the provider's; the same when it tries again
    event: str  # as the provider calls it
    headers: str = field(repr=False)  # JSON of those that matter, names in lower case
    body_sealed: bytes | None = field(repr=False)  # as it came; None: worked on, and emptied
    received_at: datetime  # lesson time
    worked_at: datetime | None = None  # lesson time; None: still to be worked on
    problem: str | None = None  # why nothing could be made of it, a code


@dataclass(frozen=True, kw_only=True)
class AuditEntry(Record):
    """Who did what to which lesson, written in the transaction that did it."""

    id: str
    workspace_id: WorkspaceId
    lesson_id: LessonId | None = None
    actor: PersonId | None = None  # None: Hallpass itself
    action: str
    facts: dict[str, str | int | bool | None] = field(default_factory=dict)  # never names, links or text
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Seat:
    """A participant with everything that a card about them needs. `link` is the one that counts, once made."""

    participant: Participant
    person: Person
    link: Link | None = None
    card: Card | None = None
    attendance: Attendance | None = None
    invited: NoticeState | None = None  # state of the notice that brings them their (latest) way in


@dataclass(frozen=True, kw_only=True)
class LessonDetails:
    """A lesson and everybody in it: what lifecycle decides on and cards are drawn from.

    `seats` without the removed, leaders first, then by position. `removed` are the latest places of people who were
    taken out and have none now. `unknown` are people who came without a link.
    """

    lesson: Lesson
    room: Room
    service: str
    booked_by: Person
    seats: tuple[Seat, ...]
    unknown: tuple[Attendance, ...] = ()
    totals: LessonTotals | None = None
    removed: tuple[Seat, ...] = ()
    channel_failure: str | None = None  # why the channel could not be told, a code
    sessions: tuple[HeldSession, ...] = ()  # of an ended lesson, oldest first

    @cached_property
    def leaders(self) -> tuple[Seat, ...]:
        return tuple(seat for seat in self.seats if seat.participant.is_leader)

    @property
    def others(self) -> tuple[Seat, ...]:
        return tuple(seat for seat in self.seats if not seat.participant.is_leader)

    def find_seat(self, person_id: PersonId) -> Seat | None:
        return next((seat for seat in self.seats if seat.person.id == person_id), None)

    def find_removed(self, person_id: PersonId) -> Seat | None:
        """The place that this person had and was taken out of, where they have none now."""
        return next((seat for seat in self.removed if seat.person.id == person_id), None)
