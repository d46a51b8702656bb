"""Every message and view that people can be shown, in every state, for a cast of one's choosing.

What must hold of all of them (Slack's limits, no stray words, no link where it may be read) is tested against this
list, so a new message belongs here. `CASTS` has an everyday cast, and one with the longest names and most people.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from bot.attending import build_replied, build_reply_notice
from bot.blocks import Block, Message
from bot.boards import build_board, build_lesson_view
from bot.cards import build_leader_card, build_participant_card
from bot.changes import Fact
from bot.channel_posts import build_channel_post
from bot.confirmations import build_cancelled as build_cancelled_confirmation
from bot.confirmations import (
    build_ended,
    build_extended,
    build_let_end,
    build_new_link,
    build_notices_tried,
    build_trying_again,
    build_trying_out,
    build_unmoved,
)
from bot.confirmations import build_moved as build_moved_confirmation
from bot.drafts import (
    BookingDraft,
    Caution,
    CautionCode,
    Newcomers,
    Problem,
    ProblemCode,
    RoomChoice,
    ServiceChoice,
)
from bot.errors import LastOne, LimitReached, NoLongerKept, NotAllowed, Outdated, Refused, TooEarly, TooLate, WrongState
from bot.export_forms import build_export_form, build_exported, build_exporting, build_not_exported
from bot.forms import FormState, build_booking_form, build_loading_form
from bot.found_lines import Hit, Search, build_found, build_no_search
from bot.home import HomeLesson, build_home, build_small_view
from bot.house_changes import build_house_changes
from bot.house_forms import build_house_form, rule_lines
from bot.ids import Field
from bot.launch_forms import build_launch_form
from bot.lesson_forms import (
    MAX_REASON,
    TypedTimes,
    build_cancel_form,
    build_end_form,
    build_extend_form,
    build_move_form,
)
from bot.let_in import build_not_opened, build_opening, build_way_in
from bot.lists import build_bookers_card, build_list_page, build_not_found
from bot.messages import (
    NextLesson,
    build_cancelled,
    build_end_warning,
    build_moved,
    build_not_reached,
    build_shrunk,
    build_start_reminder,
)
from bot.moves import Move
from bot.nudges import build_late_nudge, build_leader_missing, build_still_not_reached
from bot.overview import GivenUp, Page, build_admin_blocks, build_all_lessons
from bot.people_forms import build_people_form, build_replace_form, say_added, say_removed, say_resent
from bot.places import (
    build_device_failure,
    build_device_link,
    build_older_card,
    build_removed,
    build_removed_card,
    build_removed_line,
    build_resent,
)
from bot.playback import (
    build_fetching,
    build_no_recording,
    build_recording_failure,
    build_recording_link,
    build_transcript_failure,
    build_transcript_sent,
    describe_transcript,
)
from bot.preference_form import build_preferences_form
from bot.progress import build_progress, build_result
from bot.quiet import OFF
from bot.quiet import USUAL as NIGHT
from bot.readers import reader_of
from bot.replies import (
    build_apology,
    build_conversation_help,
    build_help,
    build_lesson_list,
    build_link_reply,
    build_no_link,
    build_unknown_command,
    describe_refusal,
)
from bot.roll import build_roll
from bot.rooms.lessonspace_body import FEATURES
from bot.summaries import build_summary
from bot.watchers import Rights, Watchers
from bot.wishes import Preferences
from bot.words import DEFAULT_LOCALE, words_for
from storage.records import (
    AuditEntry,
    CardKind,
    EndRule,
    HeldSession,
    LessonDetails,
    LessonOptions,
    LessonState,
    NoticeKind,
    NoticeState,
    Person,
    PersonId,
    Produced,
    Reply,
    Role,
    Seat,
    TranscriptLine,
    Verdict,
)
from storage.store import Pending
from tests.records import (
    ENDS_AT,
    NOW,
    ROOM_REF,
    STARTS_AT,
    make_attendance,
    make_audit_entry,
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
            reply=list(Reply)[position % 4],
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
        "live, people in the room": _let_in(build_details(cast, state=LessonState.LIVE), cast),
        "running over": build_details(cast, state=LessonState.LIVE, is_running_over=True),
        "channel not told": replace(build_details(cast, state=LessonState.LIVE), channel_failure="is_archived"),
        "let end": build_details(cast, state=LessonState.LIVE, is_let_end=True),
        "extended": build_details(cast, state=LessonState.LIVE, extension_count=1),
        "ended": ended,
        "ended, nobody answered": replace(ended, seats=unknown, totals=not_known),
        "ended, all is there": _leave_behind(ended, cast, Produced.READY),
        "ended, being prepared": _leave_behind(ended, cast, Produced.AWAITED),
        "ended, nothing was made": _leave_behind(ended, cast, Produced.MISSING),
        "ended, not read yet": replace(ended, totals=None, unknown=()),
        "cancelled": build_details(cast, state=LessonState.CANCELLED, cancel_reason=cast.write(MAX_REASON)),
    }


def _leave_behind(details: LessonDetails, cast: Cast, became: Produced) -> LessonDetails:
    """A recording and a transcript each of more sessions than are shown; the last has only what is certain."""
    count = 3 if cast is not LONGEST else 30
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
            summary=cast.write(2 * cast.note_length) if became is Produced.READY else None,
        )
        for number in range(count)
    )
    return replace(details, sessions=sessions)


ALL_RIGHTS = Rights(watches=True, reads=True)


def _list_recording_messages(cast: Cast, details: LessonDetails) -> Iterator[tuple[str, Message]]:
    """What a lesson left: offered by right, and answered privately."""
    leader, learner = details.seats[0].person, details.seats[1]
    for rights in (ALL_RIGHTS, Rights(watches=True), Rights(reads=True)):
        shown = build_summary(details, reader=leader, shows_names=True, service_name=cast.write(20), rights=rights)
        yield f"summary, {rights}", shown
        card = build_participant_card(details, learner, join_url=None, now=ENDS_AT, rights=rights)
        yield f"participant card, {rights}", card
    service = {"service_name": cast.write(20)}
    yield "recording link", build_recording_link(details, leader, url=SECRET_URL, now=NOW)
    yield "no recording", build_no_recording(details, leader, now=NOW, **service)
    yield "recording failure", build_recording_failure(details, leader, now=NOW, **service)
    yield "transcript sent", build_transcript_sent(details, leader, now=NOW)
    yield "transcript failure", build_transcript_failure(details, leader, code="12", now=NOW)
    yield "transcript's comment", Message(describe_transcript(details, leader, now=NOW), [])
    line = TranscriptLine(
        workspace_id=details.lesson.workspace_id,
        lesson_id=details.lesson.id,
        session_id="1",
        position=0,
        starts=MINUTE,
        ends=MINUTE,
        speaker=cast.write(cast.name_length),
        text=cast.write(2 * cast.note_length),
    )
    hit = Hit(lesson=details.lesson, line=line, said_at=STARTS_AT)
    for offset, hits in ((0, []), (0, [hit]), (10, [hit, replace(hit, lesson=make_lesson(cast.write(80)))] * 5)):
        search = Search(typed=cast.write(cast.note_length), offset=offset)
        yield f"found {len(hits)}", build_found(hits, search=search, has_more=True, reader=leader, now=NOW)


def _let_in(details: LessonDetails, cast: Cast) -> LessonDetails:
    """One in three is in the room, one has left, one was not seen; and somebody came without a link."""
    lesson, seats = details.lesson, []
    for position, seat in enumerate(details.seats):
        left_at = None if position % 3 == 0 else STARTS_AT + 20 * MINUTE
        seen = make_attendance(lesson, seat.participant, left_at=left_at)
        seats.append(replace(seat, attendance=None if position % 3 == 2 else seen))
    stranger = make_attendance(lesson, shown_name=cast.write(cast.name_length, 7), left_at=None)
    gone = make_attendance(lesson, who="guest:2", shown_name=cast.write(cast.name_length, 8))
    return replace(details, seats=tuple(seats), unknown=(stranger, gone), totals=make_totals(lesson))


def list_messages(cast: Cast) -> Iterator[tuple[str, Message]]:
    """Every message, by a name that says which."""
    for name, details in list_scenes(cast).items():
        for message_name, message in (*_list_lesson_messages(cast, details), *_list_place_messages(details)):
            yield f"{message_name}: {name}", message
        if details.sessions:
            for message_name, message in _list_recording_messages(cast, details):
                yield f"{message_name}: {name}", message
    yield from _list_replies(cast)


def _list_lesson_messages(cast: Cast, details: LessonDetails) -> Iterator[tuple[str, Message]]:
    leader, learner = details.seats[0], details.seats[1]
    has_links = leader.link is not None
    url = SECRET_URL if has_links else None
    for moment, now in (("before", NOW), ("near the end", ENDS_AT - MINUTE), ("afterwards", ENDS_AT + 60 * MINUTE)):
        for seat in details.seats[:5]:
            yield f"participant card {moment}", build_participant_card(details, seat, join_url=url, now=now)
            yield (
                f"participant card, shared address {moment}",
                build_participant_card(details, seat, join_url=url, now=now, shares_address=True),
            )
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
    for move in list_moves(details):
        yield "moved from when to when", build_moved(details, learner, join_url=url, now=NOW, move=move)
        without = build_moved(details, learner, join_url=None, now=NOW, move=move)
        yield "moved, the link comes later", without
    for canceller in (None, leader.person.id):
        cancelled = replace(details, lesson=replace(details.lesson, cancelled_by=canceller))
        yield "cancelled", build_cancelled(cancelled, learner, now=NOW)
        yield "cancelled, to who cancelled", build_cancelled(cancelled, leader.person, now=NOW)
        yield "cancelled card", build_participant_card(cancelled, learner, join_url=url, now=NOW)
    for is_off in (True, False):
        told = build_reply_notice(details, learner, reader=leader.person, is_off=is_off, now=NOW)
        yield f"reply notice, is_off {is_off}", told
    yield "booker's card", build_bookers_card(details, reader=details.booked_by, now=NOW)
    for who in (details.booked_by, leader.person):
        yield "board", build_board(details, reader=who, now=NOW)
    yield "not reached", build_not_reached(details, reader=details.booked_by, now=NOW)
    for shows_names in (True, False):
        post = build_channel_post(details, now=NOW, shows_names=shows_names, channel_locale=cast.locale)
        yield "channel's post", post
        yield (
            "summary",
            build_summary(
                details,
                reader=leader.person,
                shows_names=shows_names,
                service_name=cast.write(20),
                is_recordless=shows_names,
            ),
        )
        yield (
            "channel's summary",
            build_summary(
                details, reader=None, shows_names=shows_names, service_name=cast.write(20), channel_locale=cast.locale
            ),
        )
    yield from _list_alerts(cast, details)
    yield "link reply", build_link_reply(details, learner, join_url=url, now=NOW)
    yield "link reply, closed", build_link_reply(details, learner, join_url=url, now=ENDS_AT + 60 * MINUTE)


def _list_alerts(cast: Cast, details: LessonDetails) -> Iterator[tuple[str, Message]]:
    """What is said of who is missing: with nobody seen yet, and with learners inside without their leader."""
    for name, known in (("nobody seen", details), ("learners alone", _leave_alone(details))):
        leader, learner = known.seats[0], known.seats[1]
        url = SECRET_URL if leader.link else None
        for seat in (leader, learner):
            nudge = build_late_nudge(known, seat, join_url=url, now=STARTS_AT + 6 * MINUTE)
            yield f"late nudge, {name}", nudge
        for reader in (known.booked_by, None):
            for shows_names in (True, False):
                said = {"reader": reader, "shows_names": shows_names, "channel_locale": cast.locale}
                yield f"leader missing, {name}", build_leader_missing(known, now=STARTS_AT + 9 * MINUTE, **said)  # type: ignore[arg-type]
                yield f"still not reached, {name}", build_still_not_reached(known, now=NOW, **said)  # type: ignore[arg-type]
    yield "shrunk nudge", build_shrunk(CardKind.NUDGE, details, reader=details.seats[1].person, now=STARTS_AT + MINUTE)


def _leave_alone(details: LessonDetails) -> LessonDetails:
    """Every learner is in the room, the leader is not."""
    lesson = details.lesson
    inside = tuple(
        replace(seat, attendance=make_attendance(lesson, seat.participant, left_at=None)) for seat in details.others
    )
    return replace(details, seats=(*details.leaders, *inside))


def list_moves(details: LessonDetails) -> list[Move]:
    """Another start, or only another end; with a link that is of no use any more, or without."""
    lesson = details.lesson
    return [
        Move(
            was_start=was_start,
            was_end=lesson.ends_at - 5 * MINUTE,
            starts_at=lesson.starts_at,
            ends_at=lesson.ends_at,
            old_closes_at=old_closes_at,
            revision=2,
        )
        for was_start in (lesson.starts_at, lesson.starts_at - timedelta(days=3))
        for old_closes_at in (None, NOW, lesson.ends_at)
    ]


def _list_place_messages(details: LessonDetails) -> Iterator[tuple[str, Message]]:
    """What is said of somebody's place: to who was taken out, to who gets their way in once more."""
    person, seat = details.seats[1].person, details.seats[1]
    yield "removed", build_removed(details, person, now=NOW)
    yield "removed card", build_removed_card(details, person, now=NOW)
    yield "removed line", build_removed_line(details, person, now=NOW)
    yield "older card", build_older_card(details, person, now=NOW)
    for url in (SECRET_URL, None):
        yield "resent", build_resent(details, seat, join_url=url if details.lesson.is_open else None, now=NOW)
    if details.lesson.is_open:
        for is_shared in (True, False):
            yield "way in", build_way_in(details, seat, url=SECRET_URL, is_shared=is_shared, now=NOW)
    yield "opening", build_opening(details, seat, now=NOW)
    for is_busy in (True, False):
        yield "not opened", build_not_opened(details, seat, is_busy=is_busy, now=NOW)
    yield "device failure", build_device_failure(details, seat, now=NOW)
    if seat.link is not None and details.lesson.is_open:
        yield "device link", build_device_link(details, seat, seat.link, join_url=SECRET_URL, now=NOW)


