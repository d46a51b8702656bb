"""Who counts as missing, from when, and when that has nothing to say any more."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot import lateness
from storage.records import LessonDetails, NoticeKind, Reply, Role, Seat
from tests.records import (
    ENDS_AT,
    NOW,
    STARTS_AT,
    make_attendance,
    make_card,
    make_details,
    make_lesson,
    make_link,
    make_notice,
    make_person,
    make_seat,
    make_totals,
)

MINUTE = timedelta(minutes=1)
LATE_AFTER = 5 * MINUTE


def build(**seen: tuple[float, float | None]) -> LessonDetails:
    """Ada leads, Ben learns, Olga observes; `seen`: from which minute to which one was in the room."""
    lesson = make_lesson()
    seats = []
    for position, (name, role) in enumerate((("Ada", Role.LEADER), ("Ben", Role.LEARNER), ("Olga", Role.OBSERVER))):
        seat = make_seat(lesson, person := make_person(name), role, position=position)
        card = make_card(make_notice(lesson, person))
        seats.append(replace(seat, card=card, link=make_link(seat.participant), attendance=_presence(seat, seen)))
    return make_details(lesson, *seats)


def _presence(seat: Seat, seen: dict[str, tuple[float, float | None]]) -> Any:
    if seat.person.name not in seen:
        return None
    came, left = seen[seat.person.name]
    left_at = None if left is None else STARTS_AT + left * MINUTE
    return make_attendance(make_lesson(), seat.participant, joined_at=STARTS_AT + came * MINUTE, left_at=left_at)


def find_late(details: LessonDetails, minutes: float) -> list[str]:
    late = lateness.find_late(details, now=STARTS_AT + minutes * MINUTE, late_after=LATE_AFTER)
    return [seat.person.name for seat in late]


def change(details: LessonDetails, name: str, **changes: Any) -> LessonDetails:
    """The same with another participant record."""
    seats = [
        replace(seat, participant=replace(seat.participant, **changes)) if seat.person.name == name else seat
        for seat in details.seats
    ]
    return replace(details, seats=tuple(seats))


@pytest.mark.parametrize(
    # who was in the room from which minute to which; at which minute; who is late
    ("seen", "minutes", "late"),
    [
        ({}, 4.9, []),
        ({}, 5, ["Ben", "Olga"]),
        ({}, 59, ["Ben", "Olga"]),
        ({}, 60, []),  # it is over
        ({"Ben": (-5, None)}, 5, ["Ada", "Olga"]),  # a learner waits, so the leader is missed
        ({"Ben": (-5, 3)}, 5, ["Olga"]),  # nobody waits any more, and Ben was there
        ({"Olga": (0, None)}, 5, ["Ben"]),  # observers wait for nobody
        ({"Ada": (0, 2), "Ben": (0, None)}, 5, ["Olga"]),  # who came and left is not late
    ],
)
def test_who_is_late(seen: dict[str, tuple[float, float | None]], minutes: float, late: list[str]) -> None:
    """From five minutes after the start until the end."""
    assert late == find_late(build(**seen), minutes)


def test_somebody_added_late_has_as_long_as_everybody() -> None:
    """Counted from when their card and their link came."""
    details = build()
    ben = details.seats[1]
    assert ben.link is not None
    fresh = replace(ben, link=replace(ben.link, made_at=STARTS_AT + 20 * MINUTE))
    details = replace(details, seats=(details.seats[0], fresh))

    assert [[], ["Ben"]] == [find_late(details, 24.9), find_late(details, 25)]
    without = replace(details, seats=(replace(fresh, card=None), replace(fresh, link=None)))
    assert [] == find_late(without, 59)


@pytest.mark.parametrize("changes", [{"reply": Reply.NOT_COMING}, {"failure": "user_disabled"}])
def test_who_said_so_or_cannot_be_reached_is_not_nudged(changes: dict[str, Any]) -> None:
    """They are not expected, or have nothing to come in by."""
    assert ["Olga"] == find_late(change(build(), "Ben", **changes), 10)


@pytest.mark.parametrize(
    # who was in the room from which minute to which; since which minute learners are alone
    ("seen", "since"),
    [
        ({}, None),
        ({"Ben": (-8, None)}, 0),
        ({"Ben": (3, None)}, 3),
        ({"Ben": (3, 9)}, None),
        ({"Ben": (3, None), "Ada": (4, None)}, None),
        ({"Ben": (3, None), "Ada": (4, 20)}, 20),
        ({"Olga": (3, None)}, None),
    ],
)
def test_since_when_learners_are_alone(seen: dict[str, tuple[float, float | None]], since: float | None) -> None:
    """From the start, their coming, or the leader's leaving, whichever is last; for five minutes no news."""
    details = build(**seen)

    assert (None if since is None else STARTS_AT + since * MINUTE) == lateness.alone_since(details)
    if since is not None:
        judged = [lateness.is_left_alone(details, now=STARTS_AT + (since + more) * MINUTE) for more in (4.9, 5)]
        assert [False, True] == judged


