"""The gallery's lesson in every state that cards, messages and forms tell apart."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.drafts import Caution, CautionCode
from bot.lesson_forms import MAX_REASON
from bot.moves import Move
from bot.sandbox.gallery.party import LONGEST, Party
from bot.sandbox.gallery.records import (
    ENDS_AT,
    NOW,
    STARTS_AT,
    make_attendance,
    make_lesson,
    make_link,
    make_participant,
    make_room,
    make_totals,
)
from storage.records import (
    Attendance,
    EndRule,
    HeldSession,
    Lesson,
    LessonDetails,
    LessonOptions,
    LessonState,
    Link,
    NoticeState,
    Participant,
    Person,
    Produced,
    Reply,
    Role,
    Seat,
    Verdict,
)

MINUTE = timedelta(minutes=1)
SECRET_URL = "https://room.example/join?user=a-secret-that-nobody-else-may-see"
FAILURES = ("messages_tab_disabled", "user_disabled", "room_down", "something_new", None)


def build_details(
    party: Party, *, booker: Person | None = None, has_links: bool = True, failures: bool = False, **changes: Any
) -> LessonDetails:
    """A lesson of this party: its first person leads; attendance is known once it has ended."""
    leader = party.person(0)
    values: dict[str, Any] = {"booked_by": (booker or leader).id, "note": party.write_note(), **changes}
    lesson = make_lesson(party.write(party.title_length), **values)
    is_over = lesson.state is LessonState.ENDED
    others = (party.person(position) for position in range(1, party.learner_count + 1))
    return LessonDetails(
        lesson=lesson,
        room=make_room(),
        service="lessonspace",
        booked_by=booker or leader,
        seats=tuple(
            _seat(lesson, person, position, has_link=has_links, failures=failures)
            for position, person in enumerate((leader, *others))
        ),
        unknown=(make_attendance(lesson, shown_name=party.name(7)),) if is_over else (),
        totals=make_totals(lesson, has_recording=True) if is_over else None,
    )


def _seat(lesson: Lesson, person: Person, position: int, *, has_link: bool, failures: bool) -> Seat:
    """Everything that can be said of somebody's place, by position."""
    participant = make_participant(
        lesson,
        person,
        Role.LEADER if position == 0 else Role.LEARNER,
        position=position,
        is_new_to_leader=position % 3 == 1,
        link_number=1 + position % 4,
        reply=list(Reply)[position % 4],
        failure=FAILURES[position % len(FAILURES)] if failures else None,
    )
    return Seat(
        participant=participant,
        person=person,
        link=_link(participant, position) if has_link else None,
        invited=NoticeState.SENT if has_link else NoticeState.WAITING,
        attendance=_attend(lesson, participant, position) if lesson.state is LessonState.ENDED else None,
    )


def _link(participant: Participant, position: int) -> Link:
    return make_link(participant, delivered_at=NOW, opened_at=STARTS_AT - 2 * MINUTE if position % 2 else None)


def _attend(lesson: Lesson, participant: Participant, position: int) -> Attendance:
    verdict = (Verdict.PRESENT, Verdict.ABSENT, Verdict.UNKNOWN)[position % 3]
    return make_attendance(lesson, participant, verdict=verdict, late_by=6 * MINUTE if position % 2 else None)


def pick_learner(details: LessonDetails) -> Seat:
    """The first of them; of somebody alone, who leads."""
    return details.seats[min(1, len(details.seats) - 1)]


def list_scenes(party: Party) -> dict[str, LessonDetails]:
    """A lesson in every state that cards and messages tell apart, by what that state is."""
    everyone = LessonOptions(end_rule=EndRule.EVERYONE_LEAVES, join_late=timedelta(0), records=True, transcribes=True)
    return {
        "booked": build_details(party),
        "booked by somebody else": build_details(party, booker=party.person(98, has_zone=False), failures=True),
        "without links": build_details(party, has_links=False, options=everyone),
        "links made, some failed": build_details(party, has_links=False, failures=True),
        "far ahead": build_details(party, has_links=False, starts_at=STARTS_AT + timedelta(days=400)),
        "everyone leaves": build_details(party, options=everyone, is_recorded=True, is_transcribed=False),
        "open end": build_details(party, options=LessonOptions(end_rule=EndRule.OPEN), is_transcribed=True),
        "live": build_details(party, state=LessonState.LIVE, is_recorded=True, is_transcribed=True),
        "live, people in the room": let_in(build_details(party, state=LessonState.LIVE), party),
        "running over": build_details(party, state=LessonState.LIVE, is_running_over=True),
        "channel not told": replace(build_details(party, state=LessonState.LIVE), channel_failure="is_archived"),
        "let end": build_details(party, state=LessonState.LIVE, is_let_end=True),
        "extended": build_details(party, state=LessonState.LIVE, extension_count=1),
        **_list_ended(party),
        "cancelled": build_details(
            party, state=LessonState.CANCELLED, cancel_reason=party.call("Gwen has a cold", MAX_REASON)
        ),
    }