def _list_people_views(cast: Cast, details: LessonDetails) -> Iterator[tuple[str, Block]]:
    """Who takes part, page by page, with everything that can be said on top, and who replaces whom."""
    reader, words = details.booked_by, words_for(cast.locale)
    reads = reader_of(reader, now=NOW)
    picked = Newcomers(user_ids=tuple(f"U{number}" for number in range(cast.learner_count)), role=Role.OBSERVER)
    cautions = [
        Caution(
            code=CautionCode.LEADER_OVERLAP, names=(reader.name,), title=title, starts_at=STARTS_AT, ends_at=ENDS_AT
        )
        for title in ("", details.lesson.title)
    ] * 30
    people = [seat.person for seat in details.seats]
    for page in (0, 1, 4, 9):
        yield f"people, page {page}", build_people_form(details, reader=reader, now=NOW, page=page)
    for said in (
        say_added(people, words),
        say_added(people[:1], words),
        say_removed(people, None, reads),
        say_removed(people[:1], ENDS_AT, reads),
        say_resent(people[0], words),
    ):
        yield "people, something said", build_people_form(details, reader=reader, now=NOW, said=said)
    asked = build_people_form(details, reader=reader, now=NOW, picked=picked, cautions=cautions, confirmed="2" * 64)
    yield "people, asked back", asked
    for asking in ((), cautions):
        view = build_replace_form(details, details.seats[0], reader=reader, now=NOW, picked=picked, cautions=asking)
        yield "replace", view


