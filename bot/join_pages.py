"""What a join link's page says: one page for each way things can stand, each with what to do next. Pure; no HTML.

Whoever holds a link may read its page: it says who it is for, which lesson and when, and nothing that is not on that
person's card. Of a link that is not stored it says nothing at all, and never whether there was one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlencode

from babel import Locale

from bot.links import Standing
from bot.readers import Reader, reader_of
from bot.words import DEFAULT_LOCALE, Words, words_for
from storage.records import LessonDetails, Link, Person, Seat


class Face(StrEnum):
    """Which page it is: for tests, pictures and the style sheet, never for a sentence."""

    READY = "ready"
    COMES_BACK = "comes_back"
    TOO_EARLY = "too_early"
    TOO_LATE = "too_late"
    USED_ELSEWHERE = "used_elsewhere"
    REPLACED = "replaced"
    REVOKED = "revoked"
    CANCELLED = "cancelled"
    OVER = "over"
    UNKNOWN = "unknown"
    TROUBLE = "trouble"
    BUSY = "busy"
    NOT_READY = "not_ready"
    TOO_MANY = "too_many"
    FORGED = "forged"
    SOMEBODY_ELSE = "somebody_else"
    NOT_SIGNED_IN = "not_signed_in"


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One line of what the link is about."""

    label: str
    value: str


@dataclass(frozen=True, kw_only=True)
class Countdown:
    """Until the door opens. `after` is said once it is open, `without` where no script runs.

    While it runs, the script says `hours` or `minutes`, with the numbers in place of %h, %m and %s.
    """

    seconds: int
    hours: str
    minutes: str
    after: str
    without: str


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page, ready to be set. `lines` come before the button, `notes` after it."""

    face: Face
    locale: Locale
    title: str  # of the browser's tab
    heading: str
    facts: tuple[Fact, ...] = ()
    lines: tuple[str, ...] = ()
    button: str | None = None  # sends the form; None: there is nothing to press
    countdown: Countdown | None = None  # the button waits for it
    slack_url: str | None = None  # opens the conversation with Hallpass
    slack_label: str = ""
    notes: tuple[str, ...] = ()


def build_page(
    details: LessonDetails,
    seat: Seat,
    link: Link,
    standing: Standing,
    *,
    team_id: str,
    now: datetime,
    asks_who: bool = False,
) -> Page:
    """The page of a stored link. `asks_who`: Slack says who presses Join before anybody is let in."""
    reader = reader_of(seat.person, now=now, lesson_zone=details.lesson.zone)
    match standing:
        case Standing.FINE | Standing.COMES_BACK:
            comes_back = standing is Standing.COMES_BACK
            return _build_open(details, seat, link, reader, comes_back=comes_back, asks_who=asks_who and not comes_back)
        case Standing.TOO_EARLY:
            return _build_early(details, seat, link, reader)
        case _:
            return _build_shut(details, seat, link, standing, reader, slack_url=find_slack_url(seat.person, team_id))


def build_trouble(details: LessonDetails, seat: Seat, *, is_busy: bool, now: datetime) -> Page:
    """The link is theirs, and the room service did not open."""
    reader = reader_of(seat.person, now=now, lesson_zone=details.lesson.zone)
    say = reader.words._
    if is_busy:
        heading, line = say("Please wait a moment"), say("The room service is busy right now. Press Join again soon.")
    else:
        heading, line = say("The room did not open"), say("The room service did not let you in just now.")
    lines = [line, say("Your link still works in this browser.")]
    return Page(
        face=Face.BUSY if is_busy else Face.TROUBLE,
        locale=reader.words.locale,
        title=heading,
        heading=heading,
        facts=_list_facts(details, seat, reader),
        lines=tuple(lines),
        button=say("Join again"),
        notes=() if is_busy else (_say_who_knows(details, seat, reader),),
    )


def build_somebody_else(seat: Seat) -> Page:
    """They signed in to Slack, and are not who the link is for. Nothing is said of the lesson."""
    words = words_for(seat.person.locale)
    say = words._
    heading = say("This link is for {name}", name=seat.person.name)
    return Page(
        face=Face.SOMEBODY_ELSE,
        locale=words.locale,
        title=heading,
        heading=heading,
        lines=(
            say("You are signed in to Slack as somebody else. The link is not used up."),
            say(
                "If you are {name}, sign in to Slack as yourself in this browser, then press Join.",
                name=seat.person.name,
            ),
            say("If you are not, open Slack and press Join on your own card for the lesson."),
        ),
        button=say("Join"),
    )


def build_not_signed_in(words: Words, *, can_retry: bool) -> Page:
    """Slack did not say who they are. `can_retry` False: what they began is not known in this browser any more."""
    say = words._
    line = (
        say("Press Join to sign in again.")
        if can_retry
        else say("Open your link from Slack, and press Join once more.")
    )
    return Page(
        face=Face.NOT_SIGNED_IN,
        locale=words.locale,
        title=say("You are not signed in"),
        heading=say("You are not signed in"),
        lines=(say("Slack did not tell us who you are, so nobody was let in. Your link is not used up."), line),
        button=say("Join") if can_retry else None,
        notes=() if can_retry else (say("Your browser must accept cookies for this."),),
    )


def build_unknown(words: Words) -> Page:
    """There is no such link; nothing says whether there ever was."""
    say = words._
    lines = (
        say("If you copied the address, make sure that all of it is there."),
        say("Otherwise open Slack and press Join in the newest message from Hallpass about your lesson."),
    )
    return _build_plain(Face.UNKNOWN, words, say("This link opens nothing"), *lines)


def build_not_ready(words: Words) -> Page:
    """Hallpass was started a moment ago, or cannot read what it stored."""
    say = words._
    line = say("Hallpass is not ready just now. Go back and try again in a few seconds.")
    return _build_plain(Face.NOT_READY, words, say("Please wait a moment"), line, say("Your link is not used up."))


def build_too_many(words: Words, *, wait: timedelta) -> Page:
    """From where the visitor is, too many links were tried that open nothing."""
    say = words._
    lines = (
        say("From your network, many links were tried that open nothing."),
        say("Wait {time}, then open your link again. It is not used up.", time=words.length(max(wait, _ONE_MINUTE))),
    )
    return _build_plain(Face.TOO_MANY, words, say("Too many tries"), *lines)


def build_forged(words: Words) -> Page:
    """The form was not sent by a page of ours."""
    say = words._
    line = say("Open your link from Slack, and press Join on the page that it opens.")
    return _build_plain(Face.FORGED, words, say("That did not come from your page"), line)


_ONE_MINUTE = timedelta(minutes=1)


def words_of_visitor(accept_language: str) -> Words:
    """The words for somebody of whom nothing is known but their browser's first language."""
    return words_for(accept_language.split(",")[0].split(";")[0].strip() or DEFAULT_LOCALE)


