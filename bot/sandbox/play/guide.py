"""A guided first minute: what to do next, until the first lesson has been summed up; then people are left alone.

It only looks: at Slack as people see it, and at what Hallpass has stored. Whatever somebody does instead, the next
thing said fits what is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from markupsafe import Markup

from bot.ids import View
from bot.sandbox.cast import ZONE, Cast
from bot.sandbox.play.open_rooms import list_rooms
from bot.sandbox.play.panels import Looking, Panel
from bot.sandbox.play.playground import Playground
from bot.sandbox.play.rendering import render_page
from bot.sandbox.slack.people import User
from storage.records import Lesson, LessonDetails, LessonState, Notice, NoticeKind, NoticeState, Role
from storage.sqlite import SqliteStore
from storage.store import Transaction

TYPED = "/lesson @Ben @Cara today 2:30pm 45m Algebra"
"""What the leader is to type: a lesson soon after the school's day begins."""
ADA = "Ada"
"""Who books it."""
BEFORE_THE_END = timedelta(minutes=6)
"""When the leader has been asked, as lessons are by default."""


@dataclass(frozen=True, kw_only=True)
class Known:
    """What the next step depends on."""

    is_running: bool = True
    has_form: bool = False
    lesson: LessonDetails | None = None
    is_reached: bool = False
    is_asked: bool = False
    is_summed_up: bool = False
    joined: int = 0
    """How many people have come in so far."""
    inside: tuple[str, ...] = ()
    """Who is in a room now, by their names there."""

    def list_names(self, *, are_leaders: bool) -> tuple[str, ...]:
        """Who leads the lesson, or who else is in it."""
        seats = self.lesson.seats if self.lesson else []
        return tuple(seat.person.name for seat in seats if (seat.participant.role is Role.LEADER) is are_leaders)


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """One thing to do, and who can do it: a way to be the first of them is shown to others. Nobody named: anybody."""

    text: str
    names: tuple[str, ...] = ()
    types: str = ""
    """What the page can type for them."""


STEPS = 8
"""How many there are, told beside each."""


def suggest(known: Known, now: datetime) -> tuple[int, Suggestion] | None:
    """The next step and its number, from 1; 0: one outside of them. None: the first lesson is summed up."""
    if known.is_summed_up:
        return None
    if not known.is_running:
        return 0, Suggestion(text="Hallpass is not running. Start it again under Trouble.")
    if known.lesson is None:
        return _suggest_booking(known)
    lesson = known.lesson.lesson
    if lesson.state is LessonState.ENDED:
        return 8, Suggestion(text="The lesson is over. The summary comes within minutes: press Next event.")
    if not known.is_reached:
        return 3, Suggestion(text="Watch the form: everybody gets a message of their own with their own link.")
    if known.joined == 0:
        return _suggest_joining(known, known.lesson, now)
    if known.joined == 1 and now < lesson.ends_at - BEFORE_THE_END:
        return 6, Suggestion(
            text="Press the phone beside the same Join: a second browser is told no. Then let others come in."
        )
    if now < lesson.ends_at:
        return 7, _suggest_answering(known, lesson)
    return 8, _suggest_leaving(known)


def _suggest_booking(known: Known) -> tuple[int, Suggestion]:
    if not known.has_form:
        return 1, Suggestion(text="Book a lesson: type this to Hallpass and press Enter.", names=(ADA,), types=TYPED)
    return 2, Suggestion(text="The form is filled in from what was typed. Press Book.", names=(ADA,))


def _suggest_joining(known: Known, details: LessonDetails, now: datetime) -> tuple[int, Suggestion]:
    learners = known.list_names(are_leaders=False)
    links = [seat.link for seat in details.seats if seat.link and seat.participant.role is not Role.LEADER]
    if now < min((link.opens_at for link in links), default=now):
        text = "Look at a learner’s card. It is too early for Join: press To the start, under Time."
        return 4, Suggestion(text=text, names=learners)
    return 5, Suggestion(text="Be a learner, and press Join on the card.", names=learners)


