"""What people see of a lesson's recording and transcript: the rows that offer them, and the private answers. Pure.

A row stands only where there is something behind it, and only for who may have it. An address of a recording stands in
one place, the button of a private answer.
"""

from __future__ import annotations

from collections.abc import Set
from datetime import datetime

from bot.blocks import Block, Message, actions, button, context, cut, overflow, quote, section
from bot.ids import Action, Choice
from bot.presses import Press
from bot.readers import Reader, Said, Span, Strong, reader_of
from bot.watchers import Rights
from bot.words import Markup
from storage.records import HeldSession, LessonDetails, Person, Produced

SESSIONS_SHOWN = 6
SUMMARY_LENGTH = 1500
"""Characters of the service's own summary, of all sessions together; longer ones are cut."""


def recording_rows(details: LessonDetails, reader: Reader, *, rights: Rights) -> list[Block]:
    """What is ready, session by session, with the buttons for it."""
    ready = [one for one in details.sessions if _offers_recording(one, rights) or _offers_transcript(one, rights)]
    rows: list[Block] = []
    for one in ready[:SESSIONS_SHOWN]:
        if len(ready) > 1:
            rows.append(section(_when(one, reader)))
        rows += _row(details, one, reader, rights)
    written = [one for one in ready if _offers_transcript(one, rights)]
    if len(written) > 1:
        rows.append(section(reader.words.mark("*All sessions*")))
        press = Press(lesson_id=details.lesson.id).to_value()
        rows += actions(_transcript_buttons(press, reader), block_id=press)
    return rows


def _row(details: LessonDetails, one: HeldSession, reader: Reader, rights: Rights) -> list[Block]:
    press = Press(lesson_id=details.lesson.id, session_id=one.session_id).to_value()
    row = []
    if _offers_recording(one, rights):
        row.append(button(reader.words._("Watch recording"), Action.WATCH, press))
    if _offers_transcript(one, rights):
        row += _transcript_buttons(press, reader)
    return actions(row, block_id=press)


def _transcript_buttons(press: str, reader: Reader) -> list[Block]:
    """Text for reading at once; the other kinds behind the dots."""
    words = reader.words
    choices = [
        (Choice.SUBTITLES, words._("Transcript as subtitles (.vtt)")),
        (Choice.DATA, words._("Transcript as data (.json)")),
    ]
    return [button(words._("Transcript"), Action.TRANSCRIPT, press), *overflow(Action.TRANSCRIPT_AS, choices)]


def _offers_recording(one: HeldSession, rights: Rights) -> bool:
    return rights.watches and one.recording is Produced.READY


def _offers_transcript(one: HeldSession, rights: Rights) -> bool:
    return rights.reads and one.transcript is Produced.READY and one.transcript_at is not None


def progress_lines(details: LessonDetails, reader: Reader, *, rights: Rights, service_name: str) -> list[Markup]:
    """What is still to come, and what will not: so that nobody waits for nothing. Only of what they may have.

    Who may not watch reads only that there is a recording.
    """
    words = reader.words
    recordings = {one.recording for one in details.sessions}
    transcripts = {one.transcript for one in details.sessions} if rights.reads else set()
    found: list[Markup] = []
    if not rights.watches:
        if Produced.READY in recordings:
            found.append(words.mark("There is a recording of this lesson at {service}.", service=service_name))
        recordings = set()
    match (Produced.AWAITED in recordings, Produced.AWAITED in transcripts):
        case (True, True):
            found.append(words.mark("The recording and the transcript are being prepared. You will find them here."))
        case (True, False):
            found.append(words.mark("The recording is being prepared. You will find it here."))
        case (False, True):
            found.append(words.mark("The transcript is being prepared. You will find it here."))
    if _is_nothing(recordings):
        found.append(words.mark("There is no recording: {service} did not make one.", service=service_name))
    if _is_nothing(transcripts):
        found.append(
            words.mark(
                "No transcript was made: {service} makes none of a lesson that was shorter than 5 minutes, or had only "
                "one person in it.",
                service=service_name,
            )
        )
    return found


def _is_nothing(produced: Set[Produced]) -> bool:
    """It was wanted, and of no session is there one, nor will there be."""
    return Produced.MISSING in produced and not produced & {Produced.AWAITED, Produced.READY}


