"""Every message and view that people can be shown, in every state, for a cast of one's choosing.

What must hold of all of them (Slack's limits, no stray words, no link where it may be read) is tested against this
list, so a new message belongs here. `CASTS` has an everyday cast, and one with the longest names and most people.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from bot.blocks import Block, Message
from bot.cards import build_leader_card, build_participant_card
from bot.confirmations import build_cancelled as build_cancelled_confirmation
from bot.confirmations import build_extended, build_let_end, build_new_link, build_trying_again
from bot.drafts import BookingDraft, Caution, CautionCode, Problem, ProblemCode, RoomChoice
from bot.errors import NotAllowed, Outdated, Refused, TooEarly, TooLate, WrongState
from bot.forms import FormState, build_booking_form, build_loading_form
from bot.home import build_home, build_small_view
from bot.ids import Field
from bot.messages import (
    NextLesson,
    build_cancelled,
    build_end_warning,
    build_moved,
    build_not_reached,
    build_shrunk,
    build_start_reminder,
)
from bot.progress import build_progress, build_result
from bot.replies import (
    build_apology,
    build_help,
    build_lesson_list,
    build_link_reply,
    build_no_link,
    build_unknown_command,
    describe_refusal,
)
from bot.summaries import build_summary
from bot.words import DEFAULT_LOCALE, words_for
from storage.records import (
    CardKind,
    EndRule,
    LessonDetails,
    LessonOptions,
    LessonState,
    NoticeState,
    Person,
    Role,
    Seat,
    Verdict,
)
from tests.records import (
    ENDS_AT,
    NOW,
    ROOM_REF,
    STARTS_AT,
    make_attendance,
    make_lesson,
    make_link,
    make_participant,
    make_person,
    make_room,
    make_totals,
)

MINUTE = timedelta(minutes=1)
SECRET_URL = "https://room.example/join?user=a-secret-that-nobody-else-may-see"
FAILURES = ("messages_tab_disabled", "user_disabled", "room_down", "something_new", None)


@dataclass(frozen=True, kw_only=True)
class Cast:
    """Who takes part, and what they wrote. `letters`: what names, titles and notes are made of."""

    letters: str
    name_length: int
    title_length: int
    note_length: int
    learner_count: int
    locale: str = DEFAULT_LOCALE

    def write(self, length: int, number: int = 0) -> str:
        """Text of exactly this length, another for each number."""
        return (f"{number}" + self.letters * length)[:length]

    def person(self, number: int, zone: str | None = "Europe/Berlin") -> Person:
        return make_person(self.write(self.name_length, number), locale=self.locale, zone=zone)


EVERYDAY = Cast(letters="αβγ", name_length=8, title_length=10, note_length=30, learner_count=3)
LONGEST = Cast(letters="&<>", name_length=80, title_length=80, note_length=2000, learner_count=99)
CASTS = {"everyday": EVERYDAY, "longest": LONGEST}


def build_details(
    cast: Cast, *, booker: Person | None = None, has_links: bool = True, failures: bool = False, **changes: Any
) -> LessonDetails:
    """A lesson of this cast: its first person leads; attendance is known once it has ended."""
    leader = cast.person(0)
    note = "\n".join([cast.write(cast.note_length // 2 - 1)] * 2)
    values: dict[str, Any] = {"booked_by": (booker or leader).id, "note": note, **changes}
    lesson = make_lesson(cast.write(cast.title_length), **values)
    seats = []
    for position in range(cast.learner_count + 1):
        person = leader if position == 0 else cast.person(position)
        role = Role.LEADER if position == 0 else Role.LEARNER
        participant = make_participant(
            lesson,
            person,
            role,
            position=position,
            is_new_to_leader=position % 3 == 1,
            link_number=1 + position % 4,
            failure=FAILURES[position % len(FAILURES)] if failures else None,
        )
        opened_at = STARTS_AT - 2 * MINUTE if position % 2 else None
        is_over = lesson.state is LessonState.ENDED
        verdict = (Verdict.PRESENT, Verdict.ABSENT, Verdict.UNKNOWN)[position % 3]
        late_by = 6 * MINUTE if position % 2 else None
        seats.append(
            Seat(
                participant=participant,
                person=person,
                link=make_link(participant, delivered_at=NOW, opened_at=opened_at) if has_links else None,
                invited=NoticeState.SENT if has_links else NoticeState.WAITING,
                attendance=make_attendance(lesson, participant, verdict=verdict, late_by=late_by) if is_over else None,
            )
        )
    is_over = lesson.state is LessonState.ENDED
    return LessonDetails(
        lesson=lesson,
        room=make_room(),
        service="lessonspace",
        booked_by=booker or leader,
        seats=tuple(seats),
        unknown=(make_attendance(lesson, shown_name=cast.write(cast.name_length, 7)),) if is_over else (),
        totals=make_totals(lesson, has_recording=True) if is_over else None,
    )


def list_scenes(cast: Cast) -> dict[str, LessonDetails]:
    """A lesson in every state that cards and messages tell apart."""
    everyone = LessonOptions(end_rule=EndRule.EVERYONE_LEAVES, join_late=timedelta(0), records=True, transcribes=True)
    ended = build_details(cast, state=LessonState.ENDED, ended_at=ENDS_AT)
    unknown = tuple(
        replace(seat, attendance=replace(seat.attendance, verdict=Verdict.UNKNOWN, late_by=None))
        for seat in ended.seats
        if seat.attendance
    )
    not_known = make_totals(ended.lesson, is_known=False, billable=None, really_started_at=None, really_ended_at=None)
    return {
        "booked": build_details(cast),
        "booked by somebody else": build_details(cast, booker=cast.person(98, zone=None), failures=True),
        "without links": build_details(cast, has_links=False, options=everyone),
        "links made, some failed": build_details(cast, has_links=False, failures=True),
        "far ahead": build_details(cast, has_links=False, starts_at=STARTS_AT + timedelta(days=400)),
        "everyone leaves": build_details(cast, options=everyone, is_recorded=True, is_transcribed=False),
        "open end": build_details(cast, options=LessonOptions(end_rule=EndRule.OPEN), is_transcribed=True),
        "live": build_details(cast, state=LessonState.LIVE, is_recorded=True, is_transcribed=True),
        "running over": build_details(cast, state=LessonState.LIVE, is_running_over=True),
        "channel not told": replace(build_details(cast, state=LessonState.LIVE), channel_failure="is_archived"),
        "let end": build_details(cast, state=LessonState.LIVE, is_let_end=True),
        "extended": build_details(cast, state=LessonState.LIVE, extension_count=1),
        "ended": ended,
        "ended, nobody answered": replace(ended, seats=unknown, totals=not_known),
        "ended, not read yet": replace(ended, totals=None, unknown=()),
        "cancelled": build_details(cast, state=LessonState.CANCELLED),
    }


def list_messages(cast: Cast) -> Iterator[tuple[str, Message]]:
    """Every message, by a name that says which."""
    for name, details in list_scenes(cast).items():
        for message_name, message in _list_lesson_messages(cast, details):
            yield f"{message_name}: {name}", message
    yield from _list_replies(cast)


def _list_lesson_messages(cast: Cast, details: LessonDetails) -> Iterator[tuple[str, Message]]:
    leader, learner = details.seats[0], details.seats[1]
    has_links = leader.link is not None
    url = SECRET_URL if has_links else None
    for moment, now in (("before", NOW), ("near the end", ENDS_AT - MINUTE), ("afterwards", ENDS_AT + 60 * MINUTE)):
        for seat in details.seats[:5]:
            yield f"participant card {moment}", build_participant_card(details, seat, join_url=url, now=now)
        yield f"leader card {moment}", build_leader_card(details, leader, join_url=url, now=now)
        yield f"start reminder {moment}", build_start_reminder(details, learner, join_url=url, now=now)
        coming = [NextLesson(details=details, seat=leader, join_url=url)] * 6
        yield f"end warning {moment}", build_end_warning(details, seat=leader, now=now, next_lessons=coming)
        channel = build_end_warning(details, seat=None, now=now, channel_locale=cast.locale)
        yield f"channel's end warning {moment}", channel
        for kind in (CardKind.REMINDER, CardKind.WARNING, CardKind.MOVED):
            yield f"shrunk {kind} {moment}", build_shrunk(kind, details, reader=learner.person, now=now)
    shrunk = build_shrunk(CardKind.WARNING, details, reader=None, now=NOW, channel_locale=cast.locale)
    yield "channel's shrunk warning", shrunk
    yield "moved", build_moved(details, learner, join_url=url, now=NOW, old_closes_at=ENDS_AT)
    yield "moved, without the old end", build_moved(details, learner, join_url=url, now=NOW)
    for canceller in (None, leader.person.id):
        cancelled = replace(details, lesson=replace(details.lesson, cancelled_by=canceller))
        yield "cancelled", build_cancelled(cancelled, learner, now=NOW)
        yield "cancelled, to who cancelled", build_cancelled(cancelled, leader.person, now=NOW)
        yield "cancelled card", build_participant_card(cancelled, learner, join_url=url, now=NOW)
    yield "not reached", build_not_reached(details, reader=details.booked_by, now=NOW)
    for shows_names in (True, False):
        yield (
            "summary",
            build_summary(details, reader=leader.person, shows_names=shows_names, service_name=cast.write(20)),
        )
        yield (
            "channel's summary",
            build_summary(
                details, reader=None, shows_names=shows_names, service_name=cast.write(20), channel_locale=cast.locale
            ),
        )
    yield "link reply", build_link_reply(details, learner, join_url=url, now=NOW)
    yield "link reply, closed", build_link_reply(details, learner, join_url=url, now=ENDS_AT + 60 * MINUTE)


def _list_confirmations(reader: Person, details: LessonDetails) -> Iterator[tuple[str, Message]]:
    for count in (0, 1, 99):
        extended = build_extended(details, reader=reader, relinked_count=count, now=NOW)
        yield f"extended, {count} new links", extended
        yield f"trying again, {count}", build_trying_again(details, reader=reader, count=count, now=NOW)
        cancelled = build_cancelled_confirmation(
            details, reader=reader, told_count=count, valid_count=count, valid_until=ENDS_AT, now=NOW
        )
        yield f"cancelled, {count} told", cancelled
    yield "let end", build_let_end(details, reader=reader, now=NOW)
    yield "new link", build_new_link(details, reader=reader, now=NOW)


def list_refusals() -> list[Refused]:
    states = [WrongState(state, "extend") for state in LessonState]
    times: list[Refused] = [TooEarly(STARTS_AT), TooEarly(STARTS_AT + timedelta(days=400)), TooLate(NOW - MINUTE)]
    return [NotAllowed("book"), NotAllowed("cancel"), Outdated("revision 1"), Refused("else"), *times, *states]


def _list_replies(cast: Cast) -> Iterator[tuple[str, Message]]:
    reader, details = cast.person(1), build_details(cast)
    for refused in list_refusals():
        yield f"refusal {refused!r}", describe_refusal(refused, reader, now=NOW)
    yield from _list_confirmations(reader, details)
    yield "help", build_help(reader, now=NOW)
    yield "unknown command", build_unknown_command(reader, typed=cast.write(3000), now=NOW)
    yield "apology", build_apology(reader, "1234", now=NOW)
    yield "no link", build_no_link(reader, now=NOW)
    title = words_for(cast.locale)._("Your lessons")
    yield "no lessons", build_lesson_list([], reader, title, NOW)
    yield "many lessons", build_lesson_list([details, details.lesson] * 100, details.booked_by, title, NOW)


def list_views(cast: Cast) -> Iterator[tuple[str, Block]]:
    """Every modal and Home view, by a name that says which."""
    reader, words = cast.person(1), words_for(cast.locale)
    yield "loading form", build_loading_form(words)
    for has_more in (False, True):
        yield (
            f"empty form, has_more {has_more}",
            build_booking_form(BookingDraft(has_more=has_more), reader=reader, now=NOW, metadata=""),
        )
    yield "full form", build_full_form(cast, reader)
    for name, details in list_scenes(cast).items():
        for who in (details.booked_by, details.seats[0].person):
            yield f"progress: {name}", build_progress(details, reader=who, done=1, total=12, now=NOW)
            yield f"result: {name}", build_result(details, reader=who, now=NOW)
    everything = list(list_scenes(cast).values()) * 10
    for can_book in (True, False):
        yield (
            f"first Home, can_book {can_book}",
            build_home(reader=reader, now=NOW, is_first_visit=True, can_book=can_book),
        )
        yield (
            f"full Home, can_book {can_book}",
            build_home(
                reader=everything[0].booked_by,
                now=NOW,
                today=everything,
                upcoming=everything,
                past=everything,
                is_first_visit=True,
                can_book=can_book,
            ),
        )
    yield "small view", build_small_view(build_help(reader, now=NOW), reader=reader)


def build_full_form(cast: Cast, reader: Person) -> Block:
    """The form with every field full, everything wrong with it, and every caution."""
    names = tuple(cast.write(cast.name_length, number) for number in range(cast.learner_count))
    title = cast.write(3000)
    draft = BookingDraft(
        title=title,
        leader_ids=("U0",),
        participant_ids=tuple(f"U{number}" for number in range(1, cast.learner_count + 20)),
        starts_at=STARTS_AT,
        length_text=title,
        records=True,
        transcribes=True,
        end_rule=EndRule.EVERYONE_LEAVES,
        channel_id="C1",
        note=title,
        has_more=True,
        join_early_text=title,
        join_late_text=title,
        room=ROOM_REF,
        language="pl",
        features={f"{number}": False for number in range(150)},
        zone="Europe/Berlin",
    )
    facts: dict[str, str | int] = {"count": 120, "limit": 100, "service": title[:20], "days": 7}
    return build_booking_form(
        draft,
        reader=reader,
        now=NOW,
        metadata=FormState(submission_key="1", confirmed="2" * 64).to_metadata(),
        room_choice=RoomChoice(room=ROOM_REF, last_title=title[:80], last_starts_at=NOW - timedelta(days=7)),
        languages=("en", "fr", "pl", "0"),
        features=tuple(f"{number}" for number in range(150)),
        cautions=[
            Caution(code=code, names=names, title=known_title, starts_at=starts_at, ends_at=ENDS_AT)
            for code in CautionCode
            for known_title in ("", title[:80])
            for starts_at in (None, STARTS_AT)
        ],
        not_understood=[title] * 30,
        problems=[Problem(where=where, code=code, names=names, facts=facts) for where in Field for code in ProblemCode],
    )