def _list_confirmations(reader: Person, details: LessonDetails) -> Iterator[tuple[str, Message]]:
    for count in (0, 1, 99):
        for closes_at in (None, NOW, ENDS_AT):
            extended = build_extended(details, reader=reader, relinked_count=count, old_closes_at=closes_at, now=NOW)
            yield f"extended, {count} new links", extended
        yield f"trying again, {count}", build_trying_again(details, reader=reader, count=count, now=NOW)
        cancelled = build_cancelled_confirmation(
            details, reader=reader, told_count=count, valid_count=count, valid_until=ENDS_AT, now=NOW
        )
        yield f"cancelled, {count} told", cancelled
        yield f"replied, {count} told", build_replied(details, reader=reader, told_count=count, now=NOW)
        moved = build_moved_confirmation(
            details,
            reader=reader,
            told_count=count,
            relinked_count=count,
            valid_count=count,
            valid_until=ENDS_AT,
            now=NOW,
        )
        yield f"moved, {count} told", moved
        ended = build_ended(details, reader=reader, valid_count=count, valid_until=ENDS_AT, now=NOW)
        yield f"ended, {count} links", ended
    for count in (0, 1, 100):
        yield f"{count} sent once more", build_notices_tried(reader=reader, count=count)
    yield "trying out", build_trying_out(details, reader=reader, now=NOW)
    yield "not moved", build_unmoved(details, reader=reader, now=NOW)
    yield "let end", build_let_end(details, reader=reader, now=NOW)
    yield "new link", build_new_link(details, reader=reader, now=NOW)