def _suggest_answering(known: Known, lesson: Lesson) -> Suggestion:
    leaders = known.list_names(are_leaders=True)
    leader = leaders[0] if leaders else "the leader"
    if lesson.is_let_end:
        return Suggestion(text=f"It is to end as planned at {lesson.ends_at.astimezone(ZONE):%H:%M}: press Next event.")
    if not known.is_asked:
        return Suggestion(text=f"Press Next event until {leader} is asked whether to extend the lesson.")
    return Suggestion(text=f"{leader} is asked near the end: press Extend 10 min, or Let it end.", names=leaders)


def _suggest_leaving(known: Known) -> Suggestion:
    if not known.inside:
        return Suggestion(text="Nobody is inside any more. Press Next event: the summary comes within minutes.")
    told = f"{known.inside[0]} is" if len(known.inside) == 1 else f"{len(known.inside)} people are"
    return Suggestion(text=f"{told} still inside. Whoever is, presses Leave under Rooms.", names=known.inside)


class Guide(Panel):
    """The step that is next, on top of the page."""

    id = "guide"

    def __init__(self, playground: Playground) -> None:
        self._playground = playground
        self._left_alone = 0  # the number of the school in which the first lesson was summed up
        self._read: tuple[tuple[SqliteStore | None, int], Known] = ((None, 0), Known())  # as of which commit

    async def draw(self, looking: Looking) -> Markup:
        number, suggestion = await self.find_next() or (0, None)
        return render_page(
            "guide.html",
            id=self.id,
            number=number,
            steps=STEPS,
            suggestion=suggestion,
            who=_find_who(suggestion, self._playground.cast, looking.user_id) if suggestion else None,
        )

    async def find_next(self) -> tuple[int, Suggestion] | None:
        """The step that is next and its number; None once the first lesson of this school was summed up."""
        if self._left_alone == self._playground.number:
            return None
        known = await self._look()
        if known.is_summed_up:
            self._left_alone = self._playground.number
        return suggest(known, self._playground.school.clock.now())

    async def _look(self) -> Known:
        playground = self._playground
        hallpass = playground.school.hallpass
        if not playground.is_running or hallpass is None:
            return Known(is_running=False)
        known = await self._read_stored(hallpass.store)
        view = playground.cast.ada.view
        has_form = view is not None and view.callback_id == View.BOOKING.value and "submit" in view.given
        rooms = list_rooms(playground.school)
        inside = dict.fromkeys(tab.who.name for room in rooms for tab in room.tabs if tab.who.name)
        return replace(known, has_form=has_form, inside=tuple(inside))

    async def _read_stored(self, store: SqliteStore) -> Known:
        """Every open page asks, several times a second: read only where something was stored since."""
        key = (store, store.commit_count)
        if self._read[0] != key:
            self._read = key, await store.read(_read_first_lesson)
        return self._read[1]


def _find_who(suggestion: Suggestion, cast: Cast, looking_id: str) -> User | None:
    """Whom to be for it; None: whoever looks can do it."""
    users = [actor.user for actor in cast.people.values()]
    able = [user for name in suggestion.names for user in users if user.real_name == name]
    return None if looking_id in {user.id for user in able} else next(iter(able), None)


def _read_first_lesson(tx: Transaction) -> Known:
    """What is stored of the lesson with others that was booked first."""
    for workspace in tx.workspaces.list_all():
        lessons = [one for one in tx.lessons.list_between(workspace.id) if one.state is not LessonState.CANCELLED]
        for first in sorted(lessons, key=lambda lesson: lesson.booked_at):
            details = tx.lessons.get_details(workspace.id, first.id)
            if not details.others:  # somebody tries it alone
                continue
            notices = tx.notices.list_for_lesson(workspace.id, first.id)
            events = tx.attendance.list_events(workspace.id, first.id)
            return Known(
                lesson=details,
                is_reached=all(seat.link is not None for seat in details.seats),
                is_asked=_is_sent(notices, NoticeKind.END_WARNING),
                is_summed_up=_is_sent(notices, NoticeKind.SUMMARY),
                joined=len({event.who for event in events if event.kind == "joined"}),
            )
    return Known()


def _is_sent(notices: list[Notice], kind: NoticeKind) -> bool:
    states = [notice.state for notice in notices if notice.kind is kind]
    return bool(states) and all(state is NoticeState.SENT for state in states)