def told_blocks(details: LessonDetails, reader: Reader, *, rights: Rights, service_name: str) -> list[Block]:
    """The service's own words about what was said, to who may read what was said; named as its own."""
    told = [one for one in details.sessions if one.summary and one.summary.strip()] if rights.reads else []
    if not told:
        return []
    told = told[:SESSIONS_SHOWN]
    title = reader.words.mark(
        "*{service}’s own summary* (written by a machine, so it may be wrong)", service=service_name
    )
    blocks = [section(title)]
    for one in told:
        if len(told) > 1:
            blocks.append(context(_when(one, reader)))
        blocks += quote(cut((one.summary or "").strip(), SUMMARY_LENGTH // len(told)))
    return blocks


def _when(one: HeldSession, reader: Reader) -> Markup:
    """From when to when a session went on."""
    if one.ended_at is None:
        return reader.words.mark("*Session* from {when}", when=reader.stamp(one.started_at))
    return reader.words.mark("*Session* {when}", when=reader.stamp_span(one.started_at, one.ended_at))


# Private answers


def build_recording_link(details: LessonDetails, reader: Person, *, url: str, now: datetime) -> Message:
    """The way to the recording."""
    reads = _reader(details, reader, now)
    said = reads.both("Here is the recording of {title}, {when}.", **_facts(details))
    press = Press(lesson_id=details.lesson.id).to_value()
    row = actions([button(reads.words._("Open the recording"), Action.OPEN_RECORDING, press, url=url, style="primary")])
    know = reads.words.mark(
        "Whoever has its address can watch it, so please do not pass it on. If it stops working, press Watch recording "
        "again."
    )
    return Message(said.spoken, [section(said.shown), *row, context(know)])


def build_no_recording(details: LessonDetails, reader: Person, *, service_name: str, now: datetime) -> Message:
    """The service has none to show now, although it had."""
    reads = _reader(details, reader, now)
    return _say(
        reads.both(
            "{service} has no recording of {title}, {when}, to show. It may have been deleted there. An admin can look "
            "at {service}.",
            service=service_name,
            **_facts(details),
        )
    )


def build_recording_failure(details: LessonDetails, reader: Person, *, service_name: str, now: datetime) -> Message:
    """The service did not answer."""
    reads = _reader(details, reader, now)
    return _say(
        reads.both(
            "{service} did not answer, so the recording of {title} cannot be opened just now. Please press Watch "
            "recording again in a minute.",
            service=service_name,
            title=Strong(details.lesson.title),
        )
    )


def build_fetching(reader: Person, *, now: datetime) -> Message:
    """While the answer is made, where it comes in a view."""
    words = reader_of(reader, now=now).words
    line = words.mark("One moment…")
    return Message(line, [section(line)])


def describe_transcript(details: LessonDetails, reader: Person, *, now: datetime) -> Markup:
    """What stands beside the file."""
    return _reader(details, reader, now).both("Transcript of {title}, {when}.", **_facts(details)).spoken


def build_transcript_sent(details: LessonDetails, reader: Person, *, now: datetime) -> Message:
    """Where the file is, for who asked elsewhere."""
    reads = _reader(details, reader, now)
    return _say(
        reads.both("The transcript of {title} is in your messages from Hallpass.", title=Strong(details.lesson.title))
    )


def build_transcript_failure(details: LessonDetails, reader: Person, *, code: str, now: datetime) -> Message:
    """Slack did not take the file."""
    reads = _reader(details, reader, now)
    return _say(
        reads.both(
            "Slack did not take the transcript of {title} ({code}). Please press Transcript again; if it stays so, "
            "tell an admin.",
            code=code,
            title=Strong(details.lesson.title),
        )
    )


def _say(said: Said) -> Message:
    return Message(said.spoken, [section(said.shown)])


def _facts(details: LessonDetails) -> dict[str, Strong | Span]:
    lesson = details.lesson
    return {"title": Strong(lesson.title), "when": Span(lesson.starts_at, lesson.ends_at)}


def _reader(details: LessonDetails, person: Person, now: datetime) -> Reader:
    return reader_of(person, now=now, lesson_zone=details.lesson.zone)