def list_refusals() -> list[Refused]:
    states = [WrongState(state, "extend") for state in LessonState]
    times: list[Refused] = [TooEarly(STARTS_AT), TooEarly(STARTS_AT + timedelta(days=400)), TooLate(NOW - MINUTE)]
    return [
        NoLongerKept("see"),
        NotAllowed("book"),
        NotAllowed("cancel"),
        NotAllowed("reply"),
        NotAllowed("removed"),
        NotAllowed("device"),
        NotAllowed("watch"),
        NotAllowed("transcript"),
        LimitReached(5, ()),
        LimitReached(5, ("0&<>", "1&<>")),
        LastOne(is_leader=True),
        LastOne(is_leader=False),
        Outdated("revision 1"),
        Refused("else"),
        *times,
        *states,
    ]


def _list_replies(cast: Cast) -> Iterator[tuple[str, Message]]:
    reader, details = cast.person(1), build_details(cast)
    for refused in list_refusals():
        yield f"refusal {refused!r}", describe_refusal(refused, reader, now=NOW)
    yield from _list_confirmations(reader, details)
    yield "help", build_help(reader, now=NOW)
    for can_book in (True, False):
        yield "help in the conversation", build_conversation_help(reader, can_book=can_book, now=NOW)
    yield "unknown command", build_unknown_command(reader, typed=cast.write(3000), now=NOW)
    yield "apology", build_apology(reader, "1234", now=NOW)
    yield "no link", build_no_link(reader, now=NOW)
    yield "no search", build_no_search(reader, now=NOW)
    yield "fetching", build_fetching(reader, now=NOW)
    title = words_for(cast.locale)._("Your lessons")
    for count in (0, 1, 30, 100):
        for offset in (0, 20):
            lessons = [details] * count
            page = build_list_page(lessons, offset=offset, reader=details.booked_by, now=NOW)
            yield f"list of {count} from {offset}", page
    yield "exporting", build_exporting(reader=reader)
    yield "exported", build_exported(reader=reader, count=1)
    yield "not exported", build_not_exported(reader=reader, code="12")
    yield "nothing to show", build_not_found(reader, typed="", now=NOW)
    yield "nothing like it", build_not_found(reader, typed=cast.write(3000), now=NOW)
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
    for offered in ([SERVICES[1]], [SERVICES[2]], SERVICES[:2], [SERVICES[2], SERVICES[0]]):
        yield (
            f"form, {offered[0].service} first of {len(offered)}",
            build_booking_form(BookingDraft(), reader=reader, now=NOW, metadata="", services=offered),
        )
    for name, details in list_scenes(cast).items():
        for who in (details.booked_by, details.seats[0].person):
            yield f"progress: {name}", build_progress(details, reader=who, done=1, total=12, now=NOW)
            yield f"result: {name}", build_result(details, reader=who, now=NOW)
        yield from _list_lesson_forms(cast, details)
        for view_name, view in _list_people_views(cast, details):
            yield f"{view_name}: {name}", view
        for page in (0, 1, 3, 9):
            yield f"roll, page {page}: {name}", build_roll(details, reader=details.booked_by, page=page, now=NOW)
    yield from _list_house_views(cast)
    everything = [
        HomeLesson(details=details, join_url=SECRET_URL, runs=True) for details in list_scenes(cast).values()
    ] * 10
    for can_book in (True, False):
        yield (
            f"first Home, can_book {can_book}",
            build_home(reader=reader, now=NOW, is_first_visit=True, can_book=can_book),
        )
        yield (
            f"full Home, can_book {can_book}",
            build_home(
                reader=everything[0].details.booked_by,
                now=NOW,
                today=everything,
                upcoming=everything,
                past=everything,
                is_first_visit=True,
                can_book=can_book,
                for_admin=build_full_admin_blocks(cast, everything[0].details.booked_by),
            ),
        )
    for usual in (timedelta(0), 10 * MINUTE):
        for chosen in (Preferences(), Preferences(reminds=False, remind_before=90 * MINUTE, nudges=False)):
            quiet = NIGHT if usual else OFF
            form = build_preferences_form(chosen, reader=reader, usual=usual, quiet=quiet, now=NOW)
            yield f"preferences, usually {usual}", form
    yield "small view", build_small_view(build_help(reader, now=NOW), reader=reader)


