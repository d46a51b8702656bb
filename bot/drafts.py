"""What the booking form holds before it is a lesson, and everything that can be wrong with it. Pure.

A draft keeps what was typed as it was typed, so that a refused form loses nothing. `check_draft` finds what is wrong;
the words for it are in `bot/messages.py`; turning a sound draft into a lesson is `bot/booking.py`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.ids import Field
from bot.windows import START_GRACE, default_window, earliest_launch_at
from storage.records import Channel, EndRule, LessonOptions, Person, PersonKind, Record, Role, RoomRef

Facts = dict[str, str | int]

MAX_TITLE = 80
"""Characters; what still reads well in a reminder on a phone."""

MAX_NOTE = 2000
"""Characters; fits into one section of a message, with its escapes."""

MAX_PEOPLE = 100
"""People with a place in one lesson, leaders included."""

LONGEST_LESSON = timedelta(hours=12)
"""Also the longest that people may be let in early or late."""

FARTHEST_START = timedelta(days=2 * 366)
"""Two years ahead. What is booked farther away is a slip of the date."""


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
    ALREADY_THERE = "already_there"  # names: they have a place in the lesson
    IS_UNREACHABLE = "is_unreachable"  # names: strangers, not yet accepted, messages refused
    START_PAST = "start_past"  # more than 15 minutes ago
    START_TOO_FAR = "start_too_far"  # more than two years ahead
    LENGTH_NOT_MINUTES = "length_not_minutes"  # not a whole number from 1 to 720
    MINUTES_NOT_WHOLE = "minutes_not_whole"  # facts: lowest, highest
    HAS_BEGUN = "has_begun"  # another start for a lesson that is on
    ENDS_PAST = "ends_past"  # a length by which it would be over already
    ROOM_TAKEN = "room_taken"  # by another lesson at the times it is to be moved to; names: its title
    CLOSES_TOO_LATE = "closes_too_late"  # the service's links would not live so long; facts: days
    NOT_IN_CHANNEL = "not_in_channel"  # names: the channel; say `/invite @Hallpass`
    CHANNEL_ARCHIVED = "channel_archived"  # names: the channel
    ROOM_BUSY = "room_busy"  # another lesson holds that room then; names: its title
    ROOM_UNKNOWN = "room_unknown"
    REACH = "reach"  # the booker would reach more people an hour than allowed; facts: limit
    TRANSCRIPT_NEEDS_RECORDING = "transcript_needs_recording"
    NOT_SUPPORTED = "not_supported"  # the service cannot do this; facts: service, what


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing wrong with one field. `names` are people's or things' names, ready to be shown (escaped later)."""

    where: Field
    code: ProblemCode
    names: tuple[str, ...] = ()
    facts: Facts = field(default_factory=dict)


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
    observer_ids: tuple[str, ...] = ()  # those of the participants who only watch; kept from an earlier lesson
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
    service: str | None = None  # chosen in the form, by its name; None: the default
    room: RoomRef | None = None  # an earlier lesson's, chosen in the form
    wants_new_room: bool = False  # chosen in the form; neither: the room these people share, else a new one
    language: str | None = None
    features: dict[str, bool] = field(default_factory=dict)
    zone: str = "UTC"  # the booker's, in which wall time is kept


@dataclass(frozen=True, kw_only=True)
class ServiceChoice:
    """A room service, as the form offers it: what it lets somebody choose, and what it leaves to Hallpass."""

    service: str
    shown_name: str
    lets_in: bool = True  # it lets each link work once, in its time; else Hallpass does
    shares_address: bool = False  # behind that door there is one address for everybody
    records: bool = True
    transcribes: bool = True


@dataclass(frozen=True, kw_only=True)
class RoomChoice(Record):
    """An earlier lesson's room, offered for exactly these people."""

    room: RoomRef
    last_title: str
    last_starts_at: datetime


@dataclass(frozen=True, kw_only=True)
class Newcomers:
    """Whom to add, by Slack id, and what they will do. `confirmed`: digest of the cautions that were seen."""

    user_ids: tuple[str, ...]
    role: Role = Role.LEARNER
    confirmed: str | None = None


