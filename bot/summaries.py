"""The summary after a lesson: times, who came, minutes together, and the service's own count. Pure.

Leaders and the booker see everybody; a channel sees times and counts, and names only where the workspace wants that.
What is not known is called not known, never guessed.
"""

from __future__ import annotations

from bot.blocks import Block, Message, context, header, lines, section
from bot.cards import again_row
from bot.playback import progress_lines, recording_rows, told_blocks
from bot.readers import Reader, channel_reader, reader_of
from bot.roster import attendance_blocks
from bot.watchers import NOTHING, Rights
from bot.words import DEFAULT_LOCALE, Markup
from storage.records import LessonDetails, Person, Verdict

ATTENDANCE_SECTIONS = 12
"""36,000 characters: 100 people with usual names several times over."""


def build_summary(
    details: LessonDetails,
    *,
    reader: Person | None,
    shows_names: bool,
    service_name: str,
    channel_locale: str = DEFAULT_LOCALE,
    rights: Rights = NOTHING,
    is_recordless: bool = False,
    sees_leaving: bool = True,
) -> Message:
    """What a lesson came to. `reader` None: for the channel. `rights`: the reader's to what was recorded and said.

    `is_recordless`: the service does not tell who came. `sees_leaving` False: nor does anybody tell who left.
    """
    lesson = details.lesson
    now = lesson.ended_at or lesson.ends_at
    if reader is None:
        reads = channel_reader(now=now, lesson_zone=lesson.zone, locale=channel_locale)
    else:
        reads = reader_of(reader, now=now, lesson_zone=lesson.zone)
    blocks = [header(lesson.title), section(lines(*_times(details, reads), *_counts(details, reads)))]
    if shows_names:
        blocks += _people(details, reads)
        blocks += _since_when(details, reads)
    if is_recordless:
        blocks.append(context(_limits(reads, service_name, sees_leaving=sees_leaving)))
    if reader is not None:
        blocks += _figures(details, reads, rights, service_name)
        blocks += recording_rows(details, reads, rights=rights)
        blocks += told_blocks(details, reads, rights=rights, service_name=service_name)
        blocks += again_row(details, reads)
    spoken = reads.words.mark(
        "Summary of {title}: {when}. {came}",
        title=lesson.title,
        when=reads.span(lesson.starts_at, lesson.ends_at),
        came=_came_line(details, reads),
    )
    return Message(spoken, blocks)


def _limits(reader: Reader, service_name: str, *, sees_leaving: bool) -> Markup:
    """How far this is to be trusted, where Hallpass alone saw who came."""
    if sees_leaving:
        return reader.words.mark(
            "{service} does not tell who came: this is as far as Hallpass saw.", service=service_name
        )
    return reader.words.mark(
        "{service} does not tell who came: this is as far as Hallpass saw. Nobody was seen leaving, so everybody’s "
        "minutes count to the end, also of who left early.",
        service=service_name,
    )


def _times(details: LessonDetails, reader: Reader) -> list[Markup]:
    lesson, totals, words = details.lesson, details.totals, reader.words
    extended_by = lesson.extension_count * lesson.options.extension
    booked_end = lesson.ends_at - extended_by
    facts: dict[str, str] = {
        "when": reader.stamp_span(lesson.starts_at, booked_end),
        "length": words.length(booked_end - lesson.starts_at),
    }
    planned = words.mark("*Planned:* {when} ({length})", **facts)
    if extended_by:
        planned = words.mark(
            "*Planned:* {when} ({length}), extended by {more}", more=words.length(extended_by), **facts
        )
    if totals is None or totals.really_started_at is None or totals.really_ended_at is None:
        return [planned]
    really = words.mark(
        "*Actual:* {when} ({length})",
        when=reader.stamp_span(totals.really_started_at, totals.really_ended_at),
        length=words.length(totals.really_ended_at - totals.really_started_at),
    )
    return [planned, really]


def _counts(details: LessonDetails, reader: Reader) -> list[Markup]:
    totals, words = details.totals, reader.words
    found = [_came_line(details, reader)]
    late = sum(1 for seat in details.seats if seat.attendance and seat.attendance.late_by)
    if late:
        found.append(words.nmark("{count} was late.", "{count} were late.", late))
    if details.unknown:
        found.append(
            words.nmark(
                "{count} came without a link and is unknown to us.",
                "{count} came without a link and are unknown to us.",
                len(details.unknown),
            )
        )
    if totals and totals.is_known:
        found.append(words.mark("*Together:* {length}", length=words.length(totals.together)))
    return found


def _came_line(details: LessonDetails, reader: Reader) -> Markup:
    words, totals = reader.words, details.totals
    if totals is None or not totals.is_known:
        return words.mark("We could not find out who came: the room service did not answer.")
    if not any(seat.attendance for seat in details.seats):
        return words.mark("Who came is no longer kept.")
    came = sum(1 for seat in details.seats if seat.attendance and seat.attendance.verdict is Verdict.PRESENT)
    return words.mark("{came} of {invited} came.", came=came, invited=len(details.seats))


def _people(details: LessonDetails, reader: Reader) -> list[Block]:
    return attendance_blocks(details, reader, at_most=ATTENDANCE_SECTIONS)


def _since_when(details: LessonDetails, reader: Reader) -> list[Block]:
    """Where somebody came early, why their minutes are fewer than from when to when they were there."""
    starts_at = details.lesson.starts_at
    came = [seat.attendance.joined_at for seat in details.seats if seat.attendance and seat.attendance.present]
    if not any(joined_at is not None and joined_at < starts_at for joined_at in came):
        return []
    return [context(reader.words.mark("Minutes count from {time}.", time=reader.stamp_time(starts_at)))]


def _figures(details: LessonDetails, reader: Reader, rights: Rights, service_name: str) -> list[Block]:
    words, totals = reader.words, details.totals
    found: list[Markup] = []
    if totals and totals.billable is not None:
        minutes = words.length(totals.billable)
        found.append(words.mark("{service} itself counts {length} to bill.", service=service_name, length=minutes))
    if details.sessions:
        found += progress_lines(details, reader, rights=rights, service_name=service_name)
    elif totals and totals.has_recording:  # read before sessions were kept
        found.append(words.mark("There is a recording of this lesson at {service}.", service=service_name))
    return [section(lines(*found))] if found else []