def build_full_admin_blocks(cast: Cast, reader: Person, number: int = 0) -> list[Block]:
    """The admins' part of Home when much is wrong. `number`: with which of all that can be given up it begins."""
    troubled = [build_details(cast, failures=True)] * 9
    pending = Pending(
        waiting_count=1000,
        unknown_count=2,
        stale_card_count=3,
        oldest_due_at=NOW - MINUTE,
        dropped_late_count=4,
        failed_count=5,
    )
    words = words_for(cast.locale)
    rules = rule_lines(LessonOptions(), books="groups", reach=200, names=True, watchers=Watchers.LEADERS, words=words)
    given_up = [
        GivenUp(
            details=build_details(cast),
            kind=kind,
            code=code,
            names=(cast.write(80),) * 9,
            is_channel=code == "not_in_channel",
            is_useful=code != "user_disabled",
        )
        for code in ("user_disabled", "not_in_channel", "12")
        for kind in NoticeKind
    ]
    return build_admin_blocks(
        reader=reader,
        now=NOW,
        troubled=troubled,
        pending=pending,
        given_up=given_up[number:],
        rules=rules,
        is_first_visit=True,
    )


def make_house_history(cast: Cast) -> list[AuditEntry]:
    """Everything that can be set, set and taken back, by somebody, by nobody known, and by Hallpass."""
    lesson = make_lesson()
    values: list[dict[str, Fact]] = [
        dict.fromkeys(("join_early", "link_lead", "remind_before", "warn_before", "extension"), 600),
        {"reach": 7, "channel_names": True, "bookers": "groups", "booker_groups": ",".join(["S0TUTORS"] * 30)},
        {"bookers": "members", "channel_names": False, "watchers": "leaders"},
        {"bookers": "everyone", "watchers": "participants", "12": "12"},
    ]
    actors = (cast.person(0).id, PersonId("nobody"), None)
    rules = [
        make_audit_entry(
            lesson, "house_rules", actor=actor, facts={f"{name}_{when}": one for name, one in set_.items()}
        )
        for set_ in values
        for when in ("before", "after")
        for actor in actors
    ]
    options = {"launch_defaults": ", ".join(f"learner.{name}" for name in FEATURES)}
    return [*rules * 3, *(make_audit_entry(lesson, "launch_defaults", actor=actor, facts=options) for actor in actors)]


