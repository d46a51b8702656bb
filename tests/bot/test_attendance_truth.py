"""Attendance from the room's log is the truth that made it: random histories of two lessons in a row in one room.

A history is played in the stand-in's space, whose sessions are written as its API writes them and read by the client's
own parser. What must come out is counted apart from all that, second by second.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from bot.reading import Judged, judge_sessions
from bot.rooms.answers import read_fields
from bot.rooms.base import LESSON_TAG, Session
from bot.rooms.lessonspace_answers import parse_held_session
from bot.sandbox.lessonspace.filters import Held
from bot.sandbox.lessonspace.listing import describe_session
from bot.sandbox.lessonspace.meetings import Occurrence, Person, Ticket
from bot.sandbox.lessonspace.spaces import Space
from bot.sandbox.lessonspace.users import Users
from storage.records import AttendanceEvent, Lesson, LessonDetails, Verdict, new_id
from storage.sqlite import open_store
from storage.store import Transaction
from tests.bot.lessons_in_store import StoredSchool, found_school
from tests.budget import examples
from tests.records import STARTS_AT

SECOND = timedelta(seconds=1)
LATE_AFTER = timedelta(minutes=5)
HOUR = 3600
COMES_EARLY = 30 * 60
OPENS_EARLY = 600
IDLE_FOR = 300
PEOPLE = {
    "Ada": Person(name="Ada", user_id=501, role="teacher"),
    "Ben": Person(name="Ben", user_id=502),
    "Cleo": Person(name="Cleo", user_id=503),
    "Mallory": Person(name="Ben", guest_id="0197a000-0000-7000-8000-00000000000a"),  # a guest who calls himself Ben
}
KINDS = {"user.join": "joined", "user.leave": "left", "user.idle": "idled"}

Tab = tuple[str, int]


@dataclass(frozen=True, kw_only=True)
class Act:
    """What happens so many seconds after the first lesson's start."""

    second: int
    kind: str  # join, leave, reload, idle, stir; or tag: a launch for one of the lessons
    tab: Tab
    lesson: int


@dataclass(kw_only=True)
class Truth:
    """Who was there at which second, counted from the first lesson's start. Knows no sessions, logs or sockets."""

    there: dict[str, set[int]] = field(default_factory=lambda: {who: set() for who in PEOPLE})
    inside: dict[Tab, int] = field(default_factory=dict)
    idle: set[Tab] = field(default_factory=set)
    quiet_since: int | None = None

    def pass_to(self, second: int) -> None:
        """All who are inside are put out when none of them did anything for five minutes."""
        if self.quiet_since is not None and self.quiet_since + IDLE_FOR <= second:
            put_out_at = self.quiet_since + IDLE_FOR
            for tab in list(self.inside):
                self.leave(tab, put_out_at)

    def do(self, act: Act, second: int) -> None:
        if act.kind in ("leave", "reload"):
            self.leave(act.tab, second)
        if act.kind in ("join", "reload"):
            self.inside[act.tab] = second
        if act.kind == "idle":
            self.idle.add(act.tab)
        if act.kind == "stir":
            self.idle.discard(act.tab)
        is_quiet = bool(self.inside) and self.idle >= self.inside.keys()
        self.quiet_since = (self.quiet_since if self.quiet_since is not None else second) if is_quiet else None

    def leave(self, tab: Tab, second: int) -> None:
        self.there[tab[0]].update(range(self.inside.pop(tab), second))
        self.idle.discard(tab)
        if not self.inside:
            self.quiet_since = None


@dataclass(kw_only=True)
class Played:
    """A history after it was played."""

    truth: Truth
    space: Space
    told: list[Occurrence]
    now: int


def can(act: Act, truth: Truth) -> bool:
    return act.kind == "tag" or (act.kind == "join") is (act.tab not in truth.inside)


def play(acts: list[Act], lessons: tuple[Lesson, Lesson], *, then: int) -> Played:
    """The same history in the stand-in's space and in the truth."""
    truth = Truth()
    played = Played(truth=truth, space=Space(room_id="room", launch_id="l", secret="s"), told=[], now=-COMES_EARLY)
    played.space.tell = played.told.append
    sockets: dict[Tab, str] = {}
    for act in acts:
        played.now = act.second
        now = STARTS_AT + played.now * SECOND
        truth.pass_to(played.now)
        played.space.advance(now)
        if not can(act, truth):
            continue
        if act.kind == "tag":
            played.space.settle({}, {LESSON_TAG: lessons[act.lesson].id}, now)
            continue
        if act.kind in ("leave", "reload"):
            assert played.space.leave(sockets.pop(act.tab), now)
        if act.kind in ("join", "reload"):
            sockets[act.tab] = played.space.connect(build_ticket(act.tab), f"{act.tab}", now).id
        if act.kind in ("idle", "stir"):
            assert played.space.rest(sockets[act.tab], now, is_idle=act.kind == "idle")
        truth.do(act, played.now)
    played.now += then
    truth.pass_to(played.now)
    played.space.advance(STARTS_AT + played.now * SECOND)
    return played


