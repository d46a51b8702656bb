"""The gallery's private answers: to commands and buttons, what is refused, lists, and apologies."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from bot.attending import build_replied
from bot.blocks import Message
from bot.confirmations import (
    build_cancelled,
    build_ended,
    build_extended,
    build_let_end,
    build_moved,
    build_new_link,
    build_notices_tried,
    build_trying_again,
    build_trying_out,
    build_unmoved,
)
from bot.errors import LastOne, LimitReached, NoLongerKept, NotAllowed, Outdated, Refused, TooEarly, TooLate, WrongState
from bot.let_in import build_not_opened, build_opening, build_page_link, build_way_in
from bot.lists import build_list_page, build_not_found
from bot.places import build_device_failure, build_device_link
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
from bot.sandbox.gallery.exhibits import Exhibit, State, Subject, list_each_scene
from bot.sandbox.gallery.party import Party
from bot.sandbox.gallery.records import ENDS_AT, NOW, STARTS_AT
from bot.sandbox.gallery.scenes import MINUTE, SECRET_URL, build_details, pick_learner
from bot.words import words_for
from storage.records import Lesson, LessonDetails, LessonState


def list_refusals(party: Party) -> dict[str, Refused]:
    """Everything that is refused, with everything that may be known of it."""
    may_not = ("book", "cancel", "reply", "removed", "device", "watch", "transcript")
    return {
        "no longer kept": NoLongerKept("see"),
        **{f"not allowed: {what}": NotAllowed(what) for what in may_not},
        "limit reached": LimitReached(5, ()),
        "limit reached, names known": LimitReached(5, (party.name(1), party.name(2))),
        "last leader": LastOne(is_leader=True),
        "last learner": LastOne(is_leader=False),
        "outdated": Outdated("revision 1"),
        "something else": Refused("else"),
        "too early": TooEarly(STARTS_AT),
        "too early, by far": TooEarly(STARTS_AT + timedelta(days=400)),
        "too late": TooLate(NOW - MINUTE),
        **{f"lesson is {state.value}": WrongState(state, "extend") for state in LessonState},
    }


def _list_refused(party: Party) -> Iterator[State]:
    reader = party.person(1)
    for how, refused in list_refusals(party).items():
        yield State(shown=describe_refusal(refused, reader, now=NOW), how=how)


def _list_done(party: Party) -> Iterator[State]:
    """What each button's press is answered with."""
    reader, details = party.person(1), build_details(party)
    for count in (0, 1, 99):
        for how, message in _list_counted(party, details, count):
            yield State(shown=message, how=f"{how}, {count}")
    for count in (0, 1, 100):
        yield State(shown=build_notices_tried(reader=reader, count=count), how=f"messages sent once more, {count}")
    yield State(shown=build_trying_out(details, reader=reader, now=NOW), how="trying it out alone")
    yield State(shown=build_unmoved(details, reader=reader, now=NOW), how="not moved")
    yield State(shown=build_let_end(details, reader=reader, now=NOW), how="let end")
    yield State(shown=build_new_link(details, reader=reader, now=NOW), how="new link")


def _list_counted(party: Party, details: LessonDetails, count: int) -> Iterator[tuple[str, Message]]:
    reader = party.person(1)
    for old, closes_at in (("no older links", None), ("older links over", NOW), ("older links work", ENDS_AT)):
        yield (
            f"extended, {old}",
            build_extended(details, reader=reader, relinked_count=count, old_closes_at=closes_at, now=NOW),
        )
    yield "trying again", build_trying_again(details, reader=reader, count=count, now=NOW)
    yield (
        "cancelled",
        build_cancelled(details, reader=reader, told_count=count, valid_count=count, valid_until=ENDS_AT, now=NOW),
    )
    yield "replied", build_replied(details, reader=reader, told_count=count, now=NOW)
    yield (
        "moved",
        build_moved(
            details,
            reader=reader,
            told_count=count,
            relinked_count=count,
            valid_count=count,
            valid_until=ENDS_AT,
            now=NOW,
        ),
    )
    yield "ended", build_ended(details, reader=reader, valid_count=count, valid_until=ENDS_AT, now=NOW)


