"""What only admins see in Home: who was not reached, how the bot fares, what is in force, every lesson by day. Pure.

Short on purpose: it shares Home's 100 blocks with the admin's own lessons. What is long opens as a view of its own.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from bot.blocks import VIEW_LABEL, Block, actions, button, context, divider, header, lines, plain, section
from bot.ids import Action, View
from bot.presses import Press
from bot.readers import Reader, reader_of
from bot.replies import lesson_line
from bot.roster import Reach, reach_of
from bot.wording import describe_channel_failure, describe_failure, describe_kind
from bot.words import Markup, Words, escape
from storage.records import LessonDetails, NoticeKind, Person
from storage.store import Pending

TROUBLED_SHOWN = 6
GIVEN_UP_SHOWN = 5
NAMES_SHOWN = 3
LESSONS_A_PAGE = 20


@dataclass(frozen=True, kw_only=True)
class Page:
    """Which part of all lessons a view shows: a day in the reader's zone, and how many of it are left out before."""

    day: date
    offset: int = 0

    def to_value(self) -> str:
        return json.dumps({"day": self.day.isoformat(), "offset": self.offset})


@dataclass(frozen=True, kw_only=True)
class GivenUp:
    """A message of one lesson that did not reach some, for one reason. `is_useful`: it may be tried again."""

    details: LessonDetails
    kind: NoticeKind
    code: str
    names: tuple[str, ...]  # people, or a channel with its #
    is_channel: bool
    is_useful: bool


def read_page(value: str | None) -> Page | None:
    """The page behind a button's value; None when it is not one of ours (any more)."""
    try:
        parts = json.loads(value or "")
        return Page(day=date.fromisoformat(parts["day"]), offset=max(int(parts["offset"]), 0))
    except (ValueError, TypeError, KeyError):
        return None


def build_admin_blocks(
    *,
    reader: Person,
    now: datetime,
    troubled: Sequence[LessonDetails],
    pending: Pending,
    given_up: Sequence[GivenUp] = (),
    rules: Sequence[Markup] = (),
    is_first_visit: bool = False,
    has_room_options: bool = True,
) -> list[Block]:
    """The admins' part of Home. `rules`: the settings in force, a line each, who may book first.

    `has_room_options`: there is something to set of rooms.
    """
    reads = reader_of(reader, now=now)
    words = reads.words
    blocks = [divider(), header(words._("For admins"))]
    if is_first_visit and rules:
        blocks.append(section(lines(words.mark("Please check who may book lessons here."), rules[0])))
    blocks += _troubled(troubled, reader, reads)
    blocks.append(section(_health(pending, reads)))
    blocks += _given_up(given_up, reader, reads)
    if rules:
        blocks.append(context(lines(*rules)))
    row = [
        button(words._("All lessons"), Action.ALL_LESSONS, _today(reads).to_value()),
        button(words._("Settings"), Action.HOUSE_RULES, "open"),
        *([button(words._("Rooms"), Action.LAUNCH_DEFAULTS, "open")] if has_room_options else []),
        button(words._("Changed settings"), Action.HOUSE_CHANGES, "open"),
        button(words._("Export attendance"), Action.EXPORT, "open"),
        button(words._("Try it on myself"), Action.TRY_MYSELF, "now"),
    ]
    return [*blocks, *actions(row, block_id="admin")]


def _today(reader: Reader) -> Page:
    return Page(day=reader.local_day(reader.now))


def _troubled(troubled: Sequence[LessonDetails], reader: Person, reads: Reader) -> list[Block]:
    """Lessons still to come in which somebody was not reached, those of today first, each with *Try again*."""
    words = reads.words
    if not troubled:
        return [section(words.mark("Everybody was reached for today’s and coming lessons."))]
    blocks = []
    for details in troubled[:TROUBLED_SHOWN]:
        press = Press(lesson_id=details.lesson.id, revision=details.lesson.revision)
        names = [seat.person.name for seat in details.seats if reach_of(seat) is Reach.TROUBLE]
        missed = words.mark("Could not be reached: {names}.", names=words.join_marked(names, at_most=NAMES_SHOWN))
        made = section(lines(lesson_line(details, reader, reads), missed))
        made["accessory"] = button(words._("Try again"), Action.TRY_AGAIN, press.to_value())
        blocks.append(made)
    if len(troubled) > TROUBLED_SHOWN:
        more = len(troubled) - TROUBLED_SHOWN
        blocks.append(context(words.nmark("and {count} more", "and {count} more", more)))
    return blocks