def _list_ended(party: Party) -> dict[str, LessonDetails]:
    ended = build_details(party, state=LessonState.ENDED, ended_at=ENDS_AT)
    unknown = tuple(
        replace(seat, attendance=replace(seat.attendance, verdict=Verdict.UNKNOWN, late_by=None))
        for seat in ended.seats
        if seat.attendance
    )
    not_known = make_totals(ended.lesson, is_known=False, billable=None, really_started_at=None, really_ended_at=None)
    return {
        "ended": ended,
        "ended, nobody answered": replace(ended, seats=unknown, totals=not_known),
        "ended, all is there": _leave_behind(ended, party, Produced.READY),
        "ended, being prepared": _leave_behind(ended, party, Produced.AWAITED),
        "ended, nothing was made": _leave_behind(ended, party, Produced.MISSING),
        "ended, not read yet": replace(ended, totals=None, unknown=()),
    }


def _leave_behind(details: LessonDetails, party: Party, became: Produced) -> LessonDetails:
    """A recording and a transcript each of more sessions than are shown; the last has only what is certain."""
    count = 30 if party.name_length == LONGEST.name_length else 3
    sessions = tuple(
        HeldSession(
            workspace_id=details.lesson.workspace_id,
            lesson_id=details.lesson.id,
            session_id=f"2{number:035}",
            started_at=STARTS_AT + number * MINUTE,
            ended_at=ENDS_AT + number * MINUTE,
            recording=became,
            transcript=Produced.NOT_ASKED if number == count - 1 else became,
            transcript_at=ENDS_AT if became is Produced.READY else None,
            summary=party.write(2 * party.note_length) if became is Produced.READY else None,
        )
        for number in range(count)
    )
    return replace(details, sessions=sessions)


def let_in(details: LessonDetails, party: Party) -> LessonDetails:
    """One in three is in the room, one has left, one was not seen; and somebody came without a link."""
    lesson, seats = details.lesson, []
    for position, seat in enumerate(details.seats):
        left_at = None if position % 3 == 0 else STARTS_AT + 20 * MINUTE
        seen = make_attendance(lesson, seat.participant, left_at=left_at)
        seats.append(replace(seat, attendance=None if position % 3 == 2 else seen))
    stranger = make_attendance(lesson, shown_name=party.name(7), left_at=None)
    gone = make_attendance(lesson, who="guest:2", shown_name=party.name(8))
    return replace(details, seats=tuple(seats), unknown=(stranger, gone), totals=make_totals(lesson))


def leave_alone(details: LessonDetails) -> LessonDetails:
    """Every learner is in the room, the leader is not."""
    lesson = details.lesson
    inside = tuple(
        replace(seat, attendance=make_attendance(lesson, seat.participant, left_at=None)) for seat in details.others
    )
    return replace(details, seats=(*details.leaders, *inside))


def list_moves(details: LessonDetails) -> dict[str, Move]:
    """Another start, or only another end; with a link that is of no use any more, or without."""
    lesson = details.lesson
    return {
        f"{what}, {link}": Move(
            was_start=was_start,
            was_end=lesson.ends_at - 5 * MINUTE,
            starts_at=lesson.starts_at,
            ends_at=lesson.ends_at,
            old_closes_at=old_closes_at,
            revision=2,
        )
        for what, was_start in (
            ("another end", lesson.starts_at),
            ("another day", lesson.starts_at - timedelta(days=3)),
        )
        for link, old_closes_at in (("no older link", None), ("older link over", NOW), ("older link works", ENDS_AT))
    }


def list_cautions(party: Party) -> list[Caution]:
    """Every caution, with what may be known of it and without."""
    names = tuple(party.name(number) for number in range(max(1, party.learner_count)))
    return [
        Caution(code=code, names=names, title=known_title, starts_at=starts_at, ends_at=ENDS_AT)
        for code in CautionCode
        for known_title in ("", party.call("Algebra", 80))
        for starts_at in (None, STARTS_AT)
    ]