def _list_help(party: Party) -> Iterator[State]:
    reader = party.person(1)
    yield State(shown=build_help(reader, now=NOW), how="/lesson help")
    yield State(shown=build_help(reader, can_book=False, now=NOW), how="/lesson help, for who cannot book")
    for how, can_book in (("who can book", True), ("who cannot book", False)):
        shown = build_conversation_help(reader, can_book=can_book, now=NOW)
        yield State(shown=shown, how=f"in the conversation, for {how}")
    typed = party.call("book everybody", 3000)
    yield State(shown=build_unknown_command(reader, typed=typed, now=NOW), how="unknown command")
    yield State(shown=build_apology(reader, "1234", now=NOW), how="apology")


def _list_lists(party: Party) -> Iterator[State]:
    reader, details = party.person(1), build_details(party)
    for count in (0, 1, 30, 100):
        for offset in (0, 20):
            page = build_list_page([details] * count, offset=offset, reader=details.booked_by, now=NOW)
            yield State(shown=page, how=f"{count} lessons, from {offset + 1}")
    for how, typed in (("nothing typed", ""), ("nothing like it", party.call("biology", 3000))):
        yield State(shown=build_not_found(reader, typed=typed, now=NOW), how=how)
    title = words_for(party.locale)._("Your lessons")
    many: list[LessonDetails | Lesson] = [details, details.lesson] * 100
    none = build_lesson_list([], details.booked_by, title, NOW, can_book=False)
    yield State(shown=none, how="in brief, none, for who cannot book")
    for how, lessons in (("in brief, none", []), ("in brief, 200 lessons", many)):
        yield State(shown=build_lesson_list(lessons, details.booked_by, title, NOW), how=how)


def _list_links(_: Party, details: LessonDetails) -> Iterator[State]:
    url = SECRET_URL if details.seats[0].link else None
    for how, now in (("while it runs", NOW), ("when it is over", ENDS_AT + 60 * MINUTE)):
        yield State(shown=build_link_reply(details, pick_learner(details), join_url=url, now=now), how=how)


def _list_no_link(party: Party) -> Iterator[State]:
    yield State(shown=build_no_link(party.person(1), now=NOW))


def _list_ways_in(_: Party, details: LessonDetails) -> Iterator[State]:
    """What pressing Join is answered with where there is no link to follow, and a second way in."""
    seat = pick_learner(details)
    if details.lesson.is_open:
        for how, is_shared in (("the way in", False), ("the way in, shared address", True)):
            shown = build_way_in(details, seat, url=SECRET_URL, is_shared=is_shared, now=NOW)
            yield State(shown=shown, how=how)
        yield State(shown=build_page_link(details, seat, url=SECRET_URL, now=NOW), how="the way to our page")
    yield State(shown=build_opening(details, seat, now=NOW), how="opening")
    for how, is_busy in (("not opened, busy", True), ("not opened", False)):
        yield State(shown=build_not_opened(details, seat, is_busy=is_busy, now=NOW), how=how)
    yield State(shown=build_device_failure(details, seat, now=NOW), how="no link for another device")
    if seat.link is not None and details.lesson.is_open:
        shown = build_device_link(details, seat, seat.link, join_url=SECRET_URL, now=NOW)
        yield State(shown=shown, how="link for another device")


REPLIES = Subject(
    name="Private answers",
    exhibits=(
        Exhibit(name="done", list_states=_list_done),
        Exhibit(name="refused", list_states=_list_refused),
        Exhibit(name="your link", list_states=list_each_scene(_list_links)),
        Exhibit(name="no link", list_states=_list_no_link),
        Exhibit(name="way in", list_states=list_each_scene(_list_ways_in)),
        Exhibit(name="list of lessons", list_states=_list_lists),
        Exhibit(name="help", list_states=_list_help),
    ),
)