def find_slack_url(person: Person, team_id: str) -> str | None:
    """Opens their conversation with Hallpass, in the app or in the browser; None: there is none yet."""
    if person.conversation is None:
        return None
    query = urlencode({"team": team_id, "channel": person.conversation})
    return f"https://slack.com/app_redirect?{query}"


def _build_open(
    details: LessonDetails, seat: Seat, link: Link, reader: Reader, *, comes_back: bool, asks_who: bool
) -> Page:
    say = reader.words._
    lines = (say("You have been in with this browser. You can come in again."),) if comes_back else ()
    if asks_who:
        lines = (say("When you press Join, Slack asks you to sign in. Then you are in."),)
    return Page(
        face=Face.COMES_BACK if comes_back else Face.READY,
        locale=reader.words.locale,
        title=details.lesson.title,
        heading=details.lesson.title,
        facts=_list_facts(details, seat, reader, has_title=False),
        lines=lines,
        button=say("Join again") if comes_back else say("Join"),
        notes=(_say_whose(link, reader),),
    )


def _build_early(details: LessonDetails, seat: Seat, link: Link, reader: Reader) -> Page:
    say = reader.words._
    opens = reader.time_and_zone(link.opens_at)
    if reader.local_day(link.opens_at) != reader.local_day(reader.now):
        opens = reader.day_and_time(link.opens_at)
    left = link.opens_at - reader.now
    countdown = Countdown(
        seconds=-(-left // timedelta(seconds=1)),  # rounded up: never open before it is open
        hours=say("Opens in {hours} h {minutes} min", hours="%h", minutes="%m"),
        minutes=say("Opens in {minutes} min {seconds} s", minutes="%m", seconds="%s"),
        after=say("The room is open. Press Join."),
        without=say("Reload this page at {time}.", time=opens),
    )
    return Page(
        face=Face.TOO_EARLY,
        locale=reader.words.locale,
        title=details.lesson.title,
        heading=details.lesson.title,
        facts=_list_facts(details, seat, reader, has_title=False),
        lines=(say("The room opens at {time}.", time=opens),),
        button=say("Join"),
        countdown=countdown,
        notes=(_say_whose(link, reader),),
    )


def _build_shut(
    details: LessonDetails, seat: Seat, link: Link, standing: Standing, reader: Reader, *, slack_url: str | None
) -> Page:
    say = reader.words._
    heading, *lines = _say_why(details, seat, link, standing, reader)
    return Page(
        face=Face(standing.value),
        locale=reader.words.locale,
        title=heading,
        heading=heading,
        facts=_list_facts(details, seat, reader) if standing is not Standing.REVOKED else (),
        lines=tuple(lines),
        slack_url=slack_url if standing is not Standing.OVER else None,
        slack_label=say("Get a new link in Slack") if standing is Standing.USED_ELSEWHERE else say("Open Slack"),
    )


def _say_why(details: LessonDetails, seat: Seat, link: Link, standing: Standing, reader: Reader) -> tuple[str, ...]:
    """A heading, then what it means and what to do."""
    say = reader.words._
    match standing:
        case Standing.USED_ELSEWHERE:
            return (
                say("This link was used in another browser"),
                say("A link works in one browser only, so that nobody else comes in under your name."),
                say("Go on in the browser in which you pressed Join first."),
                say("Or press “I need a new link” on this lesson’s card in Slack: you get one at once."),
            )
        case Standing.REPLACED:
            return (
                say("There is a newer link"),
                say("You got another link for this lesson, and this one no longer works."),
                say("Open Slack and press Join on the lesson’s card."),
            )
        case Standing.CANCELLED:
            return (
                say("This lesson was cancelled"),
                say("There is nothing to join. What was written about it is in Slack."),
            )
        case Standing.OVER:
            ended = reader.day_and_time(details.lesson.ended_at or details.lesson.ends_at)
            return (say("This lesson is over"), say("It ended at {time}.", time=ended))
        case Standing.TOO_LATE:
            closed = reader.day_and_time(link.closes_at)
            return (
                say("This link no longer works"),
                say("It worked until {time}.", time=closed),
                _ask(details, seat, reader),
            )
        case _:
            return (say("This link no longer works"), say("It was taken back."), _ask(details, seat, reader))


def _ask(details: LessonDetails, seat: Seat, reader: Reader) -> str:
    leaders = [leader.person.name for leader in details.leaders if leader.person.id != seat.person.id]
    if not leaders:
        return reader.words._("If you should be in the lesson, write to whoever booked it.")
    return reader.words._(
        "If you should be in the lesson, write to {names} in Slack.", names=reader.words.join(leaders)
    )


def _say_who_knows(details: LessonDetails, seat: Seat, reader: Reader) -> str:
    leaders = [leader.person.name for leader in details.leaders if leader.person.id != seat.person.id]
    if not leaders:
        return reader.words._("If it stays so, tell whoever looks after Hallpass.")
    return reader.words.ngettext(
        "{names} can see that you are waiting.",
        "{names} can see that you are waiting.",
        len(leaders),
        names=reader.words.join_some(leaders),
    )


def _say_whose(link: Link, reader: Reader) -> str:
    return reader.words._(
        "This link is yours alone. It works in the first browser in which you press Join, until {time}.",
        time=reader.time_and_zone(link.closes_at),
    )


def _list_facts(details: LessonDetails, seat: Seat, reader: Reader, *, has_title: bool = True) -> tuple[Fact, ...]:
    """`has_title` False: it stands above them."""
    say, lesson = reader.words._, details.lesson
    others = [leader.person.name for leader in details.leaders if leader.person.id != seat.person.id]
    facts = [Fact(label=say("Lesson"), value=lesson.title)] if has_title else []
    facts += [
        Fact(label=say("For"), value=seat.person.name),
        Fact(label=say("When"), value=reader.span(lesson.starts_at, lesson.ends_at)),
    ]
    if others:
        facts.append(Fact(label=say("With"), value=reader.words.join(others)))
    return tuple(facts)


def _build_plain(face: Face, words: Words, heading: str, *lines: str) -> Page:
    return Page(face=face, locale=words.locale, title=heading, heading=heading, lines=lines)
