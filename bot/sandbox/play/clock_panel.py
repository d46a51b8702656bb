"""The school's clock: what time it is for the leader and for whoever looks, what comes next, and how to get there.

It only says where to go; `ticking.py` goes there. What cannot be done stays where it is, greyed out, with its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, islice

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.sandbox.cast import ZONE
from bot.sandbox.play.events import Agenda, Event, shorten
from bot.sandbox.play.panels import Looking, Panel, say
from bot.sandbox.play.person import find_person, name_city
from bot.sandbox.play.playground import Playground
from bot.sandbox.play.rendering import render_page
from bot.sandbox.play.ticking import Speed, Timekeeper
from storage.errors import StoreClosed
from storage.records import Lesson

MOST_EVENTS = 8
"""How many moments are told ahead."""
MOST_MINUTES = 24 * 60
SPEEDS = {
    Speed.PAUSED: "Paused",
    Speed.REAL: "1×",
    Speed.TEN: "10×",
    Speed.SIXTY: "60×",
}
START, END = "leap-start", "leap-end"
BEGINS_ANEW = "The school is begun anew: wait a moment."
NOTHING_TO_COME = "Nothing is to come. Book a lesson first."
NO_LESSON = "No lesson of yours is to come."


@dataclass(frozen=True, kw_only=True)
class Moment:
    """All that happens at one instant."""

    at: str
    what: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Leap:
    """One way to go at once. `reason`: why it cannot be gone now; empty where it can."""

    id: str
    label: str
    address: str
    note: str = ""
    """Where it leads, said beside it."""
    reason: str = ""
    target: datetime | None = None
    """None: by so much, or nowhere."""


class ClockPanel(Panel):
    """Date, time, what is next, buttons and speed."""

    id = "clock"

    def __init__(self, playground: Playground, timekeeper: Timekeeper) -> None:
        self._playground = playground
        self._timekeeper = timekeeper

    async def draw(self, looking: Looking) -> Markup:
        try:
            agenda = await self._timekeeper.look_ahead(is_exact=False)
        except StoreClosed:
            agenda = Agenda()
        now = self._playground.school.clock.now().astimezone(ZONE)
        return render_page(
            "clock.html",
            id=self.id,
            now=now,
            shown=tell_time(now),
            elsewhere=self._tell_elsewhere(looking.user_id, now),
            leaps=list_leaps(agenda, looking.user_id, now),
            moments=list_moments(agenda.events, now),
            speeds=[(speed.value, label, speed is self._timekeeper.speed) for speed, label in SPEEDS.items()],
        )

    def _tell_elsewhere(self, user_id: str, now: datetime) -> str:
        """What the clock of whoever looks says, where that is another."""
        person = find_person(self._playground, user_id)
        if person is None:
            return ""
        local = person.reader.to_local(now)
        if local.utcoffset() == now.utcoffset():
            return ""
        day = "" if local.date() == now.date() else f" on {local:%A}"
        return f"It is {tell_time(local)}{day} in {name_city(person.user)} for {person.user.real_name}."

    def list_routes(self) -> Sequence[Route]:
        return [
            Route("/time/next", self.go_next, methods=["POST"]),
            Route("/time/minutes/{count:int}", self.go_minutes, methods=["POST"]),
            Route("/time/start/{user_id}", self.go_start, methods=["POST"]),
            Route("/time/end/{user_id}", self.go_end, methods=["POST"]),
            Route("/time/speed/{speed:int}", self.choose_speed, methods=["POST"]),
        ]

    async def go_next(self, request: Request) -> Response:
        """To the next thing that happens by itself."""
        return await self._go(lambda agenda, now: list_leaps(agenda, "", now)[0])

    async def go_minutes(self, request: Request) -> Response:
        """So many on."""
        delta = timedelta(minutes=request.path_params["count"])
        if not timedelta(0) < delta <= timedelta(minutes=MOST_MINUTES):
            return say("Time goes forward, by a day at the most.", status=400)
        try:
            return self._tell(await self._timekeeper.move_by(delta))
        except StoreClosed:
            return say(BEGINS_ANEW, status=503)

    async def go_start(self, request: Request) -> Response:
        """To the start of their next lesson."""
        return await self._go_own(request, START)

    async def go_end(self, request: Request) -> Response:
        """To the end of the lesson that they are in, or of the next."""
        return await self._go_own(request, END)

    async def _go_own(self, request: Request, leap_id: str) -> Response:
        user_id = request.path_params["user_id"]

        def find(agenda: Agenda, now: datetime) -> Leap:
            return next(leap for leap in list_leaps(agenda, user_id, now) if leap.id == leap_id)

        return await self._go(find)

    async def choose_speed(self, request: Request) -> Response:
        """How fast time passes by itself."""
        try:
            speed = Speed(request.path_params["speed"])
        except ValueError:
            return say("Time does not pass at that speed.", status=400)
        self._timekeeper.run_at(speed)
        if speed is Speed.PAUSED:
            return say("Time stands still.")
        return say("Time passes." if speed is Speed.REAL else f"Time passes {speed.value} times as fast.")

    async def _go(self, find: Callable[[Agenda, datetime], Leap]) -> Response:
        try:
            leap = find(await self._timekeeper.look_ahead(), self._playground.school.clock.now())
            if leap.target is None:
                return say(leap.reason, status=409)
            return self._tell(await self._timekeeper.move_to(leap.target))
        except StoreClosed:
            return say(BEGINS_ANEW, status=503)

    def _tell(self, is_calm: bool) -> Response:
        shown = f"It is {tell_time(self._playground.school.clock.now().astimezone(ZONE))}."
        if not self._playground.is_running:
            return say(f"{shown} Hallpass is not running: what is due waits until it is started.")
        if is_calm:
            return say(shown, is_shown=True)
        return say(f"{shown} Hallpass is not done with what was due: see below what is owed.")


def tell_time(moment: datetime) -> str:
    """On the clock where it is, with seconds where it is between two minutes."""
    return f"{moment:%H:%M:%S}" if moment.second else f"{moment:%H:%M}"


def tell_moment(moment: datetime, now: datetime) -> str:
    """By the leader's clock; another day is named."""
    local = moment.astimezone(ZONE)
    day = "" if local.date() == now.astimezone(ZONE).date() else f"{local:%a %-d %b} "
    return f"{day}{tell_time(local)}"


