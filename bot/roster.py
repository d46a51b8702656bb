"""Where everybody stands, in words: who has their link, who opened it, who could not be reached, who came.

Serves the leader's card, the form's result and the summary, so that all three say the same of one person. Names are
escaped here. Up to `LISTED_ONE_BY_ONE` people are listed; more are counted, and only those with trouble named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from enum import StrEnum

from bot.attending import reply_counts, with_reply
from bot.blocks import Block, button, lines, pack, section
from bot.ids import Action
from bot.presses import Press
from bot.readers import Reader
from bot.wording import describe_failure
from bot.words import Markup, escape
from storage.records import Attendance, LessonDetails, NoticeState, Person, Seat, Verdict

LISTED_ONE_BY_ONE = 20
_NAMES_IN_LINE = 2000
"""Characters of names in one line, beside which the reason still fits into a section."""


class Reach(StrEnum):
    """How far a participant's way in has come."""

    NOT_SENT = "not_sent"
    SENT = "sent"
    OPENED = "opened"
    JOINED = "joined"  # and still in the room, at the last reading
    LEFT = "left"
    TROUBLE = "trouble"


def reach_of(seat: Seat) -> Reach:
    """Where this participant's latest way in stands."""
    if seat.participant.failure:
        return Reach.TROUBLE
    if seat.attendance is not None and seat.attendance.joined_at is not None:
        return Reach.JOINED if seat.attendance.left_at is None else Reach.LEFT
    if seat.invited is NoticeState.FAILED:
        return Reach.TROUBLE
    if seat.link and seat.link.opened_at:
        return Reach.OPENED
    if seat.invited is NoticeState.SENT and seat.link:
        return Reach.SENT
    return Reach.NOT_SENT


def is_settled(seat: Seat) -> bool:
    """Is nothing more on its way to this participant for now? True also for an invitation whose link comes later."""
    return reach_of(seat) is not Reach.NOT_SENT or seat.invited in (NoticeState.SENT, NoticeState.DROPPED)


def has_trouble(details: LessonDetails) -> bool:
    """Could somebody not be reached?"""
    return any(reach_of(seat) is Reach.TROUBLE for seat in details.seats)


def reach_blocks(
    details: LessonDetails, seats: Sequence[Seat], reads: Reader, *, reader: Person, offers_all: bool = False
) -> list[Block]:
    """Each of these participants' state, or counts and those with trouble. Nothing for nobody.

    `offers_all`: beside counts stands *See all*; not in a view, which cannot open another on itself.
    """
    inside = _inside_blocks(details, reads)
    if len(seats) > LISTED_ONE_BY_ONE:
        counted = pack([_reach_counts(seats, reads)], at_most=1, more=more_line(reads))
        if counted and offers_all:
            press = Press(lesson_id=details.lesson.id).to_value()
            counted[0]["accessory"] = button(reads.words._("See all"), Action.SEE_ALL, press)
        return counted + pack(trouble_lines(seats, reads), at_most=7, more=more_line(reads)) + inside
    return pack(reach_lines(details, seats, reads, reader=reader), at_most=8, more=more_line(reads)) + inside


def _inside_blocks(details: LessonDetails, reads: Reader) -> list[Block]:
    """How many are in the room, where that is counted and nobody is named; nothing once the lesson is over."""
    count = details.totals.inside_count if details.totals is not None else None
    if count is None or not details.lesson.is_open:
        return []
    if count == 0:
        return [section(reads.words.mark("Nobody is in the room now, by the room’s own count."))]
    line = reads.words.nmark(
        "{count} person is in the room now, by the room’s own count.",
        "{count} people are in the room now, by the room’s own count.",
        count,
        count=count,
    )
    return [section(line)]


def reach_lines(details: LessonDetails, seats: Sequence[Seat], reads: Reader, *, reader: Person) -> list[Markup]:
    """Where each of these participants stands, a line each."""
    leads = any(leader.person.id == reader.id for leader in details.leaders)
    return [with_reply(_reach_line(seat, _name(seat, reads, leads=leads), reads), seat, reads) for seat in seats]


def stranger_lines(details: LessonDetails, reader: Reader) -> list[Markup]:
    """Who is or was in the room without a link of ours, while the lesson goes on."""
    words, found = reader.words, []
    for one in details.unknown:
        name = words.mark("{name} (came without a link)", name=one.shown_name)
        found.append(_presence_line(one, name, reader) or name)
    return found


def _presence_line(attendance: Attendance | None, name: Markup, reader: Reader) -> Markup | None:
    """When they joined, and left; None: they were not seen."""
    words = reader.words
    if attendance is None or attendance.joined_at is None:
        return None
    if attendance.left_at is not None:
        return words.mark("{name}: left {time}", name=name, time=reader.stamp_time(attendance.left_at))
    return words.mark("{name}: joined {time}", name=name, time=reader.stamp_time(attendance.joined_at))


def trouble_lines(seats: Sequence[Seat], reader: Reader) -> list[Markup]:
    """Who could not be reached, everybody by name, those with the same reason together: names, why, what to do."""
    by_reason: dict[str, list[Seat]] = {}
    for seat in seats:
        if reach_of(seat) is Reach.TROUBLE:
            by_reason.setdefault(seat.participant.failure or "unknown_outcome", []).append(seat)
    return [
        reader.words.mark(
            "Could not be reached: {names}. {reason}",
            names=reader.words.join_marked(names, at_most=len(names)),
            reason=describe_failure(code, reader.words),
        )
        for code, group in by_reason.items()
        for names in _split_names([seat.person.name for seat in group])
    ]