def build_ticket(tab: Tab) -> Ticket:
    opens_at = STARTS_AT - timedelta(days=1)
    return Ticket(link_id=f"{tab}", person=PEOPLE[tab[0]], opens_at=opens_at, closes_at=opens_at + timedelta(days=6))


def list_sessions(played: Played, data: st.DataObject) -> list[Session]:
    """As the client reads them from what the API writes, in any order."""
    now = STARTS_AT + played.now * SECOND
    sessions = []
    for session in played.space.sessions:
        held = Held(space=played.space, session=session, users=Users(), now=now)
        written = describe_session(held, playback_url="", has_newer_fields=True)
        written["logs"] = data.draw(st.permutations(written["logs"]))
        answer = json.loads(json.dumps(written))
        sessions.append(parse_held_session(read_fields(answer, provider="Lessonspace", what="session")))
    return data.draw(st.permutations(sessions))


def make_reports(played: Played, lesson: Lesson, data: st.DataObject) -> list[AttendanceEvent]:
    """What webhooks told of it: some lost, some twice, some of somebody else, in any order."""
    occurrences = [one for one in played.told if one.event in KINDS]
    chosen = data.draw(st.lists(st.sampled_from(occurrences), max_size=12)) if occurrences else []
    return [
        AttendanceEvent(
            id=new_id(),
            workspace_id=lesson.workspace_id,
            lesson_id=lesson.id,
            source="webhook",
            source_id=f"delivery-{number}",
            session_id=one.session.session_id,
            kind=KINDS[one.event],
            who=data.draw(st.sampled_from([person.key for person in PEOPLE.values()])),
            connection=None,
            shown_name="",
            at=one.at,
        )
        for number, one in enumerate(chosen)
    ]


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What attendance must say of one person."""

    verdict: Verdict
    joined: int | None = None
    left: int | None = None
    present: int = 0
    late_by: int | None = None


def expect(played: Played, who: str, *, bounds: tuple[int, int], room: tuple[int, float], has_place: bool) -> Expected:
    """From the truth alone. `bounds`: the lesson; `room`: where its neighbours end and begin."""
    truth, (starts, ends) = played.truth, bounds
    ends = max(ends, played.now)
    still = {tab for tab in truth.inside if tab[0] == who}
    there = set(truth.there[who])
    for tab in still:
        there.update(range(truth.inside[tab], played.now))
    there = {second for second in there if room[0] <= second < room[1]}
    counted = {second for second in there if starts <= second < ends}
    if not counted:
        return Expected(verdict=Verdict.ABSENT)
    joined, left = min(counted), max(counted) + 1
    while joined - 1 in there:
        joined -= 1
    while left in there:
        left += 1
    late_by = joined - starts if has_place and joined - starts > LATE_AFTER / SECOND else None
    is_inside = bool(still) and left == played.now
    return Expected(
        verdict=Verdict.PRESENT if has_place else Verdict.UNINVITED,
        joined=joined,
        left=None if is_inside else left,
        present=len(counted),
        late_by=late_by,
    )


def read_off(judged: Judged, details: LessonDetails, who: str) -> Expected:
    """What attendance says of them; absent if they are not in it."""
    places = [seat.participant.id for seat in details.seats if seat.participant.provider_user_id == PEOPLE[who].key]
    found = [
        one for one in judged.attendance if one.participant_id in places or (not places and one.who == PEOPLE[who].key)
    ]
    if not found:
        return Expected(verdict=Verdict.ABSENT)
    [one] = found
    return Expected(
        verdict=one.verdict,
        joined=None if one.joined_at is None else round((one.joined_at - STARTS_AT) / SECOND),
        left=None if one.left_at is None else round((one.left_at - STARTS_AT) / SECOND),
        present=round(one.present / SECOND),
        late_by=None if one.late_by is None else round(one.late_by / SECOND),
    )


class _Undone(Exception):
    """Nothing of an example stays in the store."""


@dataclass(frozen=True, kw_only=True)
class TwoLessons:
    """Ada with Ben, then Ada with Cleo, in one room."""

    runner: asyncio.Runner
    school: StoredSchool
    lessons: tuple[Lesson, Lesson]

    def judge(self, lesson: Lesson, played: Played, data: st.DataObject) -> tuple[Judged, LessonDetails]:
        sessions, reports = list_sessions(played, data), make_reports(played, lesson, data)
        found: list[tuple[Judged, LessonDetails]] = []

        def work(tx: Transaction) -> None:
            tx.attendance.add_events(reports)
            details = tx.lessons.get_details(lesson.workspace_id, lesson.id)
            now = STARTS_AT + played.now * SECOND
            judged = judge_sessions(tx, details, sessions, is_known=True, now=now, late_after=LATE_AFTER)
            found.append((judged, details))
            raise _Undone

        with suppress(_Undone):
            self.runner.run(self.school.store.write(work))
        return found[0]


@contextmanager
def hold_two_lessons(path: Path) -> Iterator[TwoLessons]:
    with asyncio.Runner() as runner:
        opened = open_store(path / "school.db")
        school = runner.run(found_school(runner.run(opened.__aenter__())))
        try:
            yield TwoLessons(runner=runner, school=school, lessons=runner.run(book_two(school)))
        finally:
            runner.run(opened.__aexit__(None, None, None))


async def book_two(school: StoredSchool) -> tuple[Lesson, Lesson]:
    first = await school.book(school.ben)
    second = await school.book(school.cleo, starts_at=first.ends_at)
    keys = {school.ada.id: "501", school.ben.id: "502", school.cleo.id: "503"}

    def work(tx: Transaction) -> tuple[Lesson, Lesson]:
        tx.lessons.update(replace(second, room=first.room))
        for lesson in (first, second):
            for seat in tx.lessons.get_details(lesson.workspace_id, lesson.id).seats:
                tx.lessons.update_participant(replace(seat.participant, provider_user_id=keys[seat.person.id]))
        return first, replace(second, room=first.room)

    return await school.write(work)


def list_acts() -> st.SearchStrategy[list[Act]]:
    """From half an hour before the first lesson to half an hour after the second, more where one follows the other."""
    kinds = ("join", "join", "join", "leave", "leave", "reload", "idle", "idle", "stir", "tag")
    act: st.SearchStrategy[Act] = st.builds(
        Act,
        second=st.one_of(st.integers(-COMES_EARLY, 2 * HOUR + COMES_EARLY), st.integers(HOUR - 700, HOUR + 100)),
        kind=st.sampled_from(kinds),
        tab=st.tuples(st.sampled_from(list(PEOPLE)), st.integers(0, 1)),
        lesson=st.integers(0, 1),
    )
    told = st.lists(act, min_size=1, max_size=50, unique_by=lambda one: one.second)
    return told.map(lambda acts: sorted(acts, key=lambda one: one.second))


def test_attendance_from_the_log_is_the_truth(tmp_path: Path) -> None:
    """Reloads, several tabs, idling out, sessions that end after 30 s, two lessons in a row, early comers, a guest
    under somebody's name; whatever webhooks told or did not, and whatever tags the launches left."""
    with hold_two_lessons(tmp_path) as two:

        @examples(250)
        @given(acts=list_acts(), then=st.integers(1, 1200), data=st.data())
        def hold(acts: list[Act], then: int, data: st.DataObject) -> None:
            played = play(acts, two.lessons, then=then)
            first, second = two.lessons
            judged, details = two.judge(first, played, data)
            for who in list_certain(played, second):
                bounds, room = (0, HOUR), (-HOUR, HOUR)
                expected = expect(played, who, bounds=bounds, room=room, has_place=who in ("Ada", "Ben"))
                assert expected == read_off(judged, details, who), who
            judged, details = two.judge(second, played, data)
            for who in PEOPLE:
                bounds, ever = (HOUR, 2 * HOUR), (HOUR, float("inf"))
                expected = expect(played, who, bounds=bounds, room=ever, has_place=who in ("Ada", "Cleo"))
                assert expected == read_off(judged, details, who), who

        hold()


def list_certain(played: Played, second: Lesson) -> list[str]:
    """Who was in the first lesson for certain, or was not. A session that began while the second's links worked
    already, tagged for it, leaves that open for who may have come for either."""
    is_open = any(
        session.tags.get(LESSON_TAG) == second.id
        and HOUR - OPENS_EARLY <= (session.started_at - STARTS_AT) / SECOND < HOUR
        for session in played.space.sessions
    )
    if not is_open:
        return list(PEOPLE)
    was_here = any(0 <= second < HOUR - OPENS_EARLY for second in played.truth.there["Ada"])
    return ["Ben", "Ada"] if was_here else ["Ben"]
