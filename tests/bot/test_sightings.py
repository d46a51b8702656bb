"""Which rooms are read, and which are not: what changed, what may have changed unseen, and never too many."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.rooms.base import LiveSession, Session
from bot.sightings import READS_A_LOOK, Sightings, WatchedRoom
from storage.records import LessonId, RoomRef
from tests.records import NOW

LOOK = timedelta(seconds=20)
OPEN_LONG = NOW - timedelta(minutes=30)


def room(number: int = 1, **changes: object) -> WatchedRoom:
    values: dict[str, object] = {
        "ref": RoomRef(f"room-{number}"),
        "room_id": f"space-{number}",
        "opens_at": NOW,
        "lesson_ids": frozenset({LessonId(f"lesson-{number}")}),
        "who": frozenset({f"ada-{number}", f"ben-{number}"}),
        "session_ids": frozenset({f"session-{number}"}),
    }
    return WatchedRoom(**{**values, **changes})  # type: ignore[arg-type]


def live(session_id: str, *who: str, room_id: str | None = None) -> LiveSession:
    return LiveSession(session_id=session_id, room_id=room_id, started_at=NOW, who=frozenset(who))


def session(session_id: str) -> Session:
    return Session(session_id=session_id, started_at=NOW, ended_at=None)


class Looker:
    """One look after the other, 20 s apart, where reading each room finds the sessions named for it."""

    def __init__(self, *rooms: WatchedRoom) -> None:
        self.rooms = list(rooms)
        self.sightings = Sightings()
        self.now = NOW
        self.found: dict[str, list[str]] = {}

    def look(self, *running: LiveSession, fails: bool = False) -> list[str]:
        chosen = self.sightings.choose(self.rooms, running, now=self.now)
        for one in chosen:
            if fails:
                self.sightings.note_failure(one, at=self.now)
            else:
                named = self.found.get(one.ref, [])
                self.sightings.note(one, running, [session(each) for each in named], at=self.now)
        self.now += LOOK
        return [str(one.ref) for one in chosen]


def test_a_room_whose_doors_just_opened_is_not_read_until_somebody_is_in_it() -> None:
    """Nobody can have been there before."""
    looker = Looker(room())

    assert [[], ["room-1"], []] == [looker.look(), *(looker.look(live("session-1", "ben-1")) for _ in range(2))]


def test_a_room_that_was_open_before_we_looked_is_read_once() -> None:
    """Somebody may have come and gone: we were not there."""
    looker = Looker(room(opens_at=OPEN_LONG))

    assert [["room-1"], []] == [looker.look(), looker.look()]


def test_what_changes_in_the_list_is_read() -> None:
    """Somebody new, and the session's end; of the other room nothing."""
    looker = Looker(room(1), room(2))
    looker.look()
    both = [live("session-1", "ben-1"), live("session-2", "ben-2")]
    looker.look(*both)

    assert ["room-1"] == looker.look(live("session-1", "ben-1", "ada-1"), both[1])
    assert ["room-2"] == looker.look(live("session-1", "ben-1", "ada-1"))


def test_a_running_session_is_read_every_minute_though_the_list_is_silent() -> None:
    """It never tells that somebody left while others stayed. An empty room is not read again."""
    looker = Looker(room(1), room(2))
    looker.look()
    looks = [looker.look(live("session-1", "ben-1")) for _ in range(7)]

    assert [["room-1"], [], [], ["room-1"], [], [], ["room-1"]] == looks


@pytest.mark.parametrize(
    ("running", "expected"),
    [
        (live("session-1"), ["room-1"]),  # a launch named it, whoever is in it
        (live("later", "ben-1"), ["room-1"]),  # another session of somebody of the room
        (live("later", "somebody else"), []),
        (live("later", "ben-1", room_id="space-2"), ["room-2"]),  # what is told wins
    ],
)
def test_whose_room_a_session_is_in(running: LiveSession, expected: list[str]) -> None:
    """By what the list tells, what launches named, or who is in it."""
    looker = Looker(room(1), room(2))
    looker.look()

    assert expected == looker.look(running)


def test_a_leader_of_two_lessons_is_looked_for_in_both_until_found() -> None:
    """A session may be in either room; once read it is in one, and the other is left alone."""
    looker = Looker(room(1, who=frozenset({"ada"})), room(2, who=frozenset({"ada"})))
    looker.look()
    looker.found = {"room-1": ["later"]}

    looks = [looker.look(live("later", "ada")) for _ in range(3)]

    assert {"room-1", "room-2"} == set(looks[0])
    assert [] == looks[2]
    assert ["room-1"] == looker.look(live("later", "ada", "ben"))


def test_never_more_than_so_many_and_the_rest_comes_next() -> None:
    """A hundred rooms change at once: three looks, each room once."""
    rooms = [room(number) for number in range(100)]
    looker = Looker(*rooms)
    looker.look()
    running = [live(f"session-{number}", f"ben-{number}") for number in range(100)]

    first, second, third = (looker.look(*running) for _ in range(3))

    assert [READS_A_LOOK, READS_A_LOOK, 20] == [len(first), len(second), len(third)]
    assert 100 == len({*first, *second, *third})


def test_a_room_that_cannot_be_read_is_left_alone_for_a_minute() -> None:
    """It stays different from what is known, so nothing is taken for known of it."""
    looker = Looker(room())
    looker.look()
    running = live("session-1", "ben-1")
    assert ["room-1"] == looker.look(running, fails=True)

    assert not looker.sightings.is_as_it_was(looker.rooms[0], [running])
    assert [[], [], ["room-1"]] == [looker.look(running) for _ in range(3)]
    assert looker.sightings.is_as_it_was(looker.rooms[0], [running])


def test_a_second_lesson_in_the_room_is_news() -> None:
    """Its part of the same sessions has to be judged too."""
    looker = Looker(room(opens_at=OPEN_LONG))
    looker.look()
    looker.rooms = [room(opens_at=OPEN_LONG, lesson_ids=frozenset({LessonId("lesson-1"), LessonId("next")}))]

    assert ["room-1"] == looker.look()


def test_a_room_that_was_asked_for_is_read_in_any_case() -> None:
    """First of all, also when nothing changed or reading it failed a moment ago."""
    looker = Looker(room(1, opens_at=OPEN_LONG), room(2, opens_at=OPEN_LONG))
    looker.look(fails=True)

    chosen = looker.sightings.choose(looker.rooms, [], now=looker.now, asked_for={RoomRef("room-2")})

    assert ["room-2"] == [one.ref for one in chosen]


def test_a_room_that_reports_is_read_less_often() -> None:
    """Sitting there, every two minutes instead of each; while people come, once a minute instead of each look."""

    def count_reads(*, is_reporting: bool, is_growing: bool) -> int:
        one = room(opens_at=OPEN_LONG)
        sightings, now, count = Sightings(), NOW, 0
        for look in range(19):  # six minutes
            running = [live("session-1", *(f"ada-{number}" for number in range(look if is_growing else 1)))]
            reporting = {one.ref} if is_reporting else set()
            for chosen in sightings.choose([one], running, now=now, reporting=reporting):
                sightings.note(chosen, running, [session("session-1")], at=now)
                count += 1
            now += LOOK
        return count

    assert [7, 4] == [count_reads(is_reporting=reporting, is_growing=False) for reporting in (False, True)]
    assert [19, 7] == [count_reads(is_reporting=reporting, is_growing=True) for reporting in (False, True)]