def _split_names(names: Sequence[str]) -> list[list[str]]:
    """The names in as few groups as keep a line short enough to be packed."""
    groups: list[list[str]] = []
    room = 0
    for name in names:
        room -= len(escape(name)) + len(", ")
        if room < 0:
            groups.append([])
            room = _NAMES_IN_LINE - len(escape(name))
        groups[-1].append(name)
    return groups


def _reach_line(seat: Seat, name: Markup, reader: Reader) -> Markup:
    words = reader.words
    if seat.participant.failure is None and (present := _presence_line(seat.attendance, name, reader)) is not None:
        return present
    match reach_of(seat):
        case Reach.TROUBLE:
            reason = describe_failure(seat.participant.failure or "unknown_outcome", words)
            return words.mark("{name}: could not be reached. {reason}", name=name, reason=reason)
        case Reach.OPENED if seat.link and seat.link.opened_at:
            return words.mark("{name}: opened {time}", name=name, time=reader.stamp_time(seat.link.opened_at))
        case Reach.SENT:
            return _sent_line(seat, name, reader)
        case _ if seat.invited is NoticeState.SENT:
            return words.mark("{name}: invited, link comes later", name=name)
        case _ if seat.invited is NoticeState.DROPPED:
            return words.mark("{name}: no longer needed", name=name)
        case _:
            return words.mark("{name}: not sent yet", name=name)


def _sent_line(seat: Seat, name: Markup, reader: Reader) -> Markup:
    new_links = seat.participant.link_number - 1
    if new_links < 1:
        return reader.words.mark("{name}: sent", name=name)
    return reader.words.nmark(
        "{name}: sent, {count} new link since", "{name}: sent, {count} new links since", new_links, name=name
    )


def _reach_counts(seats: Sequence[Seat], reader: Reader) -> Markup:
    words, counts = reader.words, Counter(reach_of(seat) for seat in seats)
    parts = [
        words.ngettext("{count} in the room", "{count} in the room", counts[Reach.JOINED]),
        words.ngettext("{count} left", "{count} left", counts[Reach.LEFT]),
        words.ngettext("{count} opened", "{count} opened", counts[Reach.OPENED]),
        words.ngettext("{count} sent", "{count} sent", counts[Reach.SENT]),
        words.ngettext("{count} not sent yet", "{count} not sent yet", counts[Reach.NOT_SENT]),
        words.ngettext("{count} not reached", "{count} not reached", counts[Reach.TROUBLE]),
    ]
    order = (Reach.JOINED, Reach.LEFT, Reach.OPENED, Reach.SENT, Reach.NOT_SENT, Reach.TROUBLE)
    there = [part for part, reach in zip(parts, order, strict=True) if counts[reach]]
    counted = words.mark("{total} people: {parts}.", total=len(seats), parts=words.join(there))
    new = sum(seat.participant.is_new_to_leader for seat in seats)
    is_first = words.nmark("{count} has a first lesson.", "{count} have a first lesson.", new) if new else None
    return lines(counted, reply_counts(seats, reader), is_first)


def _name(seat: Seat, reader: Reader, *, leads: bool) -> Markup:
    """The name, and what somebody in charge should know beside it."""
    if seat.participant.is_leader:
        return reader.words.mark("{name} (leader)", name=seat.person.name)
    if seat.participant.is_new_to_leader and leads:
        return reader.words.mark("{name} (first lesson with you)", name=seat.person.name)
    if seat.participant.is_new_to_leader:
        return reader.words.mark("{name} (first lesson with the leader)", name=seat.person.name)
    return escape(seat.person.name)


def attendance_line(seat: Seat, reader: Reader) -> Markup:
    """One participant's presence: minutes, from when to when, how late; or absent; or not known."""
    words, attendance, name = reader.words, seat.attendance, escape(seat.person.name)
    if attendance is None or attendance.verdict is Verdict.UNKNOWN:
        return words.mark("{name}: not known", name=name)
    if attendance.verdict is Verdict.ABSENT:
        return words.mark("{name}: absent", name=name)
    return _present_line(name, attendance, reader)


def unknown_line(attendance: Attendance, reader: Reader) -> Markup:
    """Somebody who came without a link of ours."""
    name = reader.words.mark("{name} (came without a link)", name=attendance.shown_name)
    return _present_line(name, attendance, reader)


def _present_line(name: Markup, attendance: Attendance, reader: Reader) -> Markup:
    words = reader.words
    present = words.short_length(present_of(attendance))
    if attendance.joined_at is None or attendance.left_at is None:
        return words.mark("{name}: {present}", name=name, present=present)
    start, end = reader.stamp_time(attendance.joined_at), reader.stamp_time(attendance.left_at)
    if attendance.late_by:
        late = words.short_length(attendance.late_by)
        return words.mark(
            "{name}: {present}, {start} to {end}, {late} late",
            name=name,
            present=present,
            start=start,
            end=end,
            late=late,
        )
    return words.mark("{name}: {present}, {start} to {end}", name=name, present=present, start=start, end=end)


def present_of(attendance: Attendance) -> timedelta:
    """The minutes that count: what a person corrected them to, else what was computed."""
    return attendance.present if attendance.corrected_present is None else attendance.corrected_present


def attendance_blocks(details: LessonDetails, reader: Reader, *, at_most: int) -> list[Block]:
    """Everybody's presence, a line each, then who came and was taken out, then who came without a link."""
    left = [seat for seat in details.removed if seat.attendance is not None]
    entries = [attendance_line(seat, reader) for seat in (*details.seats, *left)]
    entries += [unknown_line(attendance, reader) for attendance in details.unknown]
    return pack(entries, at_most=at_most, more=more_line(reader))


def more_line(reader: Reader) -> Callable[[int], Markup]:
    """How many are left out, for `pack`."""
    return lambda count: reader.words.nmark("and {count} more", "and {count} more", count)