def check_draft(
    draft: BookingDraft,
    *,
    people: Mapping[str, Person],
    channel: Channel | None,
    service_name: str,
    max_participants: int | None,
    longest_window: timedelta | None,
    defaults: LessonOptions,
    now: datetime,
    launches_ahead: bool = True,
) -> list[Problem]:
    """Everything wrong with the draft, in the order of the form; empty: it can be booked, as far as can be told here.

    `people` are those of the draft's that are known, by Slack id, and `channel` the chosen channel as last seen. Who or
    what was not looked up in time is not refused for it: people are looked at again before their launch.
    `max_participants` and `longest_window` (from a launch to its close) are the room service's, None: no limit.
    `launches_ahead`: it is launched with the links, and not only when somebody comes.
    What takes a look at other lessons (rooms, overlaps, reach) is not judged here.
    """
    return [
        *_check_title(draft),
        *_check_people(draft, people, service_name, max_participants),
        *check_times(draft, longest_window, defaults, now, launches_ahead=launches_ahead),
        *_check_channel(channel if draft.channel_id else None),
        *_check_note(draft),
        *_check_minutes(draft),
        *_check_options(draft),
    ]


def effective_start(draft: BookingDraft, now: datetime) -> datetime:
    """When the lesson really starts: a start up to 15 minutes ago means now, to the second.

    Raises ValueError for a draft without a start.
    """
    if draft.starts_at is None:
        raise ValueError("the draft has no start")
    if now - START_GRACE <= draft.starts_at <= now:
        return now.replace(microsecond=0)
    return draft.starts_at


def read_length(text: str) -> timedelta | None:
    """The length that this field's text means; None where it is not a whole number of minutes from 1 to 720."""
    minutes = _read_minutes(text)
    return minutes if minutes else None


def build_options(draft: BookingDraft, defaults: LessonOptions) -> LessonOptions:
    """The options of a lesson booked from this draft. Raises ValueError where its minutes are not sound."""
    early = _read_minutes(draft.join_early_text, empty=defaults.join_early)
    late = _read_minutes(draft.join_late_text, empty=defaults.join_late)
    if early is None or late is None:
        raise ValueError("the draft was not checked: minutes to join early or late")
    return replace(
        defaults,
        records=draft.records,
        transcribes=draft.transcribes,
        end_rule=draft.end_rule,
        warns=draft.warns,
        join_early=early,
        join_late=timedelta(0) if draft.end_rule is EndRule.EVERYONE_LEAVES else late,
        language=draft.language or defaults.language,
        features={**defaults.features, **draft.features},
    )


def _check_title(draft: BookingDraft) -> Iterator[Problem]:
    count = len(draft.title.strip())
    if not count:
        yield Problem(where=Field.TITLE, code=ProblemCode.MISSING)
    elif count > MAX_TITLE:
        facts: Facts = {"count": count, "limit": MAX_TITLE}
        yield Problem(where=Field.TITLE, code=ProblemCode.TITLE_TOO_LONG, facts=facts)


def _check_options(draft: BookingDraft) -> Iterator[Problem]:
    # Lessonspace transcribes only what it records, and says nothing when asked for the one without the other.
    if draft.transcribes and not draft.records:
        yield Problem(where=Field.OPTIONS, code=ProblemCode.TRANSCRIPT_NEEDS_RECORDING)


def _check_note(draft: BookingDraft) -> Iterator[Problem]:
    count = len(draft.note.strip())
    if count > MAX_NOTE:
        facts: Facts = {"count": count, "limit": MAX_NOTE}
        yield Problem(where=Field.NOTE, code=ProblemCode.NOTE_TOO_LONG, facts=facts)


def _check_people(
    draft: BookingDraft, people: Mapping[str, Person], service_name: str, max_participants: int | None
) -> Iterator[Problem]:
    if not draft.leader_ids:
        yield Problem(where=Field.LEADERS, code=ProblemCode.NO_LEADER)
    yield from check_kinds(Field.LEADERS, draft.leader_ids, people)
    if not draft.participant_ids:
        yield Problem(where=Field.PARTICIPANTS, code=ProblemCode.NOBODY_TO_TEACH)
    yield from check_kinds(Field.PARTICIPANTS, draft.participant_ids, people)

    both = [user_id for user_id in dict.fromkeys(draft.participant_ids) if user_id in draft.leader_ids]
    if both:
        names = tuple(_name(user_id, people) for user_id in both)
        yield Problem(where=Field.PARTICIPANTS, code=ProblemCode.LEADER_AND_PARTICIPANT, names=names)
    count = len({*draft.leader_ids, *draft.participant_ids})
    yield from check_count(Field.PARTICIPANTS, count, service_name, max_participants)


