"""The gallery's Home tabs, an admin's with what is wrong in the house, and what opens from them about lessons."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from bot.blocks import Block
from bot.boards import build_lesson_view
from bot.changes import Fact
from bot.home import HomeLesson, build_home, build_small_view
from bot.house_forms import rule_lines
from bot.overview import GivenUp, Page, build_admin_blocks, build_all_lessons
from bot.replies import build_help
from bot.sandbox.gallery.exhibits import Exhibit, State, Subject, list_each_scene
from bot.sandbox.gallery.party import Party
from bot.sandbox.gallery.records import ENDS_AT, NOW, make_audit_entry
from bot.sandbox.gallery.scenes import MINUTE, SECRET_URL, build_details, list_scenes, pick_learner
from bot.watchers import Watchers
from bot.words import words_for
from storage.records import AuditEntry, LessonDetails, LessonOptions, NoticeKind, Person, PersonId
from storage.store import Pending

QUIET = Pending(
    waiting_count=0, unknown_count=0, stale_card_count=0, oldest_due_at=None, dropped_late_count=0, failed_count=0
)
TROUBLED = Pending(
    waiting_count=1000,
    unknown_count=2,
    stale_card_count=3,
    oldest_due_at=NOW - MINUTE,
    dropped_late_count=4,
    failed_count=5,
)


def _list_homes(party: Party) -> Iterator[State]:
    reader = party.person(1)
    for how, can_book in (("who can book", True), ("who cannot book", False)):
        first = build_home(reader=reader, now=NOW, is_first_visit=True, can_book=can_book)
        yield State(shown=first, how=f"for the first time, {how}")
        yield State(shown=build_home(reader=reader, now=NOW, can_book=can_book), how=f"empty, {how}")
    scenes = [HomeLesson(details=one, join_url=SECRET_URL, runs=True) for one in list_scenes(party).values()]
    mine = scenes[0].details
    one = [HomeLesson(details=mine, join_url=SECRET_URL, runs=False)]
    learner = pick_learner(mine).person
    yield State(shown=build_home(reader=learner, now=NOW, today=one, upcoming=one, past=one), how="a learner's")
    for how, can_book in (("who can book", True), ("who cannot book", False)):
        full = build_home(
            reader=mine.booked_by,
            now=NOW,
            today=scenes * 10,
            upcoming=scenes * 10,
            past=scenes * 10,
            is_first_visit=True,
            can_book=can_book,
            for_admin=build_full_admin_blocks(party, mine.booked_by),
        )
        yield State(shown=full, how=f"full, {how}")
    over = [one for one in scenes if not one.details.lesson.is_open]
    yield State(shown=build_home(reader=reader, now=NOW, past=over), how="what is over")


def build_full_admin_blocks(party: Party, reader: Person, number: int = 0) -> list[Block]:
    """The admins' part of Home when much is wrong. `number`: with which of all that can be given up it begins."""
    words, details = words_for(party.locale), build_details(party)
    given_up = [
        GivenUp(
            details=details,
            kind=kind,
            code=code,
            names=tuple(party.call(party.name(at), 80) for at in range(9)),
            is_channel=code == "not_in_channel",
            is_useful=code != "user_disabled",
        )
        for code in ("user_disabled", "not_in_channel", "12")
        for kind in NoticeKind
    ]
    return build_admin_blocks(
        reader=reader,
        now=NOW,
        troubled=[build_details(party, failures=True)] * 9,
        pending=TROUBLED,
        given_up=given_up[number:],
        rules=rule_lines(
            LessonOptions(), books="groups", reach=200, names=True, watchers=Watchers.LEADERS, words=words
        ),
        is_first_visit=True,
    )


def _list_admins_homes(party: Party) -> Iterator[State]:
    reader, words = party.person(0), words_for(party.locale)
    calm = build_admin_blocks(reader=reader, now=NOW, troubled=[], pending=QUIET, has_room_options=False)
    yield State(shown=build_home(reader=reader, now=NOW, for_admin=calm), how="all is well")
    for books in ("members", "everyone", "admins", "groups"):
        rules = rule_lines(
            LessonOptions(),
            books=books,
            groups=[party.call("tutors", 80, at) for at in range(9)] if books == "groups" else [],
            reach=1,
            names=False,
            watchers=Watchers.ADMINS if books == "admins" else Watchers.PARTICIPANTS,
            words=words,
        )
        blocks = build_admin_blocks(reader=reader, now=NOW, troubled=[], pending=QUIET, rules=rules)
        yield State(shown=build_home(reader=reader, now=NOW, for_admin=blocks), how=f"booked by {books}")
    for number in range(0, 3 * len(NoticeKind), 5):
        blocks = build_full_admin_blocks(party, reader, number)
        home = build_home(reader=reader, now=NOW, for_admin=blocks)
        yield State(shown=home, how=f"much was given up, from {number + 1}")


def _list_lesson_views(party: Party, details: LessonDetails) -> Iterator[State]:
    names: dict[str, str] = {seat.person.id: seat.person.name for seat in details.seats}
    for how, history, runs, viewer in (
        ("with its history", _make_history(party, details), True, details.seats[0].person),
        ("to look at only", [], False, pick_learner(details).person),
    ):
        view = build_lesson_view(
            details,
            reader=viewer,
            runs=runs,
            history=history,
            names=names,
            service_name=party.call("Lessonspace", 20),
            now=NOW,
        )
        yield State(shown=view, how=how)


def _make_history(party: Party, details: LessonDetails) -> list[AuditEntry]:
    """Everything that can be done to a lesson, with what is told of it, with more, and with nothing."""
    facts: tuple[dict[str, Fact], ...] = (
        {},
        {"ends_at_before": ENDS_AT.isoformat(), "ends_at_after": ENDS_AT.isoformat(), "participants": 3},
        {"12_after": party.call("else", 200), "34": True, "56": False, "78_before": None, "78_after": None},
    )
    history = [
        make_audit_entry(details.lesson, action, actor=details.seats[0].person.id, facts=told)
        for action in ("booked", "extended", "let_end", "cancelled", "moved", "new_link", "tried_again", "12")
        for told in facts
    ]
    history.append(make_audit_entry(details.lesson, "ended", actor=None))
    return [*history, make_audit_entry(details.lesson, "live", actor=PersonId("1"))]


def _list_all_lessons(party: Party) -> Iterator[State]:
    scenes = list(list_scenes(party).values())
    for count in (0, 1, 30, 100):
        for offset in (0, 20):
            page = Page(day=NOW.date(), offset=offset)
            view = build_all_lessons((scenes * 10)[:count], reader=party.person(0), now=NOW, page=page)
            yield State(shown=view, how=f"{count} lessons, from {offset + 1}")
    other = Page(day=NOW.date() + timedelta(days=30), offset=0)
    view = build_all_lessons(scenes[:1], reader=party.person(0), now=NOW, page=other)
    yield State(shown=view, how="of another day")


def _list_small(party: Party) -> Iterator[State]:
    reader = party.person(1)
    yield State(shown=build_small_view(build_help(reader, now=NOW), reader=reader))


HOME = Subject(
    name="Home",
    exhibits=(
        Exhibit(name="Home", list_states=_list_homes),
        Exhibit(name="an admin's Home", list_states=_list_admins_homes),
        Exhibit(name="one lesson, looked into", list_states=list_each_scene(_list_lesson_views)),
        Exhibit(name="all lessons", list_states=_list_all_lessons),
        Exhibit(name="an answer in a view", list_states=_list_small),
    ),
)