@pytest.mark.parametrize(
    ("read_at", "is_known", "is_fresh"),
    [(NOW, True, True), (NOW - MINUTE, True, True), (NOW - 1.01 * MINUTE, True, False), (NOW, False, False)],
)
def test_how_long_a_reading_speaks_for_now(read_at: datetime, is_known: bool, is_fresh: bool) -> None:
    """A minute, and only if the service answered; without a reading never."""
    details = make_details()
    totals = make_totals(details.lesson, read_at=read_at, is_known=is_known)

    assert is_fresh == lateness.is_read_lately(replace(details, totals=totals), now=NOW)
    assert not lateness.is_read_lately(details, now=NOW)


def nudge(details: LessonDetails, name: str = "Ben", *, occasion: datetime = STARTS_AT) -> str | None:
    """Why this nudge would be dropped."""
    seat = next(seat for seat in details.seats if seat.person.name == name)
    notice = make_notice(
        details.lesson,
        seat.person,
        kind=NoticeKind.LATE_NUDGE,
        about=seat.participant.id,
        occasion=lateness.occasion_of(occasion),
    )
    return lateness.find_reason_to_drop(notice, details)


def test_a_nudge_that_has_nothing_to_say_is_dropped() -> None:
    """They came, they said no, the lesson moved, they were taken out, nobody waits for the leader."""
    assert nudge(build()) is None
    assert "joined" == nudge(build(Ben=(6, None)))
    assert "not_coming" == nudge(change(build(), "Ben", reply=Reply.NOT_COMING))
    assert "moved" == nudge(build(), occasion=ENDS_AT)
    assert "nobody_waits" == nudge(build(), "Ada")
    assert nudge(build(Ben=(0, None)), "Ada") is None
    gone = make_notice(
        build().lesson, kind=NoticeKind.LATE_NUDGE, occasion=lateness.occasion_of(STARTS_AT), channel_id="C1"
    )
    assert "removed" == lateness.find_reason_to_drop(gone, build())


def test_news_of_a_missing_leader_is_dropped_when_one_came_and_of_the_unreached_when_all_were() -> None:
    """Each by its own fact."""
    alone = build(Ben=(0, None))
    lesson = alone.lesson
    missing = make_notice(lesson, kind=NoticeKind.LEADER_MISSING, occasion=lateness.occasion_of(STARTS_AT))
    unreached = make_notice(lesson, kind=NoticeKind.STILL_NOT_REACHED, occasion=lateness.occasion_of(STARTS_AT))

    assert lateness.find_reason_to_drop(missing, alone) is None
    assert "leader_came" == lateness.find_reason_to_drop(missing, build(Ben=(0, None), Ada=(3, None)))
    assert "leader_came" == lateness.find_reason_to_drop(missing, build(Ben=(0, None), Ada=(3, 9)))
    assert "reached" == lateness.find_reason_to_drop(unreached, alone)
    assert lateness.find_reason_to_drop(unreached, change(alone, "Ben", failure="user_disabled")) is None