def find_coming(lessons: Sequence[Lesson], now: datetime) -> Lesson | None:
    """The first of these that has not begun."""
    return min((one for one in lessons if one.starts_at > now), key=lambda lesson: lesson.starts_at, default=None)


def find_unfinished(lessons: Sequence[Lesson], now: datetime) -> Lesson | None:
    """The first of these to end."""
    return min((one for one in lessons if one.ends_at > now), key=lambda lesson: lesson.ends_at, default=None)


def list_leaps(agenda: Agenda, user_id: str, now: datetime) -> list[Leap]:
    """The ways to go, as they are for this person now, in the page's order."""
    lessons = agenda.list_lessons_of(user_id)
    coming, unfinished = find_coming(lessons, now), find_unfinished(lessons, now)
    begun = f"{shorten(unfinished.title)} has begun." if unfinished is not None else NO_LESSON
    return [
        Leap(
            id="leap-next",
            label="Next event",
            address="/time/next",
            reason="" if agenda.events else NOTHING_TO_COME,
            target=agenda.find_next(),
        ),
        Leap(id="leap-1", label="+1 min", address="/time/minutes/1"),
        Leap(id="leap-10", label="+10 min", address="/time/minutes/10"),
        _build_own(START, "To the start", f"/time/start/{user_id}", coming, begun),
        _build_own(END, "To the end", f"/time/end/{user_id}", unfinished, NO_LESSON),
    ]


def _build_own(leap_id: str, label: str, address: str, lesson: Lesson | None, otherwise: str) -> Leap:
    """To where this lesson begins or ends. `otherwise`: why not, where there is none."""
    if lesson is None:
        return Leap(id=leap_id, label=label, address=address, reason=otherwise)
    target, does = (lesson.starts_at, "begins") if leap_id == START else (lesson.ends_at, "ends")
    note = f"{shorten(lesson.title)} {does} at {tell_time(target.astimezone(ZONE))}."
    return Leap(id=leap_id, label=label, address=address, note=note, target=target)


def list_moments(events: Sequence[Event], now: datetime) -> list[Moment]:
    """What comes, as far as it is told ahead."""
    together = islice(groupby(events, key=lambda event: event.at), MOST_EVENTS)
    return [Moment(at=tell_moment(at, now), what=tuple(event.what for event in group)) for at, group in together]