def _list_house_views(cast: Cast) -> Iterator[tuple[str, Block]]:
    reader = cast.person(0)
    quiet = Pending(
        waiting_count=0,
        unknown_count=0,
        stale_card_count=0,
        oldest_due_at=None,
        dropped_late_count=0,
        failed_count=0,
    )
    yield "export form", build_export_form(reader=reader, today=NOW.date())
    for chosen in (
        {},
        {"join_early": 600, "reach": 7, "bookers": "everyone", "channel_names": False, "watchers": "admins"},
        {"bookers": "groups", "booker_groups": "S0GROUP0"},
    ):
        for count in (None, 1, 100, 101) if chosen.get("booker_groups") else (0, 100):
            groups = None if count is None else {f"S0GROUP{number}": cast.write(80) for number in range(count)}
            form = build_house_form(chosen, LessonOptions(), reach=200, groups=groups, reader=reader)
            yield f"settings {chosen}, {count} user groups", form
    options = {
        "rest": cast.write(2000),
        "server": cast.write(80),
        "learner": {"features": dict.fromkeys(FEATURES, False)},
    }
    for launches, installed in (({}, []), ({"locale": "fr", "allow_guests": True}, ["theme"]), (options, FEATURES)):
        launch_form = build_launch_form(launches, installed=installed, features=FEATURES, reader=reader)
        yield f"rooms, {len(launches)} options set", launch_form
    for entries in ([], make_house_history(cast)):
        view = build_house_changes(
            entries, names={reader.id: reader.name}, name_group=lambda _: cast.write(80), reader=reader, now=NOW
        )
        yield f"{len(entries)} changed settings", view
    for books, named in (("members", []), ("everyone", []), ("admins", []), ("groups", [cast.write(80)] * 9)):
        words, watchers = words_for(cast.locale), Watchers.ADMINS if books == "admins" else Watchers.PARTICIPANTS
        rules = rule_lines(
            LessonOptions(), books=books, groups=named, reach=1, names=False, watchers=watchers, words=words
        )
        blocks = build_admin_blocks(reader=reader, now=NOW, troubled=[], pending=quiet, rules=rules)
        yield f"an admin's Home, booked by {books}", build_home(reader=reader, now=NOW, for_admin=blocks)
    for number in range(0, 3 * len(NoticeKind), 5):
        blocks = build_full_admin_blocks(cast, reader, number)
        yield (
            f"an admin's Home with what was given up, from {number}",
            build_home(reader=reader, now=NOW, for_admin=blocks),
        )
    calm = build_admin_blocks(reader=reader, now=NOW, troubled=[], pending=quiet)
    yield "an admin's Home when all is well", build_home(reader=reader, now=NOW, for_admin=calm)
    for name, details in list_scenes(cast).items():
        names: dict[str, str] = {seat.person.id: seat.person.name for seat in details.seats}
        history = [
            make_audit_entry(details.lesson, action, actor=details.seats[0].person.id, facts=facts)
            for action in ("booked", "extended", "let_end", "cancelled", "moved", "new_link", "tried_again", "12")
            for facts in (
                {},
                {"ends_at_before": ENDS_AT.isoformat(), "ends_at_after": ENDS_AT.isoformat(), "participants": 3},
                {"12_after": cast.write(200), "34": True, "56": False, "78_before": None, "78_after": None},
            )
        ]
        history.append(make_audit_entry(details.lesson, "ended", actor=None))
        history.append(make_audit_entry(details.lesson, "live", actor=PersonId("1")))
        for runs, viewer in ((True, details.seats[0].person), (False, details.seats[1].person)):
            yield (
                f"lesson, runs {runs}: {name}",
                build_lesson_view(
                    details,
                    reader=viewer,
                    runs=runs,
                    history=history if runs else (),
                    names=names,
                    service_name=cast.write(20),
                    now=NOW,
                ),
            )
    scenes = list(list_scenes(cast).values())
    for count in (0, 1, 30, 100):
        lessons = (scenes * 10)[:count]
        for offset in (0, 20):
            page = Page(day=NOW.date(), offset=offset)
            yield f"all lessons, {count}", build_all_lessons(lessons, reader=reader, now=NOW, page=page)


