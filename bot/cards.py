"""The two messages that follow a lesson: the participant's card and the leader's. Pure; drawn anew for each change.

A card shows what is true for one person at one moment: it never shows another person's link, nor a button that does
nothing. Which moment redraws it is not its business.
"""

from __future__ import annotations

from datetime import datetime

from bot import windows
from bot.attending import reply_blocks
from bot.blocks import Block, Message, actions, button, context, header, lines, overflow, pack, quote, section
from bot.ids import Action, Choice
from bot.joining import is_open, recording_line, ways_in, what_to_know
from bot.playback import recording_rows
from bot.presses import Press
from bot.readers import Reader, reader_of
from bot.roster import attendance_blocks, has_trouble, more_line, present_of, reach_blocks, stranger_lines
from bot.watchers import NOTHING, Rights
from bot.wording import describe_channel_failure, describe_failure
from bot.words import Markup
from storage.records import LessonDetails, LessonState, Link, LinkWay, Seat, Verdict

NAMES_IN_LINE = 8
"""Of leaders, in a card's own line."""


def build_participant_card(
    details: LessonDetails,
    seat: Seat,
    *,
    join_url: str | None,
    now: datetime,
    rights: Rights = NOTHING,
    shares_address: bool = False,
    sees_leaving: bool = True,
) -> Message:
    """What a learner or observer has of a lesson. `join_url` None: the link is not made yet, or not known here.

    `rights`: theirs to what was recorded, once the lesson is over. `shares_address`: the room has one for everybody.
    `sees_leaving` False: how long they were there is known to nobody.
    """
    reader = reader_of(seat.person, now=now, lesson_zone=details.lesson.zone)
    blocks = [header(details.lesson.title), section(lines(*_facts(details, seat, reader)))]
    if details.lesson.state is LessonState.CANCELLED:
        return Message(
            _participant_text(details, reader),
            [*blocks, section(_cancelled_line(details, reader)), *reason_blocks(details, reader)],
        )
    if details.lesson.state is LessonState.ENDED:
        blocks += [
            section(_own_attendance(seat, reader, sees_leaving=sees_leaving)),
            *recording_rows(details, reader, rights=rights),
        ]
        return Message(_participant_text(details, reader), blocks)
    blocks += _note(details, reader)
    recording = recording_line(details, reader)
    blocks += [section(recording)] if recording else []
    blocks += _way_in(details, seat, reader, join_url=join_url, shares_address=shares_address)
    blocks += reply_blocks(details, seat, reader)
    return Message(_participant_text(details, reader), blocks)


def build_leader_card(
    details: LessonDetails, seat: Seat, *, join_url: str | None, now: datetime, shares_address: bool = False
) -> Message:
    """What a leader has of a lesson: Join first, then everybody's state, then what can be done about it."""
    reader = reader_of(seat.person, now=now, lesson_zone=details.lesson.zone)
    lesson = details.lesson
    facts = section(lines(*_facts(details, seat, reader)))
    if lesson.state is LessonState.CANCELLED:
        line = lines(_cancelled_line(details, reader), still_valid_line(details, reader))
        blocks = [header(lesson.title), facts, section(line), *reason_blocks(details, reader)]
        return Message(_leader_text(details, seat, reader), blocks)
    if lesson.state is LessonState.ENDED:
        blocks = [header(lesson.title), facts, section(reader.words.mark("This lesson is over."))]
        blocks += _channel_trouble(details, reader)
        blocks += _short_result(details, reader)
        return Message(_leader_text(details, seat, reader), blocks + again_row(details, reader))
    blocks = [
        header(lesson.title),
        *_way_in(details, seat, reader, join_url=join_url, shares_address=shares_address),
        facts,
    ]
    recording = recording_line(details, reader)
    blocks += [section(recording)] if recording else []
    blocks += _note(details, reader)
    others = [other for other in details.seats if other is not seat]
    blocks += reach_blocks(details, others, reader, reader=seat.person, offers_all=True)
    blocks += pack(stranger_lines(details, reader), at_most=1, more=more_line(reader))
    blocks += _channel_trouble(details, reader)
    return Message(_leader_text(details, seat, reader), blocks + leader_buttons(details, reader))