def _health(pending: Pending, reader: Reader) -> Markup:
    words = reader.words
    due = words.nmark(
        "{count} message is due and not sent yet.", "{count} messages are due and not sent yet.", pending.waiting_count
    )
    oldest = None
    if pending.oldest_due_at is not None:
        oldest = words.mark("The oldest has waited since {when}.", when=reader.stamp(pending.oldest_due_at))
    unknown = words.nmark(
        "{count} was sent without a definite answer and is being looked for.",
        "{count} were sent without a definite answer and are being looked for.",
        pending.unknown_count,
    )
    ever = words.mark(
        "Given up so far: {failed}. Too late to be useful: {late}.",
        failed=pending.failed_count,
        late=pending.dropped_late_count,
    )
    return lines(words.mark("*Health*"), due, oldest, unknown if pending.unknown_count else None, ever)


def _given_up(given_up: Sequence[GivenUp], reader: Person, reads: Reader) -> list[Block]:
    """What did not reach whom and why, with *Try again* where it is of use still."""
    words = reads.words
    if not given_up:
        return []
    blocks = [section(words.mark("*Given up in the last seven days*"))]
    for one in given_up[:GIVEN_UP_SHOWN]:
        names = words.join_marked(one.names, at_most=NAMES_SHOWN)
        told = words.mark("{what} did not reach {names}.", what=describe_kind(one.kind, words), names=names)
        made = section(lines(lesson_line(one.details, reader, reads), told, _why(one, words)))
        if one.is_useful:
            press = Press(lesson_id=one.details.lesson.id, kind=one.kind.value)
            made["accessory"] = button(words._("Try again"), Action.TRY_NOTICES, press.to_value())
        blocks.append(made)
    if len(given_up) > GIVEN_UP_SHOWN:
        more = len(given_up) - GIVEN_UP_SHOWN
        blocks.append(context(words.nmark("and {count} more", "and {count} more", more)))
    return blocks


def _why(one: GivenUp, words: Words) -> Markup:
    """The reason, and what to do about it where there is something to do still."""
    if not one.is_useful:
        return words.mark("Slack’s reason: {code}. To send it now would be of no use.", code=one.code)
    return escape(describe_channel_failure(one.code, words) if one.is_channel else describe_failure(one.code, words))


def build_all_lessons(lessons: Sequence[LessonDetails], *, reader: Person, now: datetime, page: Page) -> Block:
    """One day's lessons by leader, a page at a time, with the days before and after."""
    reads = reader_of(reader, now=now)
    words = reads.words
    ordered = sorted(lessons, key=lambda details: (_leader_of(details), details.lesson.starts_at))
    shown = ordered[page.offset : page.offset + LESSONS_A_PAGE]
    blocks = [header(words._("Lessons on {day}", day=reads.day(reads.noon_of(page.day))))]
    blocks += _page_row(page, len(ordered), reads)
    if not shown:
        blocks.append(section(words.mark("No lessons on this day.")))
    for leader, group in groupby(shown, key=_leader_of):
        blocks.append(context(words.mark("*{leader}*", leader=leader)))
        blocks += [_entry(details, reader, reads) for details in group]
    return {
        "type": "modal",
        "callback_id": View.ALL_LESSONS.value,
        "title": plain(words._("All lessons"), VIEW_LABEL),
        "close": plain(words._("Close"), VIEW_LABEL),
        "blocks": blocks,
    }


def _leader_of(details: LessonDetails) -> str:
    return ", ".join(leader.person.name for leader in details.leaders[:3])


def _entry(details: LessonDetails, reader: Person, reads: Reader) -> Block:
    made = section(lesson_line(details, reader, reads))
    press = Press(lesson_id=details.lesson.id)
    made["accessory"] = button(reads.words._("Show"), Action.SHOW_LESSON, press.to_value())
    return made


def _page_row(page: Page, count: int, reader: Reader) -> list[Block]:
    """Back and on: within the day first, then by days."""
    words = reader.words
    if page.offset:
        back = Page(day=page.day, offset=max(page.offset - LESSONS_A_PAGE, 0))
    else:
        back = Page(day=page.day - timedelta(days=1))
    if page.offset + LESSONS_A_PAGE < count:
        following = Page(day=page.day, offset=page.offset + LESSONS_A_PAGE)
    else:
        following = Page(day=page.day + timedelta(days=1))
    return actions(
        [
            button(words._("Earlier"), Action.ALL_LESSONS_BACK, back.to_value()),
            button(words._("Later"), Action.ALL_LESSONS, following.to_value()),
        ],
        block_id="pages",
    )