def _list_lesson_forms(cast: Cast, details: LessonDetails) -> Iterator[tuple[str, Block]]:
    """What is asked before a lesson is changed."""
    reader, cautions = details.seats[0].person, list_cautions(cast)
    typed = TypedTimes(starts_at=None, length_text=cast.write(3000))
    for asked in ([], cautions):
        yield "move form", build_move_form(details, reader=reader, now=NOW, typed=typed, cautions=asked)
    yield "move form as it opens", build_move_form(details, reader=reader, now=NOW)
    yield "cancel form", build_cancel_form(details, reader=reader, now=NOW)
    for closes_room in (True, False):
        yield "end form", build_end_form(details, reader=reader, now=NOW, closes_room=closes_room)
    yield "extend form", build_extend_form(details, reader=reader, now=NOW, cautions=cautions, confirmed="2" * 64)


def list_cautions(cast: Cast) -> list[Caution]:
    """Every caution, with what may be known of it and without."""
    names = tuple(cast.write(cast.name_length, number) for number in range(cast.learner_count))
    return [
        Caution(code=code, names=names, title=known_title, starts_at=starts_at, ends_at=ENDS_AT)
        for code in CautionCode
        for known_title in ("", cast.write(80))
        for starts_at in (None, STARTS_AT)
    ]


SERVICES = (
    ServiceChoice(service="lessonspace", shown_name="Lessonspace"),
    ServiceChoice(service="videsk", shown_name="Videsk", lets_in=False, records=False, transcribes=False),
    ServiceChoice(service="loop", shown_name="Mozilla Loop", lets_in=False, shares_address=True, records=False),
)
"""As they can be offered."""


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
    watching = tuple(f"U{number:010}" for number in range(cast.learner_count))
    return build_booking_form(
        draft,
        reader=reader,
        now=NOW,
        metadata=FormState(submission_key="1", confirmed="2" * 64, observer_ids=watching).to_metadata(),
        observers=names,
        room_choice=RoomChoice(room=ROOM_REF, last_title=title[:80], last_starts_at=NOW - timedelta(days=7)),
        services=SERVICES,
        languages=("en", "fr", "pl", "0"),
        features=tuple(f"{number}" for number in range(150)),
        cautions=list_cautions(cast),
        not_understood=[title] * 30,
        problems=[Problem(where=where, code=code, names=names, facts=facts) for where in Field for code in ProblemCode],
    )