def _facts(details: LessonDetails, seat: Seat, reader: Reader) -> list[Markup]:
    """When, with whom, booked by whom: a line each."""
    lesson, words = details.lesson, reader.words
    found = [
        words.mark(
            "*When:* {when} ({length})",
            when=reader.stamp_span(lesson.starts_at, lesson.ends_at),
            length=words.length(lesson.ends_at - lesson.starts_at),
        )
    ]
    leaders = [leader.person.name for leader in details.leaders if leader.person.id != seat.person.id]
    if leaders:
        names = words.join_marked(leaders, at_most=NAMES_IN_LINE)
        found.append(words.nmark("*Leader:* {names}", "*Leaders:* {names}", len(leaders), names=names))
    if all(details.booked_by.id != leader.person.id for leader in details.leaders):
        found.append(words.mark("*Booked by:* {name}", name=details.booked_by.name))
    return found


def _note(details: LessonDetails, reader: Reader) -> list[Block]:
    if not details.lesson.note.strip():
        return []
    return [section(reader.words.mark("*Note*")), *quote(details.lesson.note)]


def _channel_trouble(details: LessonDetails, reader: Reader) -> list[Block]:
    """What went wrong with telling the channel; the people are told all the same."""
    if details.channel_failure is None:
        return []
    reason = describe_channel_failure(details.channel_failure, reader.words)
    return [section(reader.words.mark("The channel could not be told. {reason}", reason=reason))]


def _way_in(
    details: LessonDetails, seat: Seat, reader: Reader, *, join_url: str | None, shares_address: bool
) -> list[Block]:
    """Join and what to know about it, or why there is none and when it comes."""
    words, lesson = reader.words, details.lesson
    if not is_open(details, seat, now=reader.now):
        return [section(words.mark("The way into this lesson is closed."))]
    if join_url is None:
        return [section(coming_line(details, seat, reader))]
    blocks = ways_in(details, seat, reader, join_url=join_url, with_device=True)
    if lesson.is_running_over:
        blocks.append(section(words.mark("People are still in the room. Join works a little longer.")))
    shared = words.mark("Behind Join, the room has one address for everybody. Please do not pass it on.")
    return [*blocks, context(lines(what_to_know(details, seat, reader), shared if shares_address else None))]


def coming_line(details: LessonDetails, seat: Seat, reader: Reader) -> Markup:
    """Why there is no Join yet, and when it comes."""
    words = reader.words
    if seat.participant.failure and seat.participant.is_leader:
        reason = describe_failure(seat.participant.failure, words)
        return words.mark("Your link could not be made yet. {reason}", reason=reason)
    if seat.participant.failure:
        return words.mark("Your link could not be made yet. The leader has been told and can try again.")
    comes_at = windows.links_at(details.lesson, details.lesson.booked_at)
    if comes_at <= reader.now:
        return words.mark("Your link is being made. A Join button will be here in a moment.")
    return words.mark("A Join button will be here from {when}.", when=reader.stamp(comes_at))


def _cancelled_line(details: LessonDetails, reader: Reader) -> Markup:
    name = canceller_name(details)
    if name is None:
        return reader.words.mark("This lesson was cancelled. There is nothing you need to do.")
    return reader.words.mark("This lesson was cancelled by {name}. There is nothing you need to do.", name=name)


def reason_blocks(details: LessonDetails, reader: Reader) -> list[Block]:
    """Why it was cancelled, in the words of who did, where they said it."""
    reason = details.lesson.cancel_reason
    return [section(reader.words.mark("*Reason*")), *quote(reason)] if reason else []


def canceller_name(details: LessonDetails) -> str | None:
    """Who cancelled, when it was one of those we know from this lesson."""
    people = [details.booked_by, *(seat.person for seat in details.seats)]
    return next((person.name for person in people if person.id == details.lesson.cancelled_by), None)


def _own_attendance(seat: Seat, reader: Reader, *, sees_leaving: bool) -> Markup:
    words, attendance = reader.words, seat.attendance
    if attendance is None or attendance.verdict is Verdict.UNKNOWN:
        return words.mark("This lesson is over.")
    if attendance.verdict is Verdict.ABSENT:
        return words.mark("This lesson is over. We did not see you in the room.")
    present = words.length(present_of(attendance))
    if attendance.joined_at is None:
        return words.mark("This lesson is over. You were there for {present}.", present=present)
    joined = reader.stamp_time(attendance.joined_at)
    if not sees_leaving and attendance.corrected_present is None:
        return words.mark("This lesson is over. You joined at {joined}.", joined=joined)
    return words.mark(
        "This lesson is over. You joined at {joined} and were there for {present}.", joined=joined, present=present
    )


def _short_result(details: LessonDetails, reader: Reader) -> list[Block]:
    """After the end: everybody's presence, once it is known."""
    if details.totals is None:
        return [context(reader.words.mark("Who came, and for how long, follows in a message of its own."))]
    if not details.totals.is_known:
        return [context(reader.words.mark("We could not find out who came: the room service did not answer."))]
    return attendance_blocks(details, reader, at_most=6)