def check_count(where: Field, count: int, service_name: str, max_participants: int | None) -> Iterator[Problem]:
    """Whether so many people fit. The lower of the two limits is told, so that nobody mends the form twice."""
    if max_participants is not None and max_participants < min(count, MAX_PEOPLE):
        facts: Facts = {"count": count, "limit": max_participants, "service": service_name}
        yield Problem(where=where, code=ProblemCode.TOO_MANY_FOR_SERVICE, facts=facts)
    elif count > MAX_PEOPLE:
        facts = {"count": count, "limit": MAX_PEOPLE}
        yield Problem(where=where, code=ProblemCode.TOO_MANY_PEOPLE, facts=facts)


def check_kinds(where: Field, user_ids: Iterable[str], people: Mapping[str, Person]) -> Iterator[Problem]:
    """One problem for each kind of somebody who cannot take part, with the names of all of that kind."""
    named: dict[ProblemCode, list[str]] = {}
    for user_id in dict.fromkeys(user_ids):
        person = people.get(user_id)
        code = _unfit(person) if person else None
        if code and person:
            named.setdefault(code, []).append(person.name)
    for code, names in named.items():
        yield Problem(where=where, code=code, names=tuple(names))


def _unfit(person: Person) -> ProblemCode | None:
    """Why somebody cannot be given a link at all, the reason that explains most first."""
    if person.kind is PersonKind.BOT:
        return ProblemCode.IS_BOT
    if person.kind is PersonKind.APP:
        return ProblemCode.IS_APP
    if person.is_deactivated:
        return ProblemCode.IS_DEACTIVATED
    if person.kind in (PersonKind.STRANGER, PersonKind.INVITED) or person.unreachable:
        return ProblemCode.IS_UNREACHABLE
    return None


def _name(user_id: str, people: Mapping[str, Person]) -> str:
    person = people.get(user_id)
    return person.name if person else user_id


def check_times(
    draft: BookingDraft,
    longest_window: timedelta | None,
    defaults: LessonOptions,
    now: datetime,
    *,
    launches_ahead: bool,
) -> Iterator[Problem]:
    """What is wrong with start and length."""
    start = _judge_start(draft, now)
    if start:
        yield Problem(where=Field.STARTS_AT, code=start)
    length = read_length(draft.length_text)
    if length is None:
        yield Problem(where=Field.LENGTH, code=ProblemCode.LENGTH_NOT_MINUTES)
    if start or length is None or longest_window is None or any(_check_minutes(draft)):
        return

    starts_at = effective_start(draft, now)
    options = build_options(draft, defaults)
    launched_at = earliest_launch_at(starts_at, options, now, launches_ahead=launches_ahead)
    if default_window(starts_at, starts_at + length, options).closes_at - launched_at > longest_window:
        # Where the start alone is too far from its links, no other length helps.
        where = Field.STARTS_AT if starts_at - launched_at >= longest_window else Field.LENGTH
        yield Problem(where=where, code=ProblemCode.CLOSES_TOO_LATE, facts={"days": longest_window.days})


def _judge_start(draft: BookingDraft, now: datetime) -> ProblemCode | None:
    if draft.starts_at is None:
        return ProblemCode.MISSING
    if draft.starts_at < now - START_GRACE:
        return ProblemCode.START_PAST
    if draft.starts_at > now + FARTHEST_START:
        return ProblemCode.START_TOO_FAR
    return None


def _check_channel(channel: Channel | None) -> Iterator[Problem]:
    if channel and channel.is_archived:
        yield Problem(where=Field.CHANNEL, code=ProblemCode.CHANNEL_ARCHIVED, names=(channel.name,))
    elif channel and not channel.is_member:
        yield Problem(where=Field.CHANNEL, code=ProblemCode.NOT_IN_CHANNEL, names=(channel.name,))


def _check_minutes(draft: BookingDraft) -> Iterator[Problem]:
    for where, text in ((Field.JOIN_EARLY, draft.join_early_text), (Field.JOIN_LATE, draft.join_late_text)):
        if _read_minutes(text, empty=timedelta(0)) is None:
            facts: Facts = {"lowest": 0, "highest": LONGEST_LESSON // timedelta(minutes=1)}
            yield Problem(where=where, code=ProblemCode.MINUTES_NOT_WHOLE, facts=facts)


def _read_minutes(text: str, *, empty: timedelta | None = None) -> timedelta | None:
    """Whole minutes, at most twelve hours of them, in any script's digits; `empty` for nothing, None for nonsense."""
    text = text.strip()
    if not text:
        return empty
    # The length first: int() of a digit string without end would take its time.
    if len(text) > 4 or not text.isdecimal():
        return None
    minutes = timedelta(minutes=int(text))
    return minutes if minutes <= LONGEST_LESSON else None
