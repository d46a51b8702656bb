"""A guided first minute: what to do next, until the first lesson has been summed up; then people are left alone.

It only looks: at Slack as people see it, and at what Hallpass has stored. Whatever somebody does instead, the next
thing said fits what is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from markupsafe import Markup

from bot.ids import View
from bot.sandbox.cast import Cast
from bot.sandbox.play.panels import Looking, Panel
from bot.sandbox.play.playground import Playground
from bot.sandbox.play.rendering import render_page
from bot.sandbox.slack.people import User
from storage.records import LessonDetails, LessonState, Notice, NoticeKind, NoticeState, Role
from storage.store import Transaction

TYPED = "/lesson @Ben @Cara today 2:30pm 45m Algebra"
"""What the leader is to type: a lesson soon after the school's day begins."""
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


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """One thing to do. `as_leader` None: whoever looks can do it; else a way to be who does it is shown."""

    text: str
    as_leader: bool | None = None
    types: str = ""
    """What the page can type for them."""


STEPS = 8
"""How many there are, told beside each."""


def suggest(known: Known, now: datetime) -> tuple[int, Suggestion] | None:
    """The next step and its number, from 1; None: the first lesson is summed up."""
    if known.is_summed_up:
        return None
    if not known.is_running:
        return 1, Suggestion(text="Hallpass is not running. Start it again under Trouble.")
    if known.lesson is None:
        return _suggest_booking(known)
    lesson = known.lesson.lesson
    if lesson.state is LessonState.ENDED:
        return 8, Suggestion(text="The lesson is over. The summary comes to Ada within minutes: press Next event.")
    if not known.is_reached:
        return 3, Suggestion(text="Watch the form: everybody gets a message of their own with their own link.")
    if known.joined == 0:
        return _suggest_joining(known, now)
    if known.joined == 1 and now < lesson.ends_at - BEFORE_THE_END:
        return 6, Suggestion(
            text="Press the phone beside the same Join: a second browser is told no. Then let others come in."
        )
    if now < lesson.ends_at and not known.is_asked:
        return 7, Suggestion(text="Press Next event until Ada is asked whether to extend the lesson.")
    if now < lesson.ends_at:
        return 7, Suggestion(text="Ada is asked near the end: press Extend 10 min, or Let it end.", as_leader=True)
    return 8, Suggestion(text="Let everybody leave their room, and press Next event: the summary comes to Ada.")


def _suggest_booking(known: Known) -> tuple[int, Suggestion]:
    if not known.has_form:
        return 1, Suggestion(text="Book a lesson: type this to Hallpass and press Enter.", as_leader=True, types=TYPED)
    return 2, Suggestion(text="The form is filled in from what was typed. Press Book.", as_leader=True)


def _suggest_joining(known: Known, now: datetime) -> tuple[int, Suggestion]:
    learners = [seat for seat in known.lesson.seats if seat.participant.role is not Role.LEADER] if known.lesson else []
    opens_at = min((seat.link.opens_at for seat in learners if seat.link), default=None)
    if opens_at is not None and now < opens_at:
        return 4, Suggestion(text="Look at a learner's card. It is too early for Join: press To the start.")
    return 5, Suggestion(text="Be a learner, and press Join on the card.", as_leader=False)


class Guide(Panel):
    """The step that is next, on top of the page."""

    id = "guide"

    def __init__(self, playground: Playground) -> None:
        self._playground = playground
        self._left_alone = 0  # the number of the school in which the first lesson was summed up

    async def draw(self, looking: Looking) -> Markup:
        number, suggestion = await self.find_next() or (0, None)
        return render_page(
            "guide.html",
            id=self.id,
            number=number,
            steps=STEPS,
            suggestion=suggestion,
            who=_find_who(suggestion, self._playground.cast, looking.user_id),
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
        known = await hallpass.store.read(_read_first_lesson)
        view = playground.cast.ada.view
        has_form = view is not None and view.callback_id == View.BOOKING.value and "submit" in view.given
        return replace(known, has_form=has_form)


def _find_who(suggestion: Suggestion | None, cast: Cast, looking_id: str) -> User | None:
    """Whom to be for it; None: whoever looks can do it."""
    if suggestion is None or suggestion.as_leader is None:
        return None
    if suggestion.as_leader:
        return None if looking_id == cast.ada.user.id else cast.ada.user
    learners = [learner.user for learner in cast.participants]
    return None if looking_id in {user.id for user in learners} else learners[0]


def _read_first_lesson(tx: Transaction) -> Known:
    """What is stored of the lesson that was booked first."""
    for workspace in tx.workspaces.list_all():
        lessons = [one for one in tx.lessons.list_between(workspace.id) if one.state is not LessonState.CANCELLED]
        if lessons:
            first = min(lessons, key=lambda lesson: lesson.booked_at)
            details = tx.lessons.get_details(workspace.id, first.id)
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