def leader_buttons(details: LessonDetails, reader: Reader) -> list[Block]:
    """What whoever runs the lesson can do about it, as on the card; also in Home."""
    lesson, words = details.lesson, reader.words
    press = Press(lesson_id=lesson.id, revision=lesson.revision).to_value()
    row = [extend_button(details, reader)]
    if has_trouble(details):
        row.append(button(words._("Try again"), Action.TRY_AGAIN, press))
    row.append(button(words._("Cancel lesson"), Action.CANCEL, press, style="danger"))
    row += overflow(Action.MORE, list_choices(details, reader))
    return actions(row, block_id=press)


def again_row(details: LessonDetails, reader: Reader) -> list[Block]:
    """*Book again*, for who ran a lesson that is over; a trial for one is begun anew in Home."""
    if details.lesson.state is not LessonState.ENDED or not details.others:
        return []
    press = Press(lesson_id=details.lesson.id).to_value()
    return actions([button(reader.words._("Book again"), Action.AGAIN, press)])


def list_choices(details: LessonDetails, reader: Reader) -> list[tuple[Choice, str]]:
    """What else can be done about the lesson, for the menu: at most five, each answered in `commands/`."""
    words, is_on = reader.words, details.lesson.state is LessonState.LIVE
    choices = [(Choice.END, words._("End now"))] if is_on else []
    choices.append((Choice.MOVE, words._("Change the length") if is_on else words._("Move")))
    choices.append((Choice.PEOPLE, words._("Add or remove people")))
    return [*choices, (Choice.AGAIN, words._("Book again"))]


def extend_button(details: LessonDetails, reader: Reader, *, style: str | None = None) -> Block:
    """*Extend 10 min*, with the revision that this message knows."""
    lesson = details.lesson
    press = Press(lesson_id=lesson.id, revision=lesson.revision).to_value()
    text = reader.words._("Extend {length}", length=reader.words.short_length(lesson.options.extension))
    return button(text, Action.EXTEND, press, style=style)


def live_links(details: LessonDetails, reader: Reader) -> list[Link]:
    """Links that were sent and that nothing of ours takes back: the service's own, not those that our page judges."""
    links = [seat.link for seat in details.seats if seat.link and seat.link.delivered_at and not seat.link.revoked_at]
    return [link for link in links if link.way is LinkWay.DIRECT and link.closes_at > reader.now]


def still_valid_line(details: LessonDetails, reader: Reader) -> Markup | None:
    """Of a cancelled lesson: what could not be taken back."""
    links = live_links(details, reader)
    if not links:
        return None
    return reader.words.nmark(
        "{count} link already sent stays valid until {when}.",
        "{count} links already sent stay valid until {when}.",
        len(links),
        when=reader.stamp_time(max(link.closes_at for link in links)),
    )


def _participant_text(details: LessonDetails, reader: Reader) -> str:
    lesson, words = details.lesson, reader.words
    facts = {
        "title": lesson.title,
        "leaders": words.join_marked((leader.person.name for leader in details.leaders), at_most=3),
        "when": reader.span(lesson.starts_at, lesson.ends_at),
    }
    match lesson.state:
        case LessonState.CANCELLED:
            return words.mark("{title} with {leaders}, {when}, was cancelled.", **facts)
        case LessonState.ENDED:
            return words.mark("{title} with {leaders}, {when}, is over.", **facts)
        case LessonState.LIVE:
            return words.mark("{title} with {leaders} is on: {when}.", **facts)
        case _:
            return words.mark("{title} with {leaders}: {when}.", **facts)


def _leader_text(details: LessonDetails, seat: Seat, reader: Reader) -> str:
    lesson, words = details.lesson, reader.words
    facts = {"title": lesson.title, "when": reader.span(lesson.starts_at, lesson.ends_at)}
    match lesson.state:
        case LessonState.CANCELLED:
            return words.mark("Your lesson {title}, {when}, was cancelled.", **facts)
        case LessonState.ENDED:
            return words.mark("Your lesson {title}, {when}, is over.", **facts)
        case LessonState.LIVE:
            return words.mark("Your lesson {title} is on: {when}.", **facts)
        case _ if details.booked_by.id != seat.person.id:
            booker = details.booked_by.name
            return words.mark("{booker} booked you to lead {title}: {when}.", booker=booker, **facts)
        case _:
            return words.mark("You lead {title}: {when}.", **facts)
